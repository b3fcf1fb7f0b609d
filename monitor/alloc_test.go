//go:build !race

package monitor

import (
	"testing"

	"estream/internal/corpus"
	"estream/internal/recordtest"
	"estream/wire"
)

// TestWatchAllocates: nothing, once every device and layout was seen; only the
// name of a device is text that is made.
func TestWatchAllocates(t *testing.T) {
	w := newWatch(t)
	var events []byte
	for message := range recordtest.Split(t, corpus.Read(t, corpus.Messages)) {
		if h, _ := wire.PeekRecord(message); h.Type != recordDevice {
			events = append(events, message...)
		}
	}
	v := view(1, start, events)
	w.observe(v)
	if n := testing.AllocsPerRun(5, func() { w.observe(v) }); n != 0 {
		t.Errorf("%v allocations for %d events, want none", n, len(events))
	}
}
