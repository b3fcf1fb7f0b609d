//go:build !race

package synth

import "testing"

// The race detector allocates by itself.
func TestNoAllocations(t *testing.T) {
	g := newGenerator(t, Options{Duplicates: 0.1, Metadata: 0.05})
	buf := make([]byte, 0, 1<<20)
	for range 100_000 { // until all buffers have their size
		buf = g.Append(buf[:0])
	}
	if n := testing.AllocsPerRun(20, func() {
		for range 1000 {
			buf = g.Append(buf[:0])
		}
	}); n != 0 {
		t.Errorf("%v allocations in 1000 messages, want 0", n)
	}
}
