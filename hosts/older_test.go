package hosts

import (
	"net/netip"
	"reflect"
	"testing"

	"estream/internal/recordtest"
	"estream/layouts"
	"estream/wire"
)

// TestOldInput: what users say, in the records of releases before 4.7, and the
// rules that TestRules does not come by.
func TestOldInput(t *testing.T) {
	m := open(t, newFS(t), Options{FingerprintClasses: map[uint32]Class{4: SMBPrint}})
	ips := listOf(11, block(t, 24, func(put func(string, any)) { put("ip_address", []byte{10, 1, 2, 3}); put("mask", -1) /* all bits */ }))
	oneHost := func(typ uint32, set func(put func(string, any))) []byte {
		return listOf(31, block(t, typ, func(put func(string, any)) {
			put("ip_ranges", [][]byte{addrRange(t, host1, host1)})
			set(put)
		}))
	}
	id := UUID{5}
	for _, s := range []struct {
		name    string
		message []byte
		check   func(p *Profile) any
		want    any
	}{
		{"host", message(t, 11, 103, host1, 10, recordtest.Fields{"port": 80}), func(p *Profile) any { return len(p.Servers) }, 1},
		{"attribute named by metadata", recordtest.Message(t, layouts.Default(), 60, 0, recordtest.Fields{"id": 2, "name": "notes"}),
			func(*Profile) any { return m.names[definitionKey{id: 2}].isNotes() }, true},
		{"set attribute", message(t, 49, 41, host1, 10, recordtest.Fields{"ip_list": ips, "attr_id": 2, "value": "12"}),
			func(p *Profile) any { return []any{p.Attributes, p.Notes} }, []any{[]Attribute{{2, 0, 12, "12"}}, "12"}},
		{"set it again", message(t, 49, 41, host1, 10, recordtest.Fields{"ip_list": ips, "attr_id": 2, "value": "text"}),
			func(p *Profile) any { return []any{p.Attributes, p.Notes} }, []any{[]Attribute{{2, 0, 0, "text"}}, "text"}},
		{"delete attribute", message(t, 50, 41, host1, 10, recordtest.Fields{"ip_list": ips, "attr_id": 2}),
			func(p *Profile) any { return []any{len(p.Attributes), p.Notes} }, []any{0, ""}},
		{"delete server", message(t, 40, 27, host1, 10, recordtest.Fields{"service_list": listOf(11, block(t, 26, func(put func(string, any)) {
			put("ip_address", []byte{10, 1, 2, 3})
			put("port", 80)
			put("protocol", 6)
		}))}), func(p *Profile) any { return len(p.Servers) }, 0},
		{"banner of a protocol without servers", message(t, 45, 37, host1, 10, recordtest.Fields{"port": 80, "protocol": 1, "data": "x"}), func(p *Profile) any { return len(p.Servers) }, 0},
		{"add server", message(t, 86, 134, host1, 11, recordtest.Fields{"ip_ranges": listOf(31, addrRange(t, host1, host1)), "source_type": 2, "source_id": 1, "port": 25, "protocol": 6, "server_id": 3}),
			func(p *Profile) any { return p.Servers[0].Identities }, []Identity{{SourceType: 2, SourceID: 1, Application: 3, LastUsed: 11}}},
		{"its identity times out", message(t, 103, 94, host1, 11, recordtest.Fields{"port": 25, "protocol": 6, "source_type": 2, "source_id": 1}),
			func(p *Profile) any { return len(p.Servers[0].Identities) }, 0},
		{"product taken back", message(t, 75, 134, host1, 11, recordtest.Fields{"ip_ranges": listOf(31, addrRange(t, host1, host1)), "drop_user_product": 1, "port": 25, "protocol": 6}),
			func(p *Profile) any { return len(p.Servers) }, 1},
		{"add protocol", message(t, 88, 83, host1, 11, recordtest.Fields{"list": oneHost(57, func(put func(string, any)) { put("protocol", 47) })}),
			func(p *Profile) any { return p.TransportProtocols }, []uint16{47}},
		{"delete protocol", message(t, 76, 83, host1, 11, recordtest.Fields{"list": oneHost(57, func(put func(string, any)) { put("protocol", 47) })}),
			func(p *Profile) any { return p.TransportProtocols }, []uint16(nil)},
		{"fingerprint of a type that is configured", message(t, 101, 87, host1, 11, recordtest.Fields{"fingerprint_uuid": id[:], "fp_type": 4}),
			func(p *Profile) any { return p.Fingerprints }, []Fingerprint{{Class: SMBPrint, UUID: id, Type: 4}}},
		{"scan result of a host, by a number", message(t, 89, 142, host1, 11, recordtest.Fields{"ip_address": []byte{10: 0xff, 11: 0xff, 12: 10, 13: 1, 14: 2, 15: 3},
			"vulnerabilities": listOf(31, block(t, 44, func(put func(string, any)) { put("id", 9) }), block(t, 109, func(put func(string, any)) { put("id", "CVE") }))}),
			func(p *Profile) any { return p.Vulnerabilities }, []Vulnerability{{Kind: ScannersVulnerability, ID: 9}}},
		{"delete host", message(t, 39, 25, host1, 12, recordtest.Fields{"ip_list": ips}), func(p *Profile) any { return p.Address.IsValid() }, false},
	} {
		p := learn(t, m, host1, s.message)
		if got := s.check(&p); !reflect.DeepEqual(got, s.want) {
			t.Errorf("%s: %+v, want %+v", s.name, got, s.want)
		}
	}
}

