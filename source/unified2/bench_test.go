package unified2

import (
	"context"
	"testing"

	"estream/layouts"
)

// BenchmarkConvert measures one core from spool file to finished batches.
func BenchmarkConvert(b *testing.B) {
	data := testFile(b, "snort29-vlan-extradata.u2.gz")
	src := &Source{Dir: writeFile(b, b.TempDir(), "a.u2", data), Layouts: layouts.Default(), Log: quiet(), Once: true}
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	events := 0
	for b.Loop() {
		if err := src.Run(b.Context(), func(_ context.Context, batch Batch) error { return nil }); err != nil {
			b.Fatal(err)
		}
		events += 5675
	}
	b.ReportMetric(float64(events)/b.Elapsed().Seconds(), "events/s")
}
