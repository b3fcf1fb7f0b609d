package print

import (
	"slices"
	"strconv"

	"estream/format/flat"
	"estream/meta"
	"estream/wire"
)

// A naming is one way to a name for the value of a field.
type naming struct {
	op    *meta.Op // of the computed view; nil for all below
	label string   // stands before the name

	// The other ways count only where the computed view has found nothing.
	table meta.Table
	key   keyForm
	with  int32 // slot of the field that completes the key
	join  bool  // continues the name before it

	// And these only where nobody else has.
	fixed map[uint64]string // names that the protocol gives
	bits  []string          // names of the bits, lowest first
}

// appendNames appends the names of a value, in brackets, if there are any. v is the
// structure that holds the field.
func (p *printer) appendNames(dst []byte, o *fieldOp, names []naming, v *wire.View) []byte {
	start := len(dst)
	first := start // of the last name
	viewed := false
	for i := range names {
		w := &names[i]
		if w.op == nil && viewed || len(dst) > start && (w.fixed != nil || w.bits != nil) {
			break
		}
		n := len(dst)
		if n == start {
			dst = append(dst, " ["...)
		} else if w.join {
			dst = append(dst, ' ')
		} else {
			dst = append(dst, ", "...)
		}
		at := len(dst)
		dst = p.appendName(append(dst, w.label...), w, o, v)
		// A second source that says the same adds nothing.
		if len(dst) == at+len(w.label) || n > start && string(dst[at:]) == string(dst[first:n]) {
			dst = dst[:n]
			continue
		}
		first, viewed = at, viewed || w.op != nil
	}
	if len(dst) == start {
		return dst
	}
	return append(dst, ']')
}

// appendName appends one name, or nothing.
func (p *printer) appendName(dst []byte, w *naming, o *fieldOp, v *wire.View) []byte {
	switch {
	case w.op != nil:
		return p.appendResult(dst, w.op, o, v)
	case w.fixed != nil:
		return append(dst, w.fixed[v.Uint(int(o.slot))]...)
	case w.bits != nil:
		return appendBits(dst, v.Uint(int(o.slot)), w.bits)
	case w.key == byBits:
		n := len(dst)
		for left := v.Uint(int(o.slot)); left != 0; left &= left - 1 {
			if value := p.names.Get(w.table, meta.Key{Number: left & -left}); value != nil {
				if len(dst) > n {
					dst = append(dst, ", "...)
				}
				dst = flat.AppendVisible(dst, []byte(value.Text))
			}
		}
		return dst
	}
	return p.appendValue(dst, p.names.Get(w.table, w.keyOf(o, v)), o, v)
}

// appendResult appends what an operation of the computed view gives.
func (p *printer) appendResult(dst []byte, op *meta.Op, o *fieldOp, v *wire.View) []byte {
	switch res := p.eval.Eval(op, p.record, v, p.names); res.Kind {
	case meta.Known:
		return p.appendValue(dst, res.Value, o, v)
	case meta.Number:
		if res.Number == 0 {
			return dst // no level
		}
		return strconv.AppendUint(dst, res.Number, 10)
	case meta.Plain, meta.Wire:
		return flat.AppendVisible(dst, trimNULs(res.Bytes))
	}
	return dst
}

// appendValue appends the text of an entry of a table, unless it says nothing: that
// a zero is unknown, or the same number again.
func (p *printer) appendValue(dst []byte, value *meta.Value, o *fieldOp, v *wire.View) []byte {
	if value == nil || meaningless[value.Text] && isZero(o, v) {
		return dst
	}
	if o.field.Kind.Integer() && len(value.Text) > 0 && value.Text[0] <= '9' {
		if n, err := strconv.ParseUint(value.Text, 10, 64); err == nil && n == v.Uint(int(o.slot)) {
			return dst
		}
	}
	return flat.AppendVisible(dst, []byte(value.Text))
}

// meaningless are the texts that tables have for a zero that stands for nothing.
var meaningless = set("Unknown", "unknown", "N/A")

func isZero(o *fieldOp, v *wire.View) bool {
	if o.field.Kind.Integer() {
		return v.Uint(int(o.slot)) == 0
	}
	for _, c := range v.Bytes(int(o.slot)) {
		if c != 0 {
			return false
		}
	}
	return true
}

func appendBits(dst []byte, n uint64, names []string) []byte {
	start := len(dst)
	for i, name := range names {
		if n>>i&1 == 1 {
			if len(dst) > start {
				dst = append(dst, ", "...)
			}
			dst = append(dst, name...)
		}
	}
	return dst
}

// addKnown adds the names that the protocol and its metadata have for a field of
// that name, wherever it stands.
func (o *fieldOp) addKnown(l *wire.Layout) {
	f := o.field
	rules := known[f.Name]
	if f.Name == "protocol" && f.Kind == wire.KindUint32 {
		rules = userProtocol
	}
	if l.Block != nil {
		if own, ok := inBlock[l.Block.Name+"."+f.Name]; ok {
			rules = own
		}
	}
	// What a metadata record names needs no name.
	if l.Record == nil || !l.Record.IsMetadata() || !slices.Contains(l.Key, int(o.slot)) {
		o.addTable(l, rules)
	}
	if fixed := protocolNames[f.Name]; fixed != nil && f.Kind.Integer() {
		o.names = append(o.names, naming{fixed: fixed})
	}
	if bits := bitNames[f.Name]; bits != nil && f.Kind.Integer() {
		o.names = append(o.names, naming{bits: bits})
	}
}

func (o *fieldOp) addTable(l *wire.Layout, rules []knownRule) {
	for _, r := range rules {
		w := naming{with: -1, key: r.key, join: r.join}
		var ok bool
		if w.table, ok = meta.TableNamed(r.table); !ok || !r.key.reads(o.field.Kind, o.field.Size) {
			continue
		}
		for _, name := range r.with {
			if w.with = int32(l.Slot(name)); w.with >= 0 {
				break
			}
		}
		if r.key == afterNumber && l.Record != nil && l.Record.IsMetadata() {
			continue // the record that says what the name is
		}
		if r.with != nil && (w.with < 0 || !r.key.completed(l.Fields[w.with].Kind)) {
			continue
		}
		o.names = append(o.names, w)
	}
}
