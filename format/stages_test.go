package format_test

import (
	"testing"

	"estream/format"
	"estream/format/splunk"
	"estream/layouts"
	"estream/meta"
	"estream/synth"
	"estream/wire"
)

// BenchmarkStages takes the way of a batch apart: the synthetic stream that
// README measures, in batches of 256 KiB. A format's time is that of the whole
// worker: split, decode what the format reads, look names up, write the line.
func BenchmarkStages(b *testing.B) {
	set := layouts.Default()
	g, err := synth.New(set, synth.Options{Seed: 7})
	if err != nil {
		b.Fatal(err)
	}
	const batch, batches = 256 << 10, 40
	var stream [][]byte
	var messages, size int
	for range batches {
		var p []byte
		for len(p) < batch {
			p = g.Append(p)
			messages++
		}
		stream, size = append(stream, p), size+len(p)
	}
	perRecord := func(b *testing.B, run func()) {
		run() // compile plans, grow buffers
		b.SetBytes(int64(size))
		b.ReportAllocs()
		for b.Loop() {
			run()
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(messages), "ns/record")
	}
	decode := func(want wire.Wanted) func(b *testing.B) {
		return func(b *testing.B) {
			d := wire.NewDecoder(set, want)
			perRecord(b, func() {
				for _, left := range stream {
					for len(left) > 0 {
						m, rest, err := wire.NextMessage(left)
						if err != nil {
							b.Fatal(err)
						}
						if _, err := d.Decode(m); err != nil {
							b.Fatal(err)
						}
						left = rest
					}
				}
			})
		}
	}
	b.Run("split", func(b *testing.B) {
		perRecord(b, func() {
			for _, left := range stream {
				for len(left) > 0 {
					_, left, _ = wire.NextMessage(left)
				}
			}
		})
	})
	b.Run("meta", func(b *testing.B) {
		tables, d := meta.NewTables(), wire.NewDecoder(set, meta.Wanted)
		perRecord(b, func() {
			for _, p := range stream {
				if err := tables.Scan(p, d, func([]byte, *meta.Snapshot) error { return nil }); err != nil {
					b.Fatal(err)
				}
			}
		})
	})
	splunkUTC, err := splunk.New(splunk.Options{})
	if err != nil {
		b.Fatal(err)
	}
	for _, f := range []struct {
		name string
		format.Format
	}{{"cef", cefFixed()}, {"json", jsonUTC()}, {"splunk", splunkUTC}} {
		b.Run(f.name+"/decode", decode(f.Wanted))
		b.Run(f.name+"/all", func(b *testing.B) {
			tables, d := meta.NewTables(), wire.NewDecoder(set, meta.Wanted)
			type part struct {
				messages []byte
				names    *meta.Snapshot
			}
			var parts []part
			for _, p := range stream {
				if err := tables.Scan(p, d, func(m []byte, s *meta.Snapshot) error {
					parts = append(parts, part{m, s})
					return nil
				}); err != nil {
					b.Fatal(err)
				}
			}
			w, out := format.NewWorker(set, f), 0
			var dst []byte
			perRecord(b, func() {
				out = 0
				for _, p := range parts {
					dst, _ = w.Append(dst[:0], p.messages, p.names)
					out += len(dst)
				}
			})
			b.ReportMetric(float64(out)/float64(messages), "outB/record")
		})
	}
}
