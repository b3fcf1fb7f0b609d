package hosts

import (
	"net/netip"
	"reflect"
	"slices"
	"testing"

	"estream/internal/corpus"
	"estream/internal/recordtest"
	"estream/layouts"
	"estream/wire"
)

// block returns a data block of series 1 with its header.
func block(t *testing.T, typ uint32, set func(put func(name string, v any))) []byte {
	t.Helper()
	values := map[string]any{}
	set(func(name string, v any) { values[name] = v })
	f, err := newForm(layouts.Default(), typ, values1(values))
	if err != nil {
		t.Fatal(err)
	}
	w := &blockWriter{}
	x := 0
	f.append(w, &x)
	return w.buf
}

func values1(from map[string]any) values[int] {
	t := values[int]{}
	for name, v := range from {
		switch v := v.(type) {
		case int:
			t[name] = n(func(*int) uint64 { return uint64(v) })
		case string:
			t[name] = str(func(*int) string { return v })
		case []byte:
			t[name] = value[int]{raw: func(dst []byte, _ *int) []byte { return append(dst, v...) }}
		case [][]byte:
			t[name] = value[int]{list: func(w *blockWriter, _ *int) {
				for _, e := range v {
					w.buf = append(w.buf, e...)
				}
			}}
		}
	}
	return t
}

// list returns a list block.
func listOf(number uint32, elements ...[]byte) []byte {
	w := &blockWriter{}
	w.open(number)
	for _, e := range elements {
		w.buf = append(w.buf, e...)
	}
	w.close(0)
	return w.buf
}

const host1 = "10.1.2.3"

func mac(s string) (m MAC) {
	if err := m.UnmarshalText([]byte(s)); err != nil {
		panic(err)
	}
	return m
}

// addrRange returns block 141.
func addrRange(t *testing.T, first, last string) []byte {
	a, b := as16(netip.MustParseAddr(first)), as16(netip.MustParseAddr(last))
	return block(t, 141, func(put func(string, any)) { put("start", a[:]); put("finish", b[:]) })
}

