package strict

import (
	"math"
	"net/netip"

	"estream/format"
	"estream/format/text"
	"estream/meta"
	"estream/wire"
)

type formatter struct {
	plans   *format.Plans[plan]
	start   string
	prefix  []byte
	clock   *clock // nil with a fixed prefix
	packets meta.Packets
	eval    meta.Evaluator
	dates   text.Dates
	head    []byte // scratch: a field of the header
	buf     []byte // scratch: a value before it is escaped
}

// Append implements format.Formatter.
func (f *formatter) Append(dst []byte, d *wire.Decoder, r *wire.Record, s *meta.Snapshot) ([]byte, bool) {
	if r.Layout == nil {
		return f.AppendRaw(dst, r.Message, r, nil)
	}
	p := f.plans.Get(r.Layout)
	dst = f.begin(dst)
	dst = f.headerField(dst, p.signature, maxSignature, "0", r, s)
	dst = append(dst, '|')
	dst = f.headerField(dst, p.name, maxName, p.title, r, s)
	dst = append(dst, '|')
	dst = f.severity(dst, &p.severity, r, s)
	dst = append(dst, '|')
	for i := range p.extension {
		dst = f.part(dst, &p.extension[i], d, r, s)
	}
	return append(dst, p.end...), true
}

// begin appends what stands before the signature.
func (f *formatter) begin(dst []byte) []byte {
	if f.clock != nil {
		dst = append(dst, f.clock.prefix()...)
	} else {
		dst = append(dst, f.prefix...)
	}
	return append(dst, f.start...)
}

// part appends one key with its value, or nothing if there is no value.
func (f *formatter) part(dst []byte, p *part, d *wire.Decoder, r *wire.Record, s *meta.Snapshot) []byte {
	switch p.write {
	case writeEventTime:
		return f.eventTime(dst, p, r, s)
	case writeArchived:
		if !r.Extended {
			return dst
		}
		return f.second(append(dst, p.before...), uint64(r.ArchiveTimestamp))
	case writeList:
		return f.list(dst, p, d, &r.View)
	case writeNested:
		return f.nestedValues(dst, p, d, r, s)
	}
	// Names stand for numbers; a text of the record's own is never given up for one.
	if p.write == writeText && len(p.ops) > 0 && len(trimNULs(r.Bytes(p.slot))) > 0 {
		return p.text(dst, r.Bytes(p.slot))
	}
	for _, op := range p.ops {
		res := f.eval.Eval(op, r, &r.View, s)
		if out, ok := f.result(dst, p, &res); ok {
			return out
		}
	}
	switch p.write {
	case writeNothing:
		return dst
	case writeUint:
		return p.number(dst, r.Uint(p.slot))
	case writeSeconds:
		n := r.Uint(p.slot)
		switch p.key.kind {
		case keyTime:
			return p.milliseconds(dst, n, 0)
		case keyInteger, keyLong:
			return p.number(dst, n)
		}
		return f.second(append(dst, p.before...), n)
	case writeText:
		return p.text(dst, r.Bytes(p.slot)) // no copy on the way
	case writeIP, writeHost, writeLittle:
		return f.address(dst, p, &r.View)
	case writeMAC:
		dst = text.AppendMAC(append(dst, p.before...), r.Bytes(p.slot))
		return append(dst, p.after...)
	}
	f.buf = f.render(f.buf[:0], p, &r.View)
	return p.text(dst, f.buf)
}

// result appends a computed value; false if there is none.
func (f *formatter) result(dst []byte, p *part, res *meta.Result) ([]byte, bool) {
	switch res.Kind {
	case meta.Known:
		if res.Value.Text == "" {
			return dst, false
		}
		f.buf = append(f.buf[:0], res.Value.Text...)
		return p.text(dst, f.buf), true
	case meta.Number:
		return p.number(dst, res.Number), true
	case meta.Plain, meta.Wire:
		return p.text(dst, res.Bytes), len(trimNULs(res.Bytes)) > 0
	case meta.Hex:
		f.buf = text.AppendHex(f.buf[:0], res.Bytes)
		return p.text(dst, f.buf), len(f.buf) > 0
	}
	return dst, false
}

// text appends text as the value of the key: nothing if it is empty, in both keys
// if it is too long for the first, in the custom key alone if that is no text.
func (p *part) text(dst, s []byte) []byte {
	if s = trimNULs(s); len(s) == 0 {
		return dst
	}
	if p.spare == "" {
		dst = append(dst, p.before...)
		dst = appendExtension(dst, s)
		return append(dst, p.after...)
	}
	if p.key.kind == keyText {
		short, isCut := cut(s, p.key.limit)
		dst = append(dst, p.before...)
		dst = appendExtension(dst, short)
		dst = append(dst, p.after...)
		if !isCut {
			return dst
		}
	}
	dst = append(dst, p.spare...)
	return appendExtension(dst, s)
}

