package hosts

import (
	"fmt"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"

	"estream/internal/recordtest"
	"estream/layouts"
	"estream/meta"
	"estream/wire"
)

// A sensor shows a map observations; the journal is what it made.
type sensor struct {
	t     *testing.T
	m     *Map
	known *meta.Latest
	seq   uint64
	held  []byte // made, and not in the journal yet
	count int
}

func newSensor(t *testing.T, m *Map) *sensor {
	return &sensor{t: t, m: m, known: meta.NewLatest(layouts.Default()), seq: m.Seq()}
}

// see returns the record types that an observation makes.
func (s *sensor) see(o Observation) string {
	s.t.Helper()
	if o.Time.IsZero() {
		o.Time = time.Unix(1_700_000_000, 123_456_000)
	}
	o.Known = s.known.Has
	out, n := s.m.Discover(7, &o, s.held)
	var types []string
	for message := range recordtest.Split(s.t, out[len(s.held):]) {
		r, err := wire.NewDecoder(layouts.Default(), nil).Decode(message)
		if err != nil || r.Trailing != 0 {
			s.t.Fatalf("record %d: %v", r.Type, err)
		}
		if !r.Extended || r.ArchiveTimestamp != uint32(o.Time.Unix()) && r.ArchiveTimestamp != o.Archive {
			s.t.Errorf("record %d has the header %+v", r.Type, r.RecordHeader)
		}
		types = append(types, fmt.Sprint(r.Type))
	}
	if n != len(types) {
		s.t.Errorf("%d messages, %d counted", len(types), n)
	}
	s.held, s.count = out, s.count+n
	return strings.Join(types, " ")
}

// commit puts into the journal what was made.
func (s *sensor) commit() {
	s.m.Observe(s.seq, 1, s.held)
	s.known.ObserveAll(s.held)
	s.seq += uint64(s.count)
	s.held, s.count = s.held[:0], 0
}

func (s *sensor) host() Profile {
	s.t.Helper()
	p, ok := s.m.Profile(0, 0, netip.MustParseAddr(host1))
	if !ok {
		s.t.Fatal("the host is not known")
	}
	return p
}