// TestRules shows a map one record after the other and looks at what it says of
// the host then. Each row begins with the host known from a row before.
func TestRules(t *testing.T) {
	info := func(app int, vendor, version string, source int) []byte {
		return block(t, 117, func(put func(string, any)) {
			put("application_id", app)
			put("vendor", vendor)
			put("version", version)
			put("last_used", 50)
			put("source_type", source)
			put("sub_servers", [][]byte{block(t, 1, func(put func(string, any)) { put("sub_server_name", "OpenSSL"); put("version", "3.0") })})
		})
	}
	web := block(t, 123, func(put func(string, any)) { put("application_id", 77) })
	id := UUID{1, 2, 3}
	here := listOf(31, addrRange(t, host1, host1))
	m := empty(t)
	steps := []struct {
		name    string
		message []byte
		check   func(p *Profile) any
		want    any
	}{
		{"network protocol, which makes the host known", message(t, 13, 0, host1, 100, recordtest.Fields{"network_protocol": 0x800}),
			func(p *Profile) any {
				return []any{p.NetworkProtocols, p.FirstSeen, p.LastSeen, p.Device, p.Address.String()}
			},
			[]any{[]uint16{0x800}, Second(100), Second(100), uint32(9), host1}},
		{"transport protocol", message(t, 14, 0, host1, 101, recordtest.Fields{"transport_protocol": 6}),
			func(p *Profile) any { return []any{p.TransportProtocols, p.LastSeen} }, []any{[]uint16{6}, Second(101)}},
		{"new TCP server", message(t, 11, 103, host1, 102, recordtest.Fields{"port": 443, "hits": 2, "last_used": 99, "confidence": 90,
			"server_information": listOf(31, info(5, "nginx", "1.2", 0)), "web_application": listOf(31, web)}),
			func(p *Profile) any { return p.Servers },
			[]Server{{Protocol: 6, Port: 443, Hits: 2, LastUsed: 99, Confidence: 90, Web: []uint32{77},
				Identities: []Identity{{Application: 5, Vendor: "nginx", Version: "1.2", LastUsed: 50, Sub: []SubServer{{"OpenSSL", "", "3.0"}}}}}}},
		{"update of that server", message(t, 16, 103, host1, 103, recordtest.Fields{"port": 443, "hits": 7, "server_information": listOf(31, info(5, "", "1.3", 0))}),
			func(p *Profile) any {
				return []any{p.Servers[0].Hits, p.Servers[0].Identities[0].Vendor, p.Servers[0].Identities[0].Version, p.Servers[0].Confidence}
			},
			[]any{uint32(7), "nginx", "1.3", uint32(90)}},
		{"another service on the port", message(t, 16, 103, host1, 103, recordtest.Fields{"port": 443, "server_information": listOf(31, info(6, "", "", 0))}),
			func(p *Profile) any {
				return []any{p.Servers[0].Identities[0].Application, p.Servers[0].Identities[0].Vendor}
			}, []any{uint32(6), ""}},
		{"new UDP server", message(t, 12, 103, host1, 104, recordtest.Fields{"port": 53}),
			func(p *Profile) any { return []any{len(p.Servers), p.Servers[1].Protocol, p.Servers[1].Port} }, []any{2, uint8(17), uint16(53)}},
		{"banner", message(t, 45, 37, host1, 104, recordtest.Fields{"port": 443, "protocol": 6, "data": "220 hello"}),
			func(p *Profile) any { return p.Servers[0].Banner }, Bytes("220 hello")},
		{"UDP port closed", message(t, 24, 0, host1, 104, recordtest.Fields{"port": 53}), func(p *Profile) any { return len(p.Servers) }, 1},
		{"TCP port timeout of another port", message(t, 25, 0, host1, 104, recordtest.Fields{"port": 444}), func(p *Profile) any { return len(p.Servers) }, 1},
		{"new client", message(t, 15, 122, host1, 105, recordtest.Fields{"id": 3, "application_proto": 4, "version": "8", "hits": 1, "last_used": 104}),
			func(p *Profile) any { return p.Clients }, []Client{{Protocol: 4, Application: 3, Version: "8", Hits: 1, LastUsed: 104}}},
		{"client update", message(t, 107, 122, host1, 105, recordtest.Fields{"id": 3, "application_proto": 4, "version": "9", "web_application": listOf(31, web)}),
			func(p *Profile) any { return p.Clients }, []Client{{Protocol: 4, Application: 3, Version: "9", Hits: 1, LastUsed: 104, Web: []uint32{77}}}},
		{"client timeout", message(t, 35, 122, host1, 105, recordtest.Fields{"id": 3, "application_proto": 4}), func(p *Profile) any { return len(p.Clients) }, 0},
		{"operating system", message(t, 101, 130, host1, 106, recordtest.Fields{"uuid": id[:], "type": 2, "last_seen": 106, "ttl_difference": 3,
			"mobile_device": listOf(31, block(t, 131, func(put func(string, any)) { put("string", "tablet"); put("mobile", 1) }))}),
			func(p *Profile) any { return p.Fingerprints },
			[]Fingerprint{{Class: Derived, UUID: id, Type: 2, LastSeen: 106, TTLDifference: 3, Device: "tablet", Mobile: true}}},
		{"operating system by a scanner", message(t, 101, 130, host1, 106, recordtest.Fields{"uuid": id[:], "source_type": 2}),
			func(p *Profile) any { return []any{len(p.Fingerprints), p.Fingerprints[1].Class} }, []any{2, ScannerPrint}},
		{"identity timeout", message(t, 103, 94, host1, 106, recordtest.Fields{"uuid": id[:], "source_type": 2}),
			func(p *Profile) any { return len(p.Fingerprints) }, 1},
		{"identity conflict", message(t, 102, 94, host1, 106, recordtest.Fields{"uuid": id[:], "source_type": 1}),
			func(p *Profile) any { return p.Fingerprints[1].Class }, ConflictPrint},
		{"old OS update", message(t, 18, 53, host1, 106, recordtest.Fields{"confidence": 70, "fingerprint_uuid": id[:]}),
			func(p *Profile) any { return p.Fingerprints[0].Confidence }, uint32(70)},
		{"hops", message(t, 22, 0, host1, 107, recordtest.Fields{"hops": 4}), func(p *Profile) any { return p.Hops }, uint8(4)},
		{"MAC", message(t, 28, 95, host1, 107, recordtest.Fields{"address": []byte{2, 0, 0, 0, 0, 7}, "ttl": 64, "primary": 1, "last_seen": 107}),
			func(p *Profile) any { return p.MACs }, []MACAddress{{mac("02:00:00:00:00:07"), 64, true, 107}}},
		{"host type", message(t, 31, 0, host1, 107, recordtest.Fields{"host_type": 1}), func(p *Profile) any { return p.Type }, uint32(1)},
		{"VLAN", message(t, 34, 14, host1, 107, recordtest.Fields{"id": 12, "type": 1, "priority": 5}),
			func(p *Profile) any { return p.VLAN }, VLAN{true, 12, 1, 5, 107}},
		{"name", message(t, 42, 35, host1, 108, recordtest.Fields{"value": "PRINTER\x00"}),
			func(p *Profile) any { return []any{p.NetBIOS, p.NameSeen} }, []any{"PRINTER", Second(108)}},
		{"connection", message(t, 71, 174, host1, 110, nil), func(p *Profile) any { return p.LastSeen }, Second(110)},
		{"attribute definition", message(t, 46, 55, host1, 110, recordtest.Fields{"id": 8, "name": "Notes", "type": 2}),
			func(p *Profile) any { return m.names[definitionKey{id: 8}] }, definition{"Notes", 2}},
		{"attribute value", message(t, 83, 82, host1, 110, recordtest.Fields{"ip_ranges": here, "attribute_id": 8, "value": "in the cellar"}),
			func(p *Profile) any { return []any{p.Attributes, p.Notes} }, []any{[]Attribute{{8, 2, 0, "in the cellar"}}, "in the cellar"}},
		{"attribute of another host", message(t, 83, 82, host1, 110, recordtest.Fields{"ip_ranges": listOf(31, addrRange(t, "10.1.2.4", "10.1.2.9")), "attribute_id": 9, "value": "x"}),
			func(p *Profile) any { return len(p.Attributes) }, 1},
		{"attribute as number", message(t, 83, 82, host1, 110, recordtest.Fields{"ip_ranges": listOf(31, addrRange(t, "10.0.0.0", "10.255.255.255")), "attribute_id": 9, "value": []byte{0, 0, 1, 2}}),
			func(p *Profile) any { return p.Attributes[1] }, Attribute{9, 0, 258, ""}},
		{"attribute value deleted", message(t, 84, 82, host1, 110, recordtest.Fields{"ip_ranges": here, "attribute_id": 8}),
			func(p *Profile) any { return []any{len(p.Attributes), p.Notes} }, []any{1, ""}},
		{"attribute deleted", message(t, 48, 55, host1, 110, recordtest.Fields{"id": 9}), func(p *Profile) any { return len(p.Attributes) }, 0},
		{"criticality", message(t, 82, 81, host1, 110, recordtest.Fields{"ip_ranges": here, "criticality": 3}), func(p *Profile) any { return p.Criticality }, uint16(3)},
		{"criticality before 4.7", message(t, 41, 28, host1, 110, recordtest.Fields{"criticality": 2,
			"ip_list": listOf(11, block(t, 24, func(put func(string, any)) { put("ip_address", []byte{10, 1, 0, 0}); put("mask", 16) }))}),
			func(p *Profile) any { return p.Criticality }, uint16(2)},
		{"invalid vulnerability", message(t, 81, 80, host1, 110, recordtest.Fields{"type": 1, "list": listOf(31, block(t, 124, func(put func(string, any)) {
			put("ip_ranges", [][]byte{addrRange(t, host1, host1)})
			put("vulnerability_id", 4711)
		}))}), func(p *Profile) any { return p.Vulnerabilities }, []Vulnerability{{ID: 4711, Invalid: 1, Type: 1}}},
		{"valid again", message(t, 80, 80, host1, 110, recordtest.Fields{"list": listOf(31, block(t, 124, func(put func(string, any)) {
			put("ip_ranges", [][]byte{addrRange(t, host1, host1)})
			put("vulnerability_id", 4711)
		}))}), func(p *Profile) any { return p.Vulnerabilities }, []Vulnerability{{ID: 4711}}},
		{"vulnerabilities before 4.7", message(t, 38, 23, host1, 110, recordtest.Fields{"ip_address": []byte{10, 1, 2, 3},
			"vulnerabilities": listOf(11, block(t, 49, func(put func(string, any)) { put("vuln_id", 5) }))}),
			func(p *Profile) any { return p.Vulnerabilities[1] }, Vulnerability{ID: 5, Invalid: 1}},
		{"scan result", message(t, 89, 142, host1, 110, recordtest.Fields{"ip_address": []byte{10: 0xff, 11: 0xff, 12: 10, 13: 1, 14: 2, 15: 3},
			"vulnerabilities": listOf(31, block(t, 109, func(put func(string, any)) { put("id", "88"); put("port", 443); put("protocol", 6) }))}),
			func(p *Profile) any { return p.Vulnerabilities[2] }, Vulnerability{Kind: ScannersVulnerability, ID: 88, Port: 443, Protocol: 6}},
		{"user sets operating system", message(t, 74, 134, host1, 111, recordtest.Fields{"ip_ranges": here, "source_type": 1, "source_id": 4, "vendor": "Example", "product": "OS", "version": "7", "os_uuid": id[:]}),
			func(p *Profile) any { return p.Fingerprints[2] },
			Fingerprint{Class: UserPrint, UUID: id, SourceType: 1, SourceID: 4, LastSeen: 111, Vendor: "Example", Product: "OS", Version: "7"}},
		{"and takes it back", message(t, 74, 134, host1, 111, recordtest.Fields{"ip_ranges": here, "source_type": 1, "source_id": 4, "drop_user_product": 1}),
			func(p *Profile) any { return len(p.Fingerprints) }, 2},
		{"user sets server", message(t, 75, 134, host1, 111, recordtest.Fields{"ip_ranges": here, "source_type": 1, "port": 443, "protocol": 6, "vendor": "V", "product": "P", "version": "2", "server_id": 12}),
			func(p *Profile) any { return p.Servers[0].Identities[1] }, Identity{SourceType: 1, Application: 12, Vendor: "V", Version: "P 2", LastUsed: 111}},
		{"user adds client", message(t, 87, 60, host1, 111, recordtest.Fields{"list": listOf(31, block(t, 138, func(put func(string, any)) {
			put("ip_ranges", [][]byte{addrRange(t, host1, host1)})
			put("client_application_id", 31)
			put("application_protocol_id", 32)
		}))}), func(p *Profile) any { return p.Clients }, []Client{{Protocol: 32, Application: 31}}},
		{"and deletes it", message(t, 77, 60, host1, 111, recordtest.Fields{"list": listOf(31, block(t, 138, func(put func(string, any)) {
			put("ip_ranges", [][]byte{addrRange(t, host1, host1)})
			put("client_application_id", 31)
			put("application_protocol_id", 32)
		}))}), func(p *Profile) any { return len(p.Clients) }, 0},
		{"user adds protocol by MAC", message(t, 88, 83, host1, 111, recordtest.Fields{"list": listOf(31, block(t, 57, func(put func(string, any)) {
			put("mac_ranges", [][]byte{block(t, 63, func(put func(string, any)) { put("mac_address", []byte{2, 0, 0, 0, 0, 7}) })})
			put("protocol", 0x806)
		}))}), func(p *Profile) any { return p.NetworkProtocols }, []uint16{0x800, 0x806}},
		{"user deletes server", message(t, 79, 77, host1, 111, recordtest.Fields{"mac_ranges": listOf(31, block(t, 76, func(put func(string, any)) {
			put("ip_ranges", [][]byte{addrRange(t, host1, host1)})
			put("port", 443)
			put("protocol", 6)
		}))}), func(p *Profile) any { return len(p.Servers) }, 0},
		{"IOC", message(t, 160, 7, host1, 112, recordtest.Fields{"value": 3}), func(p *Profile) any { return p.IOCs },
			[]IOC{{ID: 3, First: IOCEvent{Seen: 112, Device: 9}, Last: IOCEvent{Seen: 112, Device: 9}}}},
		{"IOC disabled", message(t, 164, 148, host1, 112, recordtest.Fields{"ip_ranges": here, "ioc_id": 3}), func(p *Profile) any { return p.IOCs[0].Disabled }, true},
		{"IOC enabled", message(t, 163, 148, host1, 112, recordtest.Fields{"ip_ranges": here, "ioc_id": 3}), func(p *Profile) any { return p.IOCs[0].Disabled }, false},
		{"IOC state", message(t, 160, 150, host1, 112, recordtest.Fields{"ioc_id_number": 3, "disabled": 1, "first_event_id": 44, "last_counter": 2}),
			func(p *Profile) any { return p.IOCs }, []IOC{{ID: 3, Disabled: true, First: IOCEvent{EventID: 44}, Last: IOCEvent{Counter: 2}}}},
		{"IOC deleted", message(t, 162, 148, host1, 112, recordtest.Fields{"ip_ranges": here, "ioc_id": 3}), func(p *Profile) any { return len(p.IOCs) }, 0},
		{"login", message(t, 95, 167, host1, 113, recordtest.Fields{"user_id": 5, "username": "alice", "domain": "CORP", "protocol": 710, "timestamp": 112}),
			func(p *Profile) any { return p.Users }, []User{{ID: 5, Name: "alice", Domain: "CORP", Protocol: 710, LastSeen: 112}}},
		{"login of 5.0, at the address in the block", message(t, 95, 121, "10.9.9.9", 114, recordtest.Fields{"user_id": 6, "username": "bob", "ipv4_address": []byte{10, 1, 2, 3}}),
			func(p *Profile) any { return p.Users[1].Name }, "bob"},
		{"logoff", message(t, 171, 167, host1, 115, recordtest.Fields{"user_id": 6}), func(p *Profile) any { return len(p.Users) }, 1},
		{"user removed", message(t, 93, 158, "10.9.9.9", 115, recordtest.Fields{"user_id": 5}), func(p *Profile) any { return len(p.Users) }, 0},
		{"address changed to one that is not known", message(t, 29, 0, host1, 116, recordtest.Fields{"ip_address": []byte{10: 0xff, 11: 0xff, 12: 10, 13: 1, 14: 2, 15: 4}}),
			func(p *Profile) any { return p.Address.IsValid() }, false},
		{"and back, named the other way round", message(t, 29, 0, host1, 117, recordtest.Fields{"ip_address": []byte{10: 0xff, 11: 0xff, 12: 10, 13: 1, 14: 2, 15: 4}}),
			func(p *Profile) any { return []any{p.NetBIOS, p.LastSeen} }, []any{"PRINTER", Second(117)}},
		{"address reused", message(t, 20, 0, host1, 118, nil),
			func(p *Profile) any { return []any{p.NetBIOS, p.Fingerprints, p.FirstSeen} }, []any{"", []Fingerprint(nil), Second(118)}},
		{"host timeout", message(t, 19, 0, host1, 119, nil), func(p *Profile) any { return p.Address.IsValid() }, false},
		{"a login does not make a host", message(t, 95, 167, host1, 119, recordtest.Fields{"user_id": 5}), func(p *Profile) any { return p.Address.IsValid() }, false},
		{"user adds host", message(t, 85, 78, "::", 120, recordtest.Fields{"ip_ranges": here}), func(p *Profile) any { return p.FirstSeen }, Second(120)},
		{"user deletes host", message(t, 78, 78, "::", 120, recordtest.Fields{"ip_ranges": listOf(31, addrRange(t, "10.1.0.0", "10.1.255.255"))}),
			func(p *Profile) any { return p.Address.IsValid() }, false},
	}
	for _, s := range steps {
		p := learn(t, m, host1, s.message)
		if got := s.check(&p); !reflect.DeepEqual(got, s.want) {
			t.Errorf("%s: %+v, want %+v", s.name, got, s.want)
		}
		dump(t, m)
	}
}

