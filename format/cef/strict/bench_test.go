package strict

import (
	"testing"

	"estream/format"
	"estream/internal/corpus"
	"estream/meta"
	"estream/wire"
)

// events returns the corpus in parts, each with its snapshot, and how many
// messages there are. keep says which messages count.
func events(t testing.TB, set *wire.Layouts, keep func(message []byte) bool) (parts [][]byte, snaps []*meta.Snapshot, n int) {
	t.Helper()
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
				n++
			}
			part = rest
		}
		parts, snaps = append(parts, kept), append(snaps, s)
		return nil
	}
	if err := tables.Scan(corpus.Read(t, corpus.Messages), scanner, emit); err != nil {
		t.Fatal(err)
	}
	return parts, snaps, n
}

func all([]byte) bool { return true }

func connections(message []byte) bool {
	h, ok := wire.PeekRecord(message)
	return ok && h.Type == 71
}

// TestCorpus formats recorded events: one well-formed line each, which liblognorm
// reads the same.
func TestCorpus(t *testing.T) {
	set := loadLayouts(t)
	w := format.NewWorker(set, newFormat(t, Options{}))
	parts, snaps, n := events(t, set, all)
	var lines []string
	for i, part := range parts {
		for len(part) > 0 {
			message, rest, err := wire.NextMessage(part)
			if err != nil {
				t.Fatal(err)
			}
			part = rest
			out, counts := w.Append(nil, message, snaps[i])
			if counts.Lines+counts.RawLines != 1 {
				t.Fatalf("%+v, want a line", counts)
			}
			lines = append(lines, oneLine(t, out))
		}
	}
	if len(lines) != n || n == 0 {
		t.Errorf("%d lines of %d messages", len(lines), n)
	}
	compare(t, lines, lognormalize(t, lines))
}

// Benchmark times decoding and formatting.
func Benchmark(b *testing.B) {
	for name, keep := range map[string]func([]byte) bool{"mix": all, "connection": connections} {
		b.Run(name, func(b *testing.B) {
			set := loadLayouts(b)
			parts, snaps, n := events(b, set, keep)
			w := format.NewWorker(set, newFormat(b, Options{}))
			var dst []byte
			size, out := 0, 0
			run := func() {
				size, out = 0, 0
				for i := range parts {
					dst, _ = w.Append(dst[:0], parts[i], snaps[i])
					size, out = size+len(parts[i]), out+len(dst)
				}
			}
			run() // compile plans, grow the buffer
			b.SetBytes(int64(size))
			b.ReportAllocs()
			for b.Loop() {
				run()
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/record")
			b.ReportMetric(float64(out)/float64(n), "outB/record")
		})
	}
}
