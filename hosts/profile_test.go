package hosts

import (
	"cmp"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"testing"

	"estream/layouts"
	"estream/wire"
)

// fill sets a value and all below it to random content.
func fill(r *rand.Rand, v reflect.Value) {
	switch v.Kind() {
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[netip.Addr]() {
			b := [4]byte{10, byte(r.IntN(256)), byte(r.IntN(256)), byte(r.IntN(256))}
			v.Set(reflect.ValueOf(netip.AddrFrom4(b)))
			return
		}
		for i := range v.NumField() {
			fill(r, v.Field(i))
		}
	case reflect.Array:
		for i := range v.Len() {
			fill(r, v.Index(i))
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), r.IntN(4), 4))
		for i := range v.Len() {
			fill(r, v.Index(i))
		}
		if v.Len() == 0 {
			v.SetZero()
		}
	case reflect.Bool:
		v.SetBool(r.IntN(2) == 1)
	case reflect.String:
		v.SetString(strings.Repeat("näme ", r.IntN(4)))
	default:
		v.SetUint(r.Uint64() >> (64 - v.Type().Bits()))
	}
}

// randomProfile returns a profile as the map may have it: all fields set, and what
// identifies an element is unique.
func randomProfile(r *rand.Rand) (p Profile) {
	fill(r, reflect.ValueOf(&p).Elem())
	p.Space, p.Netmap, p.MoreAddresses = 0, 0, nil
	for i := range p.Servers {
		s := &p.Servers[i]
		s.Protocol, s.Port = []uint8{6, 17}[i&1], s.Port|1
		for k := range s.Identities {
			s.Identities[k].SourceType = uint32(k)
			for n := range s.Identities[k].Sub {
				s.Identities[k].Sub[n].Name = string(rune('a' + n))
			}
		}
	}
	for i := range p.Fingerprints {
		p.Fingerprints[i].Class %= classes
		p.Fingerprints[i].UUID[0] = byte(i + 1)
	}
	for i := range p.Vulnerabilities {
		v := &p.Vulnerabilities[i]
		v.Kind %= 3
		v.Port, v.Protocol = 0, 0
		if len(p.Servers) > 0 && i&1 == 1 {
			v.Port, v.Protocol = p.Servers[0].Port, p.Servers[0].Protocol
		}
	}
	return p
}

// onWire reduces a profile to what a profile of that block says, and sorts the lists
// whose order the wire does not keep.
func onWire(p Profile, block uint32) Profile {
	p = p.clone()
	p.Device, p.FirstSeen, p.Secondary, p.Users, p.NameSeen, p.VLAN.Seen = 0, 0, 0, nil, 0, 0
	if block != 135 {
		p.VLAN.Present = p.VLAN.ID != 0
	}
	if !p.VLAN.Present {
		p.VLAN = VLAN{}
	}
	if block == 111 {
		p.Mobile, p.Jailbroken = false, false
	}
	if block != 149 {
		p.IOCs = nil
	}
	for i := range p.Servers {
		s := &p.Servers[i]
		s.LastUsed = 0
		for _, id := range s.Identities {
			s.LastUsed = max(s.LastUsed, id.LastUsed)
		}
		list := func(id Identity) uint32 { return []uint32{0, 1, 2, 3, 0}[min(id.SourceType, 4)] }
		slices.SortStableFunc(s.Identities, func(a, b Identity) int { return cmp.Compare(list(a), list(b)) })
	}
	drop(&p.Fingerprints, func(f *Fingerprint) bool { return f.Class >= MobilePrint && block < 140 })
	for i := range p.Fingerprints {
		f := &p.Fingerprints[i]
		f.Confidence, f.Vendor, f.Product, f.Version = 0, "", "", ""
		if block == 111 {
			f.Device, f.Mobile, f.Jailbroken = "", false, false
		}
	}
	slices.SortFunc(p.Servers, func(a, b Server) int { return cmp.Or(cmp.Compare(a.Protocol, b.Protocol), cmp.Compare(a.Port, b.Port)) })
	slices.SortStableFunc(p.Fingerprints, func(a, b Fingerprint) int {
		return cmp.Or(cmp.Compare(a.Class, b.Class), slices.Compare(a.UUID[:], b.UUID[:]))
	})
	slices.SortFunc(p.Vulnerabilities, func(a, b Vulnerability) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Port, b.Port), cmp.Compare(a.Protocol, b.Protocol), cmp.Compare(a.ID, b.ID))
	})
	return p
}

