package wire

import (
	"encoding/binary"
	"errors"
)

// maxDepth bounds how deep blocks may be nested in lists. The deepest known
// structure, a host profile, has four levels.
const maxDepth = 8

var (
	errBlockLength   = errors.New("block length is below 8, the size of its own header")
	errBlockBound    = errors.New("block is longer than what holds it")
	errDepth         = errors.New("blocks nested too deep")
	errMessageType   = errors.New("message carries no record: type 4 (event data) expected")
	errMessageLength = errors.New("message length does not equal the bytes there are")
	errTooLong       = errors.New("message is longer than this program handles")
)

// A Decoder turns event data messages into records. It allocates nothing per
// record and is not safe for concurrent use: every goroutine has its own.
type Decoder struct {
	set   *Layouts
	want  Wanted
	rec   Record
	types []*decoderType // by record type
	nest  [maxDepth]View
	depth int
}

// NewDecoder returns a decoder that fills the wanted slots; nil wants all.
// Slots that are not wanted hold leftovers and must not be read.
func NewDecoder(set *Layouts, want Wanted) *Decoder {
	return &Decoder{set: set, want: want, types: make([]*decoderType, 1024)}
}

// Decode decodes one whole message, 8-byte header included. The record borrows
// message and is valid until the next call.
//
// Where a record type has several forms (RecordDef.Forms), the first one that
// takes the body to its last byte counts, the usual one before all others. If none
// does, it is the usual one, as for every other record: bytes behind the last
// field are kept as trailing.
//
// The error is a *DecodeError for malformed bytes, and ErrUnknownRecord or
// ErrUnknownBlock when no layout is known. With an error the record is still
// returned with its header and what is known of Outer, Layout nil, so that it can
// be kept raw; it is nil only if even the record header could not be read.
func (d *Decoder) Decode(message []byte) (*Record, error) {
	r := &d.rec
	if len(message) < 16 {
		return nil, &DecodeError{Offset: 8, Need: 8, Have: max(0, len(message)-8)}
	}
	if len(message) > MaxMessage {
		return nil, &DecodeError{Err: errTooLong}
	}
	if binary.BigEndian.Uint16(message[2:]) != eventData {
		return nil, &DecodeError{Offset: 2, Err: errMessageType}
	}
	data := message[8:]
	if n := binary.BigEndian.Uint32(message[4:]); uint64(n) != uint64(len(data)) {
		return nil, &DecodeError{Offset: 4, Need: uint64(n), Have: len(data), Err: errMessageLength}
	}
	h, err := parseRecordHeader(data)
	if err != nil {
		return nil, &DecodeError{Record: h.Type, Offset: 12, Err: err}
	}
	r.RecordHeader, r.Message, r.Data = h, message, data
	r.Layout, r.Block, r.BlockLength, r.Trailing, r.blockTrail = nil, 0, 0, 0, 0
	r.Outer.Layout = nil

	t, err := d.typeOf(h.Type)
	if err != nil {
		return d.outer(r), err
	}
	err = d.usual(r, t)
	if len(t.def.Forms) != 0 && (err != nil || r.Trailing != 0) {
		if d.otherForm(r, t) {
			return r, nil
		}
		err = d.usual(r, t) // whose outcome the attempts have overwritten
	}
	if err != nil {
		return d.outer(r), err
	}
	return r, nil
}

// usual decodes the body in the form that the record type usually has.
func (d *Decoder) usual(r *Record, t *decoderType) error {
	r.Layout, r.Block, r.BlockLength, r.Trailing, r.blockTrail = nil, 0, 0, 0, 0
	p, err := d.program(r, t)
	if err != nil {
		return err
	}
	return d.body(r, p)
}

// body runs the program of a record. r.Layout is nil if that fails.
func (d *Decoder) body(r *Record, p *program) error {
	r.Layout, r.Trailing, r.blockTrail = nil, 0, 0
	if cap(r.Slots) < len(p.layout.Fields) {
		r.Slots = make([]Slot, len(p.layout.Fields), max(192, len(p.layout.Fields)))
	}
	r.Slots = r.Slots[:len(p.layout.Fields)]
	end, bound, err := p.run(&r.View, r.Size, len(r.Data))
	if err != nil {
		return d.place(err, r)
	}
	r.Layout = p.layout
	if err := d.checkNested(p, &r.View); err != nil {
		r.Layout = nil
		return d.place(err, r)
	}
	r.Trailing, r.blockTrail = len(r.Data)-end, bound-end
	return nil
}

