package config

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"
)

const minimal = `version: 1
sources:
  - name: fmc
    host: fmc.example.com
    pkcs12: fmc.pkcs12
outputs:
  - name: events
    format: json
    to: stdout
`

// shownAgain reads what Show writes of c.
func shownAgain(t *testing.T, c *Config) (*Config, string) {
	t.Helper()
	var b bytes.Buffer
	if err := c.Show(&b); err != nil {
		t.Fatal(err)
	}
	again, err := Parse("again.yaml", b.Bytes())
	if err != nil {
		t.Fatalf("%v, in\n%s", err, b.Bytes())
	}
	return again, b.String()
}

// TestShow: what Show writes is read as the same configuration, and shown the same.
func TestShow(t *testing.T) {
	odd := strings.Replace(minimal, "to: stdout", `to: "exec:/bin/cat x"
    workers: 3
    max_line: 1000
    exec: {args: ["", "null", "1", "- x", "\u2028", "{0}", " y ", "a\\nb"]}
    filter:
      where: "a == \"b\"\r\n  and c == 'd' \n\n"
      devices: ["1", none, "0x10", "~"]
      sample: 3%`, 1)
	for name, data := range map[string]string{"reference": string(Reference), "minimal": minimal, "odd": odd} {
		c, err := Parse(name, []byte(data))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		again, text := shownAgain(t, c)
		if changes := Diff(c, again); !changes.None() {
			t.Errorf("%s: different after Show: %v, in\n%s", name, changes.Keys, text)
		}
		if _, text2 := shownAgain(t, again); text2 != text {
			t.Errorf("%s: shown as\n%s, then as\n%s", name, text, text2)
		}
	}
}

// TestDefaults: what a minimal configuration leaves out has the values that the
// reference file documents; this golden file is read when they change.
func TestDefaults(t *testing.T) {
	c, err := Parse("estream.yaml", []byte(minimal))
	if err != nil {
		t.Fatal(err)
	}
	c.State, c.Monitoring.Socket = "/var/lib/estream", "/var/lib/estream/estream.sock" // not those of Windows
	_, got := shownAgain(t, c)
	golden := filepath.Join("testdata", "defaults.yaml")
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("found\n%s\nexpected\n%s", got, want)
	}
}

// TestComplete: defaults that follow from other keys.
func TestComplete(t *testing.T) {
	for _, c := range []struct {
		output string // keys of the output
		want   func(o *Output) bool
	}{
		{"{format: json, to: stdout}", func(o *Output) bool {
			return o.Profile == "fixed" && o.Prefix == nil && o.File == nil && o.TLS == nil && o.Network == nil
		}},
		{"{format: splunk, to: file:x}", func(o *Output) bool {
			return o.Profile == "fixed" && o.File.Mode == 0o600 && o.File.Naming == "renamed"
		}},
		{"{format: cef2, to: 'file:x{0}'}", func(o *Output) bool { return o.Profile == "fixed" && o.Prefix == nil && o.File.Naming == "encore" }},
		{"{format: cef, to: 'tls://h:1'}", func(o *Output) bool {
			return o.Profile == "strict" && o.Prefix == nil && o.TLS.Min == "1.2" && o.Syslog == nil && o.Network.StallTimeout > 0
		}},
		{"{format: cef, to: 'syslog+tcp://h'}", func(o *Output) bool {
			return o.Prefix != nil && *o.Prefix == "" && o.Syslog.Framing == "octet-counting" && o.TLS == nil
		}},
		{"{format: cef, to: 'syslog+udp://h'}", func(o *Output) bool { return *o.Prefix == "" && o.Syslog.Framing == "" }},
		{"{format: cef, to: 'syslog+udp://h', syslog: {header: none}}", func(o *Output) bool { return o.Prefix == nil }},
		{"{format: cef, to: 'relp://h:1', prefix: x}", func(o *Output) bool { return *o.Prefix == "x" && o.Relp.Window == 128 && o.Syslog != nil }},
		{"{format: kvpair, to: 'https://h/'}", func(o *Output) bool { return o.Profile == "" && o.HTTP.BatchSize == 1<<20 && o.TLS != nil }},
		{"{format: raw, to: 'udp://h:1'}", func(o *Output) bool { return o.UDP != nil && o.Syslog == nil }},
		{"{format: raw, to: 'exec:x'}", func(o *Output) bool { return o.Exec != nil && o.Filter.Everything() }},
	} {
		data := strings.Split(minimal, "outputs:")[0] + "outputs:\n  - " + strings.Replace(c.output, "{", "{name: o, ", 1) + "\n"
		cfg, err := Parse("estream.yaml", []byte(data))
		if err != nil {
			t.Errorf("%s: %v", c.output, err)
		} else if !c.want(&cfg.Outputs[0]) {
			t.Errorf("%s: found %+v", c.output, cfg.Outputs[0])
		}
	}
}

// TestSecretsStaySecret: nothing that prints a configuration prints where secrets
// are, let alone what they are; Show alone says where.
func TestSecretsStaySecret(t *testing.T) {
	const place = "/very/secret/place"
	data := strings.Replace(minimal, "pkcs12: fmc.pkcs12", "pkcs12: fmc.pkcs12\n    password: {file: "+place+"}", 1)
	c, err := Parse("estream.yaml", []byte(data))
	if err != nil {
		t.Fatal(err)
	}
	s := c.Sources[0].Password
	var log bytes.Buffer
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "secret", s, "source", c.Sources[0])
	js, err1 := json.Marshal(c)
	ya, err2 := yaml.Marshal(map[string]any{"s": s})
	if err1 != nil || err2 != nil {
		t.Fatal(err1, err2)
	}
	for _, text := range []string{fmt.Sprint(s), fmt.Sprintf("%v %+v %#v %q %s %x %d", s, s, s, s, s, s, s), fmt.Sprintf("%+v", c.Sources[0]), fmt.Sprintf("%#v", c.Sources), log.String(), string(js), string(ya)} {
		if strings.Contains(text, "secret/place") || !strings.Contains(text, hidden) {
			t.Errorf("found %s", text)
		}
	}
	if _, text := shownAgain(t, c); !strings.Contains(text, place) {
		t.Errorf("Show has no %s:\n%s", place, text)
	}
}
