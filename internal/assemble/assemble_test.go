package assemble

import (
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"estream/config"
	"estream/estreamtest"
	"estream/layouts"
	"estream/output"
	"estream/wire"
)

// files makes a directory with what a configuration needs.
func files(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	p12, err := estreamtest.Start(t).PKCS12("")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "a.p12"), p12, 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

func parse(t *testing.T, dir, outputs string) *config.Config {
	t.Helper()
	text := "version: 1\nstate: " + dir + "\nsources:\n  - {name: a, host: 192.0.2.1, pkcs12: " + dir + "/a.p12}\n  - {name: b, host: 192.0.2.2, pkcs12: " + dir +
		"/a.p12}\n  - {name: c, host: 192.0.2.3, pkcs12: " + dir + "/a.p12}\ngroups:\n  - {name: pair, members: [a, b]}\noutputs:\n" + outputs
	c, err := config.Parse("test.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func builder() *Builder {
	return &Builder{Layouts: layouts.Default(), Log: slog.New(slog.DiscardHandler)}
}

// TestRequest: no more is asked for than the outputs can use.
func TestRequest(t *testing.T) {
	dir := files(t)
	b := builder()
	if err := b.Build(parse(t, dir, `
  - {name: x, format: json, to: "file:`+dir+`/x", filter: {sources: [pair], categories: [connection, malware]}}
  - {name: y, format: json, to: "file:`+dir+`/y", filter: {sources: [c], where: "record in (2, 400)"}}
`)); err != nil {
		t.Fatal(err)
	}
	codes := func(i int) (list []uint16) {
		for _, p := range b.Sources[i].Session.Pairs {
			list = append(list, p.Code)
		}
		return list
	}
	for i, want := range [][]uint16{{wire.CodeMetadata, wire.CodeConnection, wire.CodeMalware}, {wire.CodeMetadata, wire.CodeConnection, wire.CodeMalware}, {wire.CodeIntrusion, wire.CodeMetadata}} {
		got := codes(i)
		if len(got) != len(want) {
			t.Errorf("source %d asks for %v, want %v", i, got, want)
			continue
		}
		for k := range want {
			if got[k] != want[k] {
				t.Errorf("source %d asks for %v, want %v", i, got, want)
			}
		}
	}
	if b.Sources[0].Session.Flags.Has(wire.FlagPackets) || !b.Sources[2].Session.Flags.Has(wire.FlagPackets) {
		t.Error("packets are asked for where nobody wants them, or the other way round")
	}
	if b.Sources[0].Group == nil || b.Sources[0].Group != b.Sources[1].Group || b.Sources[2].Group != nil {
		t.Error("the group is not what was configured")
	}
}

// TestRebuild: only what has changed is made anew, a renewed certificate included.
func TestRebuild(t *testing.T) {
	dir := files(t)
	const two = `
  - {name: x, format: json, to: "file:DIR/x"}
  - {name: y, format: cef, to: "udp://127.0.0.1:9", filter: {categories: [CATEGORY]}}
`
	outputs := func(category string) string {
		return strings.NewReplacer("DIR", dir, "CATEGORY", category).Replace(two)
	}
	b := builder()
	if err := b.Build(parse(t, dir, outputs("intrusion"))); err != nil {
		t.Fatal(err)
	}
	was, sources := b.Outputs, b.Sources
	if err := b.Build(parse(t, dir, outputs("malware"))); err != nil {
		t.Fatal(err)
	}
	if b.Outputs[0] != was[0] || b.Outputs[1] == was[1] || b.Sources[2] != sources[2] {
		t.Error("what did not change was made anew, or the other way round")
	}
	text, err := os.ReadFile(filepath.Join(dir, "a.p12"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(dir, "a.p12")); err != nil {
		t.Fatal(err)
	}
	if err := b.Build(parse(t, dir, outputs("malware"))); err == nil {
		t.Error("a source without certificate was made")
	}
	if b.Sources[2] != sources[2] {
		t.Error("a configuration with mistakes changed something")
	}
	if err := os.WriteFile(filepath.Join(dir, "a.p12"), append(text, 0)[:len(text)], 0o600); err != nil {
		t.Fatal(err)
	}
	if err := b.Build(parse(t, dir, outputs("malware"))); err != nil {
		t.Fatal(err)
	}
	if b.Sources[2] == sources[2] {
		t.Error("a certificate that was renewed goes unnoticed")
	}
	if len(b.Certificates) != 6 { // of each source its own and the CA's
		t.Errorf("%d certificates, want 6: %v", len(b.Certificates), b.Certificates)
	}
}

// TestMistakes: what only the parts can judge is said with its line.
func TestMistakes(t *testing.T) {
	dir := files(t)
	err := builder().Build(parse(t, dir, `
  - {name: x, format: json, to: "file:`+dir+`/x", filter: {where: "protocl == 6"}}
  - {name: y, format: cef, to: "file:`+dir+`/y", mapping: `+dir+`/none.json}
`))
	var problems config.Problems
	if !errors.As(err, &problems) || len(problems) != 2 {
		t.Fatalf("found %v", err)
	}
	for i, want := range []string{"test.yaml:11:", "test.yaml:12:"} {
		if !strings.HasPrefix(problems[i].String(), want) {
			t.Errorf("%s; want it at %s", problems[i], want)
		}
	}
}

// TestDestinations opens every kind of destination, none of which dials.
func TestDestinations(t *testing.T) {
	dir := files(t)
	b := builder()
	b.Stdout = func([]byte) (output.Output, error) { return nil, errors.New("not opened here") }
	c := parse(t, dir, `
  - {name: file, format: csv, to: "file:`+dir+`/x", file: {rotate_size: 1MiB, compress: gzip, keep: 3}}
  - {name: tcp, format: json, to: "tcp://127.0.0.1:9"}
  - {name: tls, format: json, to: "tls://127.0.0.1:9"}
  - {name: udp, format: json, to: "udp://127.0.0.1:9"}
  - {name: su, format: cef, to: "syslog+udp://127.0.0.1:9", syslog: {header: rfc3164}}
  - {name: st, format: cef, to: "syslog+tcp://127.0.0.1:9", syslog: {framing: newline}}
  - {name: stls, format: cef, to: "syslog+tls://127.0.0.1"}
  - {name: relp, format: json, to: "relp://127.0.0.1:9"}
  - {name: http, format: json, to: "http://127.0.0.1:9/x", http: {body: array, headers: {X-A: b}}}
  - {name: exec, format: json, to: "exec:/bin/cat", exec: {args: ["-u"]}}
`)
	if err := b.Build(c); err != nil {
		t.Fatal(err)
	}
	for i, o := range b.Outputs {
		out, err := o.Open(nil)
		if err != nil {
			t.Errorf("%s: %v", o.Name, err)
			continue
		}
		g, ok := out.(interface{ Guarantee() output.Guarantee })
		if !ok || g.Guarantee() != Guarantee(c.Outputs[i].To.Kind) {
			t.Errorf("%s: the output and its kind promise different things", o.Name)
		}
		if err := out.Close(); err != nil {
			t.Errorf("%s: %v", o.Name, err)
		}
	}
}
