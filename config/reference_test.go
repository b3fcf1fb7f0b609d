package config

import (
	"flag"
	"fmt"
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"
)

var update = flag.Bool("update", false, "rewrite golden files and the lines of the reference file that follow from the structs")

// A spot is a key of the schema at a place in a YAML document.
type spot struct {
	key   string // outputs[0].to
	field *field
	value *yaml.Node
	name  *yaml.Node // node of the key; nil for elements of lists
}

// spots lists every key, list element and map value that a document has.
func spots(t *testing.T, doc *yaml.Node) (found []spot) {
	t.Helper()
	var walk func(key string, f *field, name, n *yaml.Node)
	walk = func(key string, f *field, name, n *yaml.Node) {
		typ := f.typ
		if typ.Kind() == reflect.Pointer {
			typ = typ.Elem()
		}
		if key != "" {
			found = append(found, spot{key, f, n, name})
		}
		switch {
		case isSection(typ) && n.Kind == yaml.MappingNode:
			for i := 0; i < len(n.Content); i += 2 {
				for _, below := range fieldsOf(typ) {
					if below.key == n.Content[i].Value {
						walk(join(key, below.key), &below, n.Content[i], n.Content[i+1])
					}
				}
			}
		case typ.Kind() == reflect.Slice && n.Kind == yaml.SequenceNode:
			for i, item := range n.Content {
				walk(fmt.Sprintf("%s[%d]", key, i), f.element(typ.Elem()), nil, item)
			}
		case typ.Kind() == reflect.Map && n.Kind == yaml.MappingNode:
			for i := 0; i < len(n.Content); i += 2 {
				walk(join(key, n.Content[i].Value), f.element(typ.Elem()), n.Content[i], n.Content[i+1])
			}
		}
	}
	walk("", &field{typ: reflect.TypeFor[Config]()}, nil, doc.Content[0])
	return found
}

func node(t *testing.T, data []byte) *yaml.Node {
	t.Helper()
	var doc yaml.Node
	if err := yaml.Unmarshal(data, &doc); err != nil {
		t.Fatal(err)
	}
	return &doc
}

// schemaKeys lists every key that the structs have, lists and maps as [] and *.
func schemaKeys(prefix string, typ reflect.Type) (keys []string) {
	for typ.Kind() == reflect.Pointer {
		typ = typ.Elem()
	}
	switch {
	case typ == secretType && prefix != "sources[].password":
		// Shown in full once; all secrets are alike.
	case isSection(typ):
		for _, f := range fieldsOf(typ) {
			key := join(prefix, f.key)
			keys = append(append(keys, key), schemaKeys(key, f.typ)...)
		}
	case typ.Kind() == reflect.Slice:
		return schemaKeys(prefix+"[]", typ.Elem())
	case typ.Kind() == reflect.Map:
		return schemaKeys(prefix+".*", typ.Elem())
	}
	return keys
}

var index = regexp.MustCompile(`\[\d+\]`)

// TestReference: the reference file is a configuration without mistakes, and has
// every key at least once.
func TestReference(t *testing.T) {
	c, err := Parse("estream.yaml", Reference)
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range c.Warnings {
		t.Error(w)
	}
	there := map[string]bool{}
	for _, s := range spots(t, node(t, Reference)) {
		key := index.ReplaceAllString(s.key, "[]")
		for _, m := range []string{"headers", "secret_headers", "devices", "categories"} {
			key = regexp.MustCompile(`\b(`+m+`)\.[^.]+`).ReplaceAllString(key, "$1.*")
		}
		there[key] = true
	}
	all := schemaKeys("", reflect.TypeFor[Config]())
	if len(all) < 140 {
		t.Errorf("only %d keys in the structs", len(all))
	}
	for _, key := range all {
		if !there[key] {
			t.Errorf("the reference file has no %s", key)
		}
	}
}

