//go:build !race

package udp

import (
	"strings"
	"testing"
)

// TestAllocs: a line costs no allocation.
func TestAllocs(t *testing.T) {
	out := open(t, Options{Address: sink(t)})
	batch := []byte(strings.Repeat(strings.Repeat("x", 599)+"\n", 1000))
	allocs := testing.AllocsPerRun(100, func() {
		if err := out.Write(t.Context(), batch); err != nil {
			t.Fatal(err)
		}
	})
	if allocs > 1 {
		t.Errorf("%.0f allocations for 1000 lines", allocs)
	}
}
