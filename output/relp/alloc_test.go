//go:build !race

package relp

import (
	"strings"
	"testing"
)

// TestAllocs: a write costs the same allocations, for the context, however many
// lines it has.
func TestAllocs(t *testing.T) {
	out := opened(t, Options{Address: confirming(t)})
	allocs := func(lines int) float64 {
		batch := []byte(strings.Repeat(strings.Repeat("x", 599)+"\n", lines))
		return testing.AllocsPerRun(50, func() {
			if err := out.Write(t.Context(), batch); err != nil {
				t.Fatal(err)
			}
			commit(t, out)
		})
	}
	allocs(1000) // fills the window's memory
	if one, many := allocs(1), allocs(1000); many > one+1 {
		t.Errorf("%.0f allocations for 1000 lines, %.0f for one", many, one)
	}
}