// TestNewHost: the profile in record 10, in the three forms that it has.
func TestNewHost(t *testing.T) {
	for _, typ := range []uint32{91, 132, 139} {
		m := empty(t)
		server := block(t, 103, func(put func(string, any)) { put("port", 22) })
		lists := map[uint32]map[string]any{
			91:  {"tcp_servers": listOf(11, server), "network_protocols": listOf(11, block(t, 4, func(put func(string, any)) { put("protocol", 0x800) })), "mac_address": "02:00:00:00:00:09", "vlan_tag_present": 1},
			132: {"tcp_server": listOf(11, server), "network_protocol": listOf(11, block(t, 4, func(put func(string, any)) { put("protocol", 0x800) })), "host_mac_address": listOf(11, block(t, 95, func(put func(string, any)) { put("address", []byte{2, 0, 0, 0, 0, 9}); put("primary", 1) })), "vlan_presence": 1},
		}
		lists[139] = lists[132]
		f := recordtest.Fields{"hops": 3, "host_last_seen": 90, "host_type": 2, "vlan_id": 5, "netbios": "PC"}
		for k, v := range lists[typ] {
			f[k] = v
		}
		p := learn(t, m, host1, message(t, 10, typ, host1, 100, f))
		want := Profile{
			Address: netip.MustParseAddr(host1), Device: 9, FirstSeen: 100, LastSeen: 100, Hops: 3, Type: 2, VLAN: VLAN{Present: true, ID: 5, Seen: 100}, NetBIOS: "PC", NameSeen: 100,
			MACs: []MACAddress{{Address: mac("02:00:00:00:00:09"), Primary: true}}, NetworkProtocols: []uint16{0x800}, Servers: []Server{{Protocol: 6, Port: 22}},
		}
		if !reflect.DeepEqual(p, want) {
			t.Errorf("block %d:\n%+v, want\n%+v", typ, p, want)
		}
	}
}

