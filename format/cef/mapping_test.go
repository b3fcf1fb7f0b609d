package cef_test

import (
	"os"
	"strings"
	"testing"
	"time"

	"estream/format"
	"estream/format/cef"
	"estream/meta"
)

// TestBuiltIn checks the built-in mappings like a user's.
func TestBuiltIn(t *testing.T) {
	set := loadLayouts(t)
	for _, variant := range []cef.Variant{cef.CEF, cef.CEF2} {
		for _, profile := range []meta.Profile{meta.Compat, meta.Fixed} {
			if _, err := cef.New(cef.Options{Profile: profile, Mapping: cef.BuiltIn(variant), Layouts: set}); err != nil {
				t.Errorf("variant %d, %v: %v", variant, profile, err)
			}
		}
	}
	cef.BuiltIn(cef.CEF)[0] = 'x' // the caller's own
	if _, err := cef.New(cef.Options{Mapping: cef.BuiltIn(cef.CEF)}); err != nil {
		t.Error(err)
	}
}

func TestOptions(t *testing.T) {
	for _, c := range []struct {
		options cef.Options
		want    string
	}{
		{cef.Options{Profile: meta.Strict}, "cef: profile is strict; expected compat or fixed"},
		{cef.Options{Variant: 2}, "cef: variant is 2; expected 0 (cef) or 1 (cef2)"},
	} {
		if _, err := cef.New(c.options); err == nil || err.Error() != c.want {
			t.Errorf("got %v, want %s", err, c.want)
		}
	}
}

// one is a mapping of record 29 with one key.
func one(value string) string {
	return `{"records": {"29": {"signature": "s", "name": "n", "severity": {"const": "5"}, "extension": {"cs1": ` + value + "}}}}"
}

