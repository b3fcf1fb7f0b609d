package eve

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"estream/layouts"
)

// at returns a line of flow 1 at a second of a minute, with what follows the addresses.
func at(second int, typ, rest string) string {
	return fmt.Sprintf(`{"timestamp":"2024-05-04T%02d:%02d:%02d.000000+0000","flow_id":1,"event_type":"%s","src_ip":"10.0.0.1","src_port":40000,"dest_ip":"10.9.0.1","dest_port":80,"proto":"TCP",%s}`,
		10+second/3600, second/60%60, second%60, typ, rest)
}

// back is at in the other direction.
func back(second int, typ, rest string) string {
	return strings.Replace(at(second, typ, rest), `"src_ip":"10.0.0.1","src_port":40000,"dest_ip":"10.9.0.1","dest_port":80`, `"src_ip":"10.9.0.1","src_port":80,"dest_ip":"10.0.0.1","dest_port":40000`, 1)
}

const (
	aFlow   = `"flow":{"pkts_toserver":5,"pkts_toclient":6,"bytes_toserver":500,"bytes_toclient":600,"start":"2024-05-04T10:00:00Z","end":"2024-05-04T10:00:09Z"}`
	aHTTP   = `"http":{"hostname":"a.example","url":"/one","http_user_agent":"curl/8.5"}`
	bHTTP   = `"http":{"hostname":"a.example","url":"/two"}`
	aTLS    = `"tls":{"sni":"t.example"}`
	anAlert = `"alert":{"action":"allowed","gid":1,"signature_id":1,"rev":1,"signature":"X","category":"","severity":3}`
)

// connections describes the connection events among records.
func connections(list []record) string {
	var all []string
	for _, r := range only(list, 71) {
		initiator, _ := netip.AddrFromSlice(r.bytes["initiator_ip_address"])
		s := fmt.Sprintf("%v:%d bytes %d/%d", initiator.Unmap(), r.nums["initiator_port"], r.nums["initiator_transmitted_bytes"], r.nums["responder_transmitted_bytes"])
		for _, f := range []string{"client_url", "ssl_server_name", "dns_query"} {
			if r.text(f) != "" {
				s += " " + r.text(f)
			}
		}
		for _, f := range []string{"intrusion_event_count", "file_event_count", "initiator_packets_dropped", "responder_packets_dropped"} {
			if r.nums[f] != 0 {
				s += fmt.Sprintf(" %s %d", f, r.nums[f])
			}
		}
		if a := r.nums["rule_action"]; a != actionAllow {
			s += fmt.Sprintf(" action %d", a)
		}
		all = append(all, s)
	}
	return strings.Join(all, "; ")
}

