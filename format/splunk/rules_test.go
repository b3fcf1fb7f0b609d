package splunk_test

import (
	"encoding/base64"
	"encoding/binary"
	"os"
	"strings"
	"testing"

	"estream/format/splunk"
	"estream/internal/recordtest"
	"estream/layouts"
	"estream/meta"
	"estream/wire"
)

// last formats messages and returns the last line.
func last(t *testing.T, o splunk.Options, messages ...[]byte) string {
	t.Helper()
	all := lines(t, layouts.Default(), newFormat(t, o), messages...)
	return all[len(all)-1]
}

// TestCompatText holds eNcore's rules for text, the odd ones included.
func TestCompatText(t *testing.T) {
	set := layouts.Default()
	for _, c := range []struct{ in, want string }{
		{"", `""`},
		{"a b", `"a b"`},
		{"a=b", `"a=b"`},
		{`a "b" c\`, `"a "b" c\"`},
		{`"quoted"`, `"quoted"`},
		{"a\nb", `a\nb`},
		{"a \r\nb", `"a \nb"`},
		{"\r", ""}, // CR goes after the choice of quotes
		{"\x00", `""`},
		{"a\x00b", "ab"},
		{"a\tb,c", "a\tb,c"},
		{"\xff\x01", "ff01"},
		{"ü", "ü"},
	} {
		got := last(t, splunk.Options{}, recordtest.Message(t, set, 123, 0, fields{"id": 7, "name": c.in}))
		want := "rec_type=123 event_sec=1700000000 id=7 name=" + c.want + ` rec_type_category=SENSOR rec_type_desc="Managed Device Metadata"`
		if got != want {
			t.Errorf("%q:\n got %q\nwant %q", c.in, got, want)
		}
	}
}

// TestProfiles shows one value of each kind that the profiles write differently.
func TestProfiles(t *testing.T) {
	set := layouts.Default()
	user := recordtest.Message(t, set, 98, 57, fields{"id": 9, "username": "bob"})
	mapped := []byte{10: 0xff, 11: 0xff, 12: 10, 13: 1, 14: 2, 15: 3}
	compatible := []byte{12: 10, 13: 1, 14: 2, 15: 3}
	for _, c := range []struct {
		name     string
		messages [][]byte
		key      string
		want     [3]string // "-": not there
	}{
		{"dictionary", [][]byte{user}, "username", [3]string{"{'blockType':", "bob", "bob"}},
		{"simple type", [][]byte{user}, "rec_type_simple", [3]string{"-", `"RUA`, `"RUA`}},
		{"unknown device", [][]byte{recordtest.Message(t, set, 400, 60, fields{"device_id": 7})}, "sensor", [3]string{"None", "None", "-"}},
		{"time", [][]byte{user}, "event_time", [3]string{"-", "-", "2023-11-14T22:13:20.000000+00:00"}},
		{"microseconds", [][]byte{recordtest.Message(t, set, 400, 60, fields{"event_second": 1700000000, "event_microsecond": 42})}, "event_time", [3]string{"-", "-", "2023-11-14T22:13:20.000042+00:00"}},
		{"rule number", [][]byte{recordtest.Message(t, set, 400, 60, fields{"rule_id": 77})}, "rule_id", [3]string{"-", "77", "77"}},
		{"mapped address", [][]byte{recordtest.Message(t, set, 400, 60, fields{"source_ip_address": mapped})}, "src_ip", [3]string{"10.1.2.3", "10.1.2.3", "10.1.2.3"}},
		{"compatible address", [][]byte{recordtest.Message(t, set, 400, 60, fields{"source_ip_address": compatible})}, "src_ip", [3]string{"::10.1.2.3", "::10.1.2.3", "::a01:203"}},
		{"correlation address", [][]byte{recordtest.Message(t, set, 112, 156, fields{"source_ipv6_address": mapped})}, "src_ip", [3]string{"0", "10.1.2.3", "10.1.2.3"}},
		{"correlation text", [][]byte{recordtest.Message(t, set, 112, 156, fields{"event_description": "seen"})}, "description", [3]string{`""`, "seen", "seen"}},
		{"correlation user", [][]byte{user, recordtest.Message(t, set, 112, 156, fields{"source_user_id": 9})}, "src_user", [3]string{"{'blockType':", "bob", "bob"}},
		{"domain of the user", [][]byte{recordtest.Message(t, set, 170, 167, fields{"domain": "CORP"})}, "user_domain", [3]string{"-", "CORP", "CORP"}},
		{"header flag", [][]byte{recordtest.Message(t, set, 13, 0, nil)}, "has_ipv6", [3]string{"-", "-", "0"}},
		{"unmapped type", [][]byte{recordtest.Message(t, set, 42, 35, fields{"value": "x"})}, "value", [3]string{"-", "-", "x"}},
	} {
		for p, want := range c.want {
			got := "-"
			for pair := range strings.FieldsSeq(last(t, splunk.Options{Profile: meta.Profile(p)}, c.messages...)) {
				if value, ok := strings.CutPrefix(pair, c.key+"="); ok {
					got = value
				}
			}
			if got != want {
				t.Errorf("%s, %v: %s is %s, want %s", c.name, meta.Profile(p), c.key, got, want)
			}
		}
	}
}

// TestRaw shows the forms of records that cannot be decoded.
func TestRaw(t *testing.T) {
	set := layouts.Default()
	unknown := recordtest.Message(t, set, 71, 160, fields{"device_id": 3})
	// The first device_id is the header's, the block's number stands behind it.
	body := 8 + 16 + 40
	if unknown[8+16+14] == 1 {
		body += 16
	}
	binary.BigEndian.PutUint32(unknown[8+16:], 5)
	binary.BigEndian.PutUint32(unknown[body:], 9999)
	plain := binary.BigEndian.AppendUint32([]byte{0, 1, 0, 4, 0, 0, 0, 19, 0, 0, 0xff, 0xff, 0, 0, 0, 3}, 1700000001)
	plain = append(plain, 0, 0, 0, 0, 'a', 'b', 'c')
	header := []byte{0, 1, 0, 4, 0, 0, 0, 1, 7}
	for p := meta.Compat; p <= meta.Strict; p++ {
		for _, c := range []struct {
			message []byte
			want    map[string]string
		}{
			{unknown, map[string]string{"rec_type": "71", "event_sec": "1700000000", "event_type": "0", "mac_address": "00:00:00:00:00:00",
				"block_type": "9999", "raw": base64.StdEncoding.EncodeToString(unknown[24:])}},
			{plain, map[string]string{"rec_type": "65535", "event_sec": "1700000001", "block_type": "0", "raw": "YWJj"}},
			{header, map[string]string{"raw_message": base64.StdEncoding.EncodeToString(header)}},
		} {
			line := lines(t, set, newFormat(t, splunk.Options{Profile: p}), c.message)[0]
			pairs, err := readLine(line)
			if err != nil {
				t.Errorf("%v: %v in %s", p, err, line)
			}
			if pairs["raw_reason"] == "" {
				t.Errorf("%v: no raw_reason in %s", p, line)
			}
			for name, want := range c.want {
				if pairs[name] != want {
					t.Errorf("%v: %s is %q, want %q in %s", p, name, pairs[name], want, line)
				}
			}
		}
	}
}

// TestMapping replaces the table.
func TestMapping(t *testing.T) {
	set := layouts.Default()
	const table = `{"computed": {"eventSecond": "event_sec", "recordTypeDescription": "kind what"}, "records": {"123": {"fields": ["device=name", "number=id", "number=#id"]}}}`
	m := recordtest.Message(t, set, 123, 0, fields{"id": 7, "name": "ftd 1"})
	got := last(t, splunk.Options{Mapping: []byte(table)}, m)
	if want := `rec_type=123 event_sec=1700000000 device="ftd 1" number=7 kind="Managed Device Metadata" what="Managed Device Metadata"`; got != want {
		t.Errorf("\n got %s\nwant %s", got, want)
	}
	builtin, err := os.ReadFile("mapping.json")
	if err != nil {
		t.Fatal(err)
	}
	if got, want := last(t, splunk.Options{Mapping: builtin}, m), last(t, splunk.Options{}, m); got != want {
		t.Errorf("built-in table as a mapping:\n got %s\nwant %s", got, want)
	}
}

// TestMappingErrors holds that each error says where the mistake is.
func TestMappingErrors(t *testing.T) {
	for _, c := range []struct{ table, want string }{
		{"", "line 1, column 1 (byte 0)"},
		{"{\n \"records\": {,}\n}", "line 2, column 1"},
		{"{\"records\":", "line 1, column 12"},
		{`{"record": {}}`, `unknown field "record"`},
		{`{"records": {"71": {"fields": "a=b"}}}`, "line 1, column"},
		{`{"records": {"70000": {}}}`, "70000"},
		{`{"records": {"71": {}, "71": {}}}`, `key "71" for the second time`},
		{`{"records": {"71": null}}`, "record 71 is null"},
		{`{} {}`, "behind the end"},
		{`{"records": {"71": {"fields": ["a=b", "c"]}}}`, `record 71, fields, entry 2 "c": expected NAME=SOURCE`},
		{`{"records": {"71": {"strict": ["a b=c"]}}}`, `record 71, strict, entry 1 "a b=c": name is "a b"`},
		{`{"records": {"71": {"fields": ["rec_type=c"]}}}`, "every line has already"},
		{`{"records": {"71": {"fields": ["a=upper(b)"]}}}`, `source is "upper(b)"`},
		{`{"records": {"71": {"fields": ["a=#"]}}}`, `source is "#"`},
		{`{"records": {"71": {"like": 72}}}`, "record 71 is like record 72"},
		{`{"header": ["=x"]}`, `header, entry 1 "=x"`},
		{`{"computed": {"user": "a=b"}}`, `computed value "user": name is "a=b"`},
	} {
		f, err := splunk.New(splunk.Options{Mapping: []byte(c.table)})
		if err == nil || f != nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error is %v, want one with %q", c.table, err, c.want)
		}
	}
}

// TestWanted formats with a decoder that fills only what the format asks for: the
// lines must be those of a decoder that fills everything.
func TestWanted(t *testing.T) {
	set := layouts.Default()
	for p := meta.Compat; p <= meta.Strict; p++ {
		f := newFormat(t, splunk.Options{Profile: p})
		full, formatter := wire.NewDecoder(set, nil), f.NewFormatter()
		empty := meta.NewTables()
		pruned := wire.NewDecoder(set, f.Wanted)
		each(t, f, 1<<18, func(i int, m []byte, _ string) {
			var got [2]string
			for k, d := range []*wire.Decoder{full, pruned} {
				r, err := d.Decode(m)
				if err != nil {
					t.Fatal(err)
				}
				line, ok := formatter.Append(nil, d, r, empty.Snapshot())
				if !ok {
					t.Fatalf("message %d has no line", i)
				}
				got[k] = string(line)
			}
			if got[0] != got[1] {
				t.Errorf("%v, message %d:\n all %spruned %s", p, i, got[0], got[1])
			}
		})
	}
}