// TestMoved: with both addresses of record 29 known, the header's host stays.
func TestMoved(t *testing.T) {
	other := as16(netip.MustParseAddr("10.1.2.4"))
	m := empty(t)
	learn(t, m, host1, message(t, 22, 0, host1, 10, recordtest.Fields{"hops": 1}), message(t, 22, 0, "10.1.2.4", 10, recordtest.Fields{"hops": 2}))
	p := learn(t, m, host1, message(t, 29, 0, host1, 11, recordtest.Fields{"ip_address": other[:]}))
	if p.Hops != 1 || m.Stats().Hosts != 1 {
		t.Errorf("%+v, %+v", p, m.Stats())
	}
	// Neither known: the header's is added. The same twice, or none: nothing.
	p = learn(t, m, "10.7.7.7", message(t, 29, 0, "10.7.7.7", 12, recordtest.Fields{"ip_address": other[:]}),
		message(t, 29, 0, "10.7.7.7", 13, nil), message(t, 29, 0, "10.1.2.4", 13, recordtest.Fields{"ip_address": other[:]}))
	if p.FirstSeen != 12 || p.LastSeen != 12 || m.Stats().Hosts != 2 {
		t.Errorf("%+v, %+v", p, m.Stats())
	}
	dump(t, m)
}

// TestRealms: one address in several domains and spaces is as many hosts.
func TestRealms(t *testing.T) {
	m := open(t, newFS(t), Options{Space: func(source uint32) uint32 { return source }})
	set := layouts.Default()
	var realms []realm
	for space := range uint32(3) {
		for netmap := range uint16(3) {
			h := recordtest.Header
			h.NetmapID = netmap
			m.Observe(m.Seq(), space, recordtest.MessageAs(t, set, h, 22, 0, about(host1, 10, recordtest.Fields{"hops": int(space)*10 + int(netmap)})))
			realms = append(realms, realm{space, netmap})
		}
	}
	a := netip.MustParseAddr(host1)
	// In an order that takes the first, the last and the middle of a chain.
	for _, i := range []int{8, 0, 4, 7, 1, 2, 6, 3, 5} {
		r := realms[i]
		if p, ok := m.Profile(r.space, r.netmap, a); !ok || int(p.Hops) != int(r.space)*10+int(r.netmap) {
			t.Errorf("%+v: %+v", r, p)
		}
		before := m.Stats().Hosts
		h := recordtest.Header
		h.NetmapID = r.netmap
		m.Observe(m.Seq(), r.space, recordtest.MessageAs(t, set, h, 19, 0, about(host1, 11, nil)))
		if _, ok := m.Profile(r.space, r.netmap, a); ok || m.Stats().Hosts != before-1 {
			t.Errorf("%+v is still there", r)
		}
		dump(t, m)
	}
}

