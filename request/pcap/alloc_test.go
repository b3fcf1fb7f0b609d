//go:build !race

package pcap_test

import (
	"io"
	"testing"

	"estream/internal/formattest"
	"estream/layouts"
	"estream/meta"
	"estream/request/internal/outputtest"
	"estream/request/pcap"
	"estream/wire"
)

// TestNoAllocations decodes and writes the packets of a sensor again and again.
func TestNoAllocations(t *testing.T) {
	set := layouts.Default()
	_, stream := outputtest.Spool(t, "snort29-vlan-extradata.u2.gz")
	type named struct {
		message []byte
		names   *meta.Snapshot
	}
	var messages []named
	formattest.Scan(t, set, stream, func(m []byte, s *meta.Snapshot) { messages = append(messages, named{m, s}) })
	old, err := pcap.New(io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	commented, err := pcap.NewNG(io.Discard, pcap.NGOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range []outputtest.Output{old, commented} {
		d := wire.NewDecoder(set, nil)
		run := func() {
			for _, m := range messages {
				r, err := d.Decode(m.message)
				if err := o.Record(d, r, m.message, m.names, err); err != nil {
					t.Fatal(err)
				}
			}
			if err := o.Flush(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		run()
		if n := testing.AllocsPerRun(3, run); n != 0 {
			t.Errorf("%T: %v allocations for %d messages, want 0", o, n, len(messages))
		}
	}
}