// TestReferenceExample: the few lines in the first comment are a configuration.
func TestReferenceExample(t *testing.T) {
	var example strings.Builder
	for line := range strings.SplitSeq(string(Reference), "\n") {
		if text, ok := strings.CutPrefix(line, "#   "); ok {
			example.WriteString(text + "\n")
		}
	}
	c, err := Parse("example", []byte(example.String()))
	if err != nil || len(c.Warnings) > 0 || len(c.Outputs) != 1 {
		t.Errorf("%v in\n%s", err, example.String())
	}
}

// takes is the comment that says what a key accepts, made from the tags.
func takes(f *field) string {
	text := "# Takes " + f.describe() + "."
	switch {
	case f.need != "":
		text += " Required."
	case f.hasValue:
		text += " Default: " + f.byText + "."
	}
	return text
}

// TestReferenceComments: the line above the first occurrence of each key says what
// it takes, as the structs have it.
func TestReferenceComments(t *testing.T) {
	lines, seen := strings.Split(string(Reference), "\n"), map[string]bool{}
	insert := map[int]string{} // line number, from 0 on, to comment
	for _, s := range spots(t, node(t, Reference)) {
		key := index.ReplaceAllString(s.key, "[]")
		typ := s.field.typ
		if typ.Kind() == reflect.Pointer {
			typ = typ.Elem()
		}
		if s.name == nil || seen[key] || isSection(typ) && typ != secretType || typ.Kind() == reflect.Slice && isSection(typ.Elem()) {
			continue // sections take what stands in them
		}
		seen[key] = true
		at := s.name.Line - 1
		indent := lines[at][:len(lines[at])-len(strings.TrimLeft(lines[at], " "))]
		want := indent + takes(s.field)
		if lines[at-1] == want {
			continue
		}
		if !*update {
			t.Errorf("line %d: above %s stands %q, expected %q; run: go test ./config -update", at+1, key, lines[at-1], want)
		}
		insert[at] = want
	}
	if !*update {
		return
	}
	var out []string
	for i, line := range lines {
		if want := insert[i]; want != "" {
			if n := len(out) - 1; strings.HasPrefix(strings.TrimLeft(out[n], " "), "# Takes ") {
				out = out[:n]
			}
			out = append(out, want)
		}
		out = append(out, line)
	}
	if err := os.WriteFile("estream.yaml", []byte(strings.Join(out, "\n")), 0o644); err != nil {
		t.Fatal(err)
	}
}

// TestSchema: every default, range and rule in the tags is one that its key takes.
func TestSchema(t *testing.T) {
	var walk func(key string, typ reflect.Type)
	walk = func(key string, typ reflect.Type) {
		for typ.Kind() == reflect.Pointer || typ.Kind() == reflect.Slice || typ.Kind() == reflect.Map {
			typ = typ.Elem()
		}
		if !isSection(typ) {
			return
		}
		for _, f := range fieldsOf(typ) {
			at, scalar := join(key, f.key), f.typ
			for scalar.Kind() == reflect.Pointer || scalar.Kind() == reflect.Slice || scalar.Kind() == reflect.Map {
				scalar = scalar.Elem()
			}
			if _, ok := textRules[f.rule]; !ok {
				t.Errorf("%s: no rule %q", at, f.rule)
			}
			if _, ok := textRules[f.names]; !ok {
				t.Errorf("%s: no rule %q for names", at, f.names)
			}
			if f.least != "" {
				e := f.element(scalar)
				if a, b := e.bound(f.least), e.bound(f.most); a > b || a == b && f.key != "version" {
					t.Errorf("%s: range %s..%s", at, f.least, f.most)
				}
			}
			if !isSection(scalar) && f.hasValue {
				if err := f.set(reflect.New(f.typ).Elem(), f.byText); err != nil {
					t.Errorf("%s: default %q: %v", at, f.byText, err)
				}
			}
			walk(at, f.typ)
		}
	}
	walk("", reflect.TypeFor[Config]())
}
