package strict

import (
	"encoding/base64"
	"net/netip"

	"estream/format/text"
	"estream/meta"
	"estream/wire"
)

// list appends a list, or the one block in a field, as a JSON array of objects,
// and how many elements it has. An empty list has only its count.
func (f *formatter) list(dst []byte, p *part, d *wire.Decoder, v *wire.View) []byte {
	if v.Bytes(p.slot) == nil {
		return dst
	}
	f.buf = f.buf[:0]
	n := f.array(d, v, p.slot)
	if n > 0 {
		dst = append(dst, p.before...)
		dst = appendExtension(dst, f.buf)
	}
	dst = append(dst, p.after...)
	return text.AppendUint(dst, uint64(n))
}

// array appends the elements of a list to the scratch buffer.
func (f *formatter) array(d *wire.Decoder, v *wire.View, slot int) (n int) {
	f.buf = append(f.buf, '[')
	// The decoder has been through the same bytes while it read the record, so
	// there is no error here that it has not reported in place of the record.
	_ = d.Elements(v, slot, func(e *wire.View) error {
		if n > 0 {
			f.buf = append(f.buf, ',')
		}
		n++
		f.object(d, e)
		return nil
	})
	f.buf = append(f.buf, ']')
	return n
}

// object appends a nested block to the scratch buffer: its type and its fields
// under the names that they have in JSON output.
func (f *formatter) object(d *wire.Decoder, e *wire.View) {
	f.buf = append(f.buf, `{"blockType":`...)
	f.buf = text.AppendUint(f.buf, uint64(e.Block))
	if e.Layout == nil {
		f.buf = append(f.buf, `,"data":"`...)
		f.buf = text.AppendHex(f.buf, e.Raw()[8:])
		f.buf = append(f.buf, `"}`...)
		return
	}
	for i := range e.Layout.Fields {
		f.member(d, e, i)
	}
	f.buf = append(f.buf, '}')
}

func (f *formatter) member(d *wire.Decoder, e *wire.View, slot int) {
	field := &e.Layout.Fields[slot]
	b := f.buf
	b = append(b, `,"`...)
	b = text.AppendJSON(b, []byte(field.Encore))
	b = append(b, `":`...)
	kind := field.Kind
	switch {
	case kind.Integer():
		f.buf = text.AppendUint(b, e.Uint(slot))
		return
	case kind == wire.KindList || kind == wire.KindBlock:
		f.buf = b
		f.array(d, e, slot)
		return
	}
	b = append(b, '"')
	raw := e.Bytes(slot)
	switch kind {
	case wire.KindUUID:
		b = text.AppendUUID(b, raw)
	case wire.KindMAC:
		b = text.AppendMAC(b, raw)
	case wire.KindIPv4:
		if len(raw) == 4 && field.LittleEndian {
			b = text.AppendIPv4Little(b, raw)
		} else {
			b = text.AppendIPv4(b, raw)
		}
	case wire.KindIPv6:
		if len(raw) == 16 {
			b = netip.AddrFrom16([16]byte(raw)).Unmap().AppendTo(b)
		}
	case wire.KindText, wire.KindString, wire.KindRest:
		b = text.AppendJSON(b, raw)
	case wire.KindBlob:
		if isText(raw) {
			b = text.AppendJSON(b, raw)
		} else {
			b = text.AppendHex(b, raw)
		}
	default:
		if field.Name == "client_ip" && len(raw) == 16 { // of a VPN session: no ipv6 in the layout
			b = netip.AddrFrom16([16]byte(raw)).Unmap().AppendTo(b)
		} else {
			b = text.AppendHex(b, raw)
		}
	}
	f.buf = append(b, '"')
}

// nestedValues appends the computed values of a nested block, each under the
// block's custom key with the value's name behind it.
func (f *formatter) nestedValues(dst []byte, p *part, d *wire.Decoder, r *wire.Record, s *meta.Snapshot) []byte {
	// As in array, the decoder has ruled errors out.
	_ = d.Elements(&r.View, p.slot, func(e *wire.View) error {
		ops := f.eval.Nested(p.ops[0], e.Layout)
		for i := range ops {
			op := &ops[i]
			res := f.eval.Eval(op, r, e, s)
			start := len(dst)
			dst = append(dst, p.before...)
			dst = append(dst, op.Key[0]&^0x20)
			dst = append(dst, op.Key[1:]...)
			dst = append(dst, '=')
			value := len(dst)
			switch res.Kind {
			case meta.Known:
				f.buf = append(f.buf[:0], res.Value.Text...)
				dst = appendExtension(dst, f.buf)
			case meta.Number:
				dst = text.AppendUint(dst, res.Number)
			case meta.Plain, meta.Wire:
				if a := e.Bytes(op.From.Slot); op.Kind == meta.OpHexGroups && len(a) == 16 {
					dst = netip.AddrFrom16([16]byte(a)).Unmap().AppendTo(dst)
				} else {
					dst = appendExtension(dst, trimNULs(res.Bytes))
				}
			case meta.Hex:
				dst = text.AppendHex(dst, res.Bytes)
			}
			if len(dst) == value {
				dst = dst[:start]
			}
		}
		return nil
	})
	return dst
}

