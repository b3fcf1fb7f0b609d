package splunk

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	_ "embed"

	"sync"

	"estream/meta"
)

//go:embed mapping.json
var mappingJSON []byte

// A mapping is a mapping table as it is written in JSON. Keys that are not listed
// here are refused.
type mapping struct {
	About string

	// Computed gives the names under which computed values are written, several
	// separated by spaces; with "" the value is left out. Compat leaves out what is
	// not listed, fixed and strict write it in snake case.
	Computed map[string]string
	// ComputedFixed takes precedence over Computed in fixed and strict.
	ComputedFixed map[string]string
	// Header lists the fields of the discovery header, in the form of Fields. It is
	// used for raw records of types that have no fields of their own, and in strict
	// for record types without table.
	Header []string
	// Records is the table by record type. Types that are not listed have only
	// computed values.
	Records map[uint16]*recordMapping

	header fieldLists
	lists  map[uint16]*fieldLists
}

// A recordMapping lists the fields of a record type in the order in which they are
// written, each as "NAME=SOURCE":
//
//	PATH         a field under eNcore's name, NAME.data for the content of a string
//	#FIELD       a field under the protocol's name
//	@KEY         a computed value
//	ipv6(PATH)   an address, left out if it is an IPv4 address
//	blockType    the number of the data block
//	             nothing: NAME is left out
//
// A field that a layout does not have is left out. A name that is given twice
// keeps its first place and takes its last source.
type recordMapping struct {
	Like       uint16   // use Fields, Fixed and Strict of this type in front of the own
	LikeStrict uint16   // the same in strict only
	Fields     []string // in all profiles
	Fixed      []string // in fixed and strict, after Fields
	Strict     []string // in strict, after Fixed
}

// fieldLists are the fields of a record type, by profile.
type fieldLists [meta.Strict + 1][]fieldEntry

// A fieldEntry is one parsed entry of a list.
type fieldEntry struct {
	to   string
	kind sourceKind
	from string
}

type sourceKind uint8

const (
	fromPath     sourceKind = iota
	fromWire                // the protocol's name
	fromComputed            // key of a computed value
	fromIPv6                // address field, IPv6 only
	fromBlock               // block type
	fromNothing             // leave the name out
)

// builtin is the table that is part of the program. Tests read all of it, so an
// error here is a bug of ours.
var builtin = sync.OnceValue(func() *mapping {
	m, err := parseMapping(mappingJSON)
	if err != nil {
		panic(fmt.Sprintf("splunk: built-in %v", err))
	}
	return m
})

// parseMapping reads a mapping table. The error names the place: line and column
// for JSON, record type and entry for what the entries say.
func parseMapping(data []byte) (*mapping, error) {
	if err := checkRepeats(data); err != nil {
		return nil, err
	}
	m := &mapping{lists: map[uint16]*fieldLists{}}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(m); err != nil {
		return nil, mappingError(data, dec.InputOffset(), err)
	}
	var mistakes []error
	for _, names := range []map[string]string{m.Computed, m.ComputedFixed} {
		for _, key := range slices.Sorted(maps.Keys(names)) {
			for name := range strings.FieldsSeq(names[key]) {
				if err := checkName(name); err != nil {
					mistakes = append(mistakes, fmt.Errorf("mapping: computed value %q: %w", key, err))
				}
			}
		}
	}
	var err error
	if m.header[0], err = parseFields("header", nil, m.Header); err != nil {
		mistakes = append(mistakes, err)
	}
	m.header[meta.Fixed], m.header[meta.Strict] = m.header[0], m.header[0]
	for _, typ := range slices.Sorted(maps.Keys(m.Records)) {
		if err := m.list(typ); err != nil {
			mistakes = append(mistakes, err)
		}
	}
	if len(mistakes) > 0 {
		return nil, errors.Join(mistakes...)
	}
	return m, nil
}

