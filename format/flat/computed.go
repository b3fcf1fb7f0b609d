package flat

import (
	"estream/format/text"
	"estream/meta"
	"estream/wire"
)

// computed lists the values of the computed view.
func (w *Walker) computed(d *wire.Decoder, p *plan, r *wire.Record, s *meta.Snapshot) {
	first := len(w.items)
	for i := range p.computed {
		o := &p.computed[i]
		if o.op.Kind == meta.OpNested {
			w.computedNested(d, p, o.op, r, s)
			continue
		}
		if o.again && w.has(first, o.name) {
			continue
		}
		it := Item{Name: o.name, Role: o.role.role, rank: o.role.rank, Computed: true}
		if w.value(&it, o.op, r, &r.View, s) {
			w.add(it)
		}
	}
}

func (w *Walker) has(first int, name string) bool {
	for i := first; i < len(w.items); i++ {
		if w.items[i].Name == name && len(w.items[i].Prefix) == 0 {
			return true
		}
	}
	return false
}

// computedNested lists the names that tables know for numbers in a nested block.
// Its other operations only repeat fields.
func (w *Walker) computedNested(d *wire.Decoder, p *plan, op *meta.Op, r *wire.Record, s *meta.Snapshot) {
	// An error cannot happen here: listing the fields has walked the same block.
	_ = d.Elements(&r.View, op.From.Slot, func(e *wire.View) error {
		ops := w.eval.Nested(op, e.Layout)
		var prefix []byte
		for i := range ops {
			if ops[i].Kind != meta.OpLookup {
				continue
			}
			it := Item{Name: ops[i].Key, Computed: true}
			if !w.value(&it, &ops[i], r, e, s) {
				continue
			}
			if prefix == nil {
				prefix = w.prefix(p, op.From.Slot)
			}
			// The suffix is made here, which is no matter of speed: the two record
			// types with such values are rare.
			start := len(w.buf)
			w.buf = append(w.buf, prefix...)
			w.buf = append(w.buf, it.Name...)
			it.Prefix, it.Name = w.buf[start:len(w.buf):len(w.buf)], "_name"
			w.add(it)
		}
		return nil
	})
}

// prefix returns what the fields of the block in a slot have in front.
func (w *Walker) prefix(p *plan, slot int) []byte {
	start := len(w.buf)
	for i := range p.fields {
		if int(p.fields[i].slot) == slot {
			w.buf = append(append(w.buf, p.fields[i].name...), '.')
			break
		}
	}
	return w.buf[start:len(w.buf):len(w.buf)]
}

// value computes one value and reports whether there is one.
func (w *Walker) value(it *Item, op *meta.Op, r *wire.Record, v *wire.View, s *meta.Snapshot) bool {
	if op.Kind == meta.OpHexGroups { // eNcore's form of an address
		b := v.Bytes(op.From.Slot)
		if len(b) == 0 {
			return false
		}
		start := len(w.buf)
		w.buf = text.AppendAddress(w.buf, b)
		it.Kind, it.Bytes = Token, w.buf[start:len(w.buf):len(w.buf)]
		return true
	}
	switch res := w.eval.Eval(op, r, v, s); res.Kind {
	case meta.Number:
		it.Kind, it.Number = Number, res.Number
	case meta.Known:
		if res.Value.Text == "" {
			return false
		}
		it.Kind, it.Bytes = Text, w.keepString(res.Value.Text)
	case meta.Plain:
		it.Kind, it.Bytes = Text, w.keep(res.Bytes)
	case meta.Wire:
		it.Kind, it.Bytes = Text, w.keep(trimNULs(res.Bytes))
	case meta.Hex:
		start := len(w.buf)
		w.buf = text.AppendHex(w.buf, res.Bytes)
		it.Kind, it.Bytes = Token, w.buf[start:len(w.buf):len(w.buf)]
	default:
		return false
	}
	return true
}
