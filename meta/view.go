package meta

import "estream/wire"

// A View is the computed part of a record with one layout: the rules of its
// record type with fields and tables resolved. It is immutable and shared.
type View struct {
	Layout  *wire.Layout
	Profile Profile
	Ops     []Op
}

// An OpKind says how an operation gets its value. Evaluator.Eval runs them all;
// formats treat OpLookup, by far the most frequent, and OpNested themselves.
type OpKind uint8

const (
	OpLookup           OpKind = iota // the entry of a table
	OpNested                         // the operations of the block in slot From, if it is there
	OpText                           // a constant
	OpZeroOr                         // one of two constants
	OpCopy                           // a field, unless empty or 0
	OpHexGroups                      // bytes as hex in groups of four digits
	OpImpact                         // impact level from impact flags
	OpAlertText                      // the reason in the text of an impact alert
	OpKnownText                      // an entry whose key is the text of a hash
	OpOriginalPacket                 // a packet as hex
	OpPacket                         // the payload of a packet
	OpOriginalSource                 // address in the extra data of an intrusion event
	OpExtraURI                       // URI in the extra data of an intrusion event
	OpEventSecond                    // time of the event, Unix seconds
	OpEventDateTime                  // the same as local date and time
	OpEventMicrosecond               // its microseconds
	OpDomain                         // name of the domain in the record header, or its number if that is unknown and not 0
	OpFlags                          // names of the bits in a field
	OpAddress                        // an address: the field, or a second one if that is all zero
	OpClientAddress                  // address in the extra data of an intrusion event, any form
	OpWholePacket                    // a packet as hex, whatever its bytes
	OpPayload                        // what a packet carries behind its headers
)

// An Op computes one value.
type Op struct {
	Key  string // name of the value; "" for OpNested
	Kind OpKind
	From Ref // the field it starts from; Slot is -1 where there is none

	table     Table
	orNull    bool
	condition condition
	key       keyPlan
	when      Ref // the text that condition is about
	other     int // slot of a second field, -1 if none
	zero      *Value
	zeroTable Table
	zeroKey   keyPlan
	hasZero   bool // zeroTable and zeroKey count
	value     *Value
	known     []knownText
	rules     []viewRule // OpNested
	profile   Profile    // OpNested
}

type condition uint8

const (
	unconditional condition = iota
	ifEmpty
	ifNotEmpty
)

// A knownText is an entry of a table with text keys, in the form in which the
// field of the layout holds it.
type knownText struct {
	raw   []byte
	value *Value
}

// Compile resolves the rules of a profile for a layout of a record. Operations
// whose fields the layout does not have are left out, which makes their values
// absent.
func Compile(l *wire.Layout, p Profile) *View {
	c := loaded()
	v := &View{Layout: l, Profile: p}
	if names, ok := c.RecordTypes[l.Record.Type]; ok {
		v.constant("recordTypeCategory", names[0])
		v.constant("recordTypeDescription", names[1])
	}
	n := NamesOf(l)
	n.mended = p != Compat
	for _, rules := range [][]viewRule{c.viewRules(l.Record.Type), c.Finally} {
		for i := 0; i < len(rules); i++ {
			end := i + 1
			for in := rules[i].In; in != "" && end < len(rules) && rules[end].In == in; {
				end++
			}
			if rules[i].In != "" || rules[i].Only.has(p) {
				v.compile(c, n, rules[i:end])
			}
			i = end - 1
		}
	}
	return v
}

// compileNested resolves rules for the block that they are about.
func compileNested(l *wire.Layout, p Profile, rules []viewRule) *View {
	c, n, v := loaded(), NamesOf(l), &View{Layout: l, Profile: p}
	n.mended = p != Compat
	for i := range rules {
		r := rules[i]
		if !r.Only.has(p) {
			continue
		}
		r.In = ""
		v.compile(c, n, []viewRule{r})
	}
	return v
}

// Find returns the operation that gives the value called key, nil if there is
// none in this layout. Values of nested blocks are not found.
func (v *View) Find(key string) *Op {
	for i := range v.Ops {
		if v.Ops[i].Key == key {
			return &v.Ops[i]
		}
	}
	return nil
}

// Constant returns the value of an OpText, nil for other operations. The text may
// be empty.
func (op *Op) Constant() *Value {
	if op.Kind != OpText {
		return nil
	}
	return op.value
}

// Uses reports whether the operation reads a slot of the record.
func (op *Op) Uses(slot int) bool {
	switch {
	case op.Kind == OpLookup && (op.key.uses(slot) || op.hasZero && op.zeroKey.uses(slot)), op.other == slot, op.From.Slot == slot:
		return true
	}
	return op.condition != unconditional && op.when.Slot == slot
}

func (v *View) constant(key, text string) {
	v.add(Op{Key: key, Kind: OpText, value: newValue(source{raw: []byte(text)})})
}

// add appends an operation. Of two lookups that give null for a miss, and of two
// operations for one key in strict, the later one decides alone.
func (v *View) add(op Op) {
	if op.Kind == OpText || op.Kind == OpLookup || op.Kind == OpDomain {
		op.From.Slot = -1
	}
	if last := len(v.Ops) - 1; last >= 0 && op.Key != "" && v.Ops[last].Key == op.Key && (op.orNull || v.Profile == Strict) {
		v.Ops = v.Ops[:last]
	}
	v.Ops = append(v.Ops, op)
}
