package jsonl

import (
	"estream/format/text"
	"estream/wire"
)

// fields appends the fields of a structure. The error is one of a nested block,
// which a decoder that fills all fields has already ruled out.
func (f *formatter) fields(dst []byte, d *wire.Decoder, ops []fieldOp, v *wire.View) ([]byte, error) {
	var err error
	for i := range ops {
		o := &ops[i]
		if o.kind == fieldString {
			dst = appendString(dst, o, v)
			continue
		}
		dst = append(dst, o.before...)
		switch o.kind {
		case fieldUint:
			if n := v.Slots[o.slot]; n < 10 {
				dst = append(dst, byte('0'+n))
			} else {
				dst = text.AppendUint(dst, uint64(n))
			}
		case fieldLength:
			dst = text.AppendUint(dst, uint64(v.BlockLength))
		case fieldUUID:
			dst = text.AppendUUID(dst, v.Bytes(int(o.slot)))
		case fieldHex:
			dst = text.AppendHex(dst, v.Bytes(int(o.slot)))
		case fieldIPv4:
			dst = text.AppendIPv4(dst, v.Bytes(int(o.slot)))
		case fieldIPv4Little:
			dst = text.AppendIPv4Little(dst, v.Bytes(int(o.slot)))
		case fieldIPv4Uint:
			n := v.Slots[o.slot]
			dst = text.AppendIPv4(dst, []byte{byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)})
		case fieldAddress:
			dst = text.AppendAddress(dst, v.Bytes(int(o.slot)))
		case fieldHostAddress:
			if v.Has(int(o.slot)) || o.other < 0 {
				dst = text.AppendAddress(dst, v.Bytes(int(o.slot)))
			} else {
				dst = text.AppendIPv4(dst, v.Bytes(int(o.other)))
			}
		case fieldIP:
			dst = text.AppendIP(dst, v.Bytes(int(o.slot)))
		case fieldHost:
			if v.Has(int(o.slot)) || o.other < 0 {
				dst = text.AppendIP(dst, v.Bytes(int(o.slot)))
			} else {
				dst = text.AppendIPv4(dst, v.Bytes(int(o.other)))
			}
		case fieldMAC:
			dst = text.AppendMAC(dst, v.Bytes(int(o.slot)))
		case fieldText:
			dst = text.AppendJSON(dst, v.Bytes(int(o.slot)))
		default:
			if dst, err = f.nested(dst, d, o, v); err != nil {
				return dst, err
			}
		}
	}
	return dst, nil
}

// appendString appends a string block as an object, up to the closing quote,
// which belongs to the constant text that follows.
func appendString(dst []byte, o *fieldOp, v *wire.View) []byte {
	if number := v.BlockNumber(int(o.slot)); number == 0 {
		dst = append(dst, o.before...)
	} else {
		dst = append(dst, o.before[:o.other]...)
		dst = text.AppendUint(dst, uint64(number))
		dst = append(dst, stringZero[1:]...)
	}
	content := v.Bytes(int(o.slot))
	if len(content) == 0 {
		return append(dst, `8, "data": "`...) // every other string block is empty
	}
	dst = text.AppendUint(dst, uint64(len(content))+8)
	dst = append(dst, `, "data": "`...)
	return text.AppendJSON(dst, content)
}

// nested appends a list or a nested block with everything in it.
func (f *formatter) nested(dst []byte, d *wire.Decoder, o *fieldOp, v *wire.View) ([]byte, error) {
	whole := v.Bytes(int(o.slot))
	list := o.kind != fieldBlock
	if list {
		block := o.block
		if whole != nil {
			block = v.BlockNumber(int(o.slot))
		}
		dst = append(dst, `{"listType": `...)
		dst = text.AppendUint(dst, uint64(block))
		dst = append(dst, `, "listLength": `...)
		dst = text.AppendUint(dst, uint64(len(whole)))
		dst = append(dst, `, "items": [`...)
	} else if whole == nil {
		return append(dst, "null"...), nil
	}
	first := true
	err := d.Elements(v, int(o.slot), func(e *wire.View) (err error) {
		if o.kind == fieldBlockList && e.BlockLength <= 8 {
			return nil // no content, no element
		}
		if !first {
			dst = append(dst, ", "...)
		}
		first = false
		dst, err = f.element(dst, d, e, o.kind == fieldBlockList)
		return err
	})
	switch {
	case list:
		dst = append(dst, "]}"...)
	case first:
		dst = append(dst, "null"...) // a header alone says that there is no block
	}
	return dst, err
}

// element appends a nested block as an object. bare leaves out its type and
// length. A block without layout shows its content as hex digits.
func (f *formatter) element(dst []byte, d *wire.Decoder, e *wire.View, bare bool) ([]byte, error) {
	if e.Layout == nil {
		dst = append(dst, `{"blockType": `...)
		dst = text.AppendUint(dst, uint64(e.Block))
		dst = append(dst, `, "blockLength": `...)
		dst = text.AppendUint(dst, uint64(e.BlockLength))
		dst = append(dst, `, "data": "`...)
		dst = text.AppendHex(dst, e.Raw()[8:])
		return append(dst, `"}`...), nil
	}
	p := f.plans.Get(e.Layout)
	ops, tail := p.fields, p.tail
	if bare {
		ops, tail = p.bare, p.bareTail
	}
	dst, err := f.fields(dst, d, ops, e)
	return append(dst, tail...), err
}
