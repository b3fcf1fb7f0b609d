package config

import (
	"fmt"
	"reflect"
	"strings"

	"go.yaml.in/yaml/v4"
)

const (
	// maxVisits bounds how many keys and values a file may unfold to, those behind
	// aliases counted each time: a page of aliases can stand for more than there is
	// memory for.
	maxVisits = 100_000
	// maxSections bounds the sources, groups and outputs, each.
	maxSections = 1000
	// maxProblems bounds the mistakes that are remembered.
	maxProblems = 10_000
)

// A decoder fills a Config from the nodes of a file. It goes on after a mistake,
// so that all are reported at once.
type decoder struct {
	file     string
	problems Problems
	places   places
	bad      map[string]bool // keys whose value is of no use: nothing follows from it
	visits   int
	hide     bool // nothing of the file may get into a message
}

// report notes a mistake at a node.
func (d *decoder) report(n *yaml.Node, key, format string, args ...any) {
	if len(d.problems) == maxProblems {
		return
	}
	d.bad[key] = true
	d.problems = append(d.problems, Problem{File: d.file, Line: n.Line, Column: n.Column, Key: key, Text: fmt.Sprintf(format, args...)})
}

// visit counts what is looked at. It reports the first time that it is too much,
// and returns false from then on.
func (d *decoder) visit(n *yaml.Node, key string, count int) bool {
	before := d.visits
	d.visits += min(count, maxVisits+1) // never overflows, as nobody goes on for long
	if before <= maxVisits && d.visits > maxVisits {
		d.report(n, key, "found more than %d keys and values up to here, those behind aliases counted each time; expected fewer: no configuration needs so many", maxVisits)
	}
	return d.visits <= maxVisits
}

// enter counts a value, notes its place and follows an alias. It returns nil once
// there are too many.
func (d *decoder) enter(n *yaml.Node, key string) *yaml.Node {
	if !d.visit(n, key, 1) {
		return nil
	}
	if n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	d.places[key] = place{n.Line, n.Column}
	return n
}

// value decodes one value of a section, a list or a map.
func (d *decoder) value(f *field, key string, n *yaml.Node, v reflect.Value) {
	if n = d.enter(n, key); n == nil {
		return
	}
	if v.Kind() == reflect.Pointer {
		v.Set(reflect.New(v.Type().Elem()))
		v = v.Elem()
		if isSection(v.Type()) {
			defaults(v)
		}
	}
	switch {
	case v.Type() == secretType:
		d.secret(f, key, n, v)
	case isSection(v.Type()):
		d.section(f, key, n, v)
	case v.Kind() == reflect.Slice:
		d.list(f, key, n, v)
	case v.Kind() == reflect.Map:
		d.names(f, key, n, v)
	default:
		d.scalar(f, key, n, v)
	}
}

// section decodes keys with values. What it does not find keeps its default.
func (d *decoder) section(f *field, key string, n *yaml.Node, v reflect.Value) {
	if isNull(n) {
		n = &yaml.Node{Kind: yaml.MappingNode, Line: n.Line, Column: n.Column} // all keys commented out
	}
	if n.Kind != yaml.MappingNode {
		d.wrong(f, key, n)
		return
	}
	fields, found := fieldsOf(v.Type()), map[string]bool{}
	for _, e := range d.entries(key, n) {
		name := e.key.Value
		i := 0
		for i < len(fields) && fields[i].key != name {
			i++
		}
		if i == len(fields) {
			if key != "" || !strings.HasPrefix(name, "x-") {
				if d.hide {
					name = "?"
				}
				meant, advice := instead(e.key.Value, v.Type())
				d.report(e.key, join(key, name), "unknown key%s", advice)
				found[meant] = true // one mistake is enough
			}
			continue
		}
		found[name] = true
		d.value(&fields[i], join(key, name), e.value, v.Field(fields[i].index))
	}
	for _, f := range fields {
		if f.need != "" && !found[f.key] {
			d.report(n, join(key, f.key), "missing; expected %s", f.need)
		}
	}
}

// secret decodes where a secret is kept. Nothing found there gets into an error:
// it may be the secret.
func (d *decoder) secret(f *field, key string, n *yaml.Node, v reflect.Value) {
	if n.Kind != yaml.MappingNode {
		d.report(n, key, "found %s, expected %s; write the secret itself into a file that only the service can read", kindName(n), f.describe())
		return
	}
	before := len(d.problems)
	d.hide = true
	d.section(f, key, n, v)
	d.hide = false
	d.bad[key] = len(d.problems) > before
	if set := v.Interface().(Secret).sources(); len(d.problems) == before && len(set) != 1 {
		found := "nothing"
		if len(set) > 1 {
			found = strings.Join(set, " and ")
		}
		d.report(n, key, "found %s, expected %s", found, f.describe())
	}
}

func (d *decoder) list(f *field, key string, n *yaml.Node, v reflect.Value) {
	if isNull(n) && f.need == "" {
		return
	}
	if n.Kind != yaml.SequenceNode {
		d.wrong(f, key, n)
		return
	}
	e, most := f.element(v.Type().Elem()), maxVisits
	if isSection(e.typ) {
		most = maxSections
	}
	if len(n.Content) > most {
		d.report(n, key, "found a list of %d, expected at most %d", len(n.Content), most)
		return
	}
	list := reflect.MakeSlice(v.Type(), len(n.Content), len(n.Content))
	for i, item := range n.Content {
		if isSection(e.typ) {
			defaults(list.Index(i))
		}
		d.value(e, fmt.Sprintf("%s[%d]", key, i), item, list.Index(i))
	}
	if f.need != "" && list.Len() == 0 {
		d.report(n, key, "found an empty list, expected %s", f.need)
	}
	if list.Len() > 0 {
		v.Set(list)
	}
}

// names decodes a map: names that the user chooses, with a value each.
func (d *decoder) names(f *field, key string, n *yaml.Node, v reflect.Value) {
	if isNull(n) {
		return
	}
	if n.Kind != yaml.MappingNode {
		d.wrong(f, key, n)
		return
	}
	nameField := &field{typ: v.Type().Key(), rule: f.names}
	e := f.element(v.Type().Elem())
	for _, entry := range d.entries(key, n) {
		at := join(key, entry.key.Value)
		name, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		if err := nameField.set(name, entry.key.Value); err != nil {
			d.bad[at] = true
			d.report(entry.key, key, "%s", d.explain(nameField, "the name", entry.key, err))
			continue
		}
		d.value(e, at, entry.value, value)
		if !d.bad[at] {
			if v.IsNil() {
				v.Set(reflect.MakeMap(v.Type()))
			}
			v.SetMapIndex(name, value)
		}
	}
}

// join makes the name of a key that messages show and places knows.
func join(section, key string) string {
	if key = clip(key); section == "" {
		return key
	}
	return section + "." + key
}

// defaults sets every key that has a default, and those of the sections below.
func defaults(v reflect.Value) {
	for _, f := range fieldsOf(v.Type()) {
		switch field := v.Field(f.index); {
		case f.hasValue:
			if err := f.set(field, f.byText); err != nil {
				panic(fmt.Sprintf("config: default of key %s: %v", f.key, err)) // a bug in the tags that every test shows
			}
		case isSection(f.typ):
			defaults(field)
		}
	}
}
