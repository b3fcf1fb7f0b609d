package flat

import (
	"encoding/base64"
	"time"

	"estream/format/text"
	"estream/meta"
	"estream/wire"
)

// keepItems bounds the memory that a Walker keeps for the next record, so that one
// huge message does not stay for ever.
const (
	keepItems = 4096
	keepBytes = 1 << 18
)

// A Walker lists records. It is not safe for concurrent use. What it returns is
// valid until its next call and may borrow the message.
type Walker struct {
	plans *Plans
	eval  meta.Evaluator
	items []Item
	buf   []byte // values made of other values, and prefixes
}

// NewWalker returns a walker that shares p.
func (p *Plans) NewWalker(packets meta.Packets) *Walker {
	return &Walker{plans: p, eval: meta.Evaluator{Packets: packets, Dates: text.Dates{Location: time.UTC, Offset: true}}}
}

// Reset lets go of the last message. Formatters call it when its line is written.
func (w *Walker) Reset() {
	clear(w.items)
	w.items, w.buf = w.items[:0], w.buf[:0]
	if cap(w.items) > keepItems {
		w.items = nil
	}
	if cap(w.buf) > keepBytes {
		w.buf = nil
	}
}

// Record lists a decoded record, which must have a layout and all fields filled.
// The error is one of a nested block; the decoder has already ruled it out for
// records that it returned without error.
func (w *Walker) Record(d *wire.Decoder, r *wire.Record, s *meta.Snapshot) ([]Item, error) {
	w.Reset()
	p := w.plans.plans.Get(r.Layout)
	if p.date != nil {
		if res := w.eval.Eval(p.date, r, &r.View, s); res.Kind == meta.Plain {
			w.add(Item{Name: nameTime, Kind: Token, Role: Time, Bytes: w.keep(res.Bytes)})
		}
	} else if r.ArchiveTimestamp != 0 {
		w.archiveTime(r)
	}
	w.add(Item{Name: nameType, Number: uint64(r.Type), Role: RecordType})
	w.add(Item{Name: nameRecord, Kind: Text, Role: RecordName, Bytes: w.keepString(r.Layout.Record.Name)})
	w.add(Item{Name: nameCategory, Kind: Text, Role: RecordCategory, Bytes: w.keepString(r.Layout.Record.Category)})
	w.header(r)
	if err := w.fields(d, p, nil, &r.View); err != nil {
		return nil, err
	}
	w.computed(d, p, r, s)
	return w.items, nil
}

// Raw lists what is known of a message that could not be decoded; r is nil if not
// even its record header could be read.
func (w *Walker) Raw(message []byte, r *wire.Record, reason error) []Item {
	w.Reset()
	name := "rawMessage"
	if r != nil {
		name = "rawRecord"
		if r.ArchiveTimestamp != 0 {
			w.archiveTime(r)
		}
		w.add(Item{Name: nameType, Number: uint64(r.Type), Role: RecordType})
		w.header(r)
		if r.Outer.Layout != nil {
			// A discovery header holds no blocks, which alone could be malformed.
			_ = w.fields(nil, w.plans.plans.Get(r.Outer.Layout), nil, &r.Outer)
		}
		message = r.Body()
	}
	start := len(w.buf)
	w.buf = base64.StdEncoding.AppendEncode(w.buf, message)
	w.add(Item{Name: name, Kind: Token, Bytes: w.buf[start:len(w.buf):len(w.buf)]})
	w.add(Item{Name: "rawReason", Kind: Text, Bytes: w.keepString(reason.Error())})
	return w.items
}

func (w *Walker) archiveTime(r *wire.Record) {
	start := len(w.buf)
	w.buf = w.eval.Dates.Append(w.buf, r.ArchiveTimestamp, 0)
	w.add(Item{Name: nameTime, Kind: Token, Role: Time, Bytes: w.buf[start:len(w.buf):len(w.buf)]})
}

