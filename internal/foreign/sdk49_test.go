package foreign

import (
	"context"
	"encoding/json"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"testing"

	"estream/internal/recordtest"
	"estream/layouts"
	"estream/server"
	"estream/server/access"
	"estream/server/release"
	"estream/session"
	"estream/wire"
)

// names49 maps the client's names for the fields of an intrusion event to ours.
var names49 = map[string]string{
	"device_id": "device_id", "event_id": "event_id", "event_second": "event_second", "event_microsecond": "event_microsecond",
	"rule_id": "rule_id", "generator_id": "generator_id", "rule_revision": "rule_revision", "classification_id": "classification_id", "priority_id": "priority_id",
	"source_port": "source_port_or_icmp_type", "destination_port": "destination_port_or_icmp_code", "protocol": "ip_protocol_id",
	"impact_flags": "impact_flags", "impact": "impact", "blocked": "blocked", "mpls_label": "mpls_label", "vlan_id": "vlan_id", "pad": "pad",
}

// expected49 lists the intrusion events of a stream, and its packets if asked for, as
// the client prints them.
func expected49(t *testing.T, data []byte, packets bool) (list []line) {
	d := wire.NewDecoder(layouts.Default(), nil)
	for m := range recordtest.Split(t, data) {
		r, err := d.Decode(m)
		if err != nil {
			t.Fatal(err)
		}
		number := func(name string) json.Number {
			return json.Number(strconv.FormatUint(r.Uint(r.Layout.Slot(name)), 10))
		}
		switch {
		case r.Type == 400:
			source, destination := address(r.Bytes(r.Layout.Slot("source_ip_address"))), address(r.Bytes(r.Layout.Slot("destination_ip_address")))
			l := line{"record": json.Number("104"), "source": source.String(), "destination": destination.String()}
			if source.Is6() || destination.Is6() {
				l["record"] = json.Number("105")
			}
			for theirs, ours := range names49 {
				l[theirs] = number(ours)
			}
			list = append(list, l)
		case r.Type == 2 && packets:
			list = append(list, line{
				"record": json.Number("2"), "device_id": number("device_id"), "event_id": number("event_id"), "event_second": number("event_second"),
				"packet": fmt.Sprintf("%x", r.Bytes(r.Layout.Slot("packet_data"))),
			})
		}
	}
	return list
}

func address(p []byte) netip.Addr {
	a, _ := netip.AddrFromSlice(p)
	return a.Unmap()
}

// TestSDK49Like: by flags alone the client gets every intrusion event, with or without
// the packets, as records 104 and 105 with the fields of the event, also from a server
// that bundles for others and from one that pretends to be a 4.10.
func TestSDK49Like(t *testing.T) {
	data, n := stream(t, streamed)
	old, err := release.Parse("4.10")
	if err != nil {
		t.Fatal(err)
	}
	withBundles(t, func(t *testing.T, cfg session.ServerConfig) {
		for _, packets := range []bool{false, true} {
			want := expected49(t, data, packets)
			args := []string{"--events", fmt.Sprint(len(want))}
			if packets {
				args = append(args, "--packets", "--archive-time")
			}
			r := start(t, data, n, func(s *server.Server) {
				s.Session = cfg
				if packets {
					s.Highest, s.Serves = old.Highest, old.Serves
				}
			})
			records, _ := r.python(t, "sdk49_like.py", args...)
			compare49(t, records, want)
		}
	})
}

// compare49 compares events one by one, in order, and looks for the names of their
// rules before each.
func compare49(t *testing.T, records, want []line) {
	t.Helper()
	rules := map[[2]json.Number]bool{}
	kinds := map[uint64]int{}
	i, unnamed := 0, 0
	rule := func(l line) [2]json.Number {
		return [2]json.Number{l["generator_id"].(json.Number), l["rule_id"].(json.Number)}
	}
	for _, l := range records {
		kind := l.number("record")
		kinds[kind]++
		switch kind {
		case 66:
			rules[rule(l)] = true
		case 2, 104, 105:
			if i == len(want) {
				t.Fatalf("more than the %d events expected", i)
			}
			if g, w := fmt.Sprint(l), fmt.Sprint(want[i]); g != w {
				t.Fatalf("event %d:\ngot  %s\nwant %s", i, g, w)
			}
			i++
			if kind != 2 && !rules[rule(l)] {
				unnamed++
			}
		}
	}
	if i != len(want) || kinds[104] == 0 || kinds[105] == 0 {
		t.Errorf("%d events, want %d; records by type %v", i, len(want), kinds)
	}
	// A few rules in the stream have no name at all.
	if unnamed*20 > kinds[104]+kinds[105] {
		t.Errorf("%d of %d intrusion events came before the name of their rule", unnamed, kinds[104]+kinds[105])
	}
}

// TestSDK49Hosts: the request for a range of hosts in the form of 4.9 is answered with
// their profiles and the empty message behind them.
func TestSDK49Hosts(t *testing.T) {
	data, n := stream(t, 200)
	var asked []wire.HostDataRequest
	r := start(t, data, n, func(s *server.Server) {
		s.Hosts = func(_ context.Context, r wire.HostDataRequest, _ access.Rights, yield func([]byte) error) error {
			asked = append(asked, r)
			for range 3 {
				// A profile of block 92, as 4.9 had it; what is in it is another test's business.
				if err := yield(append(wire.AppendHeader(nil, wire.TypeMultipleHostData, 12), 0, 0, 0, 92, 0, 0, 0, 12, 1, 2, 3, 4)); err != nil {
					return err
				}
			}
			return yield(wire.AppendHeader(nil, wire.TypeMultipleHostData, 0))
		}
	})
	_, end := r.python(t, "sdk49_like.py", "--events", "1", "--hosts", "10.0.0.1,10.0.0.99")
	want := []wire.HostDataRequest{{DataType: 5, Flags: wire.HostNotes | wire.HostBanners, First: netip.MustParseAddr("10.0.0.1"), Last: netip.MustParseAddr("10.0.0.99"), Legacy: true}}
	if !slices.Equal(asked, want) || end.number("profiles") != 3 {
		t.Errorf("asked %v, want %v; %d profiles", asked, want, end.number("profiles"))
	}
}
