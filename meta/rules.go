package meta

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"sync"
)

//go:embed data/view.json
var viewJSON []byte

//go:embed data/values.json
var valuesJSON []byte

// rules is data/view.json as it is written. Record types are keys in decimal.
type rules struct {
	Tables  map[string]tableRule  // every lookup table
	Plain   []uint16              // record types without device and source
	Learn   map[uint16][]fillRule // what a metadata record teaches
	View    map[uint16][]viewRule // computed values of a record type, in order
	Like    map[uint16]uint16     // record types that share the rules of another
	Text    []uint16              // record types whose own byte strings count as text
	Finally []viewRule            // for every record type, after its own rules
}

// A tableRule says what kind of key a table has: number, uuid, text, or two of
// them joined by a comma. The values of a table with members are objects; each
// member is kept as a table of its own.
type tableRule struct {
	Key     string
	Members []string
}

// A fillRule stores Value (a path, or a path for each member) under the values
// of the paths in By. Paths are the names that eNcore gives to fields, with the
// name of an enclosing object and a period in front; NAME.data is the content of
// a string block, NAME alone the block as an object. A value in single quotes is
// that text itself.
type fillRule struct {
	Table string
	By    []string
	Value memberPaths

	OtherForm bool // only for bodies in another form than the usual one, see wire.RecordForm
}

// A viewRule computes one value. Op is empty for a lookup: the entry of Table
// (its Member) for the values of By. The others are explained where they are run,
// in eval.go. A path that a layout does not have makes the value absent.
type viewRule struct {
	Key    string
	Only   profiles // the profiles that the rule belongs to, all if there are none
	In     string   // the paths are those of the block nested here
	Op     string
	Table  string
	Member string
	By     []string
	OrNull bool   // a miss gives null instead of nothing
	Zero   string // zeroOr: text for 0; lookup: text for a miss when the last of By is 0

	// Another table to look into, with other keys, for a miss when the number in By is 0.
	ZeroTable string
	ZeroBy    []string

	From, Type    string
	Nonzero, Text string
	OnlyIfEmpty   string // the rule applies only if this text is empty
	NotEmpty      string // the rule applies only if this text is not empty
	Seconds       []struct {
		Second, Microsecond string
		Only                profiles
	}
}

// memberPaths maps members to paths; a single path has the member "".
type memberPaths map[string]string

func (m *memberPaths) UnmarshalJSON(data []byte) error {
	var path string
	if json.Unmarshal(data, &path) == nil {
		*m = memberPaths{"": path}
		return nil
	}
	return json.Unmarshal(data, (*map[string]string)(m))
}

// values is data/values.json: a table's value is a text, or one for each member.
type values struct {
	Tables          map[string]map[string]memberPaths
	RecordTypes     map[uint16][2]string         // category and name
	DiscoveryEvents map[uint64]map[uint64]string // by event type and subtype
}

// A compiled is the rules with their tables numbered, made when first needed.
type compiled struct {
	rules
	values
	tables []tableInfo
	number map[string]Table // by name, or name and member joined by a period
	types  []typeInfo       // by record type
	text   map[uint16]bool
	base   root // what tables hold at the start
}

// A Table is the number of a lookup table, or of one member of a table of objects.
type Table uint8

type tableInfo struct {
	name  string
	shape shape
	bit   uint64 // of the learned tables; members share the bit of their table
}

// A typeInfo is what Scan must know about a record type.
type typeInfo struct {
	learns bool
	reads  uint64 // bits of the learned tables that its view looks into
}

// loaded gives the compiled rules. The data is part of the program and a test
// compiles it, so an error here is a bug of ours.
var loaded = sync.OnceValue(func() *compiled {
	c := new(compiled)
	for _, f := range []struct {
		name string
		data []byte
		into any
	}{{"view.json", viewJSON, &c.rules}, {"values.json", valuesJSON, &c.values}} {
		if err := json.Unmarshal(f.data, f.into); err != nil {
			panic(fmt.Sprintf("meta: data/%s: %v", f.name, err))
		}
	}
	if err := c.compile(); err != nil {
		panic(fmt.Sprintf("meta: data/view.json: %v", err))
	}
	return c
})

// typesDense bounds the record types that have an entry of their own in
// compiled.types. All known ones are below.
const typesDense = 1024

// info tells what Scan must know about a record type.
func (c *compiled) info(record uint16) typeInfo {
	if int(record) < len(c.types) {
		return c.types[record]
	}
	return typeInfo{reads: c.common()}
}

// common gives the tables that a record with a device or a source looks into.
func (c *compiled) common() (reads uint64) {
	for _, r := range c.Finally {
		if t, ok := c.lookupTable(r.Table, r.Member); ok {
			reads |= c.tables[t].bit
		}
	}
	return reads
}

func (c *compiled) lookupTable(name, member string) (Table, bool) {
	if member != "" {
		name += "." + member
	}
	t, ok := c.number[name]
	return t, ok
}

// viewRules returns the rules of a record type, before those of Finally.
func (c *compiled) viewRules(record uint16) []viewRule {
	if as, ok := c.Like[record]; ok {
		record = as
	}
	return c.View[record]
}

// BytesAreText reports whether a record type is one of those whose byte strings
// print as text where that makes a difference. It concerns fields directly in the
// record only, not the content of its string blocks.
func BytesAreText(record uint16) bool { return loaded().text[record] }
