package config

import (
	"errors"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"
)

// This file makes mistakes in the reference file, in every key of it: wrong types,
// values out of range, references to what is not there. Each has to be found, alone,
// at its key and line.

func scalarNode(tag, value string) *yaml.Node {
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: tag, Value: value}
}

func sectionNode(key string) *yaml.Node {
	return &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map", Content: []*yaml.Node{scalarNode("!!str", key), scalarNode("!!int", "1")}}
}

// wrongTypes are values that a key cannot take, whatever its range.
func wrongTypes(typ reflect.Type) []*yaml.Node {
	if typ.Kind() == reflect.Pointer {
		typ = typ.Elem()
	}
	null, list := scalarNode("!!null", "null"), &yaml.Node{Kind: yaml.SequenceNode, Content: []*yaml.Node{scalarNode("!!str", "a")}}
	switch {
	case typ == secretType:
		return []*yaml.Node{scalarNode("!!str", "hunter2"), list, null}
	case isSection(typ):
		return []*yaml.Node{scalarNode("!!str", "text"), list}
	case typ.Kind() == reflect.Slice && isSection(typ.Elem()):
		return []*yaml.Node{scalarNode("!!str", "text"), sectionNode("a")}
	case typ.Kind() == reflect.Slice:
		return []*yaml.Node{scalarNode("!!str", "text"), sectionNode("a")}
	case typ.Kind() == reflect.Map:
		return []*yaml.Node{scalarNode("!!str", "text"), list}
	case typ.Kind() == reflect.Bool:
		return []*yaml.Node{scalarNode("!!str", "yes"), scalarNode("!!int", "1"), null, list, sectionNode("a")}
	case typ.Kind() == reflect.Int:
		return []*yaml.Node{scalarNode("!!str", "5"), scalarNode("!!float", "1.5"), scalarNode("!!bool", "true"), null, list, sectionNode("a")}
	case typ == durationType:
		return []*yaml.Node{scalarNode("!!int", "5"), scalarNode("!!bool", "true"), null, list, sectionNode("a")}
	}
	return []*yaml.Node{scalarNode("!!bool", "true"), null, list, sectionNode("a")}
}

// outOfRange are values of the right type that a key cannot take.
func outOfRange(f *field) []*yaml.Node {
	typ := f.typ
	if typ.Kind() == reflect.Pointer {
		typ = typ.Elem()
	}
	text := func(values ...string) (nodes []*yaml.Node) {
		for _, v := range values {
			nodes = append(nodes, scalarNode("!!str", v))
		}
		return nodes
	}
	if f.least != "" && typ.Kind() != reflect.Map && typ.Kind() != reflect.Slice {
		least, most := f.bound(f.least), f.bound(f.most)
		v := reflect.New(typ).Elem()
		var nodes []*yaml.Node
		for _, n := range []int64{least - 1, most + 1} {
			v.SetInt(n)
			value, tag := (&field{typ: typ}).text(v)
			nodes = append(nodes, scalarNode(tag, value))
		}
		return nodes
	}
	switch {
	case typ == secretType:
		return []*yaml.Node{{Kind: yaml.MappingNode, Content: append(text("file"), append(text("/x"), text("env", "X")...)...)}}
	case isSection(typ):
		return []*yaml.Node{sectionNode("unknown_key")}
	case typ.Kind() == reflect.Slice && f.need != "":
		return []*yaml.Node{{Kind: yaml.SequenceNode}}
	case typ.Kind() == reflect.Slice || typ.Kind() == reflect.Map:
		return nil // their elements have ranges
	case typ.Kind() == reflect.Bool:
		return text("maybe")
	case typ == addrType:
		return text("300.1.1.1", "")
	case typ.Implements(enumType):
		return text("nosuchvalue", "")
	}
	switch reflect.New(typ).Interface().(type) {
	case *Start:
		return []*yaml.Node{scalarNode("!!int", "-5"), scalarNode("!!int", "4294967295"), scalarNode("!!str", "yesterday")}
	case *Fraction:
		return text("2/1", "0/5", "101%", "1")
	case *Mode:
		return text("0777", "0040", "9")
	case *Flags:
		return append(text("packets|nosuchflag"), scalarNode("!!int", "0"), scalarNode("!!int", "4294967296"))
	case *Destination:
		return text("gopher://x", "tcp://host", "udp://host:99999", "file:", "https://user:hunter2@host/", "syslog+udp://ho st", "stdout:x", "tcp://h:1/path")
	}
	long := strings.Repeat("x", maxText+1)
	switch f.rule {
	case "where":
		return text("  ", strings.Repeat("x", 64<<10+1))
	case "", "header":
		return text(long, "a\x07b")
	}
	return text(long, "")
}

