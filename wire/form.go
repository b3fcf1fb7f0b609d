package wire

import "encoding/binary"

// otherForm decodes the body in the first of its other forms that takes it to the
// last byte; false if none does. Nothing in the message says which form it has.
// That the lengths inside add up is what a body in the wrong form does not do:
// text and UUIDs make lengths of many megabytes.
func (d *Decoder) otherForm(r *Record, t *decoderType) bool {
	if t.forms == nil {
		t.forms = make([]*program, len(t.def.Forms))
	}
	for i := range t.def.Forms {
		f := &t.def.Forms[i]
		r.Block, r.BlockLength = 0, 0
		if f.Series != 0 && !d.startsBlock(r, t, f.Block) {
			continue
		}
		if t.forms[i] == nil {
			l, err := d.set.Form(r.Type, i+1)
			if err != nil {
				continue // a faulty definition; whoever loads layouts has compiled all of them
			}
			t.forms[i] = d.programFor(l)
		}
		if d.body(r, t.forms[i]) == nil && r.Trailing == 0 {
			return true
		}
	}
	return false
}

// startsBlock reports whether the body starts with the header of that block.
func (d *Decoder) startsBlock(r *Record, t *decoderType, block uint32) bool {
	at := r.Size
	if t.def.Discovery {
		var err error
		if at, err = discoveryEnd(r.Data, r.Size); err != nil {
			return false
		}
	}
	return len(r.Data)-at >= 8 && binary.BigEndian.Uint32(r.Data[at:]) == block
}
