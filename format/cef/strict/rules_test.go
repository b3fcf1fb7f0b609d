package strict

import (
	"encoding/base64"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"estream/format"
	"estream/layouts"
	"estream/meta"
	"estream/wire"
)

type fields map[string]any

// message builds a message; names are those of the layout files.
func message(t testing.TB, set *wire.Layouts, h wire.RecordHeader, record uint16, block uint32, values fields) []byte {
	t.Helper()
	b, err := set.NewBuilder(record, block)
	if err != nil {
		t.Fatal(err)
	}
	for name, v := range values {
		slot := b.Layout().Slot(name)
		if slot < 0 {
			t.Fatalf("%v has no field %s", b.Layout(), name)
		}
		switch v := v.(type) {
		case uint64:
			b.SetUint(slot, v)
		case int:
			b.SetUint(slot, uint64(v))
		case string:
			b.SetString(slot, v)
		case []byte:
			b.SetBytes(slot, v)
		}
	}
	return b.AppendMessage(nil, h)
}

// run feeds the messages through metadata and format and returns the last line.
func run(t testing.TB, set *wire.Layouts, f format.Format, messages ...[]byte) string {
	t.Helper()
	tables, scanner := meta.NewTables(), wire.NewDecoder(set, meta.Wanted)
	w := format.NewWorker(set, f)
	var out []byte
	for _, m := range messages {
		if err := tables.Scan(m, scanner, func(part []byte, s *meta.Snapshot) error {
			out, _ = w.Append(out[:0], part, s)
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	return strings.TrimSuffix(string(out), "\n")
}

func ip4(a, b, c, d byte) []byte {
	return []byte{10: 0xff, 11: 0xff, 12: a, 13: b, 14: c, 15: d}
}

// TestRules holds single rules: where a value goes and how it is written. An
// empty want means that the key is not there.
func TestRules(t *testing.T) {
	set := loadLayouts(t)
	f := newFormat(t, Options{})
	connection := func(v fields) []byte { return message(t, set, extended, 71, 174, v) }
	event := func(v fields) []byte { return message(t, set, extended, 400, 85, v) }
	rule := func(name string) []byte {
		return message(t, set, extended, 66, 0, fields{"generator_id": 1, "rule_id": 20, "signature_id": 300, "message": name})
	}
	device := message(t, set, extended, 123, 0, fields{"id": 3, "name": "sensor=a"})
	domain := message(t, set, extended, 350, 0, fields{"id": 12, "name": "Global \\ West"})
	inDomain := extended
	inDomain.Extended, inDomain.NetmapID, inDomain.Flagged = true, 12, true
	hit := fields{"generator_id": 1, "rule_id": 20, "rule_revision": 7, "priority_id": 1, "impact": 1, "event_second": 1700000001, "event_microsecond": 999999}
	long := strings.Repeat("é", 600)
	vpnSession := append([]byte{0, 0, 0, 166, 0, 0, 0, 95, 0, 0, 0, 5, 2, 0, 0, 0, 0, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 8}, ip4(1, 2, 3, 4)...)
	vpnSession = append(vpnSession, 0, 7, 0, 0, 0, 0, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 8)
	vpnSession = append(vpnSession, make([]byte, 95-len(vpnSession))...)
	for _, c := range []struct {
		name     string
		messages [][]byte
		key      string // an extension key, or the number of a header field
		want     string
	}{
		{"rendered signature", [][]byte{rule("a|b \\ c\nd"), event(hit)}, "4", "1:300:7"},
		{"internal rule", [][]byte{rule("x"), event(hit)}, "CiscoFirepowerRuleId", "20"},
		{"rule name", [][]byte{rule("a|b \\ c\nd"), event(hit)}, "5", "a|b \\ c d"},
		{"rule without name", [][]byte{event(hit)}, "5", "Intrusion Event"},
		{"rule without metadata", [][]byte{event(hit)}, "4", "1:20:7"},
		{"matrix", [][]byte{event(hit)}, "6", "10"},
		{"matrix without entry", [][]byte{event(nil)}, "6", "5"},
		{"tenth", [][]byte{message(t, set, extended, 502, 79, fields{"threat_score": 76})}, "6", "7"},
		{"tenth is at most ten", [][]byte{message(t, set, extended, 502, 79, fields{"threat_score": 255})}, "6", "10"},
		{"below", [][]byte{connection(fields{"rule_action": 3})}, "6", "3"},
		{"not below", [][]byte{connection(fields{"rule_action": 4})}, "6", "7"},
		{"metadata", [][]byte{device}, "6", "0"},
		{"microseconds", [][]byte{event(hit)}, "rt", "1700000001999"},
		{"archive time", [][]byte{message(t, set, extended, 4, 0, nil)}, "rt", "1700000000000"},
		{"archive time in full", [][]byte{device}, "CiscoFirepowerArchiveTime", "2023-11-14T22:13:20+00:00"},
		{"device", [][]byte{device, connection(fields{"device_id": 3})}, "dvchost", "sensor=a"},
		{"device number", [][]byte{device, connection(fields{"device_id": 3})}, "deviceExternalId", "3"},
		{"domain", [][]byte{domain, message(t, set, inDomain, 400, 85, nil)}, "CiscoFirepowerDomain", "Global \\ West"},
		{"unknown domain", [][]byte{message(t, set, inDomain, 400, 85, nil)}, "CiscoFirepowerDomain", "12"},
		{"domain beside a user's", [][]byte{domain, message(t, set, inDomain, 170, 167, fields{"domain": "CORP"})}, "CiscoFirepowerDomain", "Global \\ West"},
		{"address of a VPN client", [][]byte{message(t, set, extended, 170, 167, fields{"vpn_session": vpnSession})}, "CiscoFirepowerVpnSessionClientIp", "1.2.3.4"},
		{"domain of a user", [][]byte{domain, message(t, set, inDomain, 170, 167, fields{"domain": "CORP"})}, "sntdom", "CORP"},
		{"domain of a failed login", [][]byte{domain, message(t, set, inDomain, 95, 127, fields{"username": "eve"})}, "suser", "eve"},
		{"number of the device of a correlation event", [][]byte{device, message(t, set, extended, 112, 156, fields{"device_id": 3, "event_device_id": 4, "device_event_id": 5})}, "deviceExternalId", "4"},
		{"device of a correlation event", [][]byte{device, message(t, set, extended, 123, 0, fields{"id": 4, "name": "edge"}), message(t, set, extended, 112, 156, fields{"device_id": 3, "event_device_id": 4})}, "dvchost", "edge"},
		{"user of a VPN login", [][]byte{message(t, set, extended, 98, 57, fields{"id": 7, "username": "bob"}), message(t, set, extended, 170, 167, fields{"user_id": 7})}, "suser", "bob"},
		{"user that a VPN login brings", [][]byte{message(t, set, extended, 98, 57, fields{"id": 7, "username": "bob"}), message(t, set, extended, 170, 167, fields{"user_id": 7, "username": "rob"})}, "suser", "rob"},
		{"domain of a VPN login's user", [][]byte{message(t, set, extended, 170, 167, fields{"domain": "corp"})}, "sntdom", "corp"},
		{"zero", [][]byte{connection(nil)}, "spt", "0"},
		{"IPv4", [][]byte{connection(fields{"initiator_ip_address": ip4(1, 2, 3, 4)})}, "src", "1.2.3.4"},
		{"IPv4 is no IPv6", [][]byte{connection(fields{"initiator_ip_address": ip4(1, 2, 3, 4)})}, "c6a2", ""},
		{"label without value", [][]byte{connection(fields{"initiator_ip_address": ip4(1, 2, 3, 4)})}, "c6a2Label", ""},
		{"IPv6", [][]byte{connection(fields{"initiator_ip_address": []byte{0x20, 1, 15: 7}})}, "c6a2", "2001::7"},
		{"IPv6 label", [][]byte{connection(fields{"initiator_ip_address": []byte{0x20, 1, 15: 7}})}, "c6a2Label", "Source IPv6 Address"},
		{"compatible address", [][]byte{connection(fields{"initiator_ip_address": []byte{12: 10, 13: 1, 14: 2, 15: 3}})}, "c6a2", "::a01:203"},
		{"little-endian", [][]byte{message(t, set, extended, 71, 9, fields{"initiator_ip_address": []byte{4, 3, 2, 1}})}, "src", "1.2.3.4"},
		{"legacy address", [][]byte{message(t, set, extended, 22, 0, fields{"legacy_ip_address": []byte{10, 1, 2, 3}})}, "src", "10.1.2.3"},
		{"integer that fits", [][]byte{connection(fields{"initiator_transmitted_bytes": 1<<31 - 1})}, "out", "2147483647"},
		{"integer that does not fit", [][]byte{connection(fields{"initiator_transmitted_bytes": uint64(1 << 31)})}, "out", ""},
		{"integer in the custom key", [][]byte{connection(fields{"initiator_transmitted_bytes": uint64(1 << 31)})}, "CiscoFirepowerInitiatorTransmittedBytes", "2147483648"},
		{"long text is cut", [][]byte{connection(fields{"client_url": long})}, "request", long[:1022]},
		{"long text is whole", [][]byte{connection(fields{"client_url": long})}, "CiscoFirepowerClientUrl", long},
		{"text that fits", [][]byte{connection(fields{"client_url": long[:1022]})}, "CiscoFirepowerClientUrl", ""},
		{"empty text", [][]byte{connection(fields{"client_url": "\x00"})}, "request", ""},
		{"spaces", [][]byte{connection(fields{"client_url": "  a  "})}, "request", "  a  "},
		{"unset UUID", [][]byte{connection(nil)}, "cs1", ""},
		{"unset UUID's label", [][]byte{connection(nil)}, "cs1Label", ""},
		{"packet", [][]byte{message(t, set, extended, 2, 0, fields{"packet_data": "abc\xff"})}, "CiscoFirepowerPacketData", "616263ff"},
		{"blob of text", [][]byte{message(t, set, extended, 45, 0x25, fields{"data": "SSH-2.0\r\n"})}, "CiscoFirepowerData", "SSH-2.0\r\n"},
		{"blob of bytes", [][]byte{message(t, set, extended, 45, 0x25, fields{"data": []byte{1, 'a'}})}, "CiscoFirepowerData", "0161"},
		{"named number", [][]byte{event(fields{"blocked": 1})}, "act", "Dropped"},
		{"number without name", [][]byte{event(fields{"blocked": 99})}, "act", "99"},
		{"empty list", [][]byte{message(t, set, extended, 11, 36, nil)}, "CiscoFirepowerSubServersCount", "0"},
		{"MAC", [][]byte{message(t, set, extended, 22, 0, fields{"mac_address": []byte{1, 2, 3, 4, 5, 6}})}, "smac", "01:02:03:04:05:06"},
	} {
		line := run(t, set, f, c.messages...)
		p := parse(t, line)
		got := p.extension[c.key]
		if len(c.key) == 1 {
			got = p.header[c.key[0]-'0']
		}
		if _, there := p.extension[c.key]; got != c.want || there && c.want == "" {
			t.Errorf("%s: %s is %q, want %q in %s", c.name, c.key, got, c.want, line)
		}
		// The same through the other parser, whose header shows the escapes gone.
		compare(t, []string{line}, lognormalize(t, []string{line}))
	}
}

// TestDeviceAndDomain: every record says where it comes from, once metadata has
// brought the names.
func TestDeviceAndDomain(t *testing.T) {
	set := loadLayouts(t)
	f := newFormat(t, Options{})
	h := extended
	h.NetmapID, h.Flagged = 12, true
	names := [][]byte{
		message(t, set, extended, 123, 0, fields{"id": 3, "name": "sensor=a"}),
		message(t, set, extended, 350, 0, fields{"id": 12, "name": "Global"}),
	}
	devices := 0
	for l, err := range layouts.All(set) {
		if err != nil {
			t.Fatal(err)
		}
		b := l.NewBuilder()
		if slot := l.Slot("device_id"); slot >= 0 && l.Record.Type != 350 {
			b.SetUint(slot, 3)
			if slot := l.Slot("event_device_id"); slot >= 0 {
				// The device of the event that made the correlation event counts.
				b.SetUint(slot, 3)
				b.SetUint(l.Slot("device_id"), 4)
			}
			devices++
			p := parse(t, run(t, set, f, append(names, b.AppendMessage(nil, h))...))
			if p.extension["dvchost"] != "sensor=a" || p.extension["deviceExternalId"] != "3" {
				t.Errorf("%v: device %q %q", l, p.extension["dvchost"], p.extension["deviceExternalId"])
			}
		}
		if l.Record.IsMetadata() {
			continue // might rename what it is tested with
		}
		p := parse(t, run(t, set, f, append(names, b.AppendMessage(nil, h))...))
		if p.extension["CiscoFirepowerDomain"] != "Global" {
			t.Errorf("%v: domain %q", l, p.extension["CiscoFirepowerDomain"])
		}
	}
	if devices < 100 {
		t.Errorf("only %d layouts with a device", devices)
	}
}

// TestUndecoded checks the lines of records without layout.
func TestUndecoded(t *testing.T) {
	set := loadLayouts(t)
	w := format.NewWorker(set, newFormat(t, Options{}))
	messages := undecodable(t, set)
	for i, want := range []fields{
		{"4": "9999", "CiscoFirepowerRecordType": "9999", "reason": wire.ErrUnknownRecord.Error()},
		{"4": "71", "CiscoFirepowerRecordType": "71", "CiscoFirepowerBlockType": "2130706606", "deviceExternalId": "0", "src": "0.0.0.0", "reason": wire.ErrUnknownBlock.Error()},
		{"4": "71", "CiscoFirepowerRecordType": "71", "CiscoFirepowerBlockType": "174"},
		{"4": "0"},
	} {
		out, _ := w.Append(nil, messages[i], meta.Initial())
		line := oneLine(t, out)
		p := parse(t, line)
		for key, v := range want {
			got := p.extension[key]
			if len(key) == 1 {
				got = p.header[key[0]-'0']
			}
			if got != v {
				t.Errorf("message %d: %s is %q, want %q in %s", i, key, got, v, line)
			}
		}
		raw := messages[i]
		if len(raw) > 24 {
			raw = raw[24:]
		}
		if got := p.extension["rawEvent"]; got != base64.StdEncoding.EncodeToString(raw) {
			t.Errorf("message %d: raw event %q", i, got)
		}
		if p.extension["reason"] == "" || len(p.duplicates) > 0 {
			t.Errorf("message %d: no reason, or duplicates %v in %s", i, p.duplicates, line)
		}
	}
	// More than the standard's key takes.
	big := message(t, set, extended, 2, 0, fields{"packet_data": strings.Repeat("x", 5000)})
	big[11] = 1 << 7 // a record type that is not known
	big[10] = 0x27
	out, _ := w.Append(nil, big, meta.Initial())
	p := parse(t, oneLine(t, out))
	if got, whole := p.extension["rawEvent"], base64.StdEncoding.EncodeToString(big[24:]); len(got) != 4000 || p.extension["CiscoFirepowerRawEvent"] != whole || !strings.HasPrefix(whole, got) {
		t.Errorf("%d characters of raw event", len(got))
	}
}

func TestPrefix(t *testing.T) {
	set := loadLayouts(t)
	now := time.Date(2024, 11, 5, 23, 4, 5, 0, time.FixedZone("", 3600))
	f, err := New(Options{Hostname: "collector", DeviceVersion: `7|\`, Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	m := message(t, set, extended, 22, 0, nil)
	w := format.NewWorker(set, f)
	for _, want := range []string{"05", "05", "06"} {
		out, _ := w.Append(nil, m, meta.Initial())
		if want = "<13>2024-11-05T22:04:" + want + `+00:00 collector CEF:0|Cisco|Firepower|7\|\\|22|`; !strings.HasPrefix(string(out), want) {
			t.Errorf("%s, want %s", out, want)
		}
		now = now.Add(600 * time.Millisecond)
	}
}

func TestOptions(t *testing.T) {
	for _, c := range []struct {
		options Options
		want    string
	}{
		{Options{Prefix: []byte("a\nb")}, "line break"},
		{Options{Hostname: "a b"}, "host name"},
		{Options{DeviceVersion: strings.Repeat("7", 32)}, "31 bytes"},
		{Options{Mapping: []byte(`{`)}, "cef mapping: unexpected EOF"},
		{Options{Mapping: []byte(`{} {}`)}, "expected its end"},
		{Options{Mapping: []byte(`{"kees": {}}`)}, `unknown field "kees"`},
		{Options{Mapping: []byte(`{"keys": {"a": 7}}`)}, "longest text of a key is 7"},
		{Options{Mapping: []byte(`{"keys": {"a": "number"}}`)}, `type of a key is "number"`},
		{Options{Mapping: []byte(`{"keys": {"a b": 63}}`)}, "letters and digits"},
		{Options{Mapping: []byte(`{"common": {"a": "x"}}`)}, `key "a" is not in the list`},
		{Options{Mapping: []byte(`{"keys": {"a": 63}, "common": {"a": "f(x)"}}`)}, `no list of names is called "f"`},
		{Options{Mapping: []byte(`{"keys": {"a": 63}, "common": {"a": ""}}`)}, "a has no field"},
		{Options{Mapping: []byte(`{"records": {"2": {"extensionOf": 3}}}`)}, "extensionOf is 3"},
		{Options{Mapping: []byte(`{"records": {"2": {"severity": {"const": 11}}}}`)}, "severity is 11"},
		{Options{Mapping: []byte(`{"records": {"2": {"severity": {"matrix": ["x"]}}}}`)}, "matrix has 1 paths"},
	} {
		if _, err := New(c.options); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v, want %q", err, c.want)
		}
	}
	set := loadLayouts(t)
	f := newFormat(t, Options{Mapping: []byte(`{"keys": {"cn1": "long"}, "common": {"cn1": "hops: hops"}}`)})
	p := parse(t, run(t, set, f, message(t, set, extended, 22, 0, fields{"hops": 3})))
	if p.extension["cn1"] != "3" || p.extension["cn1Label"] != "hops" || p.extension["CiscoFirepowerHops"] != "" || p.header[6] != "0" {
		t.Errorf("own mapping: %v", p)
	}
}

// TestMappingIsUsed finds misspelt paths and keys in the built-in mapping: each
// has to be there in a layout of the record types that it is for.
func TestMappingIsUsed(t *testing.T) {
	set := loadLayouts(t)
	m, err := parseMapping(mappingJSON)
	if err != nil {
		t.Fatal(err)
	}
	paths, computed := map[uint16]map[string]bool{}, map[uint16]map[string]bool{}
	everywhere := [2]map[string]bool{{}, {}}
	for l, err := range layouts.All(set) {
		if err != nil {
			t.Fatal(err)
		}
		typ := l.Record.Type
		if paths[typ] == nil {
			paths[typ], computed[typ] = map[string]bool{}, map[string]bool{}
		}
		for i := range l.Fields {
			name := l.Fields[i].Encore
			if i >= l.Discovery && l.EncoreRoot != "" {
				name = l.EncoreRoot + "." + name
			}
			paths[typ][name], everywhere[0][name] = true, true
		}
		for _, op := range meta.Compile(l, meta.Strict).Ops {
			computed[typ][op.Key], everywhere[1][op.Key] = true, true
		}
	}
	check := func(where, value string, paths, computed map[string]bool) {
		src := parseValue(value)
		for _, f := range src.fields {
			if !paths[f.path] {
				t.Errorf("%s: no layout has the field %s", where, f.path)
			}
		}
		for _, k := range src.computed {
			if !computed[k] {
				t.Errorf("%s: no layout has the computed value %s", where, k)
			}
		}
	}
	for key, value := range m.Common {
		check("common "+key, value, everywhere[0], everywhere[1])
	}
	for typ, r := range m.Records {
		if r.ExtensionOf != 0 {
			continue // shares its table with a type that has more fields
		}
		for key, value := range r.Extension {
			check(strconv.Itoa(int(typ))+" "+key, value, paths[typ], computed[typ])
		}
	}
	for _, name := range m.Times {
		if !slices.ContainsFunc(slices.Collect(maps.Keys(everywhere[0])), func(p string) bool { return p == name || strings.HasSuffix(p, "."+name) }) {
			t.Errorf("times: no layout has the field %s", name)
		}
	}
}
