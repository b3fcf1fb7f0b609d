package cef

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
)

//go:embed mapping.json
var mappingJSON []byte

// A mapping is mapping.json as it is written.
type mapping struct {
	Severities map[uint64]map[uint64]string // by priority and impact
	Actions    []string                     // act of an intrusion event, by the value of blocked
	Records    map[uint16]*recordMapping
}

// A recordMapping says what makes up the line of a record type. Signature and
// Name are templates: {PATH} is a field, {@KEY} a computed value.
//
// An extension value is a list of alternatives separated by " | ", of which the
// first that is there counts:
//
//	@KEY     a computed value, if the record has it and it is not null
//	PATH     a field; None if the record has no such field
//	PATH?    a field; left out if the record has no such field
//	'TEXT'   a constant
//	F(PATH)  a field written by a function, see functions
type recordMapping struct {
	Signature   string
	Name        string
	Severity    severityMapping
	Extension   map[string]string
	ExtensionOf uint16 // use the extension of this record type
}

// A severityMapping has one of: Const; Field with Below, Then and Else; Matrix,
// the paths of priority and impact; Tenth, a path; Field alone.
type severityMapping struct {
	Const      string
	Field      string
	Below      uint64
	Then, Else string
	Matrix     []string
	Tenth      string
}

// loaded gives the mapping. It is part of the program and tests use all of it, so
// an error here is a bug of ours.
var loaded = sync.OnceValue(func() *mapping {
	m := new(mapping)
	if err := json.Unmarshal(mappingJSON, m); err != nil {
		panic(fmt.Sprintf("cef: mapping.json: %v", err))
	}
	for typ, r := range m.Records {
		if r.ExtensionOf != 0 {
			r.Extension = m.Records[r.ExtensionOf].Extension
		}
		if len(r.Extension) == 0 {
			panic(fmt.Sprintf("cef: mapping.json: record %d has no extension", typ))
		}
	}
	return m
})

// An alternative is one parsed source of an extension value.
type alternative struct {
	computed string // key of a computed value
	constant string
	function string
	path     string
	optional bool // left out, not None, if the record has no such field
}

func parseAlternatives(text string) (alts []alternative) {
	for _, s := range strings.Split(text, " | ") {
		var a alternative
		function, path, isCall := strings.Cut(strings.TrimSuffix(s, ")"), "(")
		switch {
		case strings.HasPrefix(s, "@"):
			a.computed = s[1:]
		case strings.HasPrefix(s, "'"):
			a.constant = strings.Trim(s, "'")
		case isCall:
			a.function, a.path, a.optional = function, path, true
		default:
			a.path, a.optional = strings.CutSuffix(s, "?")
		}
		alts = append(alts, a)
	}
	return alts
}

// A piece of a template is constant text, a field, or a computed value.
type piece struct {
	text           string
	path, computed string
}

func parseTemplate(s string) (pieces []piece) {
	for s != "" {
		text, rest, found := strings.Cut(s, "{")
		if text != "" {
			pieces = append(pieces, piece{text: text})
		}
		if !found {
			break
		}
		path, after, _ := strings.Cut(rest, "}")
		if key, ok := strings.CutPrefix(path, "@"); ok {
			pieces = append(pieces, piece{computed: key})
		} else {
			pieces = append(pieces, piece{path: path})
		}
		s = after
	}
	return pieces
}
