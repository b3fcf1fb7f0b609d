//go:build !race

package server

import (
	"testing"

	"estream/layouts"
)

// TestAllocations: what a session does with the records of a batch allocates nothing,
// in whatever version they go out.
func TestAllocations(t *testing.T) {
	p := stream(t)
	for _, c := range requests {
		s := selected(c.req)
		s.told = newTold(newStatements(layouts.Default()))
		buf, n := s.rest(nil, p)
		if n == 0 || n == p.count != (c.name == "newest") {
			t.Logf("%s: %d of %d messages", c.name, n, p.count)
		}
		buf = append([]byte(nil), buf...)
		if allocs := testing.AllocsPerRun(20, func() { whole(s, buf, p) }); allocs != 0 {
			t.Errorf("%s: %v allocations for %d records, want 0", c.name, allocs, p.count)
		}
	}
}