func TestJoin(t *testing.T) {
	const flow = "10.0.0.1:40000 bytes 500/600"
	for _, tt := range []struct {
		name  string
		lines []string
		want  string
	}{
		{"flow alone", []string{at(9, "flow", aFlow)}, flow},
		{"http before flow", []string{at(1, "http", aHTTP), at(9, "flow", aFlow)}, flow + " http://a.example/one"},
		{"http after flow", []string{at(9, "flow", aFlow), at(10, "http", aHTTP)}, flow + "; 10.0.0.1:40000 bytes 0/0 http://a.example/one"},
		{"two transactions", []string{at(1, "http", aHTTP), at(2, "http", bHTTP), at(9, "flow", aFlow)},
			"10.0.0.1:40000 bytes 0/0 http://a.example/two; " + flow + " http://a.example/one"},
		{"tls", []string{at(1, "tls", aTLS), at(9, "flow", aFlow)}, flow + " https://t.example t.example"},
		{"http within tls", []string{at(1, "tls", aTLS), at(2, "http", aHTTP), at(9, "flow", aFlow)}, flow + " https://a.example/one t.example"},
		{"alert alone", []string{at(1, "alert", anAlert)}, ""},
		{"alert and flow", []string{at(1, "alert", anAlert), back(1, "alert", anAlert), at(9, "flow", aFlow)}, flow + " intrusion_event_count 2"},
		{"http of an alert only", []string{at(1, "alert", anAlert+","+aHTTP), at(9, "flow", aFlow)}, flow + " http://a.example/one intrusion_event_count 1"},
		{"http of an alert first", []string{at(1, "alert", anAlert+","+bHTTP), at(2, "http", aHTTP), at(9, "flow", aFlow)}, flow + " http://a.example/one intrusion_event_count 1"},
		{"alert to the client, then no flow", []string{back(1, "alert", anAlert), at(2, "http", aHTTP)}, "10.0.0.1:40000 bytes 0/0 http://a.example/one intrusion_event_count 1"},
		{"netflow", []string{at(9, "netflow", `"netflow":{"pkts":5,"bytes":500}`), back(9, "netflow", `"netflow":{"pkts":6,"bytes":600}`)}, flow},
		{"half a netflow", []string{at(9, "netflow", `"netflow":{"pkts":5,"bytes":500}`)}, "10.0.0.1:40000 bytes 500/0"},
		{"netflow joined", []string{at(1, "http", aHTTP), at(9, "netflow", `"netflow":{"bytes":500}`), back(9, "netflow", `"netflow":{"bytes":600}`)}, flow + " http://a.example/one"},
		{"netflow and flow", []string{at(8, "netflow", `"netflow":{"bytes":500}`), at(9, "flow", aFlow), back(9, "netflow", `"netflow":{"bytes":600}`)}, flow},
		{"netflow, then flow", []string{at(8, "netflow", `"netflow":{"bytes":500}`), back(8, "netflow", `"netflow":{"bytes":600}`), at(9, "flow", aFlow)}, flow},
		{"http after netflow", []string{at(8, "netflow", `"netflow":{"bytes":500}`), back(8, "netflow", `"netflow":{"bytes":600}`), at(9, "http", aHTTP)},
			flow + "; 10.0.0.1:40000 bytes 0/0 http://a.example/one"},
		{"dropped", []string{at(1, "drop", `"drop":{"len":60}`), back(1, "drop", `"drop":{"len":90}`), at(9, "flow", aFlow)},
			flow + " initiator_packets_dropped 1 responder_packets_dropped 1 action 4"},
		{"dropped, to the client first", []string{back(1, "drop", `"drop":{"len":90}`), at(9, "flow", aFlow)}, flow + " responder_packets_dropped 1 action 4"},
		{"rejected as Suricata says it", []string{at(1, "drop", `"drop":{"len":60},"verdict":{"action":"drop","reject-target":"both","reject":["tcp-reset"]}`), at(9, "flow", aFlow)},
			flow + " initiator_packets_dropped 1 action 5"},
		{"rejected, no flow", []string{at(1, "drop", `"drop":{"len":60},"verdict":{"action":"reject"}`)}, "10.0.0.1:40000 bytes 0/0 initiator_packets_dropped 1 action 5"},
		{"passed", []string{at(9, "flow", strings.Replace(aFlow, `{`, `{"action":"pass",`, 1))}, flow + " action 3"},
		{"dns", []string{at(1, "dns", `"dns":{"type":"query","id":1,"rrname":"q.example","rrtype":"A"}`), back(1, "dns", `"dns":{"type":"answer","id":1,"rrname":"q.example","rrtype":"A","rcode":"NOERROR","rdata":"1.2.3.4","ttl":5}`),
			back(1, "dns", `"dns":{"type":"answer","id":1,"rrname":"q.example","rrtype":"AAAA","rcode":"NOERROR","rdata":"::1","ttl":5}`), at(9, "flow", aFlow)}, flow + " q.example"},
		{"no flow id", []string{strings.Replace(at(1, "http", aHTTP), `"flow_id":1,`, "", 1), strings.Replace(at(2, "flow", aFlow), `"flow_id":1,`, "", 1)},
			"10.0.0.1:40000 bytes 0/0 http://a.example/one; " + flow},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := convert(t, tt.lines...)
			if g := connections(got); g != tt.want {
				t.Errorf("got  %s\nwant %s", g, tt.want)
			}
			// All events of a flow have one instance and counter.
			seen := map[string]bool{}
			for _, r := range got {
				switch r.typ {
				case 71:
					seen[fmt.Sprint(r.nums["instance_id"], r.nums["connection_counter"])] = true
				case 400:
					seen[fmt.Sprint(r.nums["connection_instance_id"], r.nums["connection_counter"])] = true
				}
			}
			if len(seen) != 1 && tt.name != "no flow id" {
				t.Errorf("instances and counters of one flow: %v", seen)
			}
		})
	}
}

