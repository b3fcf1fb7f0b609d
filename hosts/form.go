package hosts

import (
	"encoding/binary"
	"fmt"

	"estream/wire"
)

// Data blocks are written through their layouts, field by field, with values found
// by name. A field that nobody supplies is zero, empty, or an empty list.

// A blockWriter is where blocks are appended to, and what the answer shall hold.
type blockWriter struct {
	buf            []byte
	notes, banners bool
	gen            *generation
}

// A value supplies a field of a T: a number, bytes, or the elements of a list. One
// of the functions is set.
type value[T any] struct {
	num  func(*T) uint64
	raw  func(dst []byte, v *T) []byte // appends
	text func(*blockWriter, *T) string
	list func(*blockWriter, *T)
}

type values[T any] map[string]value[T]

// A form is a block type with what to put into its fields. The zero form writes
// nothing.
type form[T any] struct {
	block uint32
	steps []step[T]
}

type step[T any] struct {
	value[T]
	kind   wire.Kind
	size   int
	number uint32
}

// newForm resolves the fields of a block of series 1 in a table of values.
func newForm[T any](set *wire.Layouts, block uint32, table values[T]) (f form[T], err error) {
	l, err := set.Nested(1, block)
	if err != nil {
		return f, fmt.Errorf("block %d of series 1: %w", block, err)
	}
	f.block = block
	for i := range l.Fields {
		field := &l.Fields[i]
		s := step[T]{table[field.Name], field.Kind, field.Size, field.Number}
		list := field.Kind == wire.KindList
		known := s.num != nil || s.raw != nil || s.text != nil || s.list != nil
		switch {
		case field.Kind == wire.KindText || field.Kind == wire.KindRest || field.Kind == wire.KindBlock || field.When != "" || field.LittleEndian:
			return f, fmt.Errorf("%v: field %q of block %d is of a kind that host profiles do not have", field.Pos, field.Name, block)
		case known && (field.Kind.Integer() != (s.num != nil) || list != (s.list != nil)):
			s.value = value[T]{} // another thing of the same name
		}
		f.steps = append(f.steps, s)
	}
	return f, nil
}

// append writes one block.
func (f *form[T]) append(w *blockWriter, v *T) {
	if f.block == 0 {
		return
	}
	at := len(w.buf)
	w.buf = binary.BigEndian.AppendUint32(w.buf, f.block)
	w.buf = append(w.buf, 0, 0, 0, 0)
	for i := range f.steps {
		f.steps[i].append(w, v)
	}
	w.close(at)
}

// one returns what fills a list with one block.
func (f *form[T]) one(v T) func(*blockWriter) {
	return func(w *blockWriter) { f.append(w, &v) }
}

// open begins a block, and nothing else, in the buffer.
func (w *blockWriter) open(block uint32) {
	w.buf = binary.BigEndian.AppendUint32(w.buf[:0], block)
	w.buf = append(w.buf, 0, 0, 0, 0)
}

// close fills in the length of the block that begins at at.
func (w *blockWriter) close(at int) {
	binary.BigEndian.PutUint32(w.buf[at+4:], uint32(len(w.buf)-at))
}

func (s *step[T]) append(w *blockWriter, v *T) {
	switch s.kind {
	case wire.KindUint8, wire.KindUint16, wire.KindUint32, wire.KindUint64:
		var n uint64
		if s.num != nil {
			n = s.num(v)
		}
		var b [8]byte
		binary.BigEndian.PutUint64(b[:], n)
		w.buf = append(w.buf, b[8-s.size:]...)
	case wire.KindString, wire.KindBlob, wire.KindList:
		at := len(w.buf)
		w.buf = binary.BigEndian.AppendUint32(w.buf, s.number)
		w.buf = append(w.buf, 0, 0, 0, 0)
		if s.list != nil {
			s.list(w, v)
		} else {
			s.content(w, v)
		}
		w.close(at)
	default: // fixed: addresses come in 16 bytes, of which IPv4 fields take the last
		at := len(w.buf)
		s.content(w, v)
		if n := len(w.buf) - at; n > s.size {
			w.buf = append(w.buf[:at], w.buf[at+n-s.size:]...)
		}
		for len(w.buf) < at+s.size {
			w.buf = append(w.buf, 0)
		}
	}
}

func (s *step[T]) content(w *blockWriter, v *T) {
	switch {
	case s.raw != nil:
		w.buf = s.raw(w.buf, v)
	case s.text != nil:
		w.buf = append(w.buf, s.text(w, v)...)
	}
}

// elements is the value of a list: those of its elements that are, through the
// form that the generation has for them.
func elements[T, E any](f func(*generation) *form[E], of func(*T) []E, is func(*T, *E) bool) value[T] {
	return value[T]{list: func(w *blockWriter, v *T) {
		list := of(v)
		for i := range list {
			if is == nil || is(v, &list[i]) {
				f(w.gen).append(w, &list[i])
			}
		}
	}}
}

func n[T any](f func(*T) uint64) value[T] { return value[T]{num: f} }

func str[T any](f func(*T) string) value[T] {
	return value[T]{text: func(_ *blockWriter, v *T) string { return f(v) }}
}
