package wire

import (
	"encoding/binary"
	"fmt"
)

// AppendRecord encodes a decoded record again: header, every field through its
// layout, lengths computed, and the trailing bytes. Without changes the result
// equals the message byte for byte. A record without layout is copied. The
// record must come from a decoder that wanted all fields, or from a Builder.
func AppendRecord(dst []byte, r *Record) []byte {
	if r.Layout == nil {
		return append(dst, r.Message...)
	}
	tail := r.Data[len(r.Data)-r.Trailing:]
	return appendRecord(dst, r, r.RecordHeader, tail, r.blockTrail)
}

func appendRecord(dst []byte, r *Record, h RecordHeader, tail []byte, blockTrail int) []byte {
	start := len(dst)
	dst = append(dst, 0, 1, 0, eventData, 0, 0, 0, 0)
	h.Type = r.Layout.Record.Type
	dst = h.append(dst, 0)
	body := len(dst)
	blockAt := -1
	l := r.Layout
	for i := 0; i <= len(l.Fields); i++ {
		if i == l.Discovery && l.Block != nil {
			blockAt = len(dst)
			dst = binary.BigEndian.AppendUint32(dst, l.Block.Type)
			dst = binary.BigEndian.AppendUint32(dst, 0)
		}
		if i < len(l.Fields) {
			dst = appendField(dst, &r.View, i)
		}
	}
	if blockAt >= 0 {
		binary.BigEndian.PutUint32(dst[blockAt+4:], uint32(len(dst)-blockAt+blockTrail))
	}
	dst = append(dst, tail...)
	binary.BigEndian.PutUint32(dst[start+4:], uint32(len(dst)-start-8))
	binary.BigEndian.PutUint32(dst[start+12:], uint32(len(dst)-body))
	return dst
}

// appendField writes one field. A field that counts a text gets the length of
// that text, whatever its slot says.
func appendField(dst []byte, v *View, i int) []byte {
	f := &v.Layout.Fields[i]
	if f.Kind.Integer() {
		n := uint64(v.Slots[i])
		if t := v.Layout.counts[i]; t >= 0 {
			n = uint64(len(v.Bytes(t)))
		}
		switch f.Kind {
		case KindUint8:
			return append(dst, byte(n))
		case KindUint16:
			return binary.BigEndian.AppendUint16(dst, uint16(n))
		case KindUint32:
			return binary.BigEndian.AppendUint32(dst, uint32(n))
		default:
			return binary.BigEndian.AppendUint64(dst, n)
		}
	}
	b := v.Bytes(i)
	switch f.Kind {
	case KindText, KindRest:
		return append(dst, b...)
	case KindString, KindBlob:
		dst = binary.BigEndian.AppendUint32(dst, v.BlockNumber(i))
		dst = binary.BigEndian.AppendUint32(dst, uint32(len(b)+8))
		return append(dst, b...)
	case KindList:
		if b == nil {
			dst = binary.BigEndian.AppendUint32(dst, f.Number)
			return binary.BigEndian.AppendUint32(dst, 8)
		}
		return append(dst, b...)
	case KindBlock:
		return append(dst, b...)
	}
	if f.When != "" && uint64(v.Slots[fieldBefore(v.Layout, i, f.When)]) != 1 {
		return dst
	}
	dst = append(dst, b...)
	for n := len(b); n < f.Size; n++ {
		dst = append(dst, 0)
	}
	return dst
}

// A Builder assembles a record field by field. Fields that are not set are 0,
// empty or all-zero bytes. It reuses its memory: Reset starts the next record.
// It is not safe for concurrent use.
type Builder struct {
	rec Record
}

// NewBuilder returns a builder for a record type with the given block version
// (ignored for records without a block header). Errors are those of Layout.
func (s *Layouts) NewBuilder(record uint16, block uint32) (*Builder, error) {
	l, err := s.Layout(record, block)
	if err != nil {
		return nil, err
	}
	return l.NewBuilder(), nil
}

// NewBuilder returns a builder for records of this layout, which is one of
// [Layouts.Layout], not of Nested.
func (l *Layout) NewBuilder() *Builder {
	b := &Builder{}
	b.rec.Layout = l
	b.rec.Type = l.Record.Type
	b.rec.Slots = make([]Slot, len(l.Fields))
	b.Reset()
	return b
}

// Layout returns the layout that the builder fills.
func (b *Builder) Layout() *Layout { return b.rec.Layout }

// Reset clears all fields.
func (b *Builder) Reset() {
	clear(b.rec.Slots)
	// Spans start behind a reserved header, so that no offset is 0.
	b.rec.Data = append(b.rec.Data[:0], make([]byte, 16)...)
}

// SetUint sets an integer field; the upper bits that do not fit are lost when
// the record is encoded. Fields that count a text need not be set.
func (b *Builder) SetUint(slot int, v uint64) {
	if !b.rec.Layout.Fields[slot].Kind.Integer() {
		panic(fmt.Sprintf("wire: SetUint on %s of %v, which is %v", b.rec.Layout.Fields[slot].Name, b.rec.Layout, b.rec.Layout.Fields[slot].Kind))
	}
	b.rec.Slots[slot] = Slot(v)
}

// SetBytes sets a field that is no integer: the bytes of a fixed-size field
// (fewer are padded with zeros, more panic), the content of a text, string or
// blob block, or a whole list or nested block with its header. p is copied.
func (b *Builder) SetBytes(slot int, p []byte) {
	at, f := b.open(slot, len(p))
	if f.Kind.Fixed() && len(p) > f.Size {
		panic(fmt.Sprintf("wire: %d bytes for %s of %v, which has %d", len(p), f.Name, b.rec.Layout, f.Size))
	}
	b.rec.Data = append(b.rec.Data, p...)
	b.rec.Slots[slot] = span(at, len(p))
}

// SetString is SetBytes for a string.
func (b *Builder) SetString(slot int, s string) {
	at, _ := b.open(slot, len(s))
	b.rec.Data = append(b.rec.Data, s...)
	b.rec.Slots[slot] = span(at, len(s))
}

// open makes room for a value: string and blob blocks have their header in
// front, where BlockNumber looks for it.
func (b *Builder) open(slot, n int) (at int, f *Field) {
	f = &b.rec.Layout.Fields[slot]
	if f.Kind.Integer() {
		panic(fmt.Sprintf("wire: bytes for %s of %v, which is %v", f.Name, b.rec.Layout, f.Kind))
	}
	if f.Kind == KindString || f.Kind == KindBlob {
		b.rec.Data = binary.BigEndian.AppendUint32(b.rec.Data, f.Number)
		b.rec.Data = binary.BigEndian.AppendUint32(b.rec.Data, uint32(n+8))
	}
	return len(b.rec.Data), f
}

// Record returns the record as set so far, for reading fields back. It is
// valid until the next call of another method.
func (b *Builder) Record() *Record { return &b.rec }

// AppendMessage encodes the record with the given header (Type, Length and Size
// are filled in) as a whole event data message and appends it to dst.
func (b *Builder) AppendMessage(dst []byte, h RecordHeader) []byte {
	return appendRecord(dst, &b.rec, h, nil, 0)
}
