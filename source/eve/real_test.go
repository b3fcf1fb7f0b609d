package eve

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"testing"
)

// TestRealFiles: every line of the published files is accounted for. The table it
// logs says what became of which kind of line.
func TestRealFiles(t *testing.T) {
	for _, tt := range []struct {
		file  string
		types map[string]uint64
		want  map[uint16]int // events; metadata is checked elsewhere
	}{
		{"first-org-2015.json.gz", map[string]uint64{"alert": 136}, map[uint16]int{400: 136}},
		{"wrccdc-2018.json.gz", map[string]uint64{"alert": 207}, map[uint16]int{400: 207}},
		{"tenzir-2011.json", map[string]uint64{"alert": 1, "dns": 1, "fileinfo": 1, "flow": 1, "http": 1, "netflow": 1},
			map[uint16]int{400: 1, 2: 1, 110: 1, 71: 4, 500: 1}},
		{"documented.json", map[string]uint64{"alert": 2, "anomaly": 3, "dhcp": 1, "dns": 4, "drop": 1, "fileinfo": 1, "flow": 4, "http": 2, "krb5": 1, "mqtt": 1,
			"netflow": 2, "quic": 1, "rdp": 1, "smb": 1, "smtp": 1, "ssh": 1, "stats": 1, "teleport": 1, "tls": 1},
			map[uint16]int{400: 5, 2: 4, 71: 4 + 2 + 1 + 9, 500: 1}},
	} {
		t.Run(tt.file, func(t *testing.T) {
			src := once(t, testFile(t, tt.file))
			src.Maps = testMaps(t)
			got := tallyTypes(records(t, read(t, src).data))
			s := src.Stats()
			if !maps.Equal(s.Types, tt.types) || len(s.Skipped) != 0 {
				t.Errorf("lines by type: got %v, skipped %v; want %v, none", s.Types, s.Skipped, tt.types)
			}
			for typ, n := range tt.want {
				if got[typ] != n {
					t.Errorf("records of type %d: got %d, want %d", typ, got[typ], n)
				}
			}
			if n := uint64(got[400]); n != s.Alerts+s.Anomalies {
				t.Errorf("intrusion events: got %d, want %d alerts and %d anomalies", n, s.Alerts, s.Anomalies)
			}
			if n := uint64(got[71]); n != s.Connections {
				t.Errorf("connection events: got %d, counted %d", n, s.Connections)
			}
			for _, name := range slices.Sorted(maps.Keys(s.Types)) {
				t.Logf("in   %-10s %4d", name, s.Types[name])
			}
			for _, typ := range slices.Sorted(maps.Keys(got)) {
				t.Logf("out  record %-3d %4d", typ, got[typ])
			}
			t.Logf("     %d connections alone, %d further, %d merged", s.Alone, s.Further, s.Merged)
		})
	}
}

// An eveAlert is what this test reads of an alert with a library.
type eveAlert struct {
	Timestamp string `json:"timestamp"`
	Src       string `json:"src_ip"`
	Dst       string `json:"dest_ip"`
	SrcPort   uint16 `json:"src_port"`
	DstPort   uint16 `json:"dest_port"`
	Packet    string `json:"packet"`
	Alert     struct {
		GID       uint32 `json:"gid"`
		SID       uint32 `json:"signature_id"`
		Rev       uint32 `json:"rev"`
		Signature string `json:"signature"`
		Category  string `json:"category"`
		Severity  uint32 `json:"severity"`
	} `json:"alert"`
	HTTP struct {
		Host string `json:"hostname"`
		URL  string `json:"url"`
	} `json:"http"`
	SMTP struct {
		From string   `json:"mail_from"`
		To   []string `json:"rcpt_to"`
	} `json:"smtp"`
	Email struct {
		From string   `json:"from"`
		To   []string `json:"to"`
	} `json:"email"`
}

