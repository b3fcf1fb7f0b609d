//go:build !race

package tcp

import (
	"strings"
	"testing"
)

// TestAllocs: a write costs the same allocations, for the context, however many
// lines it has.
func TestAllocs(t *testing.T) {
	for _, limit := range []int{0, 8192} {
		out := open(t, Options{Address: sink(t), MaxLine: limit})
		allocs := func(lines int) float64 {
			batch := []byte(strings.Repeat(strings.Repeat("x", 599)+"\n", lines))
			return testing.AllocsPerRun(100, func() {
				if err := out.Write(t.Context(), batch); err != nil {
					t.Fatal(err)
				}
			})
		}
		if one, many := allocs(1), allocs(1000); many > one+1 {
			t.Errorf("limit %d: %.0f allocations for 1000 lines, %.0f for one", limit, many, one)
		}
	}
}
