package wire

import "encoding/binary"

// Which program decodes a record.

// decoderType remembers the programs of one record type, so that finding one
// takes no map and no lock.
type decoderType struct {
	def    *RecordDef
	plain  *program // body without block header
	blocks []blockProgram
	forms  []*program // by form number less 1, nil until used
}

type blockProgram struct {
	block uint32
	prog  *program
}

// typeOf finds what is known of a record type.
func (d *Decoder) typeOf(record uint16) (*decoderType, error) {
	if int(record) < len(d.types) && d.types[record] != nil {
		return d.types[record], nil
	}
	def, err := d.set.src.Record(record)
	if err != nil {
		return nil, err
	}
	if def.Unknown {
		return nil, ErrUnknownRecord
	}
	t := &decoderType{def: def}
	if int(record) < len(d.types) {
		d.types[record] = t
	}
	return t, nil
}

// program finds the program for the record in r: by record type, and by the
// type of the block the body starts with.
func (d *Decoder) program(r *Record, t *decoderType) (*program, error) {
	if t.def.Series == 0 {
		if t.plain == nil {
			p, err := d.prepare(r.Type, 0)
			if err != nil {
				return nil, err
			}
			t.plain = p
		}
		return t.plain, nil
	}
	at := r.Size
	if t.def.Discovery {
		var err error
		if at, err = discoveryEnd(r.Data, r.Size); err != nil {
			return nil, d.place(err, r)
		}
	}
	if len(r.Data)-at < 8 {
		return nil, d.place(&DecodeError{Field: "block header", Offset: at, Need: 8, Have: len(r.Data) - at}, r)
	}
	block := binary.BigEndian.Uint32(r.Data[at:])
	r.Block, r.BlockLength = block, binary.BigEndian.Uint32(r.Data[at+4:])
	for i := range t.blocks {
		if t.blocks[i].block == block {
			return t.blocks[i].prog, nil
		}
	}
	p, err := d.prepare(r.Type, block)
	if err != nil {
		return nil, err
	}
	t.blocks = append(t.blocks, blockProgram{block, p})
	return p, nil
}

func (d *Decoder) prepare(record uint16, block uint32) (*program, error) {
	l, err := d.set.Layout(record, block)
	if err != nil {
		return nil, err
	}
	return d.programFor(l), nil
}

func (d *Decoder) programFor(l *Layout) *program {
	if d.want == nil {
		return l.full
	}
	return compile(l, d.want)
}

// discoveryEnd returns where the body starts after a discovery header at off:
// 40 bytes on, 56 when byte 14 says that an IPv6 address follows.
func discoveryEnd(data []byte, off int) (int, error) {
	const short, long, flag = 40, 56, 14
	if len(data)-off < short {
		return 0, &DecodeError{Field: "discovery header", Offset: off, Need: short, Have: len(data) - off}
	}
	if data[off+flag] != 1 {
		return off + short, nil
	}
	if len(data)-off < long {
		return 0, &DecodeError{Field: "ipv6_address", Offset: off + short, Need: long - short, Have: len(data) - off - short}
	}
	return off + long, nil
}
