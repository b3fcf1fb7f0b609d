package meta

import (
	"slices"
	"strings"

	"estream/wire"
)

// A fillPlan says for one layout what its records teach.
type fillPlan struct {
	layout *wire.Layout
	fills  []fill
}

type fill struct {
	table Table
	key   keyPlan
	value Ref
	form  form
	fixed []byte // the value itself, if it is no field
}

// source reads the value of a fill from a record.
func (f *fill) source(v *wire.View) source {
	switch {
	case f.fixed != nil:
		return source{raw: f.fixed}
	case f.form == formNumber:
		return source{form: formNumber, number: v.Uint(f.value.Slot)}
	case f.form == formObject:
		return source{form: formObject, raw: v.Bytes(f.value.Slot), block: v.BlockNumber(f.value.Slot)}
	}
	return source{raw: v.Bytes(f.value.Slot)}
}

// plan returns the plan for a layout. Layouts are numbered densely, so finding it
// takes neither lock nor map.
func (t *Tables) plan(l *wire.Layout) *fillPlan {
	if l.ID < len(t.plans) {
		if p := t.plans[l.ID]; p != nil && p.layout == l {
			return p
		}
	}
	for len(t.plans) <= l.ID {
		t.plans = append(t.plans, nil)
	}
	p := &fillPlan{layout: l, fills: t.rules.compileFills(l)}
	t.plans[l.ID] = p
	return p
}

// compileFills resolves the rules of a record type for one of its layouts. At the
// first field that the layout lacks the rest of the rules is void, as in eNcore.
// Forms of the body that eNcore does not know teach all that they can, text where
// the usual form has a string block and the other way round.
func (c *compiled) compileFills(l *wire.Layout) (fills []fill) {
	names := NamesOf(l)
	names.mended = true // eNcore's own tables have no key of raw bytes but the hash of 511
rules:
	for _, rule := range c.Learn[l.Record.Type] {
		if rule.OtherForm && l.Form == 0 {
			continue
		}
		for _, member := range sortedMembers(rule.Value) {
			t, _ := c.lookupTable(rule.Table, member) // checked by checkTables
			key, ok := names.key(c.tables[t].shape, rule.By)
			if text, isText := strings.CutPrefix(rule.Value[member], "'"); ok && isText {
				fills = append(fills, fill{table: t, key: key, value: Ref{Slot: -1}, fixed: []byte(strings.TrimSuffix(text, "'"))})
				continue
			}
			value, found := names.Find(rule.Value[member])
			if !ok || !found {
				if l.Form != 0 {
					continue rules
				}
				return fills
			}
			f := fill{table: t, key: key, value: value}
			switch kind := l.Fields[value.Slot].Kind; {
			case kind.Integer():
				f.form = formNumber
			case kind == wire.KindText || value.Content || kind == wire.KindString && l.Form != 0:
				f.form = formText
			case kind == wire.KindString:
				f.form = formObject
			default:
				return fills
			}
			fills = append(fills, f)
		}
	}
	return fills
}

func sortedMembers(m memberPaths) []string {
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// Wanted tells which fields Scan reads: pass it to wire.NewDecoder to get a
// decoder that skips all others.
func Wanted(l *wire.Layout, slot int) bool {
	if l.Record == nil || len(loaded().Learn[l.Record.Type]) == 0 {
		return false
	}
	for _, f := range loaded().compileFills(l) {
		if slot == f.value.Slot || f.key.uses(slot) {
			return true
		}
	}
	return false
}
