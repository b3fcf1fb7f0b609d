//go:build !race

package eve

import (
	"bytes"
	"context"
	"slices"
	"testing"

	"estream/source"
)

// TestAllocs: once names are known and the table has its size, converting lines
// allocates nothing.
func TestAllocs(t *testing.T) {
	data, _ := network(t, 40_000)
	lines := slices.Collect(bytes.Lines(data))
	src := once(t, nil)
	src.Known = func([]byte) bool { return true }
	drop := func(context.Context, source.Batch) error { return nil }
	r, err := src.start(newCounts(quiet()), new(position), savedState{}, drop)
	if err != nil {
		t.Fatal(err)
	}
	step := func() {
		r.conv.line(lines[0], 0)
		lines = lines[1:]
		if r.conv.enc.Full() {
			if err := r.flush(t.Context(), nil); err != nil {
				t.Fatal(err)
			}
		}
	}
	for len(lines) > 6000 {
		step()
	}
	if n := testing.AllocsPerRun(5000, step); n != 0 {
		t.Errorf("%v allocations per line, want 0", n)
	}
}
