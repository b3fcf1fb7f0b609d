package print

import (
	"encoding/binary"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"estream/format"
	"estream/format/flat"
	"estream/format/text"
	"estream/meta"
	"estream/wire"
)

// A printer writes the fields of one structure after another. It is not safe for
// concurrent use and keeps nothing between begin and end.
type printer struct {
	plans *format.Plans[plan]
	hex   bool
	eval  meta.Evaluator
	dates text.Dates // UTC

	dec    *wire.Decoder
	record *wire.Record // nil for a block that is no part of one
	names  *meta.Snapshot
}

func (p *printer) begin(d *wire.Decoder, r *wire.Record, s *meta.Snapshot) {
	p.dec, p.record, p.names = d, r, s
}

// end lets go of the message.
func (p *printer) end() { p.dec, p.record, p.names = nil, nil, nil }

// fields appends the lines of some fields of a structure. The error is that of a
// malformed nested block.
func (p *printer) fields(dst []byte, ops []fieldOp, v *wire.View, indent int) ([]byte, error) {
	var err error
	for i := range ops {
		o := &ops[i]
		if o.kind != fieldBlock && !v.Has(int(o.slot)) {
			continue
		}
		dst = append(appendIndent(dst, indent), o.label...)
		switch o.kind {
		case fieldList, fieldBlock:
			if dst, err = p.nested(dst, o, v, indent); err != nil {
				return dst, err
			}
		default:
			dst = p.value(dst, o, o.names, v, indent)
		}
	}
	return dst, nil
}

// value appends a space, a value and its names, and the line end.
func (p *printer) value(dst []byte, o *fieldOp, names []naming, v *wire.View, indent int) []byte {
	dst = append(dst, ' ')
	switch o.kind {
	case fieldText, fieldBlob, fieldPacket:
		return p.long(dst, o, names, v, indent)
	}
	dst = appendScalar(dst, o, v)
	if o.kind == fieldTime {
		dst = p.time(dst, v.Uint(int(o.slot)))
	}
	return append(p.appendNames(dst, o, names, v), '\n')
}

// appendScalar appends a value that is no text, payload or block: digits, letters
// and - . : only.
func appendScalar(dst []byte, o *fieldOp, v *wire.View) []byte {
	slot := int(o.slot)
	switch o.kind {
	case fieldUint, fieldTime:
		return text.AppendUint(dst, v.Uint(slot))
	case fieldIPv4Number:
		n := uint32(v.Uint(slot))
		return text.AppendIPv4(dst, []byte{byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)})
	case fieldIPv4:
		return text.AppendIPv4(dst, v.Bytes(slot))
	case fieldIPv4Little:
		return text.AppendIPv4Little(dst, v.Bytes(slot))
	case fieldIP:
		return text.AppendAddress(dst, v.Bytes(slot))
	case fieldMAC:
		return text.AppendMAC(dst, v.Bytes(slot))
	case fieldUUID:
		return text.AppendUUID(dst, v.Bytes(slot))
	}
	return text.AppendHex(dst, v.Bytes(slot))
}

// long appends a text, or binary payload, and the line end.
func (p *printer) long(dst []byte, o *fieldOp, names []naming, v *wire.View, indent int) []byte {
	b := v.Bytes(int(o.slot))
	if o.kind == fieldText || o.kind == fieldBlob && readable(b) {
		if b = trimNULs(b); len(b) == 0 {
			dst = dst[:len(dst)-1] // the space
		}
		dst = flat.AppendVisible(dst, b)
		return append(p.appendNames(dst, o, names, v), '\n')
	}
	dst = appendBytes(dst, len(b))
	if !p.hex && len(b) > 0 {
		dst = append(dst, ", not shown"...)
	}
	dst = append(p.appendNames(dst, o, names, v), '\n')
	if p.hex {
		dst = p.dump(dst, b, indent+indentation)
	}
	return dst
}

// nested appends the blocks of a list, or the one nested block.
func (p *printer) nested(dst []byte, o *fieldOp, v *wire.View, indent int) ([]byte, error) {
	list := o.kind == fieldList
	if list {
		whole := v.Bytes(int(o.slot))
		if len(whole) <= 8 {
			return append(dst, " none\n"...), nil
		}
		n := countBlocks(whole)
		dst = append(text.AppendUint(append(dst, ' '), n), " blocks"...)
		if n == 1 {
			dst = dst[:len(dst)-1]
		}
		dst = append(dst, '\n')
	}
	n := uint64(0)
	err := p.dec.Elements(v, int(o.slot), func(e *wire.View) (err error) {
		n++
		inner := indent
		if list {
			inner += indentation
			dst = appendIndent(dst, inner)
			dst = append(text.AppendUint(dst, n), ':')
		}
		dst, err = p.element(dst, o, e, inner)
		return err
	})
	if !list && n == 0 {
		dst = append(dst, " none\n"...)
	}
	return dst, err
}

// element appends a nested block behind what announces it.
func (p *printer) element(dst []byte, o *fieldOp, e *wire.View, indent int) ([]byte, error) {
	if e.Layout == nil {
		dst = text.AppendUint(append(dst, " unknown block (block "...), uint64(e.Block))
		dst = appendBytes(append(dst, "), "...), len(e.Raw())-8)
		return p.dump(append(dst, '\n'), e.Raw()[8:], indent+indentation), nil
	}
	plan := p.plans.Get(e.Layout)
	if plan.inline {
		return p.value(dst, &plan.body[0], plan.namesIn(o), e, indent), nil
	}
	dst = append(append(append(dst, ' '), plan.title...), '\n')
	return p.fields(dst, plan.body, e, indent+indentation)
}

// namesIn returns the names of the value of an inline block in the field o.
func (p *plan) namesIn(o *fieldOp) []naming {
	if p.network != nil && strings.HasPrefix(o.field.Name, "network_") {
		return p.network
	}
	return p.body[0].names
}

// countBlocks returns how many blocks a list holds. The decoder has walked it before.
func countBlocks(list []byte) (n uint64) {
	for rest := list[min(8, len(list)):]; len(rest) >= 8; n++ {
		size := uint64(binary.BigEndian.Uint32(rest[4:]))
		if size < 8 || size > uint64(len(rest)) {
			break
		}
		rest = rest[size:]
	}
	return n
}

// time appends Unix seconds as text in brackets; 0 is no time.
func (p *printer) time(dst []byte, second uint64) []byte {
	if second == 0 {
		return dst
	}
	dst = append(dst, " ["...)
	return append(p.utc(dst, second), ']')
}

func (p *printer) utc(dst []byte, second uint64) []byte {
	n := len(dst)
	dst = p.dates.Append(dst, uint32(second), 0)
	dst[n+len(time.DateOnly)] = ' ' // the T
	return append(dst, " UTC"...)
}

// readable reports whether a payload is text for people.
func readable(b []byte) bool {
	b = trimNULs(b)
	for len(b) > 0 {
		r, n := utf8.DecodeRune(b)
		if r == utf8.RuneError && n == 1 || !unicode.IsPrint(r) && r != '\t' && r != '\r' && r != '\n' {
			return false
		}
		b = b[n:]
	}
	return true
}

// trimNULs cuts the NULs that pad text at its end.
func trimNULs(b []byte) []byte {
	for len(b) > 0 && b[len(b)-1] == 0 {
		b = b[:len(b)-1]
	}
	return b
}
