package server

import (
	"bytes"
	"testing"

	"estream/layouts"
	"estream/session"
	"estream/wire"
)

func record(t *testing.T, typ uint16, h wire.RecordHeader) []byte {
	t.Helper()
	block := map[uint16]uint32{400: 85, 71: 174, 110: 4, 500: 79, 125: 80, 112: 156, 95: 167, 170: 167, 9: 153, 160: 7}[typ]
	b, err := layouts.Default().NewBuilder(typ, block)
	if err != nil {
		t.Fatal(err)
	}
	return b.AppendMessage(nil, h)
}

// TestSelection: what flags and event types ask for, by record type.
func TestSelection(t *testing.T) {
	types := []uint16{2, 9, 22, 71, 95, 110, 112, 123, 125, 160, 170, 400, 500}
	pairs := func(codes ...uint16) (p []wire.EventPair) {
		for _, c := range codes {
			p = append(p, wire.EventPair{Code: c, Version: 1})
		}
		return p
	}
	for _, c := range []struct {
		name  string
		flags wire.RequestFlags
		pairs []wire.EventPair
		want  []uint16
	}{
		{"nothing", 0, nil, nil},
		{"bit 0", wire.FlagPackets, nil, []uint16{2}},
		{"bit 2", wire.FlagIntrusion, nil, []uint16{400}},
		{"bit 6", wire.FlagIntrusionImpact, nil, []uint16{400}},
		{"bits 0, 2 and 6", wire.FlagPackets | wire.FlagIntrusion | wire.FlagIntrusionImpact, nil, []uint16{2, 400}},
		{"metadata", wire.FlagMetadataV4, nil, []uint16{123}},
		{"no events", wire.FlagNoEvents | wire.FlagIntrusion | wire.FlagMetadataV4, nil, []uint16{123}},
		{"extra data", wire.FlagExtraData, nil, []uint16{110}},
		{"discovery", 0, pairs(wire.CodeDiscovery), []uint16{22, 160}},
		{"users", 0, pairs(wire.CodeUser), []uint16{95, 170}},
		{"eNcore's request", wire.DefaultFlags, wire.DefaultPairs(), types},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newSelection(session.Request{Flags: c.flags | wire.FlagArchiveTimestamp, Pairs: c.pairs}, layouts.Default(), false)
			var in, want []byte
			for _, typ := range types {
				in = append(in, record(t, typ, wire.RecordHeader{Extended: true, ArchiveTimestamp: 7})...)
			}
			for _, typ := range c.want {
				want = append(want, record(t, typ, wire.RecordHeader{Extended: true, ArchiveTimestamp: 7})...)
			}
			got, n := s.apply(nil, in, len(types), 7, 9)
			if n != len(c.want) || !bytes.Equal(got, want) {
				t.Errorf("%d messages, want %d\n got %x\nwant %x", n, len(c.want), got, want)
			}
		})
	}
}

// TestSelectionHeader: bit 23 decides the form of the record header, and the
// record type word goes out plain, which eNcore compares as a whole.
func TestSelectionHeader(t *testing.T) {
	stored := wire.RecordHeader{Extended: true, ArchiveTimestamp: 7, NetmapID: 5, Flagged: true}
	flags := wire.FlagIntrusion
	short := newSelection(session.Request{Flags: flags}, layouts.Default(), false)
	got, _ := short.apply(nil, record(t, 400, stored), 1, 7, 9)
	if want := record(t, 400, wire.RecordHeader{}); !bytes.Equal(got, want) {
		t.Errorf("standard header\n got %x\nwant %x", got, want)
	}
	long := newSelection(session.Request{Flags: flags | wire.FlagArchiveTimestamp}, layouts.Default(), false)
	got, _ = long.apply(nil, record(t, 400, stored), 1, 7, 9)
	if want := record(t, 400, wire.RecordHeader{Extended: true, ArchiveTimestamp: 7}); !bytes.Equal(got, want) {
		t.Errorf("extended header\n got %x\nwant %x", got, want)
	}
	got, _ = long.apply(nil, record(t, 400, wire.RecordHeader{}), 1, 0, 9)
	if want := record(t, 400, wire.RecordHeader{Extended: true, ArchiveTimestamp: 9}); !bytes.Equal(got, want) {
		t.Errorf("stored without archive time: the arrival stands in\n got %x\nwant %x", got, want)
	}
}

// TestSelectionAsIs: every byte as it is, from the start time on; metadata and
// records without archive time always.
func TestSelectionAsIs(t *testing.T) {
	s := newSelection(session.Request{}, layouts.Default(), true)
	old := record(t, 400, wire.RecordHeader{Extended: true, ArchiveTimestamp: 10, NetmapID: 3})
	name := record(t, 123, wire.RecordHeader{Extended: true, ArchiveTimestamp: 10})
	fresh := record(t, 400, wire.RecordHeader{Extended: true, ArchiveTimestamp: 20, Flagged: true})
	odd := []byte{0, 1, 0, 4, 0, 0, 0, 8, 0, 0, 0x27, 0x0f, 0, 0, 0, 200} // its record length lies
	in := bytes.Join([][]byte{old, name, fresh, odd}, nil)
	if got, n := s.apply(nil, in, 4, 10, 0); n != 4 || !bytes.Equal(got, in) || s.copied {
		t.Errorf("everything: %d messages", n)
	}
	s.from = 15
	if got, n := s.apply(nil, in, 4, 10, 0); n != 3 || !bytes.Equal(got, in[len(old):]) {
		t.Errorf("from 15: %d messages\n got %x\nwant %x", n, got, in[len(old):])
	}
}
