package print

import (
	"unicode/utf8"

	"estream/format/text"
	"estream/wire"
)

// AppendBlockJSON appends a data block of series 1 outside of a record, with its
// 8-byte header, as one JSON object without line end: the host profiles of message
// types 6 and 7.
//
// The members are block_type (a number), block_name and all fields under the names of
// package layouts: numbers as they are, times in Unix seconds; addresses, UUIDs and
// text as strings; what is not valid UTF-8 and binary payload as {"hex": "..."}. A
// list is an array, a nested block an object of the same form, or null where there
// is none; a block that only holds one text or number is its value. A block without
// layout has block_type and hex. A value that has a name, from the protocol or from
// o.Names, is followed by a member with the suffix "_name". Bytes behind the block
// are in the member trailing. o.Hex changes nothing.
//
// The error is a *BlockError; dst is then returned as it was. It is safe for
// concurrent use.
func AppendBlockJSON(dst []byte, set *wire.Layouts, block []byte, o Options) ([]byte, error) {
	out := dst
	l := newLone(set, o)
	err := l.read(block, func(e *wire.View) (err error) {
		out, err = l.object(out, nil, e)
		return err
	})
	if err != nil {
		return dst, err
	}
	if len(l.rest) > 0 {
		out = append(appendHex(append(out[:len(out)-1], `,"trailing":`...), l.rest), '}')
	}
	return out, nil
}

// object appends a block whose layout is known, found in the field in, if any.
func (l *lone) object(dst []byte, in *fieldOp, e *wire.View) ([]byte, error) {
	p, err := l.plans.Get(e.Layout), error(nil)
	dst = text.AppendUint(append(dst, `{"block_type":`...), uint64(e.Block))
	dst = append(dst, `,"block_name":"`...)
	dst = append(text.AppendJSONString(dst, []byte(e.Layout.Block.Name)), '"')
	for i := range p.body {
		o := &p.body[i]
		if o.kind != fieldBlock && !e.Has(int(o.slot)) {
			continue
		}
		dst = append(append(append(dst, `,"`...), o.field.Name...), '"', ':')
		if dst, err = l.member(dst, o, e); err != nil {
			return dst, err
		}
		names := o.names
		if p.network != nil && in != nil {
			names = p.namesIn(in)
		}
		dst = l.nameMember(dst, o, names, e)
	}
	return append(dst, '}'), nil
}

// nameMember appends the member with the name of a value, if there is one.
func (l *lone) nameMember(dst []byte, o *fieldOp, names []naming, v *wire.View) []byte {
	if len(names) == 0 {
		return dst
	}
	n := len(dst)
	dst = append(append(append(dst, `,"`...), o.field.Name...), `_name":"`...)
	at := len(dst)
	if dst = l.appendNames(dst, o, names, v); len(dst) == at {
		return dst[:n]
	}
	name := string(dst[at+len(" [") : len(dst)-1])
	return append(text.AppendJSONString(dst[:at], []byte(name)), '"')
}

// member appends the value of a field.
func (l *lone) member(dst []byte, o *fieldOp, v *wire.View) ([]byte, error) {
	b := v.Bytes
	slot := int(o.slot)
	switch o.kind {
	case fieldUint, fieldTime:
		return text.AppendUint(dst, v.Uint(slot)), nil
	case fieldText:
		if p := trimNULs(b(slot)); utf8.Valid(p) {
			return append(text.AppendJSONString(append(dst, '"'), p), '"'), nil
		}
		return appendHex(dst, b(slot)), nil
	case fieldBlob:
		if p := trimNULs(b(slot)); readable(p) {
			return append(text.AppendJSONString(append(dst, '"'), p), '"'), nil
		}
		return appendHex(dst, b(slot)), nil
	case fieldPacket:
		return appendHex(dst, b(slot)), nil
	case fieldList, fieldBlock:
		return l.array(dst, o, v)
	}
	return append(appendScalar(append(dst, '"'), o, v), '"'), nil
}

// array appends the blocks of a list, or the one nested block.
func (l *lone) array(dst []byte, o *fieldOp, v *wire.View) ([]byte, error) {
	list := o.kind == fieldList
	if list {
		dst = append(dst, '[')
	}
	none := true
	err := l.dec.Elements(v, int(o.slot), func(e *wire.View) (err error) {
		if !none {
			dst = append(dst, ',')
		}
		none = false
		if e.Layout == nil {
			dst = text.AppendUint(append(dst, `{"block_type":`...), uint64(e.Block))
			dst = text.AppendHex(append(dst, `,"hex":"`...), e.Raw()[8:])
			dst = append(dst, '"', '}')
			return nil
		}
		// Numbers that have names need an object for both.
		if p := l.plans.Get(e.Layout); p.inline && len(p.body[0].names) == 0 {
			dst, err = l.member(dst, &p.body[0], e)
			return err
		}
		dst, err = l.object(dst, o, e)
		return err
	})
	switch {
	case list:
		dst = append(dst, ']')
	case none:
		dst = append(dst, "null"...)
	}
	return dst, err
}

func appendHex(dst, b []byte) []byte {
	return append(text.AppendHex(append(dst, `{"hex":"`...), b), '"', '}')
}
