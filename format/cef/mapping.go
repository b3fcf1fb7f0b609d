package cef

import (
	_ "embed"
	"fmt"
	"sync"
)

// A Variant chooses one of the built-in mappings.
type Variant uint8

const (
	CEF  Variant = iota // as eNcore's adapter "cef"
	CEF2                // as its adapter "cef2": other keys for records 2, 71 and 400, no 170 and 171
)

//go:embed mapping.json
var mappingCEF []byte

//go:embed mapping2.json
var mappingCEF2 []byte

// BuiltIn returns the text of a built-in mapping, to be copied and changed. The
// caller owns it.
func BuiltIn(v Variant) []byte {
	if v == CEF2 {
		return append([]byte(nil), mappingCEF2...)
	}
	return append([]byte(nil), mappingCEF...)
}

// builtIn are the parsed mappings. They are part of the program and tests use all
// of them, so an error here is a bug of ours.
var builtIn = map[Variant]func() *mapping{
	CEF:  sync.OnceValue(func() *mapping { return mustParse(mappingCEF) }),
	CEF2: sync.OnceValue(func() *mapping { return mustParse(mappingCEF2) }),
}

func mustParse(data []byte) *mapping {
	m, err := parseMapping(data)
	if err != nil {
		panic(fmt.Sprintf("cef: built-in mapping: %v", err))
	}
	return m
}

// A mapping says which records have a line and what it is made of. It is immutable.
type mapping struct {
	severities map[uint64]map[uint64]string // by priority and impact
	actions    []string                     // what action(PATH) writes for 0, 1, 2, ..., escaped
	records    map[uint16]*recordMapping
}

// A recordMapping is the line of a record type: with eNcore's mistakes, and with
// what is presumed broken mended.
type recordMapping struct {
	compat, fixed lineMapping
}

type lineMapping struct {
	signature, name []piece
	severity        severityMapping
	extension       map[string]value // by key
}

// A value is the list of alternatives for an extension key.
type value struct {
	line int // in the mapping's text
	alts []alternative
}

// A severityMapping has one of: text; a field with limit, low and high; two paths
// into the matrix; a field to be divided by ten; a field.
type severityMapping struct {
	line  int
	form  severityForm
	text  string
	field string // path
	other string // severityMatrix: path, or @ and the key of a computed value
	below uint64 // severityLimit: low below this value of the field, else high
	low   string
	high  string
}

type severityForm uint8

const (
	severityNone severityForm = iota // not given
	severityConst
	severityLimit
	severityMatrix
	severityTenth
	severityField
)
