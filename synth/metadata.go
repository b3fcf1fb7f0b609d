package synth

import (
	"encoding/binary"
	"fmt"

	"estream/wire"
)

// metadata holds the metadata records as whole messages, ready to be sent again.
type metadata struct {
	entries []entry
	sent    int // how many of the head are out
	cursor  int // next one to repeat

	second uint32 // archive second of the repeats counted in count
	count  int    // no record is repeated twice in a second, so that all messages differ
}

// An entry is one metadata record. Those that may change have a second version
// with another name.
type entry struct {
	message, renamed []byte
}

// archiveOffset is where the archive timestamp stands in a message with an
// extended record header: after the message header, record type and length.
const archiveOffset = 16

// head returns the next record of the head, nil when all are out.
func (m *metadata) head() *entry {
	if m.sent == len(m.entries) {
		return nil
	}
	m.sent++
	return &m.entries[m.sent-1]
}

// repeat returns a record to send again, nil when each was sent in this second.
func (m *metadata) repeat(g *Generator) *entry {
	if m.second != g.second && uint64(g.second) != g.start {
		m.second, m.count = g.second, 0
	}
	if uint64(g.second) == g.start || m.count == len(m.entries) {
		return nil
	}
	m.count++
	m.cursor++
	if m.cursor >= len(m.entries) {
		m.cursor = 0
	}
	e := &m.entries[m.cursor]
	if e.renamed != nil && g.chance(50) {
		e.message, e.renamed = e.renamed, e.message
	}
	return e
}

func (m *metadata) append(dst []byte, e *entry, second uint32) []byte {
	at := len(dst)
	dst = append(dst, e.message...)
	binary.BigEndian.PutUint32(dst[at+archiveOffset:], second)
	return dst
}

// A pair is a field of a metadata record and what it shall hold.
type pair struct {
	field string
	num   uint64
	bytes []byte // not nil: the field is no number
}

func integer[T ~uint16 | ~uint32 | ~int](field string, n T) pair {
	return pair{field: field, num: uint64(n)}
}

func content[T string | []byte](field string, p T) pair {
	return pair{field: field, bytes: append([]byte{}, p...)}
}

// writer collects records. After the first error it does nothing.
type writer struct {
	set      *wire.Layouts
	builders map[uint16]*wire.Builder
	out      []entry
	err      error
}

// add appends one record.
func (w *writer) add(record uint16, pairs ...pair) {
	m := w.encode(record, pairs)
	w.out = append(w.out, entry{message: m})
}

// changing appends a record whose last pair, a name, may get a suffix later on.
func (w *writer) changing(record uint16, pairs ...pair) {
	e := entry{message: w.encode(record, pairs)}
	last := &pairs[len(pairs)-1]
	last.bytes = append(last.bytes, " (new)"...)
	e.renamed = w.encode(record, pairs)
	w.out = append(w.out, e)
}

// table appends one record of fields id and name for each entry of list.
func (w *writer) table(record uint16, list []named) {
	for _, n := range list {
		w.add(record, integer("id", n.id), content("name", n.name))
	}
}

func (w *writer) encode(record uint16, pairs []pair) []byte {
	if w.err != nil {
		return nil
	}
	b := w.builders[record]
	if b == nil {
		if b, w.err = w.builder(record); w.err != nil {
			return nil
		}
		w.builders[record] = b
	}
	b.Reset()
	l := b.Layout()
	for _, p := range pairs {
		slot := l.Slot(p.field)
		switch {
		case slot < 0:
			w.err = fmt.Errorf("%v has no field %q, which its metadata needs", l, p.field)
			return nil
		case l.Fields[slot].Kind.Integer() != (p.bytes == nil) || l.Fields[slot].Size > 0 && len(p.bytes) > l.Fields[slot].Size:
			w.err = fmt.Errorf("%v: field %q is %v, which its metadata does not fit", l, p.field, l.Fields[slot].Kind)
			return nil
		case p.bytes == nil:
			b.SetUint(slot, p.num)
		default:
			b.SetBytes(slot, p.bytes)
		}
	}
	return b.AppendMessage(nil, wire.RecordHeader{Extended: true})
}

// builder returns one for the newest known block of a record type.
func (w *writer) builder(record uint16) (*wire.Builder, error) {
	def, err := w.set.Source().Record(record)
	if err != nil {
		return nil, fmt.Errorf("record %d: %w", record, err)
	}
	var block uint32
	if n := len(def.Blocks); n > 0 {
		block = def.Blocks[n-1].Type
	}
	b, err := w.set.NewBuilder(record, block)
	if err != nil {
		return nil, fmt.Errorf("record %d block %d: %w", record, block, err)
	}
	return b, nil
}
