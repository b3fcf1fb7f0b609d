package config

import (
	"reflect"
	"slices"
	"strings"
)

// Changes are what tells two configurations apart.
type Changes struct {
	Sources, Groups, Sensors, Outputs Names
	// Sections lists the other keys of the top level with any change, such as
	// "journal" or "alarms".
	Sections []string
	// Keys lists everything that has another value, for the log: a key in a list
	// is named by its source, group or output, as "outputs[splunk].to". What was
	// added or removed as a whole stands there as "outputs[splunk]".
	Keys []string
}

// Names are the names of sources, groups or outputs that were added, are gone, or
// have another content, each in the order of their file.
type Names struct{ Added, Removed, Changed []string }

// None reports whether the configurations are equal.
func (c *Changes) None() bool { return len(c.Keys) == 0 }

// Diff says what is different in a new configuration. The order of sources, groups
// and outputs does not count; places, warnings and the name of the file do not
// either. Diff compares what the configurations say and not what they name: a new
// certificate in the same file is no change.
func Diff(old, new *Config) Changes {
	var c Changes
	a, b := reflect.ValueOf(old).Elem(), reflect.ValueOf(new).Elem()
	for _, f := range fieldsOf(a.Type()) {
		before, after := a.Field(f.index), b.Field(f.index)
		switch f.key {
		case "sources":
			c.compare(&f, before, after, &c.Sources)
		case "groups":
			c.compare(&f, before, after, &c.Groups)
		case "sensors":
			c.compare(&f, before, after, &c.Sensors)
		case "outputs":
			c.compare(&f, before, after, &c.Outputs)
		default:
			if c.differ(f.key, before, after) {
				c.Sections = append(c.Sections, f.key)
			}
		}
	}
	return c
}

// compare finds the elements of a list by their names.
func (c *Changes) compare(f *field, before, after reflect.Value, names *Names) {
	old := map[string]reflect.Value{}
	for i := range before.Len() {
		old[nameOf(before.Index(i))] = before.Index(i)
	}
	for i := range after.Len() {
		name := nameOf(after.Index(i))
		key := f.key + "[" + name + "]"
		was, known := old[name]
		delete(old, name)
		if !known {
			names.Added = append(names.Added, name)
			c.Keys = append(c.Keys, key)
		} else if c.differ(key, was, after.Index(i)) {
			names.Changed = append(names.Changed, name)
		}
	}
	for i := range before.Len() {
		if name := nameOf(before.Index(i)); old[name].IsValid() {
			names.Removed = append(names.Removed, name)
			c.Keys = append(c.Keys, f.key+"["+name+"]")
		}
	}
}

func nameOf(v reflect.Value) string { return v.FieldByName("Name").String() }

// differ notes the keys at and below key that have different values.
func (c *Changes) differ(key string, a, b reflect.Value) bool {
	if a.Kind() == reflect.Pointer && !a.IsNil() && !b.IsNil() {
		a, b = a.Elem(), b.Elem()
	}
	if a.Kind() == reflect.Struct && isSection(a.Type()) {
		found := false
		for _, below := range fieldsOf(a.Type()) {
			// The order of || matters: every key is to be noted.
			found = c.differ(key+"."+below.key, a.Field(below.index), b.Field(below.index)) || found
		}
		return found
	}
	if reflect.DeepEqual(a.Interface(), b.Interface()) {
		return false
	}
	c.Keys = append(c.Keys, key)
	return true
}

// sortedNames lists the keys of a map in their order.
func sortedNames(m reflect.Value) []reflect.Value {
	names := m.MapKeys()
	slices.SortFunc(names, func(a, b reflect.Value) int { return strings.Compare(a.String(), b.String()) })
	return names
}
