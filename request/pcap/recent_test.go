package pcap

import "testing"

// TestRecent checks that the oldest event goes when a new one comes, and that one that
// comes again keeps its place but says something new.
func TestRecent(t *testing.T) {
	m := newRecent(3)
	id := func(n int) eventID { return eventID{1, uint32(n), 1700000000} }
	for n := range 1000 {
		m.add(id(n), event{rule: uint32(n)})
		m.add(id(n), event{rule: uint32(n) + 1})
		for old := range n + 1 {
			e, ok := m.get(id(old))
			if want := old > n-3; ok != want || ok && e.rule != uint32(old)+1 {
				t.Fatalf("after event %d: event %d known %v, rule %d", n, old, ok, e.rule)
			}
		}
	}
	if len(m.known) != 3 || len(m.order) != 3 {
		t.Errorf("%d events and %d in order, want 3", len(m.known), len(m.order))
	}
	for _, other := range []eventID{{2, 999, 1700000000}, {1, 999, 1700000001}} {
		if _, ok := m.get(other); ok {
			t.Errorf("an event of another device or second was found: %v", other)
		}
	}
}
