package conf

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func parse(t *testing.T, text string) (*Conf, string) {
	t.Helper()
	c, warnings, err := Parse([]byte(text))
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	var b strings.Builder
	for _, w := range warnings {
		b.WriteString(w.String() + "\n")
	}
	return c, b.String()
}

// TestSamples: configurations of 3.5.4 and 5.x load unchanged, with what they
// mean in golden files.
func TestSamples(t *testing.T) {
	files, err := filepath.Glob("testdata/*.conf")
	if err != nil || len(files) < 4 {
		t.Fatalf("%d configurations, %v; expected at least 4", len(files), err)
	}
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		c, warnings := parse(t, string(data))
		got, err := json.MarshalIndent(c, "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		got = append(append(got, '\n'), warnings...)
		golden := strings.TrimSuffix(name, ".conf") + ".golden"
		if *update {
			if err := os.WriteFile(golden, got, 0o666); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s: got\n%s\nwant\n%s", name, got, want)
		}
	}
}

// TestRewrite: a file that eNcore's own tool wrote is written back byte for byte:
// the samples are sorted and indented, their number formats are kept.
func TestRewrite(t *testing.T) {
	for _, text := range []string{
		"{}",
		"{\n    \"a\": [],\n    \"b\": {\n        \"c\": 1.20,\n        \"d\": null\n    },\n    \"e@comment\": [\n        \"x\",\n        {}\n    ]\n}",
		"{\n    \"k\": \"\\\"\\\\\\n\\r\\t\\b\\f\\u0001\\u007f\\u00e9\\ud83d\\ude00/\"\n}",
	} {
		d, err := ParseDocument([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		if got := string(d.Bytes()); got != text {
			t.Errorf("got %s\nwant %s", got, text)
		}
	}
}

func TestSet(t *testing.T) {
	d, err := ParseDocument([]byte(`{"b@comment": "kept", "subscription": {"servers": "wrong"}, "n": 1.0}`))
	if err != nil {
		t.Fatal(err)
	}
	d.Set("fmc", "subscription", "servers", 0, "host")
	d.Set(true, "enabled")
	want := `{"b@comment":"kept","enabled":true,"n":1.0,"subscription":{"servers":[{"host":"fmc"}]}}`
	var got bytes.Buffer
	if err := json.Compact(&got, d.Bytes()); err != nil || got.String() != want {
		t.Errorf("got %s, %v\nwant %s", got.String(), err, want)
	}
}

// TestDefaults: only the host has no default; and the guide's own example of a
// monitor, on which eNcore fails, is complete.
func TestDefaults(t *testing.T) {
	c, warnings := parse(t, `{"monitor": {"period": 60, "bookmark": true, "handled": true}}`)
	if warnings != "" {
		t.Errorf("warnings %s", warnings)
	}
	if !c.Enabled || c.ConnectTimeout != 10*time.Second || c.ResponseTimeout != 2*time.Second || c.Start != 2 || c.Workers != 4 || c.Continue ||
		c.Monitor != (Monitor{Period: time.Minute, Handled: true, Bookmark: true}) ||
		c.Logging != (Logging{Level: "INFO", Format: DefaultFormat, StdOut: true}) ||
		*c.Server() != (Server{Port: 8302, PKCS12: "client.pkcs12", TLS: "1.2"}) ||
		c.Request != (Request{true, true, true, true, true, true, true, "hex", true}) || !c.Records.Connections || !c.Records.Metadata || len(c.Outputs) != 0 {
		t.Errorf("%+v", c)
	}
}

// TestMistakes: what people write, what is made of it, and what they are told.
func TestMistakes(t *testing.T) {
	for _, c := range []struct {
		text string
		warn string // part of the only warning; "" for none
		ok   func(*Conf) bool
	}{
		{`{"enabled": "false"}`, `$.enabled: found the text "false"`, func(c *Conf) bool { return !c.Enabled }},
		{`{"enabled": "maybe"}`, "$.enabled", func(c *Conf) bool { return c.Enabled }},
		{`{"enabled": 0}`, "", func(c *Conf) bool { return !c.Enabled }},
		{`{"enabled": null}`, "", func(c *Conf) bool { return c.Enabled }},
		{`{"Enabled": false}`, `did you mean "enabled"?`, func(c *Conf) bool { return c.Enabled }},
		{`{"start": 7}`, "$.start: found 7", func(c *Conf) bool { return c.Start == 2 }},
		{`{"start": "0"}`, "", func(c *Conf) bool { return c.Start == 0 }},
		{`{"start": 1.5}`, "$.start: found 1.5", func(c *Conf) bool { return c.Start == 2 }},
		{`{"workerProcesses": 0}`, "$.workerProcesses", func(c *Conf) bool { return c.Workers == 4 }},
		{`{"workerProcesses": 40}`, "", func(c *Conf) bool { return c.Workers == 12 && c.WorkersGiven == 40 }},
		{`{"connectTimeout": 0}`, "$.connectTimeout", func(c *Conf) bool { return c.ConnectTimeout == 10*time.Second }},
		{`{"responseTimeout": 0.5}`, "", func(c *Conf) bool { return c.ResponseTimeout == 500*time.Millisecond }},
		{`{"maxQueueSize": 5}`, "no effect", func(*Conf) bool { return true }},
		{`{"x@comment": 1, "@startComment": 2, "@includeComment": []}`, "", func(*Conf) bool { return true }},
		{`{"logging": {"stdout": false}}`, `the key is "stdOut"`, func(c *Conf) bool { return !c.Logging.StdOut }},
		{`{"logging": {"level": "info"}}`, "$.logging.level", func(c *Conf) bool { return c.Logging.Level == "INFO" }},
		{`{"logging": {"filepath": "  "}}`, "", func(c *Conf) bool { return c.Logging.File == "" }},
		{`{"logging": 5}`, "$.logging: found 5, expected an object", func(c *Conf) bool { return c.Logging.StdOut }},
		{`{"subscription": {"servers": [{"host": "a", "tlsVersion": "1.2"}]}}`, "", func(c *Conf) bool { return c.Server().TLS == "1.2" }},
		{`{"subscription": {"servers": [{"host": "a", "tlsVersion": 1.3}]}}`, "", func(c *Conf) bool { return c.Server().TLS == "1.3" }},
		{`{"subscription": {"servers": [{"host": "a", "tlsVersion": 1.0}]}}`, "not safe", func(c *Conf) bool { return c.Server().TLS == "1.0" }},
		{`{"subscription": {"servers": [{"host": "a", "tlsVersion": "ssl3"}]}}`, "1.2 is used", func(c *Conf) bool { return c.Server().TLS == "1.2" }},
		{`{"subscription": {"servers": [{"host": "a", "port": "8303"}]}}`, "", func(c *Conf) bool { return c.Server().Addr() == "a:8303" }},
		{`{"subscription": {"servers": [{"host": "::1", "port": 70000}]}}`, "$.subscription.servers[0].port", func(c *Conf) bool { return c.Server().Addr() == "[::1]:8302" }},
		{`{"subscription": {"servers": [{"host": "a"}, {"host": "b"}]}}`, "2 servers", func(c *Conf) bool { return c.Server().Host == "a" }},
		{`{"subscription": {"records": {"connection": true}}}`, "no effect", func(*Conf) bool { return true }},
		{`{"subscription": {"records": {"archiveTimestamps": false}}}`, "no position", func(c *Conf) bool { return !c.Request.ArchiveTimestamps }},
		{`{"subscription": {"records": {"packetEncoding": "base64"}}}`, "hex is used", func(c *Conf) bool { return c.Request.PacketEncoding == "hex" }},
		{`{"handler": {"records": {"flows": false}}}`, "", func(c *Conf) bool { return !c.Records.Connections }},
		{`{"handler": {"records": {"flows": false, "connections": true}}}`, "", func(c *Conf) bool { return c.Records.Connections }},
		{`{"handler": {"records": {"include": [18, "x", 70000]}}}`, "$.handler.records.include[1]", func(c *Conf) bool { return len(c.Records.Include) == 1 }},
		{`{"handler": {"records": {"include": [71], "exclude": ["71"]}}}`, "excluded as well", func(c *Conf) bool { return !c.Records.Writes(71) }},
		{`{"handler": {"outputters": [{"adapter": "cef", "stream": {"uri": "relfile:///a.cef"}}]}}`, "no {0}", func(c *Conf) bool {
			return len(c.EnabledOutputs()) == 1 && c.Outputs[0].Rotate && c.Outputs[0].MaxLogs == 10000
		}},
		{`{"handler": {"outputters": [{"adapter": "cef", "stream": {"uri": "scp://u@h/a{0}"}}]}}`, "", func(c *Conf) bool { return c.Outputs[0].MaxLogs == 500 }},
		{`{"handler": {"outputters": [7]}}`, "$.handler.outputters[0]: found 7", func(c *Conf) bool { return len(c.Outputs) == 0 }},
		{`{"subscripton": {}}`, "$.subscripton: this key is not known", func(*Conf) bool { return true }},
	} {
		got, warnings := parse(t, c.text)
		if !c.ok(got) {
			t.Errorf("%s: %+v", c.text, got)
		}
		if (c.warn == "") != (warnings == "") || !strings.Contains(warnings, c.warn) {
			t.Errorf("%s: warnings %q, want %q", c.text, warnings, c.warn)
		}
	}
}

func TestErrors(t *testing.T) {
	for text, want := range map[string]string{
		"":                           "line 1, column 1: the file ends too early",
		"{\n  \"a\": 1,\n}":          "line 3, column 1: ",
		"{\n \"a\": 1\n \"b\": 2\n}": "line 3, column 2: ",
		"[1]":                        "found [1], expected an object",
		"{} {}":                      "something follows",
		"{\"a\": 1":                  "ends too early",
	} {
		_, _, err := Parse([]byte(text))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
	if _, _, err := Parse(bytes.Repeat([]byte(" "), MaxBytes+1)); err == nil {
		t.Error("a giant file is accepted")
	}
	if _, _, err := Parse([]byte("\ufeff{}")); err != nil {
		t.Errorf("byte order mark: %v", err)
	}
}

// TestRecords counts the record types of a configuration with everything on.
func TestRecords(t *testing.T) {
	c, _ := parse(t, `{}`)
	n := 0
	for typ := range 65536 {
		if c.Records.Writes(uint16(typ)) {
			n++
		}
	}
	// 94 that eNcore can write, and 104, 200, 105, 207, 208, 210, for which nobody has a layout.
	if n != 100 {
		t.Errorf("%d record types, want 100", n)
	}
	for typ, classed := range map[uint16]bool{69: true, 350: false, 71: true, 18: false, 9999: false, 170: true} {
		if c.Records.Classed(typ) != classed {
			t.Errorf("type %d: classed %v", typ, !classed)
		}
	}
	c, _ = parse(t, `{"handler": {"records": {"metadata": false, "core": false, "include": [18, 4], "exclude": [71]}}}`)
	for typ, want := range map[uint16]bool{4: true, 54: false, 69: false, 112: false, 18: true, 71: false, 400: true, 9999: false} {
		if c.Records.Writes(typ) != want {
			t.Errorf("type %d written: %v", typ, !want)
		}
	}
}

// FuzzParse: no file makes the parser panic, and what is written back means the same.
func FuzzParse(f *testing.F) {
	files, err := filepath.Glob("testdata/*.conf")
	if err != nil {
		f.Fatal(err)
	}
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Add([]byte(`{"handler":{"records":{"include":[1e9,"\ud800"]}}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		d, err := ParseDocument(data)
		if err != nil {
			return
		}
		c, _ := d.Conf()
		again, _, err := Parse(d.Bytes())
		if err != nil {
			t.Fatalf("%s: %v", d.Bytes(), err)
		}
		if !reflect.DeepEqual(c, again) {
			t.Errorf("%+v\n%+v", c, again)
		}
		if c.Workers < 1 || c.Workers > MaxWorkers || len(c.Servers) == 0 {
			t.Errorf("%+v", c)
		}
	})
}
