package eve

import (
	"bytes"
	"fmt"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"estream/hosts"
	"estream/internal/durable"
	"estream/layouts"
)

var _ Discoverer = (*hosts.Map)(nil)

// TestDiscovery: what the lines say about hosts is in the network map, as soon as
// the journal has the records.
func TestDiscovery(t *testing.T) {
	m, err := hosts.Open(filepath.Join(t.TempDir(), "hosts"), durable.OS{}, layouts.Default(), hosts.Options{})
	if err != nil {
		t.Fatal(err)
	}
	s := once(t, testFile(t, "documented.json"))
	s.Hosts = m
	out := read(t, s)
	if n := s.Stats().Discovery; n == 0 || m.Stats().Emitted == 0 {
		t.Fatalf("%d messages counted, %d made", n, m.Stats().Emitted)
	}
	m.Observe(0, 0, out.data)
	describe := func(addr string) string {
		p, ok := m.Profile(0, 0, netip.MustParseAddr(addr))
		if !ok {
			return "unknown"
		}
		var words []string
		if p.NetBIOS != "" {
			words = append(words, "name "+p.NetBIOS)
		}
		for _, a := range p.MACs {
			words = append(words, "mac "+a.Address.String())
		}
		for _, sv := range p.Servers {
			w := fmt.Sprintf("server %d/%d", sv.Port, sv.Protocol)
			for _, id := range sv.Identities {
				w += strings.TrimRight(" "+id.Vendor+" "+id.Version, " ")
			}
			if sv.Banner != "" {
				w += fmt.Sprintf(" %q", string(sv.Banner))
			}
			words = append(words, w)
		}
		for _, u := range p.Users {
			words = append(words, "user "+u.Name)
		}
		words = append(words, fmt.Sprintf("clients %d systems %d", len(p.Clients), len(p.Fingerprints)))
		slices.Sort(words)
		return strings.Join(words, ", ")
	}
	for addr, want := range map[string]string{
		"10.1.2.3":        "clients 2 systems 1",
		"10.1.2.9":        "clients 0 systems 0, mac 54:ee:75:51:e0:66, name printer-9",
		"10.1.0.22":       `clients 0 systems 1, server 22/6 OpenSSH 8.9p1 Ubuntu-3ubuntu0.6 "SSH-2.0-OpenSSH_8.9p1 Ubuntu-3ubuntu0.6"`,
		"10.1.0.45":       "clients 0 systems 1, server 3389/6, server 445/6  Windows Server 6.0",
		"10.1.0.80":       "clients 0 systems 0, name web.example.org, server 8080/6",
		"10.1.0.53":       "clients 0 systems 0, server 53/17",
		"10.1.0.88":       "clients 0 systems 0, server 88/6",
		"2001:db8::443":   "clients 0 systems 0, server 443/6",
		"198.51.100.4":    "clients 0 systems 0, server 443/17",
		"203.0.113.9":     "unknown", // what was dropped was not seen inside
		"255.255.255.255": "unknown",
	} {
		if got := describe(addr); got != want {
			t.Errorf("%s: got %s, want %s", addr, got, want)
		}
	}
	p, _ := m.Profile(0, 0, netip.MustParseAddr("10.1.2.4"))
	var users []string
	for _, u := range p.Users {
		users = append(users, u.Name)
	}
	slices.Sort(users)
	if !slices.Equal(users, []string{"administrator", "alice"}) {
		t.Errorf("users of 10.1.2.4: got %q", users)
	}

	// The same network again, a little later: nothing is new.
	later := bytes.ReplaceAll(testFile(t, "documented.json"), []byte(`"2024-05-04T10:00:`), []byte(`"2024-05-04T10:01:`))
	s = once(t, later)
	s.Hosts = m
	before := m.Stats().Emitted
	read(t, s)
	if n := m.Stats().Emitted - before; n != 0 {
		t.Errorf("%d discovery messages for what is known", n)
	}
}