// TestDiscover: what is new is told once, whether it is on its way or learned, and
// the map learns exactly that.
func TestDiscover(t *testing.T) {
	at := func(seconds int) time.Time { return time.Unix(1_700_000_000+int64(seconds), 0) }
	addr := netip.MustParseAddr(host1)
	tests := []struct {
		name  string
		o     Observation
		makes string
	}{
		{"host", Observation{Transport: 6, MAC: mac("02:00:00:00:00:01"), VLAN: 7}, "59 10"},
		{"nothing new", Observation{Transport: 6, MAC: mac("02:00:00:00:00:01"), VLAN: 7}, ""},
		{"protocols", Observation{Transport: 17, Network: 0x806}, "59 13 14"},
		{"MAC", Observation{MAC: mac("02:00:00:00:00:02")}, "28"},
		{"VLAN, too soon", Observation{Time: at(100), VLAN: 8}, ""},
		{"VLAN", Observation{Time: at(4000), VLAN: 8}, "34"},
		{"name", Observation{HostName: "pc"}, "42"},
		{"another name, too soon", Observation{Time: at(100), HostName: "pc2"}, ""},
		{"another name", Observation{Time: at(4000), HostName: "pc2"}, "42"},
		{"server", Observation{Service: SeenService{Protocol: 6, Port: 22}}, "11"},
		{"its protocol", Observation{Service: SeenService{Protocol: 6, Port: 22, Name: "ssh"}}, "63 16"},
		{"its software", Observation{Service: SeenService{Protocol: 6, Port: 22, Name: "ssh", Vendor: "OpenSSH", Version: "9.6", Banner: "SSH-2.0-OpenSSH_9.6"}}, "16 45"},
		{"less about it", Observation{Service: SeenService{Protocol: 6, Port: 22, Name: "ssh"}}, ""},
		{"another version, too soon", Observation{Time: at(100), Service: SeenService{Protocol: 6, Port: 22, Name: "ssh", Version: "9.7"}}, ""},
		{"another version", Observation{Time: at(4000), Service: SeenService{Protocol: 6, Port: 22, Name: "ssh", Version: "9.7"}}, "16"},
		{"still used", Observation{Time: at(100_000), Service: SeenService{Protocol: 6, Port: 22}}, "16"},
		{"UDP server", Observation{Service: SeenService{Protocol: 17, Port: 53, Name: "dns"}}, "63 12"},
		{"UDP server update", Observation{Service: SeenService{Protocol: 17, Port: 53, Name: "dns", Version: "2"}}, "17"},
		{"no server to the protocol", Observation{Service: SeenService{Protocol: 132, Port: 53}}, ""},
		{"client", Observation{Client: SeenClient{Name: "curl", Version: "8", Protocol: "http"}}, "55 63 15"},
		{"client update", Observation{Time: at(4000), Client: SeenClient{Name: "curl", Version: "9", Protocol: "http"}}, "107"},
		{"operating system", Observation{OS: SeenOS{"Microsoft", "Windows", "11"}}, "54 101"},
		{"user", Observation{User: SeenUser{"alice", "CORP", "smb"}}, "63 98 94 95"},
		{"user again, soon", Observation{Time: at(100), User: SeenUser{"alice", "CORP", "smb"}}, ""},
		{"user again, later", Observation{Time: at(4000), User: SeenUser{"alice", "CORP", "smb"}}, "95"},
	}
	for _, delayed := range []bool{false, true} {
		m := empty(t)
		s := newSensor(t, m)
		for _, test := range tests {
			test.o.Host = addr
			if got := s.see(test.o); got != test.makes {
				t.Errorf("%s: records %s, want %s", test.name, got, test.makes)
			}
			if got := s.see(test.o); got != "" {
				t.Errorf("%s: records %s once more while the first are on their way", test.name, got)
			}
			s.commit()
			if got := s.see(test.o); got != "" {
				t.Errorf("%s: records %s although the map has learned", test.name, got)
			}
			if delayed { // a flight that is forgotten must not change what the map knows
				m.Forget()
			}
		}
		if n := len(m.maker.now) + len(m.maker.before); n != 0 {
			t.Errorf("%d hosts have events on their way, and the journal has all", n)
		}
		got := s.host()
		id := systemUUID(&SeenOS{"Microsoft", "Windows", "11"})
		want := Profile{
			Address: addr, Device: 7, FirstSeen: 1_700_000_000, LastSeen: 1_700_100_000, VLAN: VLAN{Present: true, ID: 8, Seen: 1_700_004_000},
			NetBIOS: "pc2", NameSeen: 1_700_004_000,
			MACs:             []MACAddress{{Address: mac("02:00:00:00:00:01"), Primary: true, LastSeen: 1_700_000_000}, {Address: mac("02:00:00:00:00:02"), LastSeen: 1_700_000_000}},
			Fingerprints:     []Fingerprint{{Class: Derived, UUID: id, LastSeen: 1_700_000_000}},
			NetworkProtocols: []uint16{0x800, 0x806}, TransportProtocols: []uint16{6, 17},
			Servers: []Server{
				{Protocol: 6, Port: 22, Hits: 5, LastUsed: 1_700_100_000, Confidence: 100, Banner: "SSH-2.0-OpenSSH_9.6",
					Identities: []Identity{{Application: numberOf("ssh"), Vendor: "OpenSSH", Version: "9.7", LastUsed: 1_700_004_000}}},
				{Protocol: 17, Port: 53, Hits: 2, LastUsed: 1_700_000_000, Confidence: 100,
					Identities: []Identity{{Application: numberOf("dns"), Version: "2", LastUsed: 1_700_000_000}}},
			},
			Clients: []Client{{Protocol: numberOf("http"), Application: numberOf("curl"), Version: "9", Hits: 2, LastUsed: 1_700_004_000}},
			Users:   []User{{ID: numberOf(`CORP\alice`), Name: "alice", Domain: "CORP", Protocol: numberOf("smb"), LastSeen: 1_700_004_000}},
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("the map learned\n%s\nwant\n%s", asJSON(t, got), asJSON(t, want))
		}
	}
}

