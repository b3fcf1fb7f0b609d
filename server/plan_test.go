package server

import (
	"slices"
	"strings"
	"testing"

	"estream/server/versions"
	"estream/session"
	"estream/wire"
)

func asked(p *plan) (list []string) {
	for _, e := range versions.Default().Events {
		if v, ok := p.asked[e]; ok {
			list = append(list, strings.Fields(e.Name)[0]+wire.EventPair{Version: v}.String()[1:])
		}
	}
	return list
}

// TestPlan: what flags and pairs come down to, and what is said about the rest.
func TestPlan(t *testing.T) {
	pairs := func(list ...uint16) (p []wire.EventPair) {
		for i := 0; i < len(list); i += 2 {
			p = append(p, wire.EventPair{Code: list[i], Version: list[i+1]})
		}
		return p
	}
	for _, c := range []struct {
		name    string
		flags   wire.RequestFlags
		pairs   []wire.EventPair
		highest map[uint16]uint16
		want    string
		notes   []string // parts of the notes, in order
	}{
		{"nothing", 0, nil, nil, "", nil},
		{"the highest flag wins", wire.FlagDiscoveryV2 | wire.FlagDiscoveryV6, nil, nil, "discoveryv6",
			[]string{"flag bit 7 (discovery events version 2) is overruled by flag bit 25"}},
		{"the highest pair wins", 0, pairs(61, 3, 61, 11, 61, 7), nil, "discoveryv11", []string{"61v3 is overruled by event pair 61v11", "61v7 is overruled"}},
		{"pairs decide for the codes they name", wire.FlagDiscoveryV6 | wire.FlagConnectionV5 | wire.FlagExtendedRequest, pairs(61, 3), nil, "discoveryv3 connectionv5",
			[]string{"flag bit 25 (discovery events version 6) is overruled by event pair 61v3"}},
		{"eNcore", wire.DefaultFlags, wire.DefaultPairs(), nil, "intrusionv11 metadatav4 correlationv9 discoveryv11 connectionv17 userv7 malwarev8 filev7 impactv2 packetsv1 extrav1",
			[]string{"flag bit 6 (intrusion events version 2) is overruled by event pair 12v11", "flag bit 5 (impact alerts version 1) is overruled by event pair 131v2"}},
		{"the reference client's print", 0x01f00004, nil, nil, "intrusionv0 metadatav4 correlationv5 discoveryv5 userv1", nil},
		{"metadata", wire.FlagMetadataV1 | wire.FlagMetadataV3, nil, nil, "metadatav3", []string{"flag bit 1 (metadata version 1) is overruled by flag bit 15"}},
		{"a version above all", 0, pairs(12, 99), nil, "intrusionv11", []string{"version 99 of intrusion events is not known here, 11 is served"}},
		{"a version in a gap", 0, pairs(71, 2), nil, "connectionv1", []string{"version 2 of connection events"}},
		{"version 0", 0, pairs(12, 0, 91, 0), nil, "", []string{"version 0 of intrusion events is not known, and none below", "version 0 of user events"}},
		{"a version without any layout", wire.FlagDiscoveryV1, nil, nil, "", []string{"version 1 of discovery events has no known layout"}},
		{"unknown codes, reserved bits", wire.FlagReserved | wire.FlagPackets, pairs(13, 1), nil, "packetsv1", []string{"event type 13 of pair 13v1", "bit 16"}},
		{"a release's limits", wire.FlagIntrusionImpact, pairs(61, 11, 71, 17, 111, 7), map[uint16]uint16{12: 3, 61: 8, 71: 6}, "intrusionv3 discoveryv8 connectionv6",
			[]string{"version 11 of discovery events is not known here, 8 is served", "version 17 of connection", "file events are not served here"}},
		{"an old release", wire.FlagIntrusionImpact, nil, map[uint16]uint16{12: 1}, "intrusionv1", []string{"version 2 of intrusion"}},
		{"a new release", wire.FlagIntrusionImpact, nil, map[uint16]uint16{12: 9}, "intrusionv2", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newPlan(versions.Default(), session.Request{Flags: c.flags, Pairs: c.pairs}, reading{Highest: c.highest})
			if got := strings.Join(asked(p), " "); got != c.want {
				t.Errorf("asked for %s\nwant      %s", got, c.want)
			}
			if len(p.notes) != len(c.notes) || slices.ContainsFunc(c.notes, func(part string) bool {
				return !slices.ContainsFunc(p.notes, func(note string) bool { return strings.Contains(note, part) })
			}) {
				t.Errorf("notes %q\nwant  %q", p.notes, c.notes)
			}
		})
	}
}

// TestReading: what a server can be told to understand otherwise.
func TestReading(t *testing.T) {
	req := session.Request{Flags: wire.FlagIntrusion | wire.FlagDiscoveryV6, Pairs: []wire.EventPair{{Code: 61, Version: 3}}}
	for _, c := range []struct {
		r    reading
		want string
		note string
	}{
		{reading{}, "intrusionv0 discoveryv3", "flag bit 25 (discovery events version 6) is overruled by event pair 61v3"},
		{reading{FlagsCompete: true}, "intrusionv0 discoveryv6", "event pair 61v3 is overruled by flag bit 25 (discovery events version 6)"},
		{reading{FlagVersions: map[wire.RequestFlags]uint16{wire.FlagIntrusion: 2}}, "intrusionv2 discoveryv3", "flag bit 25"},
	} {
		p := newPlan(versions.Default(), req, c.r)
		if got := strings.Join(asked(p), " "); got != c.want || len(p.notes) != 1 || !strings.Contains(p.notes[0], c.note) {
			t.Errorf("%+v: asked for %s, notes %q; want %s, %q", c.r, got, p.notes, c.want, c.note)
		}
	}
	if len(req.Pairs) != 1 {
		t.Errorf("the request was changed: %v", req.Pairs)
	}
}