// AppendRaw implements format.Formatter: a line with the record, or the whole
// message if it has no record header, and the reason.
func (f *formatter) AppendRaw(dst []byte, message []byte, r *wire.Record, reason error) ([]byte, bool) {
	dst = f.begin(dst)
	if r != nil {
		dst = text.AppendUint(dst, uint64(r.Type))
	} else {
		dst = append(dst, '0')
	}
	dst = append(dst, "|Undecoded Record|5|"...)
	rest := message
	if r != nil {
		rest = r.Body()
		dst = f.outer(dst, r)
	}
	dst = rawEvent(dst, rest)
	if reason != nil {
		f.buf = append(f.buf[:0], reason.Error()...)
	} else {
		f.buf = append(f.buf[:0], wire.ErrUnknownBlock.Error()...)
	}
	const maxReason = 1023
	short, _ := cut(f.buf, maxReason)
	dst = appendExtension(append(dst, " reason="...), short)
	if r != nil {
		if r.Extended {
			dst = f.second(append(dst, " "+customPrefix+"ArchiveTime="...), uint64(r.ArchiveTimestamp))
		}
		dst = text.AppendUint(append(dst, " "+customPrefix+"NetmapId="...), uint64(r.NetmapID))
		dst = text.AppendUint(append(dst, " "+customPrefix+"BlockType="...), uint64(r.Block))
		dst = text.AppendUint(append(dst, " "+customPrefix+"RecordType="...), uint64(r.Type))
	}
	return append(dst, '\n'), true
}

// rawEvent appends bytes in base64: as much as the standard's key takes, and all
// of them in a custom key if that is not enough. The equals signs at the end are
// escaped like all others.
func rawEvent(dst, raw []byte) []byte {
	const maxBytes = 4000 / 4 * 3
	encoded := func(dst []byte, key string, b []byte) []byte {
		dst = append(dst, key...)
		padding := (3 - len(b)%3) % 3
		dst = base64.RawStdEncoding.AppendEncode(dst, b)
		return append(dst, `\=\=`[:2*padding]...)
	}
	if len(raw) == 0 {
		return dst
	}
	dst = encoded(dst, " rawEvent=", raw[:min(len(raw), maxBytes)])
	if len(raw) > maxBytes {
		dst = encoded(dst, " "+customPrefix+"RawEvent=", raw)
	}
	return dst
}

// outer appends what the discovery header of an undecoded record says.
func (f *formatter) outer(dst []byte, r *wire.Record) []byte {
	v := &r.Outer
	if v.Layout == nil {
		return dst
	}
	var second, micro uint64
	legacy := meta.LegacyHost(v.Layout)
	for i := range v.Layout.Fields {
		field := &v.Layout.Fields[i]
		p := part{slot: i, other: -1}
		switch field.Encore {
		case "deviceId":
			dst = text.AppendUint(append(dst, " deviceExternalId="...), v.Uint(i))
		case "eventSecond":
			second = v.Uint(i)
		case "eventMicrosecond":
			micro = v.Uint(i)
		case "hostIpAddr":
			p.write, p.other, p.before = writeHost, legacy, " src="
			if a, ok := p.address(v); ok && !a.Is4() {
				p.before, p.after = " c6a2=", " c6a2Label=Source IPv6 Address"
			}
			dst = f.address(dst, &p, v)
		case "macAddress":
			dst = text.AppendMAC(append(dst, " smac="...), v.Bytes(i))
		default:
			if field.Kind.Integer() && !padding(v.Layout, i) {
				dst = append(append(dst, ' '), custom(field.Encore)...)
				dst = text.AppendUint(append(dst, '='), v.Uint(i))
			}
		}
	}
	p := part{before: " rt="}
	return p.milliseconds(dst, second, micro)
}
