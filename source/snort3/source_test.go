package snort3

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"estream/internal/recordtest"
	"estream/internal/syncbuf"
	"estream/layouts"
	"estream/source"
	"estream/source/sensor"
	"estream/wire"
)

// TestFullLine: every field that the records have room for, metadata first.
func TestFullLine(t *testing.T) {
	src := &Source{Sensor: sensor.Device{ID: 7, Name: "edge", EgressInterface: "eth4", IngressZone: "in", EgressZone: "out"}}
	got := show(t, convert(t, src, full),
		"id", "name", "description", "message", "generator_id", "rule_id", "rule_revision", "signature_id",
		"device_id", "event_id", "event_second", "event_microsecond", "classification_id", "priority_id", "source_ip_address", "destination_ip_address",
		"source_port_or_icmp_type", "destination_port_or_icmp_code", "ip_protocol_id", "impact_flags", "impact", "blocked", "mpls_label", "vlan_id",
		"application_id", "connection_timestamp", "snort_version", "packet_second", "packet_microsecond", "link_type", "packet_data")
	class, app := sensor.DeriveID("Attempted User Privilege Gain"), sensor.DeriveID("http")
	want := []string{
		"123 id=7 name=edge",
		"116 name=eth4", "115 name=in", "115 name=out",
		fmt.Sprintf("67 id=%d name=Attempted User Privilege Gain description=Attempted User Privilege Gain", class),
		`66 message=SERVER-WEBAPP "quoted" café attempt generator_id=1 rule_id=2019 rule_revision=7 signature_id=2019`,
		fmt.Sprintf("63 id=%d name=http", app),
		"116 name=eth3", "4 id=2 name=medium",
		"400 generator_id=1 rule_id=2019 rule_revision=7 device_id=7 event_id=1 event_second=1735689599 event_microsecond=153899 " +
			fmt.Sprintf("classification_id=%d priority_id=2 source_ip_address=192.0.2.1 destination_ip_address=198.51.100.7 ", class) +
			"source_port_or_icmp_type=0 destination_port_or_icmp_code=0 ip_protocol_id=6 impact_flags=0 impact=5 blocked=2 mpls_label=77 vlan_id=100 " +
			fmt.Sprintf("application_id=%d connection_timestamp=1735689590 snort_version=3", app),
		"2 device_id=7 event_id=1 event_second=1735689599 packet_second=1735689599 packet_microsecond=153899 link_type=147 packet_data=GET /",
	}
	// The line has ICMP fields beside ports, which no packet has: ports count.
	want[9] = strings.Replace(want[9], "source_port_or_icmp_type=0 destination_port_or_icmp_code=0", "source_port_or_icmp_type=50284 destination_port_or_icmp_code=80", 1)
	if !slices.Equal(got, want) {
		t.Errorf("got:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if st := src.Stats(); st.Events != 1 || st.Packets != 1 || st.Metadata != 9 || st.Lines != 1 || len(st.Skipped) != 0 {
		t.Errorf("counted %+v", st)
	}
}

func TestStandardLine(t *testing.T) {
	got := event(t, &Source{}, standard, "event_second", "event_microsecond", "generator_id", "rule_id", "rule_revision", "source_ip_address",
		"destination_ip_address", "source_port_or_icmp_type", "destination_port_or_icmp_code", "ip_protocol_id", "blocked", "classification_id", "priority_id")
	want := "event_second=1735689599 event_microsecond=153899 generator_id=116 rule_id=414 rule_revision=1 source_ip_address=2001:db8::1 " +
		"destination_ip_address=2001:db8::2 source_port_or_icmp_type=5353 destination_port_or_icmp_code=53 ip_protocol_id=17 blocked=0 classification_id=0 priority_id=0"
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// without returns the full line without some of its fields, or with nothing else.
func without(t *testing.T, drop func(name string) bool) string {
	t.Helper()
	var all map[string]any
	if err := json.Unmarshal([]byte(full), &all); err != nil {
		t.Fatal(err)
	}
	maps.DeleteFunc(all, func(name string, _ any) bool { return drop(name) })
	b, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestAnyFieldMayBeMissing: without each field there is an event, and with each
// alone there is one if it says anything about an alert.
func TestAnyFieldMayBeMissing(t *testing.T) {
	var all map[string]any
	if err := json.Unmarshal([]byte(full), &all); err != nil {
		t.Fatal(err)
	}
	for name := range all {
		src := &Source{}
		if got := event(t, src, without(t, func(n string) bool { return n == name })); got != "" || len(src.Stats().Skipped) > 0 {
			t.Errorf("without %s: %s, %v", name, got, src.Stats().Skipped)
		}
		src = &Source{}
		alone := event(t, src, without(t, func(n string) bool { return n != name })) == ""
		says := slices.Contains([]string{"rule", "gid", "sid", "msg", "src_addr", "src_ap", "dst_addr", "dst_ap"}, name)
		if alone != says || (src.Stats().Skipped[ReasonNoAlert] == 0) != says {
			t.Errorf("%s alone: an event %v, want %v (%v)", name, alone, says, src.Stats().Skipped)
		}
	}
}

func TestValues(t *testing.T) {
	for _, tt := range []struct{ line, fields, want string }{
		{`{"msg":"x","proto":"ICMP","icmp_type":8,"icmp_code":1,"src_ap":"192.0.2.1:0","dst_ap":"192.0.2.2:0"}`,
			"source_port_or_icmp_type destination_port_or_icmp_code ip_protocol_id source_ip_address",
			"source_port_or_icmp_type=8 destination_port_or_icmp_code=1 ip_protocol_id=1 source_ip_address=192.0.2.1"},
		{`{"msg":"x","proto":"ICMP","icmp_type":135,"src_addr":"fe80::1%eth0","dst_addr":"ff02::1"}`,
			"source_port_or_icmp_type ip_protocol_id source_ip_address", "source_port_or_icmp_type=135 ip_protocol_id=58 source_ip_address=fe80::1"},
		{`{"rule":"1:5:1","proto":"ARP","src_ap":":0","dst_ap":":0"}`, "ip_protocol_id source_ip_address", "ip_protocol_id=0 source_ip_address=::"},
		{`{"sid":5}`, "generator_id rule_id event_second event_microsecond", fmt.Sprintf("generator_id=1 rule_id=5 event_second=%d event_microsecond=0", readAt)},
		{`{"msg":"only this"}`, "generator_id rule_id", fmt.Sprintf("generator_id=0 rule_id=%d", sensor.DeriveID("only this"))},
		{`{"sid":"5","gid":"3","src_ap":"[2001:db8::1]:80"}`, "generator_id rule_id source_port_or_icmp_type", "generator_id=3 rule_id=5 source_port_or_icmp_type=80"},
		{`{"sid":5,"class":"none","service":"unknown"}`, "classification_id application_id", "classification_id=0 application_id=0"},
		{`{"sid":5,"nested":{"a":[1,{"b":null}],"c":"}"},"rev":2,"other":true}`, "rule_revision", "rule_revision=2"},
		{"{\t\"sid\" :5 , \"rev\":null }", "rule_id rule_revision", "rule_id=5 rule_revision=0"},
	} {
		src := &Source{}
		if got := event(t, src, tt.line, strings.Fields(tt.fields)...); got != tt.want || len(src.Stats().Skipped) != 0 {
			t.Errorf("%s:\n got %s\nwant %s (%v)", tt.line, got, tt.want, src.Stats().Skipped)
		}
	}
}

func TestVerdicts(t *testing.T) {
	for action, want := range map[string]string{
		"allow": "0 0", "trust": "0 0", "hold": "0 0", "retry": "0 0", "error": "0 0", "": "0 0", "something new": "0 0",
		"drop": "32 1", "block": "32 1", "reset": "32 1", "force_drop": "32 1", "force_block": "32 1", "force_reset": "32 1",
		"would_drop": "0 2", "would_block": "0 2", "would_reset": "0 2",
		"cant_drop": "0 3", "cant_block": "0 3", "cant_reset": "0 3",
		"rewrite": "0 13", "force_rewrite": "0 13", "would_rewrite": "0 14", "cant_rewrite": "0 3",
	} {
		var flags, blocked int
		got := event(t, &Source{}, fmt.Sprintf(`{"sid":1,"action":%q}`, action), "impact_flags", "blocked")
		if _, err := fmt.Sscanf(got, "impact_flags=%d blocked=%d", &flags, &blocked); err != nil || fmt.Sprint(flags, blocked) != want {
			t.Errorf("%q: %s, want flags and blocked %s", action, got, want)
		}
	}
}

// TestMaps: names, classification and priority are those of the maps where the line
// does not say them.
func TestMaps(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"sid-msg.map":           "#v2\n1 || 2019 || 7 || attempted-user || 0 || WEB from the map || cve,2001-0010 || url,example.com/a\n1 || 2020 || 1 || NOCLASS || 4 || OTHER rule\n",
		"classification.config": "config classification: first,First one,3\nconfig classification: attempted-user,Attempted User Privilege Gain,1\n",
		"reference.config":      "config reference: url http://\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	names, err := sensor.LoadMaps(dir, quiet())
	if err != nil {
		t.Fatal(err)
	}
	class := sensor.DeriveID("attempted-user")
	got := show(t, convert(t, &Source{Maps: names},
		`{"rule":"1:2019:7"}`,
		`{"rule":"1:2020:1","class":"Attempted User Privilege Gain"}`,
		`{"rule":"1:2020:1","class":"attempted-user","priority":3}`,
		`{"rule":"1:2021:1","class":"attempted-user","msg":"from the line"}`),
		"name", "description", "message", "additional_references", "rule_id", "classification_id", "priority_id")
	want := []string{
		"123 name=sensor",
		"67 name=attempted-user description=Attempted User Privilege Gain",
		"66 message=WEB from the map rule_id=2019", "140 additional_references=cve,2001-0010\nhttp://example.com/a", "4 name=high",
		fmt.Sprintf("400 rule_id=2019 classification_id=%d priority_id=1", class),
		"66 message=OTHER rule rule_id=2020", "4 name=very low",
		fmt.Sprintf("400 rule_id=2020 classification_id=%d priority_id=4", class), "4 name=low",
		fmt.Sprintf("400 rule_id=2020 classification_id=%d priority_id=3", class),
		"66 message=from the line rule_id=2021",
		fmt.Sprintf("400 rule_id=2021 classification_id=%d priority_id=1", class),
	}
	if !slices.Equal(got, want) {
		t.Errorf("got:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// TestTrouble: lines that are no alerts are counted and named, alerts with a field
// that cannot be used are converted without it.
func TestTrouble(t *testing.T) {
	var log syncbuf.Buffer
	src := &Source{Log: log.Logger()}
	lines := []string{`{"sid":1`, `not json`, `[]`, `{}`, `{"pkt_num":5}`, `{"sid":1} x`, `{"sid" 1}`, `{"sid":1 "rev":2}`, `{"sid":}`, `{"a":"`, `{"a":"\`,
		`{"a":` + strings.Repeat("[", 100) + strings.Repeat("]", 100) + `}`}
	fields := []string{`{"sid":1,"priority":-1}`, `{"sid":1,"gid":4294967296}`, `{"sid":1,"src_addr":"nobody"}`, `{"sid":1,"src_ap":"192.0.2.1"}`,
		`{"sid":1,"rule":"1:2"}`, `{"sid":1,"rule":"1:2:3:4"}`, `{"sid":1,"b64_data":"%%%"}`, `{"sid":1,"timestamp":"yesterday"}`, `{"sid":1,"vlan":1.5}`,
		`{"sid":1,"dst_ap":"192.0.2.1:99999"}`}
	events := 0
	for _, e := range show(t, convert(t, src, append(lines, fields...)...)) {
		if strings.HasPrefix(e, "400") {
			events++
		}
	}
	want := map[Reason]uint64{ReasonNotJSON: 10, ReasonNoAlert: 2, ReasonField: uint64(len(fields))}
	if st := src.Stats(); events != len(fields) || !maps.Equal(st.Skipped, want) || st.Lines != uint64(len(lines)+len(fields)) {
		t.Errorf("%d events, counted %+v; want %d and %v", events, st, len(fields), want)
	}
	if !strings.Contains(log.String(), src.Path+": offset 0") || strings.Count(log.String(), "level=WARN") != 1 {
		t.Errorf("the log does not say once where the first one stands:\n%s", log.String())
	}
}

var errKilled = errors.New("killed")

// TestExactlyOnce: a file that grows and is rotated, read with kills and resumed
// from the last stored mark: every alert once, and the numbers go on.
func TestExactlyOnce(t *testing.T) {
	const total = 3000
	path := filepath.Join(t.TempDir(), "alert_json.txt")
	written := make(chan error, 1)
	go func() {
		written <- func() error {
			for i := 0; i < total; {
				f, err := os.Create(path)
				if err != nil {
					return err
				}
				for end := min(total, i+400); i < end; i++ {
					if _, err := fmt.Fprintf(f, `{"seconds":%d,"timestamp":"01/01-00:00:00.%06d","rule":"1:%d:1","b64_data":"AAAA"}`+"\n", 1735689600+i/100, i, i+1); err != nil {
						return err
					}
				}
				if err := f.Close(); err != nil {
					return err
				}
				if i < total {
					if err := os.Rename(path, fmt.Sprintf("%s.%d", path, 1735689600+i)); err != nil {
						return err
					}
				}
			}
			return nil
		}()
	}()
	if err := <-written; err != nil {
		t.Fatal(err)
	}
	// The first file is what a source without a mark would have found.
	first := path + ".1735690000"
	var mark []byte
	src := &Source{Path: first, Once: true, Layouts: layouts.Default(), Log: quiet()}
	if err := src.Run(t.Context(), func(_ context.Context, b source.Batch) error { mark = slices.Clone(b.Mark); return nil }); err != nil {
		t.Fatal(err)
	}
	dec := wire.NewDecoder(layouts.Default(), nil)
	next, packets := uint64(401), uint64(401)
	if _, rest, err := decodeMark(mark); err != nil || len(rest) == 0 {
		t.Fatalf("mark %x: %v", mark, err)
	}
	for run := 0; next <= total; run++ {
		if run > 100 {
			t.Fatalf("no end: %d of %d", next, total)
		}
		batches := 0
		ctx, cancel := context.WithCancel(t.Context())
		src := &Source{Path: path, Mark: mark, Layouts: layouts.Default(), Log: quiet(), Poll: time.Millisecond}
		err := src.Run(ctx, func(_ context.Context, b source.Batch) error {
			if batches++; batches > 1+run%3 {
				return errKilled
			}
			for m := range recordtest.Split(t, b.Data) {
				r, err := dec.Decode(m)
				if err != nil {
					t.Fatal(err)
				}
				switch r.Type {
				case 400:
					if id, sid := r.Uint(r.Layout.Slot("event_id")), r.Uint(r.Layout.Slot("rule_id")); id != next || sid != next {
						t.Fatalf("run %d: event %d of rule %d, want both %d", run, id, sid, next)
					}
					next++
				case 2:
					if id := r.Uint(r.Layout.Slot("event_id")); id != packets {
						t.Fatalf("run %d: packet of event %d, want %d", run, id, packets)
					}
					packets++
				}
			}
			mark = slices.Clone(b.Mark)
			if next > total {
				cancel()
			}
			return nil
		})
		cancel()
		if err != nil && !errors.Is(err, errKilled) {
			t.Fatal(err)
		}
		if n := len(src.Stats().Skipped); n != 0 {
			t.Errorf("run %d: %v", run, src.Stats().Skipped)
		}
	}
	if packets != next {
		t.Errorf("%d packets, %d events", packets, next)
	}
}

func TestRunErrors(t *testing.T) {
	src := &Source{Path: "none", Layouts: layouts.Default(), Log: quiet(), Once: true}
	if err := src.Run(t.Context(), nil); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
	for _, mark := range [][]byte{{9}, {1}, {1, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f}, {1, 5, 9}} {
		src.Mark = mark
		if err := src.Run(t.Context(), nil); err == nil || !strings.Contains(err.Error(), "mark") {
			t.Errorf("mark %x: %v", mark, err)
		}
	}
	src = &Source{Path: put(t, full), Log: quiet(), Once: true}
	if err := src.Run(t.Context(), nil); err == nil || !strings.Contains(err.Error(), "layouts") {
		t.Errorf("no layouts: %v", err)
	}
	src.Layouts = layouts.Default()
	if err := src.Run(t.Context(), func(context.Context, source.Batch) error { return errKilled }); !errors.Is(err, errKilled) {
		t.Errorf("error of take: %v", err)
	}
	if st := src.Stats(); st.Batches != 0 {
		t.Errorf("a refused batch counts as taken: %+v", st)
	}
}
