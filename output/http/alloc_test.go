//go:build !race

package http

import "testing"

// TestAllocs: a Write that sends nothing allocates nothing once the memory is there.
func TestAllocs(t *testing.T) {
	out := open(t, Options{URL: "http://host", MaxLine: 64})
	lines := []byte("one\ntwo\nthree\n")
	out.buf = make([]byte, 0, 1<<16)
	if allocs := testing.AllocsPerRun(1000, func() {
		out.buf = out.buf[:0]
		if err := out.Write(t.Context(), lines); err != nil {
			t.Fatal(err)
		}
	}); allocs > 0 {
		t.Errorf("%.2f allocations", allocs)
	}
}
