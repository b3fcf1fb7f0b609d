package meta

import (
	"bytes"

	"estream/format/text"
	"estream/wire"
)

// A Kind says what a Result holds.
type Kind uint8

const (
	Absent Kind = iota // nothing: the value is left out
	Null               // a value that is there and null
	Known              // Value
	Number             // Number
	Plain              // Bytes: valid UTF-8 text
	Wire               // Bytes: text as it arrived, NULs and invalid UTF-8 included
	Hex                // Bytes: to be written as hex digits
)

// A Result is a computed value. Bytes is valid until the next call of Eval.
type Result struct {
	Kind   Kind
	Value  *Value
	Number uint64
	Bytes  []byte
}

// An Evaluator runs the operations of views. Every goroutine needs its own; the
// zero value is ready to use.
type Evaluator struct {
	Packets Packets
	Dates   text.Dates

	buf    []byte
	nested []nestedView // a handful
}

// Find returns the entry that an OpLookup leads to, or nil: either there is none,
// or its text is empty or its number 0, which counts as a miss.
func (op *Op) Find(v *wire.View, s *Snapshot) *Value {
	if op.condition != unconditional && !op.applies(v) {
		return nil
	}
	key := op.key.of(v)
	if e := s.root.get(op.table, &key); e != nil && e.JSON != "" {
		return e
	}
	if key.Number != 0 {
		return nil
	}
	if op.hasZero {
		key = op.zeroKey.of(v)
		if e := s.root.get(op.zeroTable, &key); e != nil && e.JSON != "" {
			return e
		}
	}
	return op.zero
}

// NullOnMiss reports whether a miss of an OpLookup gives null, not nothing.
func (op *Op) NullOnMiss() bool { return op.orNull }

func (op *Op) applies(v *wire.View) bool {
	return emptyText(v.Bytes(op.when.Slot)) == (op.condition == ifEmpty)
}

// emptyText reports whether nothing is left of text once its NULs are removed.
func emptyText(raw []byte) bool {
	for _, c := range raw {
		if c != 0 {
			return false
		}
	}
	return true
}

// Eval computes one value of a record. v is the record's own view, or that of the
// nested block for an operation from Nested. Eval of OpNested gives Absent.
func (e *Evaluator) Eval(op *Op, r *wire.Record, v *wire.View, s *Snapshot) Result {
	switch op.Kind {
	case OpLookup:
		if value := op.Find(v, s); value != nil {
			return Result{Kind: Known, Value: value}
		}
		if op.orNull {
			return Result{Kind: Null}
		}
	case OpText:
		return Result{Kind: Known, Value: op.value}
	case OpZeroOr:
		if v.Uint(op.From.Slot) == 0 {
			return Result{Kind: Known, Value: op.zero}
		}
		return Result{Kind: Known, Value: op.value}
	case OpCopy:
		return copied(v, op.From.Slot)
	case OpHexGroups:
		if b := v.Bytes(op.From.Slot); len(b) > 0 {
			e.buf = text.AppendHexGroups(e.buf[:0], b)
			return Result{Kind: Plain, Bytes: e.buf}
		}
	case OpImpact:
		return Result{Kind: Number, Number: Impact(v.Uint(op.From.Slot))}
	case OpAlertText:
		return e.alertText(v.Bytes(op.From.Slot))
	case OpKnownText:
		if op.condition == unconditional || op.applies(v) {
			return op.knownText(v.Bytes(op.From.Slot))
		}
	case OpOriginalPacket:
		return e.Packets.original(v.Bytes(op.From.Slot))
	case OpPacket:
		return e.packet(v.Bytes(op.From.Slot))
	case OpOriginalSource:
		return e.originalSource(v.Uint(op.other), v.Bytes(op.From.Slot))
	case OpExtraURI:
		if b := v.Bytes(op.From.Slot); v.Uint(op.other) == extraURI && !emptyText(b) {
			return Result{Kind: Wire, Bytes: b}
		}
	case OpDomain:
		if value := s.Get(op.table, Key{Number: uint64(r.NetmapID)}); value != nil {
			return Result{Kind: Known, Value: value}
		}
		if r.NetmapID != 0 {
			return Result{Kind: Number, Number: uint64(r.NetmapID)}
		}
	case OpFlags:
		return e.flags(op, v.Uint(op.From.Slot), s)
	case OpAddress:
		return e.address(op, v)
	case OpClientAddress:
		return e.clientAddress(v.Uint(op.other), v.Bytes(op.From.Slot))
	case OpWholePacket:
		if b := v.Bytes(op.From.Slot); len(b) > 0 && !e.Packets.OmitOriginal {
			return Result{Kind: Hex, Bytes: b}
		}
	case OpPayload:
		return e.payload(v.Uint(op.other), v.Bytes(op.From.Slot))
	default:
		return e.eventTime(op, r, v)
	}
	return Result{}
}

// Nested returns the operations of an OpNested for the block that was found. The
// slice belongs to the evaluator.
func (e *Evaluator) Nested(op *Op, l *wire.Layout) []Op {
	if l == nil {
		return nil
	}
	for i := range e.nested {
		if n := &e.nested[i]; n.layout == l && n.rules == &op.rules[0] && n.profile == op.profile {
			return n.ops
		}
	}
	ops := compileNested(l, op.profile, op.rules).Ops
	e.nested = append(e.nested, nestedView{l, &op.rules[0], op.profile, ops})
	return ops
}

// A nestedView is the compiled form of rules about a nested block, for the layout
// that the block turned out to have.
type nestedView struct {
	layout  *wire.Layout
	rules   *viewRule
	profile Profile
	ops     []Op
}

// copied gives the value of a field unless it is empty or 0.
func copied(v *wire.View, slot int) Result {
	if v.Layout.Fields[slot].Kind.Integer() {
		if n := v.Uint(slot); n != 0 {
			return Result{Kind: Number, Number: n}
		}
		return Result{}
	}
	if b := v.Bytes(slot); !emptyText(b) {
		return Result{Kind: Wire, Bytes: b}
	}
	return Result{}
}

// knownText finds the entry whose key is this text.
func (op *Op) knownText(raw []byte) Result {
	for i := range op.known {
		if k := &op.known[i]; bytes.Equal(raw, k.raw) || op.From.Content && equalWithoutNULs(raw, k.raw) {
			return Result{Kind: Known, Value: k.value}
		}
	}
	return Result{}
}

// equalWithoutNULs compares text as it arrived with text that holds no NUL.
func equalWithoutNULs(raw, text []byte) bool {
	n := 0
	for _, c := range raw {
		switch {
		case c == 0:
		case n == len(text) || text[n] != c:
			return false
		default:
			n++
		}
	}
	return n == len(text)
}

// eventTime gives the time of the event, or the archive time where a record has
// none of its own.
func (e *Evaluator) eventTime(op *Op, r *wire.Record, v *wire.View) Result {
	var second, micro uint64
	if op.From.Slot >= 0 {
		second = v.Uint(op.From.Slot)
	}
	if op.other >= 0 {
		micro = v.Uint(op.other)
	}
	if second == 0 {
		second = uint64(r.ArchiveTimestamp)
	}
	switch op.Kind {
	case OpEventSecond:
		if second > 0 {
			return Result{Kind: Number, Number: second}
		}
	case OpEventDateTime:
		if second > 0 {
			e.buf = e.Dates.Append(e.buf[:0], uint32(second), micro)
			return Result{Kind: Plain, Bytes: e.buf}
		}
	case OpEventMicrosecond:
		if micro > 0 {
			return Result{Kind: Number, Number: micro}
		}
	}
	return Result{}
}
