//go:build !race

package unified2

import (
	"bytes"
	"context"
	"testing"

	"estream/layouts"
)

// TestConvertAllocs: once all names are known, converting allocates nothing.
func TestConvertAllocs(t *testing.T) {
	src := &Source{Layouts: layouts.Default(), Log: quiet(), Known: func([]byte) bool { return true }}
	stats := newStats()
	c, err := newConverter(src, &stats)
	if err != nil {
		t.Fatal(err)
	}
	data := testFile(t, "snort29-vlan-extradata.u2.gz")
	take := func(context.Context, Batch) error { return nil }
	ctx := t.Context()
	rd := NewReaderAt(bytes.NewReader(data), "f", 0)
	step := func() {
		rec, err := rd.Next()
		if err != nil {
			rd = NewReaderAt(bytes.NewReader(data), "f", 0)
			return
		}
		if _, err := c.convert(&rec, "f"); err != nil {
			t.Fatal(err)
		}
		if c.Full() {
			if err := c.Flush(ctx, take, nil); err != nil {
				t.Fatal(err)
			}
		}
	}
	for range 14_000 {
		step()
	}
	if n := testing.AllocsPerRun(5000, step); n != 0 {
		t.Errorf("%v allocations per record, want 0", n)
	}
}