// TestSeveralAddresses: a Management Center's host may have more than one address.
func TestSeveralAddresses(t *testing.T) {
	want := Profile{Address: netip.MustParseAddr(host1), LastSeen: 9, MoreAddresses: []SeenAddress{{netip.MustParseAddr("2001:db8::7"), 8}, {netip.MustParseAddr("10.0.0.1"), 7}}}
	var gens generations
	gens.set = layouts.Default()
	gen, err := gens.get(149)
	if err != nil {
		t.Fatal(err)
	}
	w := &blockWriter{gen: gen}
	gen.profile.append(w, &want)
	got, err := DecodeProfile(gens.set, append(wire.AppendHeader(nil, wire.TypeMultipleHostData, uint32(len(w.buf))), w.buf...))
	if err != nil || !reflect.DeepEqual(*got, want) {
		t.Errorf("%+v, %v, want %+v", got, err, want)
	}
}

// TestHeaders: the host is found behind every form of the record header and of the
// discovery header, and without an event time the archive time counts.
func TestHeaders(t *testing.T) {
	a := as16(netip.MustParseAddr(host1))
	for _, h := range []wire.RecordHeader{{}, {Extended: true, ArchiveTimestamp: 50}, {Extended: true, Flagged: true, ArchiveTimestamp: 50}} {
		for _, f := range []recordtest.Fields{
			{"header.legacy_ip_address": a[12:]},
			{"header.has_ipv6": 1, "header.ipv6_address": a[:]},
			{"header.has_ipv6": 1, "header.ipv6_address": make([]byte, 16), "header.legacy_ip_address": a[12:]},
		} {
			m := empty(t)
			m.Observe(0, 1, recordtest.MessageAs(t, layouts.Default(), h, 22, 0, f))
			f["header.event_second"] = 60
			f["header.mac_address"] = []byte{2, 0, 0, 0, 0, 3}
			f["hops"] = 5
			p := learn(t, m, host1, recordtest.MessageAs(t, layouts.Default(), h, 22, 0, f))
			want := Profile{Address: netip.MustParseAddr(host1), FirstSeen: Second(h.ArchiveTimestamp), LastSeen: 60, Hops: 5,
				MACs: []MACAddress{{Address: mac("02:00:00:00:00:03"), Primary: true, LastSeen: 60}}}
			if h.ArchiveTimestamp == 0 {
				want.FirstSeen = 60
			}
			if !reflect.DeepEqual(p, want) {
				t.Errorf("%+v: %+v, want %+v", h, p, want)
			}
			// A connection of the host; one of nobody.
			delete(f, "hops")
			f["header.event_second"] = 61
			p = learn(t, m, host1, recordtest.MessageAs(t, layouts.Default(), h, 71, 174, f),
				recordtest.MessageAs(t, layouts.Default(), h, 71, 174, nil))
			if p.LastSeen != 61 || m.Stats().Hosts != 1 {
				t.Errorf("%+v: last seen %d after a connection at 61, %d hosts", h, p.LastSeen, m.Stats().Hosts)
			}
		}
	}
	// Cut and false messages are counted, or passed over, and never more.
	m := empty(t)
	whole := message(t, 71, 174, host1, 1, nil)
	for n := range whole[8:] {
		m.Observe(m.Seq(), 1, recordtest.Frame(whole[8:8+n]))
	}
	if s := m.Stats(); s.Hosts != 0 || s.Malformed == 0 || m.Seq() != uint64(len(whole)-8) {
		t.Errorf("at %d: %+v", m.Seq(), s)
	}
}
