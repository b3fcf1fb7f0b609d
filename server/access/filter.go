package access

import "estream/wire"

// A Filter drops records of types that are not checked from what a source hands on,
// before it is captured. It keeps what it has found out about record types and a
// buffer, so each source has one of its own.
type Filter struct {
	set   *wire.Layouts
	boxes Boxes
	kinds [1 << 16]uint8 // by record type: not looked up yet, kept, dropped
	buf   []byte
}

const (
	kindUnset = iota
	kindKept
	kindDropped
)

// NewFilter returns a filter for records with these layouts.
func NewFilter(set *wire.Layouts) *Filter { return &Filter{set: set, boxes: AllBoxes} }

// Apply returns the messages of data, whole event data messages in a row, whose type
// is checked in b, how many they are, and that of those dropped. While all are, the
// result is data itself; else it is valid until the next call. Types without a
// definition are kept if every box is checked: nobody knows to which they belong.
// What is no event data message is kept; it is not this filter's to judge.
func (f *Filter) Apply(b Boxes, data []byte, count int) (kept []byte, n, dropped int) {
	if b&AllBoxes == AllBoxes {
		return data, count, 0
	}
	if b != f.boxes {
		f.boxes = b
		clear(f.kinds[:])
	}
	run := 0 // start of the messages that are kept and not copied yet
	out := f.buf[:0]
	for at := 0; at < len(data); {
		m, _, err := wire.NextMessage(data[at:])
		if err != nil {
			break // whole messages are the caller's promise; the rest stays as it is
		}
		if h, ok := wire.PeekRecord(m); ok && !f.keeps(h.Type) {
			out = append(out, data[run:at]...)
			run = at + len(m)
			dropped++
		}
		at += len(m)
	}
	if dropped == 0 {
		return data, count, 0
	}
	f.buf = append(out, data[run:]...)
	return f.buf, count - dropped, dropped
}

func (f *Filter) keeps(record uint16) bool {
	k := &f.kinds[record]
	if *k == kindUnset {
		*k = kindDropped
		if def, err := f.set.Source().Record(record); err == nil && f.boxes.Has(def.Category) {
			*k = kindKept
		}
	}
	return *k == kindKept
}
