package meta

import (
	"encoding/hex"
	"fmt"
	"slices"

	"estream/wire"
)

// compile resolves one rule, or several about the same nested block.
func (v *View) compile(c *compiled, n *Names, rules []viewRule) {
	r := &rules[0]
	op := Op{Key: r.Key, other: -1}
	if r.In != "" {
		if ref, ok := n.Find(r.In); ok && n.layout.Fields[ref.Slot].Kind == wire.KindBlock {
			v.add(Op{Kind: OpNested, From: ref, other: -1, rules: rules, profile: v.Profile})
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
	case "domain":
		if !slices.Contains(c.Plain, v.Layout.Record.Type) { // it is a domain of events
			op.Kind = OpDomain
			op.table, _ = c.lookupTable(r.Table, "")
			v.add(op)
		}
	case "address":
		v.address(n, r, op)
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
		numeric := kind == OpZeroOr || kind == OpImpact || kind == OpFlags
		if kind == OpFlags {
			op.table, _ = c.lookupTable(r.Table, "")
		}
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
	"flags":          OpFlags,
	"clientAddress":  OpClientAddress,
	"wholePacket":    OpWholePacket,
	"payload":        OpPayload,
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
	if r.ZeroTable != "" {
		op.zeroTable, op.hasZero = c.lookupTable(r.ZeroTable, "")
		if op.zeroKey, ok = n.key(c.tables[op.zeroTable].shape, r.ZeroBy); !ok {
			op.hasZero = false
		}
	}
	v.add(op)
}

// address resolves an address that may be in one field or in another. Layouts
// before 4.10 hold IPv4 addresses only, some of them as a number.
func (v *View) address(n *Names, r *viewRule, op Op) {
	op.Kind = OpAddress
	first, ok := n.Find(r.From)
	second, hasSecond := n.Find(r.Type)
	if !ok {
		first, ok, hasSecond = second, hasSecond, false
	}
	if !ok || !isAddress(n, first) {
		return
	}
	op.From = first
	if hasSecond && isAddress(n, second) {
		op.other = second.Slot
	}
	v.add(op)
}

func isAddress(n *Names, ref Ref) bool {
	switch f := &n.layout.Fields[ref.Slot]; f.Kind {
	case wire.KindIPv4:
		return !f.LittleEndian
	case wire.KindIPv6, wire.KindUint32:
		return true
	}
	return false
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
		if !ok || !s.Only.has(v.Profile) {
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
