package meta

import (
	"encoding/hex"
	"fmt"

	"estream/wire"
)

// A View is the computed part of a record with one layout: the rules of its
// record type with fields and tables resolved. It is immutable and shared.
type View struct {
	Layout *wire.Layout
	Ops    []Op
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
	value     *Value
	known     []knownText
	rules     []viewRule // OpNested
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

// Compile resolves the rules for a layout of a record. Operations whose fields
// the layout does not have are left out, which makes their values absent.
func Compile(l *wire.Layout) *View {
	c := loaded()
	v := &View{Layout: l}
	if names, ok := c.RecordTypes[l.Record.Type]; ok {
		v.constant("recordTypeCategory", names[0])
		v.constant("recordTypeDescription", names[1])
	}
	n := NamesOf(l)
	for _, rules := range [][]viewRule{c.viewRules(l.Record.Type), c.Finally} {
		for i := 0; i < len(rules); i++ {
			end := i + 1
			for in := rules[i].In; in != "" && end < len(rules) && rules[end].In == in; {
				end++
			}
			v.compile(c, n, rules[i:end])
			i = end - 1
		}
	}
	return v
}

// compileNested resolves rules for the block that they are about.
func compileNested(l *wire.Layout, rules []viewRule) *View {
	c, n, v := loaded(), NamesOf(l), &View{Layout: l}
	for i := range rules {
		r := rules[i]
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
	case op.Kind == OpLookup && op.key.uses(slot), op.other == slot, op.From.Slot == slot:
		return true
	}
	return op.condition != unconditional && op.when.Slot == slot
}

func (v *View) constant(key, text string) {
	v.add(Op{Key: key, Kind: OpText, value: newValue(source{raw: []byte(text)})})
}

// add appends an operation. Of two lookups that give null for a miss the later
// one decides alone.
func (v *View) add(op Op) {
	if op.Kind == OpText || op.Kind == OpLookup {
		op.From.Slot = -1
	}
	if last := len(v.Ops) - 1; last >= 0 && op.orNull && v.Ops[last].Key == op.Key {
		v.Ops = v.Ops[:last]
	}
	v.Ops = append(v.Ops, op)
}

// compile resolves one rule, or several about the same nested block.
func (v *View) compile(c *compiled, n *Names, rules []viewRule) {
	r := &rules[0]
	op := Op{Key: r.Key, other: -1}
	if r.In != "" {
		if ref, ok := n.Find(r.In); ok && n.layout.Fields[ref.Slot].Kind == wire.KindBlock {
			v.add(Op{Kind: OpNested, From: ref, other: -1, rules: rules})
		}
		return
	}
	var ok bool
	if path := r.OnlyIfEmpty + r.NotEmpty; path != "" {
		if op.when, ok = n.Find(path); !ok {
			return
		}
		op.condition = ifEmpty
		if r.NotEmpty != "" {
			op.condition = ifNotEmpty
		}
	}
	switch r.Op {
	case "":
		v.lookup(c, n, r, op)
	case "eventTime":
		v.eventTime(n, r)
	case "text":
		v.constant(r.Key, r.Text)
	default:
		kind, known := opKinds[r.Op]
		if !known {
			panic(fmt.Sprintf("meta: rule for %q has unknown op %q", r.Key, r.Op)) // a bug of ours
		}
		op.Kind = kind
		if op.From, ok = n.Find(r.From); !ok {
			return
		}
		if r.Type != "" {
			if op.other, ok = n.integer(r.Type); !ok {
				return
			}
		}
		// A definition from outside may give a field of that name another kind.
		numeric := kind == OpZeroOr || kind == OpImpact
		if kind != OpCopy && numeric != n.layout.Fields[op.From.Slot].Kind.Integer() {
			return
		}
		if kind == OpZeroOr {
			op.zero = newValue(source{raw: []byte(r.Zero)})
			op.value = newValue(source{raw: []byte(r.Nonzero)})
		}
		v.add(op)
	}
}

var opKinds = map[string]OpKind{
	"zeroOr":         OpZeroOr,
	"copy":           OpCopy,
	"hexGroups":      OpHexGroups,
	"impact":         OpImpact,
	"alertText":      OpAlertText,
	"originalPacket": OpOriginalPacket,
	"packet":         OpPacket,
	"originalSource": OpOriginalSource,
	"extraURI":       OpExtraURI,
}

func (v *View) lookup(c *compiled, n *Names, r *viewRule, op Op) {
	op.table, _ = c.lookupTable(r.Table, r.Member) // checked by checkTables
	if c.tables[op.table].shape == shapeText {
		v.compileKnown(c, n, r, op)
		return
	}
	var ok bool
	if op.key, ok = n.key(c.tables[op.table].shape, r.By); !ok {
		return
	}
	op.Kind, op.orNull = OpLookup, r.OrNull
	if r.Zero != "" {
		op.zero = newValue(source{raw: []byte(r.Zero)})
	}
	v.add(op)
}

// compileKnown resolves a lookup by text. A byte string equals no text, except
// in record types whose own byte strings count as text.
func (v *View) compileKnown(c *compiled, n *Names, r *viewRule, op Op) {
	ref, ok := n.Find(r.By[0])
	if !ok {
		return
	}
	for key, members := range c.values.Tables[r.Table] {
		k := knownText{raw: []byte(key), value: newValue(source{raw: []byte(members[""])})}
		switch kind := n.layout.Fields[ref.Slot].Kind; {
		case ref.Content:
		case kind == wire.KindBytes && n.layout.Record != nil && c.text[n.layout.Record.Type]:
			raw, err := hex.DecodeString(key)
			if err != nil {
				continue
			}
			k.raw = raw
		default:
			return
		}
		op.known = append(op.known, k)
	}
	op.Kind, op.From = OpKnownText, ref
	v.add(op)
}

// eventTime adds the three values of the time of an event. It comes from the
// first field of the list that the layout has.
func (v *View) eventTime(n *Names, r *viewRule) {
	second, micro := -1, -1
	for _, s := range r.Seconds {
		slot, ok := n.integer(s.Second)
		if !ok {
			continue
		}
		second = slot
		if slot, ok := n.integer(s.Microsecond); ok {
			micro = slot
		}
		break
	}
	from := Ref{Slot: second}
	v.add(Op{Key: "eventSecond", Kind: OpEventSecond, From: from, other: -1})
	v.add(Op{Key: "eventDateTime", Kind: OpEventDateTime, From: from, other: micro})
	if micro >= 0 {
		v.add(Op{Key: "eventMicrosecond", Kind: OpEventMicrosecond, From: from, other: micro})
	}
}
