package unified2

import (
	"bytes"
	"context"
	"testing"
	"time"

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

// TestConvertAllocs: once all names are known, converting allocates nothing.
func TestConvertAllocs(t *testing.T) {
	src := &Source{Layouts: layouts.Default(), Log: quiet(), Known: func([]byte) bool { return true }}
	stats := newStats()
	c, err := newConverter(src, &stats)
	if err != nil {
		t.Fatal(err)
	}
	data := testFile(t, "snort29-vlan-extradata.u2.gz")
	buf := make([]byte, 0, 1<<20)
	rd := NewReaderAt(bytes.NewReader(data), "f", 0)
	step := func() {
		rec, err := rd.Next()
		if err != nil {
			rd = NewReaderAt(bytes.NewReader(data), "f", 0)
			return
		}
		c.now = uint32(time.Now().Unix())
		if buf, _, err = c.convert(buf[:0], &rec, "f"); err != nil {
			t.Fatal(err)
		}
	}
	for range 14_000 {
		step()
	}
	if n := testing.AllocsPerRun(5000, step); n != 0 {
		t.Errorf("%v allocations per record, want 0", n)
	}
}
