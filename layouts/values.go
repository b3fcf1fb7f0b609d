package layouts

import (
	"bytes"
	"fmt"
	"math"
	"strconv"

	"go.yaml.in/yaml/v4"
)

// A ValueTable says what the numbers in some fields mean: one entry of
// values.yaml. The program itself needs none of them; they are for the reference
// page, and for whoever writes a mapping or a test.
type ValueTable struct {
	Name       string
	Kind       string // value: one of; bits: any of, values are masks; rule: derived, first match; event: event type with subtype
	Fields     string // where the numbers stand, in words
	Confidence string // high, medium or low: see README.md
	Record     uint16 // metadata record by which a server names the values itself, 0 if there is none
	Output     string // table of meta/data/values.json with the texts of the outputs, "" if there is none
	Note       string
	Values     []Value // empty where only the server knows them
}

// A Value is one number of a table.
type Value struct {
	Value      Number
	Subtype    Number // tables of kind event only
	Text       string
	Record     uint16 // tables of kind event: the record type that carries such an event, 0 if unknown
	Versions   string // product versions that send it, "" for all
	Confidence string // "" for that of the table
}

// A Number is written in decimal or, with 0x in front, in hexadecimal.
type Number uint32

// UnmarshalText implements encoding.TextUnmarshaler.
func (n *Number) UnmarshalText(text []byte) error {
	v, err := strconv.ParseUint(string(text), 0, 32)
	if err != nil {
		return fmt.Errorf("%q is no number from 0 to %d", text, uint32(math.MaxUint32))
	}
	*n = Number(v)
	return nil
}

// A SpecialValue is a value that means the same wherever it stands.
type SpecialValue struct{ What, Text string }

// Values parses values.yaml: all value tables in the order of the file. The
// error names the line.
func Values() ([]ValueTable, []SpecialValue, error) {
	data, err := files.ReadFile("values.yaml")
	if err != nil {
		return nil, nil, err
	}
	var f struct {
		Tables  []ValueTable
		Special []SpecialValue
	}
	dec := yaml.NewDecoder(bytes.NewReader(data))
	dec.KnownFields(true)
	if err := dec.Decode(&f); err != nil {
		return nil, nil, fmt.Errorf("layouts/values.yaml: %w", err)
	}
	return f.Tables, f.Special, nil
}

// Glossary parses fields.yaml: what a field means, by its name. A field that
// counts the bytes of the text behind it has no entry.
func Glossary() (map[string]string, error) {
	data, err := files.ReadFile("fields.yaml")
	if err != nil {
		return nil, err
	}
	meanings := map[string]string{}
	if err := yaml.Unmarshal(data, &meanings); err != nil {
		return nil, fmt.Errorf("layouts/fields.yaml: %w", err)
	}
	return meanings, nil
}
