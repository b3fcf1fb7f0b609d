//go:build !race

package exec

import (
	"os"
	"testing"
)

// TestAllocs: a write to a program that runs allocates nothing.
func TestAllocs(t *testing.T) {
	out := open(t, options(t, "copy", os.DevNull))
	lines := []byte("one\ntwo\nthree\n")
	write := func() {
		if err := out.Write(t.Context(), lines); err != nil {
			t.Fatal(err)
		}
	}
	write()
	if allocs := testing.AllocsPerRun(1000, write); allocs > 0 {
		t.Errorf("%.2f allocations", allocs)
	}
}
