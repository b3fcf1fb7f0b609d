package sensors

import (
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"estream/hosts"
	"estream/layouts"
	"estream/wire"
)

// TestHosts: what a Suricata sensor alone has seen of the hosts in the networks that
// are discovered is what a client gets when it asks for them.
func TestHosts(t *testing.T) {
	w := serve(t, events(t, "suricata", "source/eve/testdata/documented.json", nil))
	w.read(t)
	answers := make(chan []byte, 100)
	c := w.connect(t, func(typ wire.MessageType, body []byte) {
		if typ == wire.TypeMultipleHostData || typ == wire.TypeSingleHostData {
			answers <- append(wire.AppendHeader(nil, typ, uint32(len(body))), body...)
		}
	})
	ask := func(first, last string, dataType uint32) (list []*hosts.Profile) {
		t.Helper()
		r := wire.HostDataRequest{DataType: dataType, Flags: wire.HostNotes | wire.HostBanners, First: netip.MustParseAddr(first), Last: netip.MustParseAddr(last)}
		if err := c.RequestHosts(t.Context(), r); err != nil {
			t.Fatal(err)
		}
		for {
			var message []byte
			select {
			case message = <-answers:
			case <-c.done:
				t.Fatalf("the session ended: %v", c.err)
			}
			if len(message) == wire.HeaderSize { // of several the last, of one the host that is not known
				return list
			}
			p, err := hosts.DecodeProfile(layouts.Default(), message)
			if err != nil {
				t.Fatal(err)
			}
			if list = append(list, p); !r.Multiple() {
				return list
			}
		}
	}
	// The map learns from the journal, a little later than clients get the events.
	await(t, "the map knows what the sensor has seen", func() bool { return len(ask("10.0.0.0", "10.255.255.255", 7)) >= len(seen) })
	found := ask("0.0.0.0", "255.255.255.255", 7)
	banner := ask("10.1.0.22", "10.1.0.22", 6)
	unknown := ask("198.51.100.4", "198.51.100.4", 6)
	w.stop(t)
	names := map[uint64]string{} // of applications, as they came with the events
	for _, r := range decode(t, c.all(t), 63, 55) {
		names[r.nums["id"]] = string(r.bytes["name"])
	}
	var got []string
	for _, p := range found {
		got = append(got, summary(p, names))
		t.Log(got[len(got)-1])
	}
	if !slices.Equal(got, seen) {
		t.Errorf("want\n%s", strings.Join(seen, "\n"))
	}
	if len(banner) != 1 || string(banner[0].Servers[0].Banner) != "SSH-2.0-OpenSSH_8.9p1 Ubuntu-3ubuntu0.6" {
		t.Errorf("asked for one host: %+v", banner)
	}
	if len(unknown) != 0 {
		t.Errorf("a host outside the networks that are discovered: %+v", unknown)
	}
}

// seen are the hosts of documented.json in private networks, with what its lines say.
var seen = []string{
	"10.1.0.1",
	"10.1.0.18: MQTT 6/1883",
	"10.1.0.22: SSH 6/22 OpenSSH 8.9p1 Ubuntu-3ubuntu0.6",
	"10.1.0.25: SMTP 6/25",
	"10.1.0.45: SMB 6/445  Windows Server 6.0, RDP 6/3389",
	"10.1.0.53: DNS 17/53",
	"10.1.0.80 web.example.org: HTTP 6/8080",
	"10.1.0.88: Kerberos 6/88",
	"10.1.2.3: Firefox 125.0, OpenSSH 9.6",
	"10.1.2.4 BLU",
	"10.1.2.9 printer-9 54:ee:75:51:e0:66",
}

// summary says what is known of a host: its name, its MAC address, what it serves and
// what it uses.
func summary(p *hosts.Profile, names map[uint64]string) string {
	text := p.Address.String()
	if p.NetBIOS != "" {
		text += " " + p.NetBIOS
	}
	for _, m := range p.MACs {
		text += fmt.Sprintf(" %v", net.HardwareAddr(m.Address[:]))
	}
	var parts []string
	for _, s := range p.Servers {
		part := fmt.Sprintf("%s %d/%d", names[uint64(s.Identities[0].Application)], s.Protocol, s.Port)
		if v := s.Identities[0].Vendor + " " + s.Identities[0].Version; v != " " {
			part += " " + v
		}
		parts = append(parts, part)
	}
	for _, c := range p.Clients {
		parts = append(parts, names[uint64(c.Application)]+" "+c.Version)
	}
	if len(parts) > 0 {
		text += ": " + strings.Join(parts, ", ")
	}
	return text
}