// TestMappingErrors holds what is said about mistakes.
func TestMappingErrors(t *testing.T) {
	record := func(members string) string { return "{\"records\": {\n \"29\": {" + members + "}}}" }
	const rest = `"signature": "s", "name": "n", "severity": {"const": "5"}`
	set := loadLayouts(t)
	for _, c := range []struct {
		name, mapping, want string
	}{
		{"empty", " ", "line 1: JSON expected: unexpected end"},
		{"syntax", "{\n\"records\": {\n,", "line 3: JSON expected: invalid character ','"},
		{"more", "{} {}", "line 1: JSON expected: invalid character '{' after top-level value"},
		{"no object", "[1]", "line 1: found list; expected object"},
		{"nothing", "{}", `line 1: no records; expected "records"`},
		{"unknown member", "{\n\"record\": {}}", `line 2: "record" is no member of the mapping; expected one of about, actions, records, severities`},
		{"case of member", `{"Records": {}}`, `"Records" is no member`},
		{"twice", "{\"about\": \"a\",\n\"about\": \"b\"}", `line 2: "about" is there twice, first in line 1`},
		{"about", `{"about": 1}`, `line 1: found number "1"; expected string`},
		{"record number", `{"records": {"x": {}}}`, `line 1: found "x"; expected a whole number of 0 to 65535`},
		{"record too high", `{"records": {"65536": {}}}`, `found "65536"; expected a whole number of 0 to 65535`},
		{"record is null", `{"records": {"29": null}}`, "record 29: found null; expected object"},
		{"empty record", record(""), "line 2: record 29: no signature; expected a member of that name\nline 2: record 29: no name;"},
		{"no extension", record(rest), `line 2: record 29: no extension; expected "extension" with at least one key`},
		{"extension kind", record(rest + `, "extension": "x"`), `record 29: found string "x"; expected object`},
		{"both", record(rest + `, "extension": {"a": "'b'"}, "extensionOf": 71`), "both extension and extensionOf are given"},
		{"of nobody", record(rest + `, "extensionOf": 71`), "extensionOf is 71; expected the number of a record"},
		{"of itself", record(rest + `, "extensionOf": 29`), "extensionOf is 29; expected the number of a record"},
		{"of text", record(rest + `, "extensionOf": "71"`), `record 29: extensionOf: found string "71"; expected number`},
		{"of fraction", record(rest + `, "extensionOf": 7.1`), `found "7.1"; expected a whole number`},
		{"empty name", record(`"name": "", "signature": "s", "severity": {"const": "1"}, "extension": {"a": "'b'"}`), "record 29: name: empty; expected text"},
		{"template brace", record(`"name": "{deviceId"`), "record 29: name: \"{deviceId\" has no closing brace"},
		{"template closing", record(`"name": "x}"`), "name: \"x}\" has a closing brace without an opening one"},
		{"template name", record(`"name": "{}"`), `name: field is ""; expected names of letters`},
		{"template computed", record(`"name": "{@a b}"`), `name: computed value is "a b"; expected names`},
		{"severity kind", record(`"severity": 5`), `record 29: severity: found number "5"; expected object`},
		{"severity of nothing", record(`"severity": {}`), "severity: found other members than expected: const, tenth"},
		{"severity of two", record(`"severity": {"const": "1", "tenth": "x"}`), "severity: found other members than expected"},
		{"severity bar", record(`"severity": {"const": "1|2"}`), `severity: severity is "1|2"; expected 0 to 10`},
		{"severity matrix", record(`"severity": {"matrix": ["a"]}`), "matrix has 1 items; expected 2"},
		{"severity matrix key", record(`"severity": {"matrix": ["a", "@"]}`), `field is ""; expected names`},
		{"severity below", record(`"severity": {"field": "a", "below": -1, "then": "1", "else": "2"}`), `found "-1"; expected a whole number of 0 to 18446744073709551615`},
		{"severities", `{"severities": {"1": {"2": "a b"}}}`, `line 1: severities: priority 1: severity is "a b"`},
		{"severities number", `{"severities": {"x": {}}}`, `severities: found "x"; expected a whole number of 0 to 4294967295`},
		{"actions", `{"actions": [1]}`, `actions: found number "1"; expected string`},
		{"key", record(rest + `, "extension": {"a=b": "'c'"}`), `record 29: key a=b: key is "a=b"; expected names`},
		{"value kind", one("5"), `record 29: key cs1: found number "5"; expected string`},
		{"value null", one("null"), "record 29: key cs1: found null; expected string"},
		{"value empty", one(`""`), `record 29: key cs1: field is ""; expected names`},
		{"constant empty", one(`"''"`), "key cs1: '' is empty; expected text"},
		{"constant open", one(`"'a"`), "key cs1: 'a has no closing quote"},
		{"after constant", one(`"'a' b"`), `key cs1: "b" follows 'a'; expected`},
		{"unreachable", one(`"deviceId | 'x'"`), "key cs1: 'x' is never reached, because deviceId always counts"},
		{"last empty", one(`"@sensor |"`), `key cs1: field is ""; expected names`},
		{"function", one(`"upper(deviceId)"`), `key cs1: function is "upper"; expected one of action, ipv4, ipv6, milliseconds, packet, payload`},
		{"parenthesis", one(`"ipv4(deviceId"`), "key cs1: ipv4(deviceId does not end in a closing parenthesis"},
		{"path", one(`"a..b"`), `key cs1: field is "a..b"; expected names`},
		{"block", one(`"a b.@c"`), `key cs1: block is "a b"; expected names`},
		{"null of nothing", record(rest + `, "extension": {"a": "'b'"}, "fixed": {"extension": {"c": null}}`), "fixed: key c: null removes a key, but extension has none of that name"},
		{"fixed member", record(rest + `, "extension": {"a": "'b'"}, "fixed": {"extensionOf": 1}`), `fixed: "extensionOf" is no member of fixed; expected one of extension, name, severity, signature`},
		{"fixed without compat", record(`"fixed": {"extension": {"a": "'b'"}}`), "record 29: no extension"},
		{"several", one(`"a b"`) + " ", "key cs1"},

		{"unknown record", `{"records": {"7777": {` + rest + `, "extension": {"a": "'b'"}}}}`, "record 7777: record type has no layout: expected a record type with known layout"},
		{"unknown field", one(`"deviceID"`), "record 29: line 1: key cs1: no layout of the record has deviceID; expected"},
		{"unknown value", one(`"@Sensor | deviceId"`), "key cs1: no layout of the record has @Sensor; expected"},
		{"unknown in header", record(`"name": "{x}", "signature": "{@y}", "severity": {"matrix": ["z", "@q"]}, "extension": {"a": "'b'"}`), "record 29: name: no layout of the record has x"},
		{"function for kind", one(`"ipv4(deviceId)"`), "key cs1: deviceId is of kind uint32, which ipv4 does not take"},
		{"severity kind of field", record(`"name": "n", "signature": "s", "severity": {"tenth": "ipAddress"}, "extension": {"a": "'b'"}`), "severity: ipAddress is no number"},
		{"list", `{"records": {"10": {` + rest + `, "extension": {"a": "hostProfile.hostMacAddress"}}}}`, "hostProfile.hostMacAddress is of kind list; expected a single value"},
		{"nested field", `{"records": {"170": {` + rest + `, "extension": {"a": "userLogin.vpnSession.nothing?"}}}}`, "has userLogin.vpnSession.nothing; expected"},
		{"nested value", `{"records": {"170": {` + rest + `, "extension": {"a": "userLogin.vpnSession.@nothing"}}}}`, "has userLogin.vpnSession.@nothing; expected"},
		{"no such block", one(`"userLogin.vpnSession.@vpnType"`), "has userLogin.vpnSession.@vpnType; expected"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := cef.New(cef.Options{Mapping: []byte(c.mapping), Layouts: set})
			if err == nil || !strings.HasPrefix(err.Error(), "cef: mapping: ") || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v\nwant cef: mapping: ... %s", err, c.want)
			}
		})
	}
}

