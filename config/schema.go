package config

import (
	"cmp"
	"net/netip"
	"reflect"
	"strings"
	"sync"
	"time"
)

// A field is a key of a section, as the tags of the struct declare it.
type field struct {
	index    int
	key      string
	typ      reflect.Type
	byText   string // the default as it would stand in the file
	hasValue bool   // there is such a default
	least    string // range, both "" or both given
	most     string
	none     bool   // a word stands for the zero value
	word     string // that word: none, if the tag does not have another
	need     string // what is missing when the key is
	rule     string // of textRules
	names    string // the same for the names in a map
	class    string // "path" or "ref"
}

// known keeps what fieldsOf has found out, by type.
var known sync.Map

// fieldsOf lists the keys of a section in the order of its struct. The list is
// shared.
func fieldsOf(t reflect.Type) []field {
	if fields, ok := known.Load(t); ok {
		return fields.([]field)
	}
	fields, _ := known.LoadOrStore(t, readTags(t))
	return fields.([]field)
}

func readTags(t reflect.Type) (fields []field) {
	for i := range t.NumField() {
		s := t.Field(i)
		key, ok := s.Tag.Lookup("key")
		if !ok {
			continue
		}
		f := field{index: i, key: key, typ: s.Type, need: s.Tag.Get("need"), rule: s.Tag.Get("text"), names: s.Tag.Get("names"), class: s.Tag.Get("class")}
		f.byText, f.hasValue = s.Tag.Lookup("default")
		f.least, f.most, _ = strings.Cut(s.Tag.Get("range"), "..")
		f.word, f.none = s.Tag.Lookup("none")
		f.word = cmp.Or(f.word, "none")
		fields = append(fields, f)
	}
	return fields
}

// keysOf lists the names alone.
func keysOf(t reflect.Type) (keys []string) {
	for _, f := range fieldsOf(t) {
		keys = append(keys, f.key)
	}
	return keys
}

// An enumeration is text of which only some values exist.
type enumeration interface{ values() []string }

// A scalar is a value with a form of its own. parse returns errForm where the
// form is wrong, or an error that is the whole explanation; what describes the
// form. Both are methods of the pointer.
type scalar interface {
	parse(text string) error
	what() string
}

var (
	durationType = reflect.TypeFor[time.Duration]()
	addrType     = reflect.TypeFor[netip.Addr]()
	secretType   = reflect.TypeFor[Secret]()
	scalarType   = reflect.TypeFor[scalar]()
	enumType     = reflect.TypeFor[enumeration]()
)

func isScalar(t reflect.Type) bool { return reflect.PointerTo(t).Implements(scalarType) }

// isSection reports whether a value is written as keys with values.
func isSection(t reflect.Type) bool {
	return t.Kind() == reflect.Struct && !isScalar(t) && t != addrType
}

// describe says in words what a key takes; "found X, expected" goes before it.
func (f *field) describe() string {
	text := f.form()
	if f.least != "" && f.least == f.most {
		return f.least
	}
	if f.least != "" {
		text += ", from " + f.least + " to " + f.most
	}
	if f.none {
		text += ", or " + f.word
	}
	return text
}

func (f *field) form() string {
	t := f.typ
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch {
	case t == durationType:
		return "a duration such as 90s, 5m or 30d"
	case t == addrType:
		return "an IPv4 or IPv6 address"
	case t == secretType:
		return "a section with one of " + strings.Join(keysOf(t), ", ")
	case isScalar(t):
		return reflect.New(t).Interface().(scalar).what()
	case t.Implements(enumType):
		return "one of " + strings.Join(reflect.Zero(t).Interface().(enumeration).values(), ", ")
	}
	switch t.Kind() {
	case reflect.Bool:
		return "true or false"
	case reflect.Int:
		return "a whole number"
	case reflect.String:
		return textRules[f.rule].what
	case reflect.Slice:
		if isSection(t.Elem()) {
			return "a list of sections, each beginning with -"
		}
		return "a list, each " + f.element(t.Elem()).form()
	case reflect.Map:
		return "a section with names of your choice, each with " + f.element(t.Elem()).form()
	}
	return "a section with " + strings.Join(keysOf(t), ", ")
}

// element is a value in a list or below a name, under the rules of the whole.
func (f *field) element(t reflect.Type) *field {
	e := *f
	e.typ, e.hasValue, e.need = t, false, ""
	return &e
}
