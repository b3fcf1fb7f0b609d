package splunk_test

import (
	"testing"

	"estream/format"
	"estream/format/splunk"
	"estream/internal/corpus"
	"estream/meta"
	"estream/wire"
)

// corpusRun splits the messages to keep into batches of the usual size, each with
// the snapshot for its part, to format them again and again.
func corpusRun(b testing.TB, set *wire.Layouts, keep func(message []byte) bool) (parts [][]byte, snaps []*meta.Snapshot, messages, size int) {
	b.Helper()
	tables, scanner := meta.NewTables(), wire.NewDecoder(set, meta.Wanted)
	emit := func(part []byte, s *meta.Snapshot) error {
		var kept []byte
		for len(part) > 0 {
			message, rest, err := wire.NextMessage(part)
			if err != nil {
				return err
			}
			if keep(message) {
				kept = append(kept, message...)
				messages++
			}
			part = rest
		}
		if len(kept) > 0 {
			parts, snaps, size = append(parts, kept), append(snaps, s), size+len(kept)
		}
		return nil
	}
	for _, batch := range batches(b, corpus.Read(b, corpus.Messages), 256<<10) {
		if err := tables.Scan(batch, scanner, emit); err != nil {
			b.Fatal(err)
		}
	}
	return parts, snaps, messages, size
}

func all([]byte) bool { return true }

func connections(message []byte) bool {
	h, ok := wire.PeekRecord(message)
	return ok && h.Type == 71
}

// BenchmarkSplunk formats the corpus' mix, or only its connection events. The time
// includes decoding.
func BenchmarkSplunk(b *testing.B) {
	for p := meta.Compat; p <= meta.Strict; p++ {
		b.Run(p.String()+"/mix", func(b *testing.B) { benchmark(b, p, all) })
		b.Run(p.String()+"/connection", func(b *testing.B) { benchmark(b, p, connections) })
	}
}

func benchmark(b *testing.B, p meta.Profile, keep func(message []byte) bool) {
	set := loadLayouts(b)
	parts, snaps, messages, size := corpusRun(b, set, keep)
	w := format.NewWorker(set, newFormat(b, splunk.Options{Profile: p}))
	var dst []byte
	out := 0
	run := func() {
		out = 0
		for i := range parts {
			dst, _ = w.Append(dst[:0], parts[i], snaps[i])
			out += len(dst)
		}
	}
	run() // compile plans, grow the buffer
	b.SetBytes(int64(size))
	b.ReportAllocs()
	for b.Loop() {
		run()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(messages), "ns/record")
	b.ReportMetric(float64(out)/float64(messages), "outB/record")
}
