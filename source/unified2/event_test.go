package unified2

import (
	"encoding/binary"
	"errors"
	"net/netip"
	"reflect"
	"testing"
)

func netipString(a [16]byte) string { return netip.AddrFrom16(a).Unmap().String() }

// common returns the fields that all events begin with.
func common(first, second uint32) []byte {
	var d []byte
	for _, v := range []uint32{9, 11, 1700000000, 250000, first, second, 4, 5, 2} {
		d = binary.BigEndian.AppendUint32(d, v)
	}
	return d
}

// TestEventTypes builds each event type by hand and checks every field, then
// cuts it short at every length.
func TestEventTypes(t *testing.T) {
	v4 := []byte{192, 0, 2, 1, 198, 51, 100, 7}
	src6, dst6 := netip.MustParseAddr("2001:db8::1").As16(), netip.MustParseAddr("2001:db8::2").As16()
	v6 := append(src6[:], dst6[:]...)
	ports := []byte{0x30, 0x39, 0, 80, 6, 0x20, 2, 1}
	mpls := []byte{0, 1, 2, 3}
	vlan := []byte{0, 100, 0, 7}
	name := make([]byte, 64)
	copy(name, "facebook")
	cat := func(parts ...[]byte) (d []byte) {
		for _, p := range parts {
			d = append(d, p...)
		}
		return d
	}
	snort3 := cat(common(1, 2000), []byte{0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 7})
	tail3 := func(versions byte) []byte {
		return cat(mpls, ports[:4], vlan[:2], []byte{0, 0, versions, 6, 3, 2}, name)
	}
	mapped4 := cat(make([]byte, 10), []byte{255, 255}, v4[:4], make([]byte, 10), []byte{255, 255}, v4[4:])
	tests := []struct {
		typ    Type
		data   []byte
		least  int // shortest length that is accepted
		v6     bool
		mpls   bool
		vlan   bool
		app    string
		impact uint8
	}{
		{TypeEvent, cat(common(2000, 1), v4, ports), 52, false, false, false, "", 2},
		{TypeEvent6, cat(common(2000, 1), v6, ports), 76, true, false, false, "", 2},
		{TypeEventMPLS, cat(common(2000, 1), v4, ports, mpls), 56, false, true, false, "", 2},
		{TypeEvent6MPLS, cat(common(2000, 1), v6, ports, mpls), 80, true, true, false, "", 2},
		{TypeEventVLAN, cat(common(2000, 1), v4, ports, mpls, vlan), 60, false, true, true, "", 2},
		{TypeEvent6VLAN, cat(common(2000, 1), v6, ports, mpls, vlan), 84, true, true, true, "", 2},
		{TypeEventAppName, cat(common(2000, 1), v4, ports, mpls, vlan, name), 60, false, true, true, "facebook", 2},
		{TypeEvent6AppName, cat(common(2000, 1), v6, ports, mpls, vlan, name[:16]), 84, true, true, true, "facebook", 2},
		{TypeEvent3, cat(snort3, mapped4, tail3(0x44)), 96, false, true, true, "facebook", 0},
		{TypeEvent3, cat(snort3, v6, tail3(0x66)), 96, true, true, true, "facebook", 0},
	}
	for _, tt := range tests {
		rec := Record{Type: tt.typ, Raw: appendRaw(nil, tt.typ, tt.data)}
		var e Event
		if err := rec.Event("f", &e); err != nil {
			t.Errorf("%v: %v", tt.typ, err)
			continue
		}
		src, dst := "192.0.2.1", "198.51.100.7"
		if tt.v6 {
			src, dst = "2001:db8::1", "2001:db8::2"
		}
		if netipString(e.Source) != src || netipString(e.Destination) != dst {
			t.Errorf("%v: addresses %s, %s; want %s, %s", tt.typ, netipString(e.Source), netipString(e.Destination), src, dst)
		}
		want := Event{Type: tt.typ, SensorID: 9, EventID: 11, EventSecond: 1700000000, EventMicrosecond: 250000,
			SignatureID: 2000, GeneratorID: 1, Revision: 4, ClassificationID: 5, PriorityID: 2, Source: e.Source, Destination: e.Destination,
			SourcePort: 12345, DestinationPort: 80, Protocol: 6, ImpactFlags: 0x20, Impact: tt.impact, Blocked: 1}
		if tt.mpls {
			want.MPLSLabel = 0x10203
		}
		if tt.vlan {
			want.VLAN, want.PolicyID = 100, 7
		}
		if string(e.AppName) != tt.app {
			t.Errorf("%v: application %q, want %q", tt.typ, e.AppName, tt.app)
		}
		e.AppName = nil
		if !reflect.DeepEqual(e, want) {
			t.Errorf("%v:\n got %+v\nwant %+v", tt.typ, e, want)
		}
		for n := range len(tt.data) {
			rec.Raw = appendRaw(nil, tt.typ, tt.data[:n])
			if err := rec.Event("f", &e); errors.Is(err, ErrMalformed) != (n < tt.least) {
				t.Fatalf("%v cut to %d bytes: got %v, at least %d needed", tt.typ, n, err, tt.least)
			}
		}
	}
}

func TestPacketAndExtraData(t *testing.T) {
	rec := Record{Type: TypePacket, Raw: append(appendPacket(nil, TypePacket, 3, []byte("abc")), "padding"...)}
	var p Packet
	if err := rec.Packet("f", &p); err != nil || string(p.Data) != "abc" || p.EventID != 3 || p.LinkType != 1 {
		t.Errorf("packet with bytes behind it: %+v, %v", p, err)
	}
	rec = Record{Type: TypeBuffer, Raw: appendPacket(nil, TypeBuffer, 3, []byte("abc"))}
	if err := rec.Packet("f", &p); err != nil || p.LinkType != LinkTypeBuffer {
		t.Errorf("buffer: %+v, %v", p, err)
	}
	rec.Raw = rec.Raw[:len(rec.Raw)-1]
	if err := rec.Packet("f", &p); !errors.Is(err, ErrMalformed) {
		t.Errorf("packet one byte short: got %v", err)
	}
	var x ExtraData
	rec = Record{Type: TypeExtraData, Raw: appendExtra(nil, 3, 9, []byte("/a"))}
	if err := rec.ExtraData("f", &x); err != nil || string(x.Data) != "/a" || x.Type != 9 || x.EventID != 3 {
		t.Errorf("extra data: %+v, %v", x, err)
	}
	for _, n := range []uint32{0, 7, 11, 1 << 31, 1<<32 - 1} {
		binary.BigEndian.PutUint32(rec.Raw[8+28:], n)
		if err := rec.ExtraData("f", &x); !errors.Is(err, ErrMalformed) {
			t.Errorf("blob length %d: got %v", n, err)
		}
	}
}
