package server

import (
	"encoding/binary"
	"net/netip"
	"testing"
	"time"

	"estream/pki"
)

// TestRefusalLog: a host that tries again and again fills no log, another host or
// reason is still seen at once, and no number of hosts fills the memory.
func TestRefusalLog(t *testing.T) {
	var r refusalLog
	a, b := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.2")
	start := time.Unix(1700000000, 0)
	for i, step := range []struct {
		key   refusalKey
		after time.Duration
		held  uint64
		ok    bool
	}{
		{refusalKey{a, pki.NoCertificate}, 0, 0, true},
		{refusalKey{a, pki.NoCertificate}, time.Second, 0, false},
		{refusalKey{a, pki.NoCertificate}, 2 * time.Second, 0, false},
		{refusalKey{b, pki.NoCertificate}, 2 * time.Second, 0, true},
		{refusalKey{a, pki.ForeignCA}, 2 * time.Second, 0, true},
		{refusalKey{a, pki.NoCertificate}, refusalPause, 2, true},
		{refusalKey{a, pki.NoCertificate}, 2 * refusalPause, 0, true},
	} {
		if held, ok := r.pass(step.key, start.Add(step.after)); held != step.held || ok != step.ok {
			t.Errorf("step %d: %d, %v; want %d, %v", i, held, ok, step.held, step.ok)
		}
	}
	passed := 0
	for i := range uint32(3 * maxRefusals) {
		host := netip.AddrFrom4([4]byte(binary.BigEndian.AppendUint32(nil, i)))
		if _, ok := r.pass(refusalKey{host, pki.NotTLS}, start.Add(2*refusalPause)); ok {
			passed++
		}
	}
	if len(r.seen) > maxRefusals+1 || passed > maxRefusals+1 {
		t.Errorf("%d entries and %d lines after many hosts, want at most %d", len(r.seen), passed, maxRefusals+1)
	}
}