// list parses the entries of one record type.
func (m *mapping) list(typ uint16) error {
	r := m.Records[typ]
	if r == nil {
		return fmt.Errorf("mapping: record %d is null; expected an object", typ)
	}
	var lists fieldLists
	for p := meta.Compat; p <= meta.Strict; p++ {
		for _, like := range [...]uint16{r.Like, r.LikeStrict} {
			if like == 0 || like == r.LikeStrict && like != r.Like && p != meta.Strict {
				continue
			}
			other := m.Records[like]
			if other == nil || other.Like != 0 || other.LikeStrict != 0 {
				return fmt.Errorf("mapping: record %d is like record %d, which has no fields of its own", typ, like)
			}
			if err := other.fields(&lists[p], like, p); err != nil {
				return err
			}
		}
		if err := r.fields(&lists[p], typ, p); err != nil {
			return err
		}
	}
	m.lists[typ] = &lists
	return nil
}

// fields appends the entries of one profile.
func (r *recordMapping) fields(list *[]fieldEntry, typ uint16, p meta.Profile) (err error) {
	for i, part := range [...]struct {
		name    string
		entries []string
	}{{"fields", r.Fields}, {"fixed", r.Fixed}, {"strict", r.Strict}} {
		if i > int(p) {
			break
		}
		if *list, err = parseFields(fmt.Sprintf("record %d, %s", typ, part.name), *list, part.entries); err != nil {
			return err
		}
	}
	return nil
}

func parseFields(place string, list []fieldEntry, entries []string) ([]fieldEntry, error) {
	for i, s := range entries {
		e, err := parseEntry(s)
		if err != nil {
			return nil, fmt.Errorf("mapping: %s, entry %d %q: %w", place, i+1, s, err)
		}
		list = append(list, e)
	}
	return list, nil
}

func parseEntry(s string) (fieldEntry, error) {
	to, from, ok := strings.Cut(s, "=")
	if !ok {
		return fieldEntry{}, errors.New("expected NAME=SOURCE")
	}
	if err := checkName(to); err != nil {
		return fieldEntry{}, err
	}
	e := fieldEntry{to: to, from: from}
	switch function, argument, isCall := strings.Cut(from, "("); {
	case from == "":
		e.kind = fromNothing
		return e, nil
	case from == "blockType":
		e.kind = fromBlock
	case from[0] == '#':
		e.kind, e.from = fromWire, from[1:]
	case from[0] == '@':
		e.kind, e.from = fromComputed, from[1:]
	case isCall && function == "ipv6" && strings.HasSuffix(argument, ")"):
		e.kind, e.from = fromIPv6, strings.TrimSuffix(argument, ")")
	}
	if strings.Trim(e.from, pathCharacters) != "" || strings.Trim(e.from, ".") == "" {
		return e, fmt.Errorf("source is %q; expected PATH, #FIELD, @KEY, ipv6(PATH), blockType or nothing", from)
	}
	return e, nil
}

const nameCharacters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_"
const pathCharacters = nameCharacters + "."

// checkName refuses names that Splunk would not read as the name of a field, or
// that the line has already.
func checkName(name string) error {
	if name == "" || strings.Trim(name, nameCharacters) != "" || name[0] >= '0' && name[0] <= '9' {
		return fmt.Errorf("name is %q; expected letters, digits and _, no digit in front", name)
	}
	if name == "rec_type" {
		return errors.New("name is \"rec_type\", which every line has already; use another")
	}
	return nil
}

// mappingError adds line and column to an error of the JSON decoder. at is how far
// the decoder had read.
func mappingError(data []byte, at int64, err error) error {
	var syntax *json.SyntaxError
	var typ *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax):
		at = syntax.Offset
	case errors.As(err, &typ):
		at = typ.Offset
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		at = int64(len(data))
	}
	return fmt.Errorf("mapping: %s: %w", place(data, at), err)
}

// place says where an offset is, for people.
func place(data []byte, at int64) string {
	before := data[:min(max(at, 0), int64(len(data)))]
	line := bytes.Count(before, []byte("\n")) + 1
	return fmt.Sprintf("line %d, column %d (byte %d)", line, len(before)-bytes.LastIndexByte(before, '\n'), len(before))
}