// A mutator puts other values into a document, one at a time.
type mutator struct {
	doc   *yaml.Node
	spots []spot
}

// newMutator takes data without its comments, which is faster.
func newMutator(t *testing.T, data []byte) *mutator {
	t.Helper()
	m := &mutator{doc: node(t, data)}
	var strip func(n *yaml.Node)
	strip = func(n *yaml.Node) {
		n.HeadComment, n.LineComment, n.FootComment = "", "", ""
		for _, below := range n.Content {
			strip(below)
		}
	}
	strip(m.doc)
	m.spots = spots(t, m.doc)
	return m
}

// with returns the document with another value at a spot, and the line of that.
func (m *mutator) with(t *testing.T, s spot, value *yaml.Node) (data []byte, line int) {
	t.Helper()
	before := *s.value
	defer func() { *s.value = before }()
	*s.value = *value
	if value.Kind == yaml.MappingNode && before.Kind == yaml.MappingNode && value.Content[0].Value == "unknown_key" {
		s.value.Content = slices.Concat(value.Content, before.Content)
	}
	data, err := yaml.Marshal(m.doc)
	if err != nil {
		t.Fatal(err)
	}
	for _, again := range spots(t, node(t, data)) {
		if again.key == s.key {
			return data, again.value.Line
		}
	}
	t.Fatalf("%s is gone", s.key)
	return nil, 0
}

// oneMistake parses data and asks for a single mistake, at key or below it.
func oneMistake(t *testing.T, data []byte, key string, line int) {
	t.Helper()
	_, err := Parse("estream.yaml", data)
	var problems Problems
	if !errors.As(err, &problems) {
		t.Fatalf("%s: found %v, expected a mistake", key, err)
	}
	if len(problems) != 1 {
		t.Errorf("%s: found %d mistakes, expected one:\n%v", key, len(problems), err)
	}
	at(t, problems[0], key, line)
	if strings.Contains(err.Error(), "hunter2") {
		t.Errorf("%s: a secret is in %v", key, err)
	}
}

func at(t *testing.T, p Problem, key string, line int) {
	t.Helper()
	if p.Key != key && !strings.HasPrefix(p.Key, key+".") && !strings.HasPrefix(p.Key, key+"[") || p.Line != line && p.Line != line+1 {
		t.Errorf("found %q, expected %s on line %d", p, key, line)
	}
	if p.Key == key && p.Line != line {
		t.Errorf("found %q, expected line %d", p, line)
	}
}

// TestWrongTypes: every key, list element and map value of the reference.
func TestWrongTypes(t *testing.T) {
	t.Parallel()
	m := newMutator(t, Reference)
	n := 0
	for _, s := range m.spots {
		values := wrongTypes(s.field.typ)
		if len(values) == 0 {
			t.Errorf("%s: no wrong type", s.key)
		}
		for _, value := range values {
			data, line := m.with(t, s, value)
			oneMistake(t, data, s.key, line)
			n++
		}
	}
	if n < 700 {
		t.Errorf("only %d mistakes made", n)
	}
}

// TestOutOfRange: the same.
func TestOutOfRange(t *testing.T) {
	t.Parallel()
	m := newMutator(t, Reference)
	n := 0
	for _, s := range m.spots {
		for _, value := range outOfRange(s.field) {
			data, line := m.with(t, s, value)
			oneMistake(t, data, s.key, line)
			n++
		}
	}
	if n < 300 {
		t.Errorf("only %d mistakes made", n)
	}
}

// TestMissing: every key that may not be left out, and a name twice in each list.
func TestMissing(t *testing.T) {
	missing := 0
	for _, s := range spots(t, node(t, Reference)) {
		if s.field.need == "" || s.name == nil {
			continue
		}
		doc := node(t, Reference)
		section := doc.Content[0]
		cut := strings.LastIndex(s.key, ".")
		if cut > 0 {
			for _, parent := range spots(t, doc) {
				if parent.key == s.key[:cut] {
					section = parent.value
				}
			}
		}
		for i := 0; i < len(section.Content); i += 2 {
			if section.Content[i].Value == s.name.Value {
				section.Content = slices.Delete(section.Content, i, i+2)
				break
			}
		}
		data, err := yaml.Marshal(doc)
		if err != nil {
			t.Fatal(err)
		}
		_, err = Parse("estream.yaml", data)
		var problems Problems
		if !errors.As(err, &problems) || problems[0].Key != s.key || !strings.HasPrefix(problems[0].Text, "missing; expected ") || problems[0].Line == 0 {
			t.Errorf("%s: found %v", s.key, err)
		} else if len(problems) != 1 && s.key != "sources" {
			t.Errorf("%s: found %d mistakes, expected one:\n%v", s.key, len(problems), err)
		}
		missing++
	}
	if missing < 15 {
		t.Errorf("only %d keys left out", missing)
	}
}

