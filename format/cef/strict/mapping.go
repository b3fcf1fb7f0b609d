package strict

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
)

//go:embed mapping.json
var mappingJSON []byte

// A mapping is mapping.json as it is written.
type mapping struct {
	About      string
	Keys       map[string]keyType
	Names      map[string][]string          // names of numbers, for NAME(PATH)
	Matrix     map[uint64]map[uint64]uint64 // severity by priority and impact
	Severities map[string]uint64            // severity by the record type's category; "" for all others
	Times      []string                     // fields that hold Unix seconds
	Common     map[string]string            // extension of all records; those of the record come first
	Records    map[uint16]*recordMapping
}

// A keyType is the type of a dictionary key: in JSON the most bytes of a text, or
// one of "integer", "long", "ipv4", "ipv6", "mac", "time".
type keyType struct {
	kind  keyKind
	limit int // bytes of text
}

// minText is enough for every number, so that none is ever cut.
const minText = 20

type keyKind uint8

const (
	keyText keyKind = iota
	keyInteger
	keyLong
	keyIPv4
	keyIPv6
	keyMAC
	keyTime
)

var keyKinds = map[string]keyKind{"integer": keyInteger, "long": keyLong, "ipv4": keyIPv4, "ipv6": keyIPv6, "mac": keyMAC, "time": keyTime}

func (k *keyType) UnmarshalJSON(data []byte) error {
	if limit, err := strconv.Atoi(string(data)); err == nil {
		if limit < minText || limit > 1<<20 {
			return fmt.Errorf("longest text of a key is %d bytes; expected %d to %d", limit, minText, 1<<20)
		}
		*k = keyType{keyText, limit}
		return nil
	}
	var name string
	if err := json.Unmarshal(data, &name); err != nil {
		return fmt.Errorf("type of a key is %s; expected a number of bytes or a name", data)
	}
	kind, ok := keyKinds[name]
	if !ok {
		return fmt.Errorf("type of a key is %q; expected a number of bytes or one of %s", name, strings.Join(slices.Sorted(maps.Keys(keyKinds)), ", "))
	}
	*k = keyType{kind: kind}
	return nil
}

// A recordMapping says what makes up the line of a record type. Signature and
// Name are templates: {PATH} is a field, {@KEY} a computed value. The record
// type's number and name stand for an empty one, its name also for a name that is
// not known.
//
// An extension value is a list of alternatives separated by " | ". The first
// computed value and the first field that the layout has count; the field is
// written where the computed value is not there, and before it if it is text. "LABEL: " before the
// alternatives gives the key's label, NAME(PATH) the name of a number.
type recordMapping struct {
	Signature   string
	Name        string
	Severity    severityMapping
	Extension   map[string]string
	ExtensionOf uint16 // use the extension of this record type
}

// A severityMapping has one of: Const; Field with Below, Then and Else; Matrix,
// the paths of priority and impact; Tenth, a path. Empty, the category decides.
type severityMapping struct {
	Const      *uint64
	Field      string
	Below      uint64
	Then, Else uint64
	Matrix     []string
	Tenth      string
}

// parseMapping reads a mapping and checks what can be checked without layouts.
// The error lists all faults.
func parseMapping(data []byte) (*mapping, error) {
	m := new(mapping)
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(m); err != nil {
		return nil, fmt.Errorf("cef mapping: %w", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("cef mapping: more text after the JSON object; expected its end")
	}
	errs := m.checkExtension("common", m.Common)
	for key := range m.Keys {
		if key == "" || custom("x"+key) != customPrefix+"X"+key {
			errs = append(errs, fmt.Errorf("cef mapping: key is %q; expected letters and digits", key))
		}
	}
	for _, typ := range slices.Sorted(maps.Keys(m.Records)) {
		where, r := fmt.Sprintf("record %d", typ), m.Records[typ]
		if r == nil {
			errs = append(errs, fmt.Errorf("cef mapping: %s is null; expected an object", where))
			continue
		}
		if r.ExtensionOf != 0 {
			other := m.Records[r.ExtensionOf]
			if other == nil || other.ExtensionOf != 0 || r.Extension != nil {
				errs = append(errs, fmt.Errorf("cef mapping: %s: extensionOf is %d; expected a record type with an extension of its own, and none beside it", where, r.ExtensionOf))
				continue
			}
			r.Extension = other.Extension
		}
		errs = append(errs, m.checkExtension(where, r.Extension)...)
		errs = append(errs, r.Severity.check(where)...)
	}
	for _, n := range m.Severities {
		errs = append(errs, checkSeverity("severities", n)...)
	}
	for _, row := range m.Matrix {
		for _, n := range row {
			errs = append(errs, checkSeverity("matrix", n)...)
		}
	}
	return m, errors.Join(errs...)
}

func (m *mapping) checkExtension(where string, ext map[string]string) (errs []error) {
	for _, key := range slices.Sorted(maps.Keys(ext)) {
		if _, ok := m.Keys[key]; !ok {
			errs = append(errs, fmt.Errorf("cef mapping: %s: key %q is not in the list of keys; add it there with its type", where, key))
		}
		v := parseValue(ext[key])
		for _, a := range v.fields {
			if a.names != "" && m.Names[a.names] == nil {
				errs = append(errs, fmt.Errorf("cef mapping: %s: %s: no list of names is called %q", where, key, a.names))
			}
		}
		if len(v.computed) == 0 && len(v.fields) == 0 {
			errs = append(errs, fmt.Errorf("cef mapping: %s: %s has no field", where, key))
		}
	}
	return errs
}

func (s *severityMapping) check(where string) (errs []error) {
	if s.Matrix != nil && len(s.Matrix) != 2 {
		errs = append(errs, fmt.Errorf("cef mapping: %s: matrix has %d paths; expected those of priority and impact", where, len(s.Matrix)))
	}
	if s.Const != nil {
		errs = append(errs, checkSeverity(where, *s.Const)...)
	}
	errs = append(errs, checkSeverity(where, s.Then)...)
	return append(errs, checkSeverity(where, s.Else)...)
}

func checkSeverity(where string, n uint64) []error {
	if n > 10 {
		return []error{fmt.Errorf("cef mapping: %s: severity is %d; expected 0 to 10", where, n)}
	}
	return nil
}

// A valueSource is a parsed extension value.
type valueSource struct {
	label    string
	computed []string
	fields   []fieldSource
}

type fieldSource struct{ path, names string }

func parseValue(s string) (v valueSource) {
	if label, rest, ok := strings.Cut(s, ": "); ok {
		v.label, s = label, rest
	}
	for alt := range strings.SplitSeq(s, " | ") {
		key, computed := strings.CutPrefix(alt, "@")
		names, path, call := strings.Cut(strings.TrimSuffix(alt, ")"), "(")
		switch {
		case alt == "":
		case computed:
			v.computed = append(v.computed, key)
		case call:
			v.fields = append(v.fields, fieldSource{path, names})
		default:
			v.fields = append(v.fields, fieldSource{path: alt})
		}
	}
	return v
}