// TestRealAlerts compares each alert, as a JSON library reads it, with the records
// made of it and the metadata that explains them.
func TestRealAlerts(t *testing.T) {
	for _, file := range []string{"first-org-2015.json.gz", "wrccdc-2018.json.gz", "tenzir-2011.json"} {
		data := testFile(t, file)
		src := once(t, data)
		src.Maps = testMaps(t)
		all := records(t, read(t, src).data)
		rules, classes, priorities := map[string]string{}, map[uint64][2]string{}, map[uint64]string{}
		for _, r := range all {
			switch r.typ {
			case 66:
				rules[fmt.Sprint(r.nums["generator_id"], r.nums["rule_id"], r.nums["rule_revision"])] = r.text("message")
			case 67:
				classes[r.nums["id"]] = [2]string{r.text("name"), r.text("description")}
			case 4:
				priorities[r.nums["id"]] = r.text("name")
			}
		}
		events, packets := only(all, 400), only(all, 2)
		extra, wantExtra := map[uint64]int{}, map[uint64]int{}
		for _, x := range only(all, 110) {
			extra[x.nums["type"]]++
		}
		for line := range bytes.Lines(data) {
			var a eveAlert
			if err := json.Unmarshal(line, &a); err != nil {
				t.Fatal(err)
			}
			if a.Alert.SID == 0 {
				continue
			}
			e := events[0]
			events = events[1:]
			if g, w := rules[fmt.Sprint(e.nums["generator_id"], e.nums["rule_id"], e.nums["rule_revision"])], a.Alert.Signature; g != w || w == "" {
				t.Errorf("%d: rule is called %q, want %q", a.Alert.SID, g, w)
			}
			class := classes[e.nums["classification_id"]]
			if class[1] != a.Alert.Category || class[0] == class[1] || class[0] == "" {
				t.Errorf("%d: classification is %q, want the short name of %q", a.Alert.SID, class, a.Alert.Category)
			}
			if g, w := e.nums["priority_id"], uint64(a.Alert.Severity); g != w || priorities[g] == "" {
				t.Errorf("%d: priority is %d (%q), want %d", a.Alert.SID, g, priorities[g], w)
			}
			src, dst := netip.MustParseAddr(a.Src).As16(), netip.MustParseAddr(a.Dst).As16()
			if !bytes.Equal(e.bytes["source_ip_address"], src[:]) || !bytes.Equal(e.bytes["destination_ip_address"], dst[:]) ||
				e.nums["source_port_or_icmp_type"] != uint64(a.SrcPort) || e.nums["destination_port_or_icmp_code"] != uint64(a.DstPort) {
				t.Errorf("%d: %x:%d to %x:%d, want %s:%d to %s:%d", a.Alert.SID, e.bytes["source_ip_address"], e.nums["source_port_or_icmp_type"],
					e.bytes["destination_ip_address"], e.nums["destination_port_or_icmp_code"], a.Src, a.SrcPort, a.Dst, a.DstPort)
			}
			if e.text("http_hostname") != a.HTTP.Host || e.text("http_uri") != a.HTTP.URL {
				t.Errorf("%d: asked for %q of %q, want %q of %q", a.Alert.SID, e.text("http_uri"), e.text("http_hostname"), a.HTTP.URL, a.HTTP.Host)
			}
			wantExtra[extraFlowID]++
			if a.HTTP.URL != "" {
				wantExtra[9]++
			}
			if a.HTTP.Host != "" {
				wantExtra[10]++
			}
			if a.SMTP.From != "" || a.Email.From != "" {
				wantExtra[6]++
			}
			if len(a.SMTP.To) > 0 || len(a.Email.To) > 0 {
				wantExtra[7]++
			}
			if a.Packet == "" {
				continue
			}
			want, err := base64.StdEncoding.DecodeString(a.Packet)
			if err != nil {
				t.Fatal(err)
			}
			p := packets[0]
			packets = packets[1:]
			if !bytes.Equal(p.bytes["packet_data"], want) || p.nums["event_id"] != e.nums["event_id"] || p.nums["link_type"] != 1 {
				t.Errorf("%d: packet %x of event %d, want %x of event %d", a.Alert.SID, p.bytes["packet_data"], p.nums["event_id"], want, e.nums["event_id"])
			}
		}
		if !maps.Equal(extra, wantExtra) {
			t.Errorf("%s: extra data by type: got %v, want %v", file, extra, wantExtra)
		}
		if len(events) != 0 || len(packets) != 0 {
			t.Errorf("%s: %d events and %d packets more than alerts", file, len(events), len(packets))
		}
	}
}