// TestPatience: how long a flow is waited for depends on whether flows' ends are
// reported at all, and a full table lets the quietest go.
func TestPatience(t *testing.T) {
	other := func(second int, id uint64, typ, rest string) string {
		return strings.Replace(at(second, typ, rest), `"flow_id":1,`, fmt.Sprintf(`"flow_id":%d,`, id), 1)
	}
	// Each case: the lines, and in which batch line the event of flow 1 comes.
	for _, tt := range []struct {
		name  string
		lines []string
		max   int
		want  uint64 // connections made without the end of a flow, before the input ends
	}{
		{"no flows at all", []string{at(0, "http", aHTTP), other(59, 2, "alert", anAlert)}, 0, 0},
		{"no flows at all, a minute", []string{at(0, "http", aHTTP), other(60, 2, "alert", anAlert)}, 0, 1},
		{"flows are reported", []string{other(0, 3, "flow", aFlow), at(0, "http", aHTTP), other(600, 4, "flow", aFlow), other(1400, 2, "alert", anAlert)}, 0, 0},
		{"flows are reported, hold", []string{other(0, 3, "flow", aFlow), at(0, "http", aHTTP), other(3000, 4, "flow", aFlow), other(3599, 4, "flow", aFlow), other(3600, 2, "flow", aFlow)}, 0, 1},
		{"no flows any more", []string{other(0, 3, "flow", aFlow), at(0, "http", aHTTP), other(900, 2, "alert", anAlert)}, 0, 1},
		{"table full", []string{at(0, "http", aHTTP), other(0, 2, "http", aHTTP), at(0, "alert", anAlert), other(0, 3, "http", aHTTP), other(0, 4, "alert", anAlert)}, 2, 1},
	} {
		s := &Source{Path: "none", Layouts: layouts.Default(), Log: quiet(), MaxFlows: tt.max, Now: ticking(0)}
		r, err := s.start(newCounts(quiet()), new(position), savedState{}, new(sink).take)
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range tt.lines {
			r.conv.line([]byte(line), 0)
		}
		if got := r.stats.Alone; got != tt.want {
			t.Errorf("%s: %d flows went, want %d", tt.name, got, tt.want)
		}
	}
}

// TestClockAhead: one line from the future does not stop the table's time.
func TestClockAhead(t *testing.T) {
	table := newTable(time.Hour, 10, 1<<20)
	table.advance(1000)
	table.advance(5_000_000)
	for range farBehind - 1 {
		table.advance(2000)
	}
	if table.clock != 5_000_000 {
		t.Fatalf("clock is %d", table.clock)
	}
	x := table.get(1)
	if table.advance(2000); table.clock != 2000 || x.touched != 2000 {
		t.Errorf("clock is %d and a flow's %d, want 2000", table.clock, x.touched)
	}
	if table.advance(2001); table.clock != 2001 {
		t.Errorf("clock is %d, want 2001", table.clock)
	}
}

// TestFileDirection: which end is the client's, from the line, its flow, or ports.
func TestFileDirection(t *testing.T) {
	const info = `"fileinfo":{"filename":"/f.pdf","size":9,"stored":false}`
	for _, tt := range []struct {
		name  string
		lines []string
		want  string
	}{
		{"told, to client", []string{back(1, "fileinfo", info+`,"direction":"to_client"`)}, "10.0.0.1:40000 direction 1"},
		{"told, to server", []string{at(1, "fileinfo", info+`,"direction":"to_server"`)}, "10.0.0.1:40000 direction 2"},
		{"by flow, to client", []string{at(1, "http", aHTTP), back(1, "fileinfo", info)}, "10.0.0.1:40000 direction 1"},
		{"by flow, to server", []string{at(1, "http", aHTTP), at(1, "fileinfo", info)}, "10.0.0.1:40000 direction 2"},
		{"by port, to client", []string{back(1, "fileinfo", info)}, "10.0.0.1:40000 direction 1"},
		{"by port, to server", []string{at(1, "fileinfo", info)}, "10.0.0.1:40000 direction 2"},
	} {
		list := only(convert(t, tt.lines...), 500)
		if len(list) != 1 {
			t.Fatalf("%s: %d file events", tt.name, len(list))
		}
		client, _ := netip.AddrFromSlice(list[0].bytes["source_ip_address"])
		if got := fmt.Sprintf("%v:%d direction %d", client.Unmap(), list[0].nums["source_port"], list[0].nums["direction"]); got != tt.want {
			t.Errorf("%s: got %s, want %s", tt.name, got, tt.want)
		}
	}
}
