package format_test

import (
	"testing"

	"estream/format"
	"estream/internal/corpus"
	"estream/internal/formattest"
	"estream/layouts"
	"estream/meta"
	"estream/wire"
)

func BenchmarkCEF(b *testing.B) { formattest.Benchmark(b, cefFixed()) }

func BenchmarkJSON(b *testing.B) { formattest.Benchmark(b, jsonUTC()) }

// BenchmarkScan is what metadata costs a stream in which it rarely changes.
func BenchmarkScan(b *testing.B) {
	set := layouts.Default()
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
	for name, f := range map[string]format.Format{"json": jsonUTC(), "cef": cefFixed()} {
		t.Run(name, func(t *testing.T) { formattest.NoAllocations(t, f) })
	}
}
