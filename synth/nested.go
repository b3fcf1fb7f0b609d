package synth

import (
	"encoding/binary"

	"estream/wire"
)

// deepest is how deep nested blocks are made; decoders take eight levels.
const deepest = 7

// A source supplies the content of nested data blocks.
type source interface {
	number(l *wire.Layout, slot int) uint64
	bytes(l *wire.Layout, slot int) []byte // valid until the next call
	count(f *wire.Field, depth int) int    // elements of a list
	element(f *wire.Field) uint32          // block type of an element
}

// appendNested appends the value of a list or nested block field, with its
// header. depth is 1 for a field of the record itself. An element without layout
// becomes a string block.
func appendNested(dst []byte, set *wire.Layouts, series uint8, src source, f *wire.Field, depth int) []byte {
	if f.Kind == wire.KindBlock {
		return appendBlock(dst, set, series, src, src.element(f), depth)
	}
	at := len(dst)
	dst = binary.BigEndian.AppendUint32(dst, f.Number)
	dst = append(dst, 0, 0, 0, 0)
	for range src.count(f, depth) {
		dst = appendBlock(dst, set, series, src, src.element(f), depth)
	}
	binary.BigEndian.PutUint32(dst[at+4:], uint32(len(dst)-at))
	return dst
}

// appendBlock appends one data block.
func appendBlock(dst []byte, set *wire.Layouts, series uint8, src source, block uint32, depth int) []byte {
	at := len(dst)
	l, err := set.Nested(series, block)
	if err != nil || depth > deepest {
		return append(dst, 0, 0, 0, 0, 0, 0, 0, 8) // an empty string block
	}
	dst = binary.BigEndian.AppendUint32(dst, block)
	dst = append(dst, 0, 0, 0, 0)
	for i := range l.Fields {
		dst = appendField(dst, set, series, src, l, i, at+8, depth)
	}
	binary.BigEndian.PutUint32(dst[at+4:], uint32(len(dst)-at))
	return dst
}

// appendField appends field i of l, whose fields start at dst[start].
func appendField(dst []byte, set *wire.Layouts, series uint8, src source, l *wire.Layout, i, start, depth int) []byte {
	f := &l.Fields[i]
	switch f.Kind {
	case wire.KindUint8:
		return append(dst, byte(src.number(l, i)))
	case wire.KindUint16:
		return binary.BigEndian.AppendUint16(dst, uint16(src.number(l, i)))
	case wire.KindUint32:
		return binary.BigEndian.AppendUint32(dst, uint32(src.number(l, i)))
	case wire.KindUint64:
		return binary.BigEndian.AppendUint64(dst, src.number(l, i))
	case wire.KindList, wire.KindBlock:
		return appendNested(dst, set, series, src, f, depth+1)
	case wire.KindString, wire.KindBlob:
		p := src.bytes(l, i)
		dst = binary.BigEndian.AppendUint32(dst, f.Number)
		dst = binary.BigEndian.AppendUint32(dst, uint32(len(p)+8))
		return append(dst, p...)
	case wire.KindText:
		p := src.bytes(l, i)
		at, size := numberBefore(dst, l, i, start, f.LengthOf)
		putNumber(dst[at:at+size], uint64(len(p)))
		return append(dst, p...)
	case wire.KindRest:
		return append(dst, src.bytes(l, i)...)
	}
	if f.When != "" {
		at, size := numberBefore(dst, l, i, start, f.When)
		if getNumber(dst[at:at+size]) != 1 {
			return dst
		}
	}
	p := src.bytes(l, i)
	p = p[max(0, len(p)-f.Size):]
	dst = append(dst, p...)
	for n := len(p); n < f.Size; n++ {
		dst = append(dst, 0)
	}
	return dst
}

// numberBefore finds the last integer called name before field i: its place in
// buf, where the fields of l start at start, and its size.
func numberBefore(buf []byte, l *wire.Layout, i, start int, name string) (at, size int) {
	pos := start
	for k := range i {
		f := &l.Fields[k]
		if f.Name == name {
			at, size = pos, f.Size
		}
		pos += extent(buf[pos:], buf[start:], l, k)
	}
	return at, size
}

// extent returns how many bytes field k takes at the start of rest; fields holds
// the fields of l from the first one on.
func extent(rest, fields []byte, l *wire.Layout, k int) int {
	f := &l.Fields[k]
	switch f.Kind {
	case wire.KindText:
		at, size := numberBefore(fields, l, k, 0, f.LengthOf)
		return int(getNumber(fields[at : at+size]))
	case wire.KindString, wire.KindBlob, wire.KindList, wire.KindBlock:
		return int(binary.BigEndian.Uint32(rest[4:]))
	case wire.KindRest:
		return len(rest)
	}
	if f.When != "" {
		if at, size := numberBefore(fields, l, k, 0, f.When); getNumber(fields[at:at+size]) != 1 {
			return 0
		}
	}
	return f.Size
}

func putNumber(p []byte, v uint64) {
	for i := len(p) - 1; i >= 0; i-- {
		p[i] = byte(v)
		v >>= 8
	}
}

func getNumber(p []byte) (v uint64) {
	for _, b := range p {
		v = v<<8 | uint64(b)
	}
	return v
}

// nestedSource takes values from the tables by name, like the records around.
type nestedSource struct {
	g      *Generator
	series uint8
}

// nestedFields are the fields of blocks inside discovery and user records.
var nestedFields = func() fieldTable {
	t := fieldTable{}
	for _, from := range []fieldTable{flowFields, loginFields, hostFields} {
		for name, v := range from {
			t[name] = v
		}
	}
	t["protocol"] = flowFields["protocol"] // of a list of protocols, not of a login
	return t
}()

func (s *nestedSource) appendValue(dst []byte, set *wire.Layouts, f *wire.Field, depth int) []byte {
	return appendNested(dst, set, s.series, s, f, depth)
}

func (s *nestedSource) number(l *wire.Layout, slot int) uint64 {
	if v := nestedFields[l.Fields[slot].Name]; v.number != nil {
		return v.number(s.g)
	}
	return 0
}

func (s *nestedSource) bytes(l *wire.Layout, slot int) []byte {
	if v := nestedFields[l.Fields[slot].Name]; v.bytes != nil {
		return v.bytes(s.g)
	}
	return nil
}

func (s *nestedSource) count(f *wire.Field, depth int) int {
	switch {
	case f.Element == 0 || depth > 3:
		return 0
	case f.Name == "client_applications":
		return 0 // sources disagree about the block type of its elements (122 or 112)
	default:
		return s.g.below(3)
	}
}

func (s *nestedSource) element(f *wire.Field) uint32 { return f.Element }
