package monitor

import (
	"fmt"
	"testing"
	"time"

	"estream/internal/recordtest"
	"estream/journal"
	"estream/layouts"
	"estream/service"
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

// BenchmarkStep is a look at as many managed devices as there can be.
func BenchmarkStep(b *testing.B) {
	w := newWatch(b)
	for i := range uint32(MaxDevices) {
		w.observe(view(1, start, deviceName(b, i+1, fmt.Sprint("ftd-", i)), intrusion(b, i+1, 100)))
	}
	now := start
	m := New(Options{
		Status: func() (service.Status, bool) {
			return service.Status{At: now, Sources: []service.SourceStatus{{Name: "fmc-a", Connected: true, Sessions: 1}}}, true
		},
		Watch: w, Config: learning(), State: b.TempDir(), Now: func() time.Time { return now }, Log: w.log,
	})
	for b.Loop() {
		now = now.Add(time.Millisecond)
		m.Step()
	}
}