// number appends a number, to the custom key if the first cannot hold it.
func (p *part) number(dst []byte, n uint64) []byte {
	switch p.key.kind {
	case keyTime:
		return p.milliseconds(dst, n, 0)
	case keyText:
	case keyInteger:
		if n > math.MaxInt32 {
			return text.AppendUint(append(dst, p.spare...), n)
		}
	default:
		if n > math.MaxInt64 || p.key.kind != keyLong {
			return text.AppendUint(append(dst, p.spare...), n)
		}
	}
	dst = append(dst, p.before...)
	dst = text.AppendUint(dst, n)
	return append(dst, p.after...)
}

// milliseconds appends a time as the dictionary's keys want it.
func (p *part) milliseconds(dst []byte, second, micro uint64) []byte {
	dst = append(dst, p.before...)
	dst = text.AppendUint(dst, second*1000+micro/1000)
	return append(dst, p.after...)
}

// second appends a time with its zone.
func (f *formatter) second(dst []byte, n uint64) []byte {
	return append(f.dates.Append(dst, uint32(n), 0), "+00:00"...)
}

// eventTime appends the time of the event; its operations are the second and,
// where the record has one, the microsecond.
func (f *formatter) eventTime(dst []byte, p *part, r *wire.Record, s *meta.Snapshot) []byte {
	var n [2]uint64
	for i, op := range p.ops[:min(len(p.ops), 2)] {
		n[i] = f.eval.Eval(op, r, &r.View, s).Number
	}
	if n[0] == 0 {
		return dst
	}
	return p.milliseconds(dst, n[0], n[1])
}

// address appends an address to the key for its kind.
func (f *formatter) address(dst []byte, p *part, v *wire.View) []byte {
	a, ok := p.address(v)
	if !ok {
		return dst
	}
	before, after := p.before, p.after
	if wrong := p.key.kind == keyIPv4 && !a.Is4() || p.key.kind == keyIPv6 && a.Is4(); wrong {
		if p.shared {
			return dst // the other key has it
		}
		before, after = p.spare, ""
	}
	dst = append(dst, before...)
	return append(a.AppendTo(dst), after...)
}

// address returns the address in the part's field, mapped ones as IPv4; false if
// the record has none.
func (p *part) address(v *wire.View) (netip.Addr, bool) {
	b := v.Bytes(p.slot)
	if len(b) == 0 && p.other >= 0 {
		b = v.Bytes(p.other)
	}
	switch {
	case len(b) == 4 && p.write == writeLittle:
		return netip.AddrFrom4([4]byte{b[3], b[2], b[1], b[0]}), true
	case len(b) == 4:
		return netip.AddrFrom4([4]byte(b)), true
	case len(b) == 16:
		return netip.AddrFrom16([16]byte(b)).Unmap(), true
	}
	return netip.Addr{}, false
}

// render appends the text of a field that is no number, before any escapes.
func (f *formatter) render(dst []byte, p *part, v *wire.View) []byte {
	switch p.write {
	case writeNamed:
		n := v.Uint(p.slot)
		if n < uint64(len(p.names)) {
			return append(dst, p.names[n]...)
		}
		return text.AppendUint(dst, n)
	case writeUint, writeSeconds:
		return text.AppendUint(dst, v.Uint(p.slot))
	case writeUUID:
		b := v.Bytes(p.slot)
		if len(b) == 16 && [16]byte(b) == ([16]byte{}) {
			return dst
		}
		return text.AppendUUID(dst, b)
	case writeHex:
		return text.AppendHex(dst, v.Bytes(p.slot))
	case writeText:
		return append(dst, v.Bytes(p.slot)...)
	case writeBlob:
		if b := v.Bytes(p.slot); !isText(b) {
			return text.AppendHex(dst, b)
		}
		return append(dst, v.Bytes(p.slot)...)
	case writePacket:
		if f.packets.OmitOriginal {
			return dst
		}
		return text.AppendHex(dst, v.Bytes(p.slot))
	case writeMAC:
		return text.AppendMAC(dst, v.Bytes(p.slot))
	case writeIP, writeHost, writeLittle:
		if a, ok := p.address(v); ok {
			return a.AppendTo(dst)
		}
	}
	return dst
}