// TestStreams: from the corpus and a synthetic stream the map learns exactly the
// hosts that a plain reading of their headers gives.
func TestStreams(t *testing.T) {
	streams := map[string][]byte{"corpus": corpus.Read(t, corpus.Messages), "synthetic": mixed(t)}
	for name, stream := range streams {
		t.Run(name, func(t *testing.T) {
			all := empty(t)
			feed(t, all, stream, 300)
			if s := all.Stats(); s.Malformed != 0 {
				t.Errorf("%d records could not be decoded", s.Malformed)
			}
			// Without what users say of ranges, which has a test of its own.
			stream = slices.Concat(slices.DeleteFunc(slices.Collect(recordtest.Split(t, stream)), func(message []byte) bool {
				h, _ := wire.PeekRecord(message)
				return h.Type == 39 || h.Type == 78 || h.Type == 85
			})...)
			m := empty(t)
			feed(t, m, stream, 300)
			want := addresses(t, stream)
			got := map[netip.Addr]bool{}
			m.Each(everything, func(p Profile) bool { got[p.Address] = true; return true })
			if s := m.Stats(); !reflect.DeepEqual(got, want) || s.Malformed != 0 || s.Learned == 0 {
				t.Errorf("%d hosts, want %d; %+v", len(got), len(want), s)
			}
			dump(t, m)
			t.Logf("%+v", m.Stats())
		})
	}
}