// TestAllMistakes finds several at once, in the order of their lines.
func TestAllMistakes(t *testing.T) {
	_, err := cef.New(cef.Options{Mapping: []byte("{\"actions\": 1,\n\"records\": {\n\"29\": {\"name\": 1,\n\"extension\": {\"a\": \"b c\"}}}}")})
	want := `cef: mapping: line 1: actions: found number "1"; expected list
line 3: record 29: name: found number "1"; expected string
line 4: record 29: key a: field is "b c"; expected names of letters, digits and underscores, joined by periods
line 3: record 29: no signature; expected a member of that name
line 3: record 29: no severity; expected a member of that name`
	if err == nil || err.Error() != want {
		t.Errorf("got %v\nwant %s", err, want)
	}
}

// TestDocExample uses the mapping that the package comment shows.
func TestDocExample(t *testing.T) {
	doc, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(doc), "//\t{\n")
	text, _, ok := strings.Cut(rest, "\n//\t}\n")
	if !ok {
		t.Fatal("doc.go has no example")
	}
	set := loadLayouts(t)
	mapping := []byte("{" + strings.ReplaceAll(text, "//\t", "") + "}")
	m := [][]byte{
		message(t, set, 0, 123, 0, fields{"id": 3, "name": "edge"}),
		message(t, set, 12, 29, 0, fields{"device_id": 3, "event_second": 1, "event_type": 4711, "event_subtype": 99, "ip_address": ip4(10, 1, 2, 3)}),
	}
	for profile, want := range map[meta.Profile]string{
		meta.Compat: "CEF:0|Cisco|Firepower|6.0|RNA:29:3|Host IP Address Changed|2|cs1=99 cs1Label=change dvchost=edge rt=1000 src=10.1.2.3",
		meta.Fixed:  "CEF:0|Cisco|Firepower|6.0|RNA:29:3|Host IP Address Changed|2|deviceNtDomain=12 dvchost=edge rt=1000 src=10.1.2.3",
	} {
		got := lastLine(t, set, newFormat(t, cef.Options{Profile: profile, Mapping: mapping, Layouts: set, Prefix: []byte{}}), m...)
		if got != want {
			t.Errorf("%v:\n got %s\nwant %s", profile, got, want)
		}
	}
}

