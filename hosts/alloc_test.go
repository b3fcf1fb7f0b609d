//go:build !race

package hosts

import (
	"testing"

	"estream/internal/recordtest"
	"estream/wire"
)

// TestAllocs: events that are not about hosts, connections of known hosts, and
// observations without news cost no memory.
func TestAllocs(t *testing.T) {
	stream := synthetic(t, 13, 5000)
	m := empty(t)
	feed(t, m, stream, 1000)
	var others []byte
	for message := range recordtest.Split(t, stream) {
		if h, _ := wire.PeekRecord(message); int(h.Type) >= len(kinds) || kinds[h.Type] != learned {
			others = append(others, message...)
		}
	}
	if n := testing.AllocsPerRun(100, func() { m.Observe(m.Seq(), 1, others) }); n != 0 {
		t.Errorf("%v allocations in a batch that says nothing about hosts", n)
	}
	// What repeats what is known costs nothing either, but for texts.
	again := message(t, 13, 0, host1, 100, recordtest.Fields{"network_protocol": 0x800})
	m.Observe(m.Seq(), 1, again)
	if n := testing.AllocsPerRun(100, func() { m.Observe(m.Seq(), 1, again) }); n != 0 {
		t.Errorf("%v allocations for what is known", n)
	}
	o := known(m)
	if n := testing.AllocsPerRun(100, func() { m.Discover(7, &o, nil) }); n != 0 {
		t.Errorf("%v allocations for an observation without news", n)
	}
}