// outer reads what stands before the body of a record that could not be decoded.
func (d *Decoder) outer(r *Record) *Record {
	l := d.set.outer(r.Type)
	if l == nil {
		return r
	}
	v := &r.Outer
	if cap(v.Slots) < len(l.Fields) {
		v.Slots = make([]Slot, len(l.Fields))
	}
	v.Data, v.Slots = r.Data, v.Slots[:len(l.Fields)]
	if _, _, err := l.full.run(v, r.Size, len(r.Data)); err == nil {
		v.Layout = l
	}
	return r
}

// place completes an error with what only the record knows.
func (d *Decoder) place(err error, r *Record) error {
	if e, ok := err.(*DecodeError); ok {
		e.Record, e.Block = r.Type, r.Block
		e.Offset += 8
	}
	return err
}

// run executes the program over v.Data[pos:lim]. It returns where the last field
// ended and the bound it ran against: the end of the body's block, or lim.
func (p *program) run(v *View, pos, lim int) (end, bound int, err error) {
	buf, slots := v.Data[:lim], v.Slots
	base := 0
	for i := 0; i < len(p.ops); i++ {
		o := &p.ops[i]
		switch o.code {
		case opRun:
			if uint(lim-pos) < uint(o.n) {
				return 0, 0, p.short(int(o.slot), v, pos, lim)
			}
			base, pos = pos, pos+int(o.n)
		case opU32:
			slots[o.slot] = Slot(binary.BigEndian.Uint32(buf[base+int(o.n):]))
		case opU16:
			slots[o.slot] = Slot(binary.BigEndian.Uint16(buf[base+int(o.n):]))
		case opU8:
			slots[o.slot] = Slot(buf[base+int(o.n)])
		case opU64:
			slots[o.slot] = Slot(binary.BigEndian.Uint64(buf[base+int(o.n):]))
		case opSpan:
			slots[o.slot] = span(base+int(o.n), int(o.aux))
		case opStr, opWhole, opSkip:
			if p.missing(o, pos, lim) {
				slots[o.slot] = 0
				continue
			}
			if lim-pos < 8 {
				return 0, 0, &DecodeError{Field: p.layout.Fields[o.slot].Name, Offset: pos, Need: 8, Have: lim - pos, Fields: int(o.slot)}
			}
			n := binary.BigEndian.Uint32(buf[pos+4:])
			if n < 8 || uint(n) > uint(lim-pos) {
				return 0, 0, p.badLength(int(o.slot), n, pos, lim)
			}
			switch o.code {
			case opStr:
				slots[o.slot] = span(pos+8, int(n)-8)
			case opWhole:
				slots[o.slot] = span(pos, int(n))
			}
			pos += int(n)
		case opText:
			n := slots[o.aux]
			if uint64(n) > uint64(lim-pos) {
				return 0, 0, &DecodeError{Field: p.layout.Fields[o.slot].Name, Offset: pos, Need: uint64(n), Have: lim - pos, Fields: int(o.slot)}
			}
			slots[o.slot] = span(pos, int(n))
			pos += int(n)
		case opRest:
			slots[o.slot] = span(pos, lim-pos)
			pos = lim
		case opWhen:
			if slots[o.aux] != 1 {
				slots[o.slot] = 0
				i += int(o.n)
			}
		case opBlock:
			if lim-pos < 8 {
				return 0, 0, &DecodeError{Field: "block header", Offset: pos, Need: 8, Have: lim - pos}
			}
			v.Block = binary.BigEndian.Uint32(buf[pos:])
			n := binary.BigEndian.Uint32(buf[pos+4:])
			v.BlockLength = n
			if n < 8 {
				return 0, 0, &DecodeError{Field: "block length", Offset: pos + 4, Err: errBlockLength}
			}
			if uint(n) > uint(lim-pos) {
				return 0, 0, &DecodeError{Field: "block length", Offset: pos + 4, Need: uint64(n), Have: lim - pos, Err: errBlockBound}
			}
			lim = pos + int(n)
			buf = buf[:lim]
			pos += 8
		}
	}
	return pos, lim, nil
}

