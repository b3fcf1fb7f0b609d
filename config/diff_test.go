package config

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"
)

func parsed(t *testing.T, data string) *Config {
	t.Helper()
	c, err := Parse("estream.yaml", []byte(data))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestDiff(t *testing.T) {
	base := strings.Replace(minimal, "outputs:", `  - name: other
    host: other.example.com
    pkcs12: other.pkcs12
    password: {env: A}
groups:
  - {name: pair, members: [fmc, other]}
outputs:
  - {name: tcp, format: cef, to: 'tcp://h:1'}`, 1)
	replaced := func(pairs ...string) string {
		for i := 0; i < len(pairs); i += 2 {
			if !strings.Contains(base, pairs[i]) {
				t.Fatalf("no %q", pairs[i])
			}
		}
		return strings.NewReplacer(pairs...).Replace(base)
	}
	for _, c := range []struct {
		name string
		to   string
		want Changes
	}{
		{"the same", base, Changes{}},
		{"comments and defaults", "# x\n" + replaced("host: fmc.", "port: 8302\n    host: fmc.", "to: stdout", "profile: fixed\n    to: stdout"), Changes{}},
		{"order", replaced("name: tcp, format: cef, to: 'tcp://h:1'", "name: events, format: json, to: stdout", "name: events\n    format: json\n    to: stdout", "name: tcp\n    format: cef\n    to: tcp://h:1"), Changes{}},
		{"sections", "journal: {recent_size: 64MiB, retain_age: 1d}\nlog: {level: debug}\nstate: /x\n" + base, Changes{
			Sections: []string{"state", "log", "monitoring", "journal"},
			Keys:     []string{"state", "log.level", "monitoring.socket", "journal.retain_age", "journal.recent_size"},
		}},
		{"secret", replaced("env: A", "env: B"), Changes{Sources: Names{Changed: []string{"other"}}, Keys: []string{"sources[other].password.env"}}},
		{"output", replaced("to: stdout", "to: file:x", "tcp://h:1", "tcp://h:2"), Changes{
			Outputs: Names{Changed: []string{"tcp", "events"}}, Keys: []string{"outputs[tcp].to", "outputs[events].to", "outputs[events].file"},
		}},
		{"new name", replaced("name: other", "name: fresh", "[fmc, other]", "[fmc, fresh]"), Changes{
			Sources: Names{Added: []string{"fresh"}, Removed: []string{"other"}}, Groups: Names{Changed: []string{"pair"}},
			Keys: []string{"sources[fresh]", "sources[other]", "groups[pair].members"},
		}},
		{"gone", minimal, Changes{
			Sources: Names{Removed: []string{"other"}}, Groups: Names{Removed: []string{"pair"}}, Outputs: Names{Removed: []string{"tcp"}},
			Keys: []string{"sources[other]", "groups[pair]", "outputs[tcp]"},
		}},
	} {
		got := Diff(parsed(t, base), parsed(t, c.to))
		if !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: found %+v, expected %+v", c.name, got, c.want)
		}
		if got.None() != (len(c.want.Keys) == 0) {
			t.Errorf("%s: none is %v", c.name, got.None())
		}
		back := Diff(parsed(t, c.to), parsed(t, base))
		if !slices.Equal(back.Sources.Added, got.Sources.Removed) || !slices.Equal(back.Outputs.Removed, got.Outputs.Added) || len(back.Keys) != len(got.Keys) {
			t.Errorf("%s: and back: %+v", c.name, back)
		}
	}
}

// anotherValue is one that a key can have in place of the one it has.
func anotherValue(s spot) *yaml.Node {
	f, typ := s.field, s.field.typ
	if typ.Kind() == reflect.Pointer {
		typ = typ.Elem()
	}
	choose := func(values ...string) *yaml.Node {
		for _, v := range values {
			if v != s.value.Value {
				return &yaml.Node{Kind: yaml.ScalarNode, Value: v}
			}
		}
		return nil
	}
	switch {
	case s.value.Kind != yaml.ScalarNode || f.class == "ref" || f.least == f.most && f.least != "":
		return nil
	case f.least != "" && typ.Kind() != reflect.Map:
		return choose(f.most, f.least)
	case typ.Kind() == reflect.Bool:
		return choose("true", "false")
	case typ.Implements(enumType):
		return choose(reflect.Zero(typ).Interface().(enumeration).values()...)
	}
	switch reflect.New(typ).Interface().(type) {
	case *Start:
		return choose("oldest")
	case *Fraction:
		return choose("1/7")
	case *Mode:
		return choose("0666")
	case *Flags:
		return choose("extended_request")
	case *Destination:
		return nil // the sections depend on it
	}
	switch f.rule {
	case "", "path", "name", "device", "domain", "host", "ascii32", "ascii48", "ascii128", "ascii255", "header":
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: "other"}
	case "where":
		return choose("record == 1")
	case "facility":
		return choose("mail")
	case "pin":
		return choose("first-use")
	case "listen":
		return choose(":1")
	}
	return choose("192.0.2.99")
}

// TestDiffSeesEveryKey: another value of any key of the reference shows, under its name.
func TestDiffSeesEveryKey(t *testing.T) {
	t.Parallel()
	m := newMutator(t, Reference)
	old, changed := parsed(t, string(Reference)), 0
	for _, s := range m.spots {
		value := anotherValue(s)
		if value == nil {
			continue
		}
		data, _ := m.with(t, s, value)
		now, err := Parse("estream.yaml", data)
		if err != nil {
			continue // does not go together with another key
		}
		changed++
		want, _, _ := strings.Cut(strings.TrimSuffix(strings.TrimSuffix(s.key, ".ftd-1"), ".intrusion"), "[")
		if diff := Diff(old, now); len(diff.Keys) == 0 || !strings.HasPrefix(diff.Keys[0], want) {
			t.Errorf("%s: found %v", s.key, diff.Keys)
		}
	}
	if changed < 130 {
		t.Errorf("only %d keys were changed", changed)
	}
}