// addresses reads a stream the simple way: who appears, moves and goes.
func addresses(t *testing.T, stream []byte) map[netip.Addr]bool {
	t.Helper()
	here := map[netip.Addr]bool{}
	dec := wire.NewDecoder(layouts.Default(), nil)
	for message := range recordtest.Split(t, stream) {
		h, _ := wire.PeekRecord(message)
		def, err := layouts.Default().Source().Record(h.Type)
		if err != nil || def.Category != "discovery" && def.Category != "ioc" || !def.Discovery {
			continue
		}
		r, err := dec.Decode(message)
		if err != nil {
			t.Fatal(err)
		}
		b := r.Bytes(r.Layout.Slot("ipv6_address"))
		if len(b) == 0 {
			b = r.Bytes(r.Layout.Slot("legacy_ip_address"))
		}
		a, _ := netip.AddrFromSlice(b)
		switch a = a.Unmap(); {
		case a.IsUnspecified():
		case h.Type == 10, h.Type >= 11 && h.Type <= 18, h.Type == 20, h.Type == 22, h.Type == 27, h.Type == 28, h.Type == 31, h.Type == 34,
			h.Type == 42, h.Type == 45, h.Type >= 51 && h.Type <= 53, h.Type == 101, h.Type == 107, h.Type == 160:
			here[a] = true
		case h.Type == 19, h.Type == 21, h.Type == 44:
			delete(here, a)
		case h.Type == 29:
			o, _ := netip.AddrFromSlice(r.Bytes(r.Layout.Slot("ip_address")))
			o = o.Unmap()
			known, other := here[a], here[o]
			delete(here, o)
			delete(here, a)
			if known && !other {
				here[o] = true
			} else {
				here[a] = true
			}
		case h.Type == 85, h.Type == 78, h.Type == 39:
			t.Fatalf("record %d is not in the model", h.Type)
		}
	}
	return here
}
