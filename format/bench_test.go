package format_test

import (
	"testing"

	"estream/format"
	"estream/internal/corpus"
	"estream/meta"
	"estream/wire"
)

// benchmark formats the corpus' mix, or only its connection events, over and over.
// The time includes decoding.
func benchmark(b *testing.B, f format.Format, keep func(message []byte) bool) {
	set := loadLayouts(b)
	parts, snaps, messages, size := corpusRun(b, set, keep)
	w := format.NewWorker(set, f)
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
	perRecord := float64(b.Elapsed().Nanoseconds()) / float64(b.N) / float64(messages)
	b.ReportMetric(perRecord, "ns/record")
	b.ReportMetric(float64(out)/float64(messages), "outB/record")
	b.ReportMetric(float64(size)/float64(messages), "inB/record")
}

func all([]byte) bool { return true }

func connections(message []byte) bool {
	h, ok := wire.PeekRecord(message)
	return ok && h.Type == 71
}

func BenchmarkCEF(b *testing.B) {
	b.Run("mix", func(b *testing.B) { benchmark(b, cefFixed(), all) })
	b.Run("connection", func(b *testing.B) { benchmark(b, cefFixed(), connections) })
}

func BenchmarkJSON(b *testing.B) {
	b.Run("mix", func(b *testing.B) { benchmark(b, jsonUTC(), all) })
	b.Run("connection", func(b *testing.B) { benchmark(b, jsonUTC(), connections) })
}

// BenchmarkScan is what metadata costs a stream in which it rarely changes.
func BenchmarkScan(b *testing.B) {
	set := loadLayouts(b)
	stream := corpus.Read(b, corpus.Messages)
	tables, dec := meta.NewTables(), wire.NewDecoder(set, meta.Wanted)
	emit := func([]byte, *meta.Snapshot) error { return nil }
	b.SetBytes(int64(len(stream)))
	b.ReportAllocs()
	for b.Loop() {
		if err := tables.Scan(stream, dec, emit); err != nil {
			b.Fatal(err)
		}
	}
}

// TestNoAllocations holds what the benchmarks report.
func TestNoAllocations(t *testing.T) {
	set := loadLayouts(t)
	parts, snaps, _, _ := corpusRun(t, set, all)
	for name, f := range map[string]format.Format{"json": jsonUTC(), "cef": cefFixed()} {
		w := format.NewWorker(set, f)
		var dst []byte
		run := func() {
			for i := range parts {
				dst, _ = w.Append(dst[:0], parts[i], snaps[i])
			}
		}
		run()
		if n := testing.AllocsPerRun(10, run); n != 0 {
			t.Errorf("%s: %v allocations for the whole corpus, want 0", name, n)
		}
	}
}