func asJSON(t *testing.T, v any) string {
	t.Helper()
	b, err := json.MarshalIndent(v, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestRoundTrip: for random hosts, and for those of a synthetic stream, the profile
// that is sent, decoded with the layouts, says what the map knows.
func TestRoundTrip(t *testing.T) {
	random := empty(t)
	r := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		h := &host{Profile: randomProfile(r)}
		h.key = as16(h.Address)
		if random.lookup(realm{}, h.key) == nil {
			random.insert(h)
			random.front(h)
		}
	}
	stream := empty(t)
	feed(t, stream, mixed(t), 1000)
	for name, m := range map[string]*Map{"random": random, "stream": stream} {
		for _, block := range []uint32{111, 135, 140, 149} {
			q := everything
			q.Block = block
			got := answers(t, m, q)
			n := 0
			m.Each(q, func(p Profile) bool {
				if block < 140 && !p.Address.Is4() {
					return true
				}
				if n >= len(got) {
					n++
					return true
				}
				g := onWire(*got[n], block)
				if want := onWire(p, block); !reflect.DeepEqual(g, want) {
					t.Fatalf("%s, block %d: %v comes back as\n%s\nwant\n%s", name, block, p.Address, asJSON(t, g), asJSON(t, want))
				}
				n++
				return true
			})
			if n != len(got) || n == 0 {
				t.Errorf("%s, block %d: %d profiles, want %d", name, block, len(got), n)
			}
		}
	}
}

// TestOldProfiles: the profiles of 4.6 to 4.10 have less, and under other names.
func TestOldProfiles(t *testing.T) {
	m := empty(t)
	id := UUID{9}
	h := m.obtain(realm{}, as16(netip.MustParseAddr(host1)))
	h.Profile = Profile{
		Address: h.Address, LastSeen: 70, Hops: 2, Type: 1, Criticality: 3, VLAN: VLAN{Present: true, ID: 7}, NetBIOS: "PC", Notes: "note",
		MACs:             []MACAddress{{Address: mac("02:00:00:00:00:01")}, {Address: mac("02:00:00:00:00:02"), Primary: true}},
		Fingerprints:     []Fingerprint{{Class: Derived, UUID: id, Confidence: 80, SourceID: 3}},
		NetworkProtocols: []uint16{0x800}, TransportProtocols: []uint16{6},
		Servers: []Server{{Protocol: 6, Port: 22, Hits: 3, LastUsed: 60, Confidence: 90, Banner: "SSH-2.0",
			Identities: []Identity{{Application: 12, Vendor: "v", Version: "1", LastUsed: 60, SourceID: 0, Sub: []SubServer{{"sub", "a", "b"}}}}}},
		Clients:         []Client{{Application: 4, Version: "2", Hits: 1, LastUsed: 50}},
		Vulnerabilities: []Vulnerability{{ID: 101, Port: 22, Protocol: 6}, {ID: 100, Invalid: 1}},
		Attributes:      []Attribute{{1, 2, 3, "x"}},
	}
	m.changed(h)
	addr := netip.MustParseAddr(host1)
	for dataType := range uint32(8) {
		got := answers(t, m, Query{First: addr, Last: addr, DataType: dataType, Notes: true, Banners: true})
		if len(got) != 1 {
			t.Fatalf("data type %d: %d profiles", dataType, len(got))
		}
		want := h.Profile.clone()
		switch {
		case dataType < 4:
			want.MACs = []MACAddress{{Address: mac("02:00:00:00:00:02"), Primary: true}}
			want.Fingerprints = []Fingerprint{{Class: Derived, UUID: id, Confidence: 80}}
		case dataType < 6:
			want.MACs = []MACAddress{{Address: mac("02:00:00:00:00:02"), Primary: true}}
			want.Fingerprints[0].Confidence = 0
		default:
			want.Fingerprints[0].Confidence = 0
		}
		if !reflect.DeepEqual(*got[0], want) {
			t.Errorf("data type %d:\n%s\nwant\n%s", dataType, asJSON(t, got[0]), asJSON(t, want))
		}
	}
}

// TestProfileBytes holds the bytes of the smallest current profile against the
// layout of the guide (block 149, chapter on host data), written out by hand.
func TestProfileBytes(t *testing.T) {
	m := empty(t)
	m.obtain(realm{}, as16(netip.MustParseAddr(host1))).LastSeen = 0x01020304
	var got []byte
	q := Query{First: netip.MustParseAddr(host1), DataType: 6}
	if err := m.Profiles(q, func(message []byte) error { got = slices.Clone(message); return nil }); err != nil {
		t.Fatal(err)
	}
	p, _ := m.Profile(0, 0, q.First)
	var want []byte
	block := func(typ, size byte) { want = append(want, 0, 0, 0, typ, 0, 0, 0, size) }
	want = append(want, 0, 1, 0, 6, 0, 0, 1, 37)             // message type 6 of 293 bytes
	want = append(want, 0, 0, 0, 149, 0, 0, 1, 37)           // 265 of the block and 28 of the address
	want = appendHostID(want, &p)                            // host id
	block(11, 36)                                            // addresses
	block(143, 28)                                           // one
	want = append(want, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)        //
	want = append(want, 0xff, 0xff, 10, 1, 2, 3, 1, 2, 3, 4) // its last byte, and last seen
	want = append(want, 0)                                   // hops
	for range 14 {
		block(31, 8) // fingerprints
	}
	for range 5 {
		block(11, 8) // TCP and UDP servers, network and transport protocols, MAC addresses
	}
	want = append(want, 1, 2, 3, 4)       // last seen
	want = append(want, 0, 0, 0, 0, 0, 0) // type and criticality
	want = append(want, 0, 0, 0, 0)       // VLAN
	block(31, 8)                          // client applications
	block(0, 8)                           // NetBIOS name
	block(0, 8)                           // notes
	for range 3 {
		block(31, 8) // vulnerabilities
	}
	block(11, 8)              // attributes
	want = append(want, 0, 0) // mobile, jailbroken
	block(31, 8)              // indications of compromise
	if !slices.Equal(got, want) {
		t.Errorf("% x, want\n% x", got, want)
	}
}

// TestQueries: which hosts are in an answer, and in which messages.
func TestQueries(t *testing.T) {
	m := open(t, newFS(t), Options{Space: func(source uint32) uint32 { return source / 10 }})
	for i, a := range []string{"10.0.0.1", "10.0.0.2", "10.0.0.9", "192.0.2.1", "2001:db8::1"} {
		m.Observe(m.Seq(), 1, message(t, 22, 0, a, 100+i, nil))
	}
	m.Observe(m.Seq(), 11, message(t, 22, 0, "10.0.0.2", 200, nil))
	addr := netip.MustParseAddr
	none := netip.Addr{}
	tests := []struct {
		name  string
		q     Query
		hosts string
	}{
		{"one", Query{First: addr("10.0.0.1"), Last: addr("10.0.0.1"), DataType: 6}, "10.0.0.1"},
		{"one, last address zero", Query{First: addr("10.0.0.1"), Last: addr("::"), DataType: 6}, "10.0.0.1"},
		{"one, mapped", Query{First: addr("::ffff:10.0.0.1"), Last: none, DataType: 6}, "10.0.0.1"},
		{"one of a range", Query{First: addr("10.0.0.1"), Last: addr("10.0.0.9"), DataType: 4}, "10.0.0.1"},
		{"one that is not known", Query{First: addr("10.0.0.3"), DataType: 6}, ""},
		{"one in two spaces", Query{First: addr("10.0.0.2"), DataType: 6}, "10.0.0.2"},
		{"IPv6", Query{First: addr("2001:db8::1"), DataType: 6}, "2001:db8::1"},
		{"IPv6 in a form without", Query{First: addr("2001:db8::1"), DataType: 4}, ""},
		{"range", Query{First: addr("10.0.0.0"), Last: addr("10.0.0.2"), DataType: 7}, "10.0.0.1 10.0.0.2 10.0.0.2"},
		{"empty range", Query{First: addr("10.0.1.0"), Last: addr("10.0.2.0"), DataType: 7}, ""},
		{"range the wrong way round", Query{First: addr("10.0.0.9"), Last: addr("10.0.0.1"), DataType: 7}, ""},
		{"all", everything, "10.0.0.1 10.0.0.2 10.0.0.2 10.0.0.9 192.0.2.1 2001:db8::1"},
		{"all IPv4", Query{First: addr("0.0.0.0"), Last: addr("255.255.255.255"), DataType: 1}, "10.0.0.1 10.0.0.2 10.0.0.2 10.0.0.9 192.0.2.1"},
		{"what the client may see", Query{First: everything.First, Last: everything.Last, DataType: 7,
			Visible: func(space uint32, _ uint16, device uint32) bool { return space == 1 && device == 9 }}, "10.0.0.2"},
	}
	for _, test := range tests {
		var got []string
		for _, p := range answers(t, m, test.q) {
			got = append(got, p.Address.String())
		}
		if strings.Join(got, " ") != test.hosts {
			t.Errorf("%s: %v, want %s", test.name, got, test.hosts)
		}
	}
	if p := answers(t, m, Query{First: addr("10.0.0.2"), DataType: 6}); len(p) != 1 || p[0].LastSeen != 200 {
		t.Errorf("of two hosts with one address %+v is sent, want the one seen last", p)
	}
	var wrong *DataTypeError
	if err := m.Profiles(Query{First: addr("10.0.0.1"), DataType: 8}, nil); !errors.As(err, &wrong) || wrong.DataType != 8 {
		t.Errorf("data type 8: %v", err)
	}
	if err := m.Profiles(Query{First: addr("10.0.0.1"), Block: 139}, nil); err == nil {
		t.Error("block 139 is no full host profile, and was taken")
	}
	stop := errors.New("enough")
	calls := 0
	if err := m.Profiles(everything, func([]byte) error { calls++; return stop }); err != stop || calls != 1 {
		t.Errorf("%d calls and %v, want one that ends it", calls, err)
	}
	// The map can learn while it answers.
	if err := m.Profiles(everything, func([]byte) error {
		m.Observe(m.Seq(), 1, message(t, 19, 0, "10.0.0.9", 300, nil))
		return nil
	}); err != nil {
		t.Error(err)
	}
}

// TestFlags: notes and banners only go to who asks for them.
func TestFlags(t *testing.T) {
	m := empty(t)
	h := m.obtain(realm{}, as16(netip.MustParseAddr(host1)))
	h.Notes, h.Servers = "note", []Server{{Protocol: 6, Port: 1, Banner: "banner"}}
	for flags := range uint32(4) {
		for dataType := range uint32(8) {
			q := QueryOf(wire.HostDataRequest{DataType: dataType, Flags: flags, First: netip.MustParseAddr(host1)})
			p := answers(t, m, q)
			if len(p) != 1 || (p[0].Notes == "note") != (flags&wire.HostNotes != 0) || (p[0].Servers[0].Banner == "banner") != (flags&wire.HostBanners != 0) {
				t.Errorf("flags %d, data type %d: %+v", flags, dataType, p)
			}
		}
	}
}

// TestDecodeProfileRefuses: bytes that are no profile are an error, and every prefix
// of one is.
func TestDecodeProfileRefuses(t *testing.T) {
	m := empty(t)
	feed(t, m, synthetic(t, 4, 3000), 500)
	set := layouts.Default()
	var one []byte
	if err := m.Profiles(everything, func(message []byte) error {
		if len(message) > len(one) {
			one = slices.Clone(message)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	for n := range one {
		if _, err := DecodeProfile(set, one[:n]); err == nil {
			t.Fatalf("%d of %d bytes are taken", n, len(one))
		}
		// The same cut with lengths that agree.
		if cut := slices.Clone(one[:n]); n >= 16 {
			cut[6], cut[7] = byte((n-8)>>8), byte(n-8)
			cut[14], cut[15] = byte((n-8)>>8), byte(n-8)
			if _, err := DecodeProfile(set, cut); err == nil {
				t.Fatalf("%d of %d bytes with fitting lengths are taken", n, len(one))
			}
		}
	}
	for name, message := range map[string][]byte{
		"event data":      wire.AppendHeader(nil, wire.TypeEventData, 0),
		"another block":   {0, 1, 0, 6, 0, 0, 0, 8, 0, 0, 0, 103, 0, 0, 0, 8},
		"a header alone":  {0, 1, 0, 6, 0, 0, 0, 8, 0, 0, 0, 149, 0, 0, 0, 8},
		"a short header":  {0, 1, 0, 6, 0, 0, 0, 4, 0, 0, 0, 149},
		"a giant length":  {0, 1, 0, 6, 0, 0, 0, 8, 0, 0, 0, 149, 0xff, 0xff, 0xff, 0xff},
		"a length of one": {0, 1, 0, 6, 0, 0, 0, 8, 0, 0, 0, 149, 0, 0, 0, 1},
	} {
		if p, err := DecodeProfile(set, message); err == nil || errors.Is(err, ErrNoProfile) {
			t.Errorf("%s: %+v, %v", name, p, err)
		}
	}
	if _, err := DecodeProfile(set, wire.AppendHeader(nil, wire.TypeMultipleHostData, 0)); err != ErrNoProfile {
		t.Errorf("an empty message: %v", err)
	}
}

// TestText: a profile as JSON comes back the same.
func TestText(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for range 50 {
		p := randomProfile(r)
		var q Profile
		if err := json.Unmarshal([]byte(asJSON(t, p)), &q); err != nil || !reflect.DeepEqual(p, q) {
			t.Fatalf("%v\n%+v, want\n%+v", err, q, p)
		}
	}
}