// TestOwnMapping adds a record type and a key to the built-in mapping.
func TestOwnMapping(t *testing.T) {
	set := loadLayouts(t)
	own := strings.Replace(string(cef.BuiltIn(cef.CEF)), `"records": {`, `"records": {
	"9": {"signature": "IMPACT:{deviceId}|x", "name": "Impact {deviceId}", "severity": {"field": "deviceId"}, "extension": {
		"act": "action(deviceId)", "msg": "'it''s a=b | c'", "z": "@nothing | gone? | @sensor | deviceId"}},`, 1)
	own = strings.Replace(own, `"app": `, `"flexString1": "@sourceIpCountry | initiatorCountry", "app": `, 1)
	f := newFormat(t, cef.Options{Mapping: []byte(own), Prefix: []byte("p ")})
	got := lastLine(t, set, f, message(t, set, 0, 9, 153, fields{"device_id": 4}))
	want := `p CEF:0|Cisco|Firepower|6.0|IMPACT:4|x|Impact 4|4|act=Blocked msg="it's a=b \| c" z=4`
	if got != want {
		t.Errorf("\n got %s\nwant %s", got, want)
	}
	wants(t, lastLine(t, set, f, message(t, set, 0, 71, 174, fields{"initiator_country": 840})), " cs5Label=secIntelCategory", "flexString1=840")
	builtIn := newFormat(t, cef.Options{Prefix: []byte{}})
	wants(t, lastLine(t, set, builtIn, message(t, set, 0, 71, 174, fields{"initiator_country": 840})), "!flexString1")
	if line := lastLine(t, set, builtIn, message(t, set, 0, 9, 153, nil)); line != "" {
		t.Errorf("the built-in mapping has changed: %s", line)
	}
}

// TestSyslogTime holds when the clock is looked at: at the start of each batch,
// and within one at least every 64 lines.
func TestSyslogTime(t *testing.T) {
	set := loadLayouts(t)
	now := time.Date(2024, 11, 5, 23, 4, 0, 0, time.UTC)
	looks := 0
	f := newFormat(t, cef.Options{Hostname: "h", Location: time.UTC, Now: func() time.Time { looks++; now = now.Add(time.Second); return now }})
	w := format.NewWorker(set, f)
	m := message(t, set, 0, 71, 174, nil)
	var dst []byte
	for i := range 3 {
		dst, _ = w.Append(dst[:0], m, meta.Initial())
		if want := "<13>Nov 05 23:04:0" + string(rune('1'+i)) + " h CEF:0|"; !strings.HasPrefix(string(dst), want) {
			t.Errorf("batch %d: %s, want %s", i, dst, want)
		}
	}
	looks = 0
	dst, _ = w.Append(dst[:0], []byte(strings.Repeat(string(m), 200)), meta.Initial())
	if looks != 4 || strings.Count(string(dst), "<13>Nov 05 23:04:07 h") != 8 {
		t.Errorf("%d looks at the clock for 200 lines, want 4; the last in line 193", looks)
	}
}

// FuzzMapping reads arbitrary mappings: none may panic, and one that is accepted
// must give one line for each record that it has.
func FuzzMapping(f *testing.F) {
	f.Add(string(cef.BuiltIn(cef.CEF)))
	f.Add(string(cef.BuiltIn(cef.CEF2)))
	f.Add(one(`"@sensor | ipv4(ipAddress) | 'x'"`))
	f.Add(`{"severities": {"1": {}}, "records": {"71": {"severity": {"matrix": ["a", "@b"]}, "extensionOf": 71, "fixed": {"extension": {"a": null}}}}}`)
	set := loadLayouts(f)
	m := message(f, set, 5, 29, 0, fields{"device_id": 3})
	f.Fuzz(func(t *testing.T, mapping string) {
		for _, profile := range []meta.Profile{meta.Compat, meta.Fixed} {
			o := cef.Options{Profile: profile, Mapping: []byte(mapping)}
			lines, err := cef.New(o)
			if err != nil || len(mapping) == 0 {
				continue
			}
			if line := lastLine(t, set, lines, m); strings.ContainsAny(line, "\r\n") {
				t.Errorf("line break in %q", line)
			}
			o.Layouts = set
			if _, err := cef.New(o); err != nil && !strings.HasPrefix(err.Error(), "cef: mapping: ") {
				t.Error(err)
			}
		}
	})
}