// missing reports whether a nested block at the very end was left out, as older
// servers do with the VPN session of a user login (reference notes, D7).
func (p *program) missing(o *op, pos, lim int) bool {
	return pos == lim && int(o.slot) == len(p.layout.Fields)-1 && p.layout.Fields[o.slot].Kind == KindBlock
}

// short builds the error for a run of fixed fields that does not fit: it names
// the first field that is cut.
func (p *program) short(slot int, v *View, pos, lim int) error {
	for ; slot < len(p.layout.Fields); slot++ {
		f := &p.layout.Fields[slot]
		if f.Size > lim-pos {
			return &DecodeError{Field: f.Name, Offset: pos, Need: uint64(f.Size), Have: lim - pos, Fields: slot}
		}
		pos += f.Size
	}
	return &DecodeError{Offset: pos, Have: lim - pos, Fields: slot}
}

func (p *program) badLength(slot int, n uint32, pos, lim int) error {
	e := &DecodeError{Field: p.layout.Fields[slot].Name, Offset: pos + 4, Fields: slot, Need: uint64(n), Have: lim - pos, Err: errBlockBound}
	if n < 8 {
		e.Err = errBlockLength
	}
	return e
}

// checkNested makes sure that Elements can walk every list and nested block of
// v to the last byte, so that a formatter never meets a fault halfway.
func (d *Decoder) checkNested(p *program, v *View) error {
	for _, slot := range p.layout.nested {
		if p.wanted != nil && !p.wanted[slot] {
			continue
		}
		if err := d.Elements(v, slot, func(e *View) error {
			if e.Layout == nil {
				return nil
			}
			return d.checkNested(e.Layout.full, e)
		}); err != nil {
			return err
		}
	}
	return nil
}

// Elements calls f for each data block in a list, or for the one nested block,
// in order. The view is valid during the call and may itself be passed to
// Elements. A block without layout has a nil Layout; Raw gives its bytes.
// It stops at the first error, its own (*DecodeError) or f's.
func (d *Decoder) Elements(v *View, slot int, f func(*View) error) error {
	field := &v.Layout.Fields[slot]
	pos, n := v.Slots[slot].span()
	if pos == 0 {
		return nil
	}
	if field.Kind == KindBlock && n == 8 {
		return nil // a header alone says that there is none, as in VPN sessions
	}
	if d.depth == maxDepth {
		return &DecodeError{Field: field.Name, Offset: pos, Err: errDepth}
	}
	e := &d.nest[d.depth]
	d.depth++
	defer func() { d.depth-- }()
	end := pos + n
	if field.Kind == KindList {
		pos += 8
	}
	series := v.Layout.series()
	for pos < end {
		if end-pos < 8 {
			return &DecodeError{Field: field.Name, Offset: pos, Need: 8, Have: end - pos}
		}
		size := binary.BigEndian.Uint32(v.Data[pos+4:])
		if size < 8 {
			return &DecodeError{Field: field.Name, Offset: pos + 4, Err: errBlockLength}
		}
		if uint(size) > uint(end-pos) {
			return &DecodeError{Field: field.Name, Offset: pos + 4, Need: uint64(size), Have: end - pos, Err: errBlockBound}
		}
		if err := d.element(e, v.Data, series, pos, pos+int(size)); err != nil {
			return err
		}
		if err := f(e); err != nil {
			return err
		}
		pos += int(size)
	}
	return nil
}

// element decodes the block data[pos:end] into e.
func (d *Decoder) element(e *View, data []byte, series uint8, pos, end int) error {
	e.Data, e.at, e.end, e.Layout = data, pos, end, nil
	e.Block, e.BlockLength = binary.BigEndian.Uint32(data[pos:]), uint32(end-pos)
	l, err := d.set.Nested(series, e.Block)
	if errors.Is(err, ErrUnknownBlock) {
		return nil
	}
	if err != nil {
		return err
	}
	if cap(e.Slots) < len(l.Fields) {
		e.Slots = make([]Slot, len(l.Fields))
	}
	e.Slots = e.Slots[:len(l.Fields)]
	if _, _, err := l.full.run(e, pos+8, end); err != nil {
		return err
	}
	e.Layout = l
	return nil
}