func (w *Walker) header(r *wire.Record) {
	if r.Block != 0 {
		w.add(Item{Name: nameBlock, Number: uint64(r.Block)})
	}
	if r.Extended {
		w.add(Item{Name: nameArchive, Number: uint64(r.ArchiveTimestamp)})
	}
}

func (w *Walker) add(i Item) { w.items = append(w.items, i) }

// keep copies bytes that the next evaluation would overwrite.
func (w *Walker) keep(b []byte) []byte {
	start := len(w.buf)
	w.buf = append(w.buf, b...)
	return w.buf[start:len(w.buf):len(w.buf)]
}

func (w *Walker) keepString(s string) []byte {
	start := len(w.buf)
	w.buf = append(w.buf, s...)
	return w.buf[start:len(w.buf):len(w.buf)]
}

// fields lists the fields of a structure under prefix.
func (w *Walker) fields(d *wire.Decoder, p *plan, prefix []byte, v *wire.View) error {
	for i := range p.fields {
		o := &p.fields[i]
		it := Item{Prefix: prefix, Name: o.name, Kind: Token, Role: o.role.role, rank: o.role.rank}
		slot := int(o.slot)
		start := len(w.buf)
		switch o.kind {
		case fieldUint:
			it.Kind, it.Number = Number, v.Uint(slot)
			w.add(it)
			continue
		case fieldIPv4Uint:
			n := v.Uint(slot)
			w.buf = text.AppendIPv4(w.buf, []byte{byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)})
		case fieldHost:
			if !v.Has(slot) && o.other >= 0 {
				slot = int(o.other)
			}
			w.buf = text.AppendAddress(w.buf, v.Bytes(slot))
		case fieldList, fieldBlock:
			if err := w.nested(d, o, prefix, v); err != nil {
				return err
			}
			continue
		case fieldText:
			if v.Has(slot) {
				it.Kind, it.Bytes = Text, trimNULs(v.Bytes(slot))
				w.add(it)
			}
			continue
		default:
			if !v.Has(slot) {
				continue
			}
			w.render(o.kind, v.Bytes(slot))
		}
		it.Bytes = w.buf[start:len(w.buf):len(w.buf)]
		w.add(it)
	}
	return nil
}

// render appends the text of a value of fixed size to the buffer.
func (w *Walker) render(kind fieldKind, b []byte) {
	switch kind {
	case fieldUUID:
		w.buf = text.AppendUUID(w.buf, b)
	case fieldIPv4:
		w.buf = text.AppendIPv4(w.buf, b)
	case fieldIPv4Little:
		w.buf = text.AppendIPv4Little(w.buf, b)
	case fieldIP:
		w.buf = text.AppendAddress(w.buf, b)
	case fieldMAC:
		w.buf = text.AppendMAC(w.buf, b)
	default:
		w.buf = text.AppendHex(w.buf, b)
	}
}

// nested lists the blocks of a list, or the one nested block.
func (w *Walker) nested(d *wire.Decoder, o *fieldOp, outer []byte, v *wire.View) error {
	index := uint64(0)
	return d.Elements(v, int(o.slot), func(e *wire.View) error {
		start := len(w.buf)
		w.buf = append(w.buf, outer...)
		w.buf = append(w.buf, o.name...)
		w.buf = append(w.buf, '.')
		if o.kind == fieldList {
			w.buf = append(text.AppendUint(w.buf, index), '.')
			index++
		}
		prefix := w.buf[start:len(w.buf):len(w.buf)]
		w.add(Item{Prefix: prefix, Name: nameBlock, Number: uint64(e.Block)})
		if e.Layout == nil {
			start := len(w.buf)
			w.buf = text.AppendHex(w.buf, e.Raw()[8:])
			w.add(Item{Prefix: prefix, Name: "data", Kind: Token, Bytes: w.buf[start:len(w.buf):len(w.buf)]})
			return nil
		}
		return w.fields(d, w.plans.plans.Get(e.Layout), prefix, e)
	})
}