// TestDiscoverMetadata: every number in an event is explained before it, once.
func TestDiscoverMetadata(t *testing.T) {
	s := newSensor(t, empty(t))
	s.see(Observation{Host: netip.MustParseAddr(host1), Service: SeenService{Protocol: 6, Port: 80, Name: "http"}, OS: SeenOS{Name: "Linux"},
		Client: SeenClient{Name: "curl", Protocol: "http"}, User: SeenUser{Name: "bob", Protocol: "http"}})
	names := map[string]string{}
	dec := wire.NewDecoder(layouts.Default(), nil)
	text := func(r *wire.Record, names ...string) string { return view{&r.View, dec}.text(names...) }
	for message := range recordtest.Split(t, s.held) {
		r, err := dec.Decode(message)
		if err != nil {
			t.Fatal(err)
		}
		v := view{&r.View, dec}
		expect := func(record uint16, id any, want string) {
			if got := names[fmt.Sprint(record, id)]; got != want {
				t.Errorf("record %d: %v is named %q by a record %d before it, want %q", r.Type, id, got, record, want)
			}
		}
		switch r.Type {
		case 54:
			names[fmt.Sprint(54, v.uuid("uuid"))] = text(r, "name")
		case 55, 59, 63, 98:
			if key := fmt.Sprint(r.Type, v.u32("id")); names[key] != "" {
				t.Errorf("%s is explained twice", key)
			} else {
				names[key] = text(r, "name", "username")
			}
		case 10:
			expect(59, 0x800, "IP")
		case 11:
			expect(63, numberOf("http"), "http")
		case 15:
			expect(55, v.u32("id"), "curl")
			expect(63, v.u32("application_proto"), "http")
		case 101:
			expect(54, v.uuid("uuid"), "Linux")
		case 95:
			expect(98, v.u32("user_id"), "bob")
			expect(63, v.u32("protocol"), "http")
		}
	}
	if len(names) != 5 {
		t.Errorf("%v", names)
	}
	// Another process, the same journal: nothing is explained again.
	m := empty(t)
	again := newSensor(t, m)
	again.known.ObserveAll(s.held)
	if got := again.see(Observation{Host: netip.MustParseAddr("10.0.0.77"), Service: SeenService{Protocol: 6, Port: 80, Name: "http"}, OS: SeenOS{Name: "Linux"}}); got != "10 11 101" {
		t.Errorf("records %s", got)
	}
}

// TestDiscoverCrash: events that did not reach the journal are made again after a
// restart, or after Forget; those that did are not.
func TestDiscoverCrash(t *testing.T) {
	o := Observation{Host: netip.MustParseAddr(host1), Service: SeenService{Protocol: 6, Port: 22}}
	fsys := newFS(t)
	m := open(t, fsys, Options{})
	s := newSensor(t, m)
	first := s.see(o)
	if err := m.Save(); err != nil { // must not hold what is not in the journal
		t.Fatal(err)
	}
	m = open(t, fsys, Options{})
	s = newSensor(t, m)
	if got := s.see(o); got != first || first != "59 10 11" {
		t.Errorf("after a restart records %s, want %s", got, first)
	}
	s.held, s.count = nil, 0 // the batch was not taken
	if got := s.see(o); got != "" {
		t.Errorf("records %s are made twice", got)
	}
	m.Forget()
	if got := s.see(o); got != first {
		t.Errorf("after Forget records %s, want %s", got, first)
	}
	s.commit()
	m.Forget()
	if got := s.see(o); got != "" {
		t.Errorf("records %s, which the journal has", got)
	}
	// Two versions in turn, none of which has come back yet.
	n := 0
	for i := range 100 {
		if s.see(Observation{Host: o.Host, Service: SeenService{Protocol: 6, Port: 22, Version: fmt.Sprint(i % 2)}}) != "" {
			n++
		}
	}
	if n == 0 || n > maxTimes {
		t.Errorf("%d events about one server on their way, want up to %d", n, maxTimes)
	}
	s.commit()
	// A host that went is new again.
	s.held = append(s.held, message(t, 19, 0, host1, 1_700_000_500, nil)...)
	s.count++
	s.commit()
	if got := s.see(o); got != "10 11" {
		t.Errorf("after its timeout records %s", got)
	}
}

// TestDiscoverFull: a full map tells which hosts it forgets.
func TestDiscoverFull(t *testing.T) {
	m := open(t, newFS(t), Options{MaxHosts: 2})
	s := newSensor(t, m)
	var got []string
	for i, a := range []string{"10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.1", "10.0.0.1"} {
		got = append(got, s.see(Observation{Time: time.Unix(1_700_000_000+int64(i), 0), Host: netip.MustParseAddr(a)}))
		s.commit()
	}
	if want := []string{"59 10", "10", "10", "21 10", "21"}; !reflect.DeepEqual(got, want) {
		t.Errorf("records %q, want %q", got, want)
	}
	if st := m.Stats(); st.Hosts != 2 || st.Evicted != 2 {
		t.Errorf("%+v", st)
	}
}