// onDisk is the reference with paths that exist, below a directory of the test.
func onDisk(t *testing.T) (data []byte, dir string) {
	t.Helper()
	dir = t.TempDir()
	if err := os.Chmod(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	text := strings.NewReplacer("/etc/estream", dir, "/var/log/estream", dir, "/var/lib/estream", dir, "/run/estream", dir, "/usr/local/bin", dir, "/var/log/suricata", dir, "/etc/suricata", dir).Replace(string(Reference))
	write := func(name, content string, mode os.FileMode) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), mode); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(dir, "layouts"), 0o700); err != nil {
		t.Fatal(err)
	}
	write("layouts/own.yaml", "records: []\n", 0o600)
	write("enrich", "#!/bin/sh\n", 0o700)
	write("hec-token", "hunter2\n", 0o600)
	write("fmc-d", "hunter2\n", 0o600)
	write("estream-ca", "hunter2\n", 0o600)
	write("eve.json", "{}\n", 0o600)
	for _, name := range []string{"fmc-a.pkcs12", "fmc-a.password", "fmc-b.crt", "fmc-b.key", "fmc-c.pkcs12", "fmc-d.pkcs12", "cef-mapping.json", "siem-ca.pem",
		"collector.crt", "collector.key", "lake.password", "lake.key"} {
		write(name, "hunter2\n", 0o600)
	}
	t.Setenv("FMC_C_PASSWORD", "hunter2")
	t.Setenv("CREDENTIALS_DIRECTORY", dir)
	c, err := Parse("estream.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range Check(c) {
		t.Errorf("nothing is wrong, and still: %v", p)
	}
	return []byte(text), dir
}

// TestBadReferences: every key that names a file, a secret, a source or a group.
func TestBadReferences(t *testing.T) {
	source, dir := onDisk(t)
	seen, m := map[string]bool{}, newMutator(t, source)
	for _, s := range m.spots {
		bad := ""
		switch {
		case reflect.PointerTo(s.field.typ).Implements(reflect.TypeFor[interface{ mapPath(func(string) string) }]()):
			if !strings.HasPrefix(s.value.Value, "file:") && !strings.HasPrefix(s.value.Value, "exec:") {
				continue
			}
			scheme, _, _ := strings.Cut(s.value.Value, ":")
			bad = scheme + ":" + filepath.Join(dir, "enrich", "below", "a-file") // enrich is a file
		case s.field.class == "path":
			bad = filepath.Join(dir, "enrich", "nosuchfile")
		case s.field.class == "ref" && s.field.typ.Kind() == reflect.String:
			bad = "nosuchthing"
		default:
			continue
		}
		data, line := m.with(t, s, scalarNode("!!str", bad))
		seen[index.ReplaceAllString(s.key, "[]")] = true
		c, err := Parse("estream.yaml", data)
		if err != nil {
			oneMistake(t, data, s.key, line)
			continue
		}
		problems := Check(c)
		if len(problems) != 1 {
			t.Errorf("%s: found %v, expected one mistake", s.key, problems)
			continue
		}
		at(t, problems[0], s.key, line)
		if text := problems[0].String(); strings.Contains(text, "hunter2") || problems[0].Warning {
			t.Errorf("%s: found %s", s.key, text)
		}
	}
	want := []string{
		"groups[].members[]", "layouts", "log.file", "log.syslog", "monitoring.socket", "outputs[].filter.sources[]", "outputs[].http.password.file",
		"outputs[].http.secret_headers.X-Api-Key.file", "outputs[].http.token.credential", "outputs[].mapping", "outputs[].tls.ca",
		"outputs[].tls.certificate", "outputs[].tls.key", "outputs[].to", "sensors[].path", "sensors[].rules", "server.ca_password.credential", "sources[].certificate", "sources[].key",
		"sources[].password.credential", "sources[].password.env", "sources[].password.file", "sources[].pkcs12", "state",
	}
	if got := slices.Sorted(maps.Keys(seen)); !slices.Equal(got, want) {
		t.Errorf("keys with references: found\n%v, expected\n%v", got, want)
	}
}
