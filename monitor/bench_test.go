package monitor

import (
	"testing"

	"estream/internal/recordtest"
	"estream/journal"
	"estream/layouts"
	"estream/synth"
)

func BenchmarkWatch(b *testing.B) {
	g, err := synth.New(layouts.Default(), synth.Options{Seed: 1})
	if err != nil {
		b.Fatal(err)
	}
	var stream []byte
	for range 20_000 {
		stream = g.Append(stream)
	}
	var batches []*journal.View
	for _, batch := range recordtest.Batches(b, stream, 256<<10) {
		batches = append(batches, view(1, start, batch))
	}
	w := newWatch(b)
	b.SetBytes(int64(len(stream)))
	b.ReportAllocs()
	for b.Loop() {
		for _, batch := range batches {
			w.observe(batch)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/20_000, "ns/event")
}