// TestDiscoverWho: what is no host, or not in the networks, is not discovered.
func TestDiscoverWho(t *testing.T) {
	s := newSensor(t, open(t, newFS(t), Options{Networks: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("2001:db8::/32")}}))
	for a, want := range map[string]string{
		"10.1.1.1": "10", "::ffff:10.1.1.2": "10", "2001:db8::5": "10", "192.0.2.1": "", "2001:db9::1": "", "::": "", "0.0.0.0": "", "224.0.0.251": "", "ff02::1": "",
		"255.255.255.255": "", "127.0.0.1": "", "::1": "",
	} {
		if got := strings.TrimPrefix(s.see(Observation{Host: netip.MustParseAddr(a)}), "59 "); got != want {
			t.Errorf("%s: records %q, want %q", a, got, want)
		}
	}
	if got := s.see(Observation{}); got != "" {
		t.Errorf("without an address: records %s", got)
	}
}

// TestLimits: no host, and no number of hosts on their way, grows without end.
func TestLimits(t *testing.T) {
	m := empty(t)
	s := newSensor(t, m)
	long := strings.Repeat("é", 5000)
	host := netip.MustParseAddr(host1)
	for i := range 2 * maxServers {
		s.see(Observation{Host: host, HostName: long, Service: SeenService{Protocol: 6, Port: uint16(i + 1), Name: long, Vendor: long, Version: long, Banner: long},
			Client: SeenClient{Name: fmt.Sprint(i), Version: long}, OS: SeenOS{Name: fmt.Sprint(i)}, User: SeenUser{Name: fmt.Sprint(i)},
			MAC: MAC{2, 1, byte(i >> 8), byte(i)}, Network: uint16(0x8000 + i)})
		if i%50 == 0 {
			s.commit()
		}
	}
	s.commit()
	p := s.host()
	if len(p.Servers) != maxServers || len(p.Clients) != maxClients || len(p.Fingerprints) != maxFingerprints || len(p.Users) != maxUsers ||
		len(p.MACs) != maxMACs || len(p.NetworkProtocols) != maxProtocols || len(p.NetBIOS) != maxText-1 || len(p.Servers[0].Banner) != maxBanner {
		t.Errorf("%d servers, %d clients, %d fingerprints, %d users, %d MAC addresses, %d protocols, name of %d, banner of %d",
			len(p.Servers), len(p.Clients), len(p.Fingerprints), len(p.Users), len(p.MACs), len(p.NetworkProtocols), len(p.NetBIOS), len(p.Servers[0].Banner))
	}
	if m.Stats().Refused == 0 {
		t.Error("what was left out is not counted")
	}
	if got := s.see(Observation{Host: host, Service: SeenService{Protocol: 6, Port: 60000}}); got != "" {
		t.Errorf("a server for which there is no room: records %s", got)
	}
	// Nothing ever comes back: what is remembered of it stays bounded.
	for i := range 3 * maxFlights {
		var b [4]byte
		b[0], b[1], b[2], b[3] = 10, byte(i>>16), byte(i>>8), byte(i)
		m.Discover(7, &Observation{Time: time.Unix(1, 0), Host: netip.AddrFrom4(b)}, nil)
	}
	if n := len(m.maker.now) + len(m.maker.before); n > 2*maxFlights {
		t.Errorf("%d hosts on their way", n)
	}
	for i := range 2 * maxFacts {
		m.Discover(7, &Observation{Time: time.Unix(1, 0), Host: netip.MustParseAddr("10.99.99.99"), Service: SeenService{Protocol: 6, Port: uint16(i + 1)}}, nil)
	}
	if f := m.maker.inFlight(hostKey{addr: as16(netip.MustParseAddr("10.99.99.99"))}); len(f.facts) > maxFacts+1 {
		t.Errorf("%d facts of one host on their way", len(f.facts))
	}
}

// TestHostileInput: a user's input cannot make the map work for long, nor grow.
func TestHostileInput(t *testing.T) {
	m := open(t, newFS(t), Options{MaxHosts: 1000})
	var ranges, elements [][]byte
	for range 5000 {
		ranges = append(ranges, addrRange(t, "::", "ffff::"))
		elements = append(elements, block(t, 76, func(put func(string, any)) { put("ip_ranges", [][]byte{addrRange(t, "::", "ffff::")}); put("port", 1) }))
	}
	m.Observe(0, 1, message(t, 85, 78, "::", 1, recordtest.Fields{"ip_ranges": listOf(31, ranges...)}))
	m.Observe(1, 1, message(t, 79, 77, "::", 1, recordtest.Fields{"mac_ranges": listOf(31, elements...)}))
	if s := m.Stats(); s.Hosts > maxAddedHosts || s.Refused < 2*(5000-maxRanges) || s.Malformed != 0 {
		t.Errorf("%+v", s)
	}
	last := as16(netip.MustParseAddr("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"))
	if increase(&last) {
		t.Error("there is an address behind the last")
	}
}
