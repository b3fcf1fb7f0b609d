package transcript

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"net"
	"net/netip"
	"strconv"
	"time"
	"unicode"
	"unicode/utf8"

	"estream/wire"
)

// record appends what an event data message carries, and end.
func (w *Writer) record(dst, m []byte, end byte) []byte {
	r, err := w.dec.Decode(m)
	if r == nil {
		return append(appendString(append(dst, `"problem":`...), []byte(problemOf(err))), end)
	}
	dst = append(dst, `"record":`...)
	dst = strconv.AppendUint(dst, uint64(r.Type), 10)
	if def, err := w.set.Source().Record(r.Type); err == nil {
		dst = append(dst, `,"record_name":`...)
		dst = appendString(dst, []byte(def.Name))
	}
	dst = append(dst, `,"netmap_id":`...)
	dst = strconv.AppendUint(dst, uint64(r.NetmapID), 10)
	dst = append(dst, `,"extended_header":`...)
	dst = strconv.AppendBool(dst, r.Extended)
	if r.Extended {
		dst = append(dst, `,"archive_time":`...)
		dst = strconv.AppendUint(dst, uint64(r.ArchiveTimestamp), 10)
		dst = append(dst, `,"archive_text":"`...)
		dst = time.Unix(int64(r.ArchiveTimestamp), 0).UTC().AppendFormat(dst, time.RFC3339)
		dst = append(dst, '"')
	}
	if r.Block != 0 {
		dst = append(dst, `,"block":`...)
		dst = strconv.AppendUint(dst, uint64(r.Block), 10)
	}
	if err != nil {
		dst = append(dst, `,"problem":`...)
		return append(appendString(dst, []byte(problemOf(err))), end)
	}
	if n := r.Layout.Discovery; n > 0 {
		dst = append(dst, `,"discovery":`...)
		if dst, err = w.fields(dst, &r.View, 0, n); err != nil {
			return append(appendString(append(dst, `,"problem":`...), []byte(err.Error())), end)
		}
	}
	at := len(dst)
	dst = append(dst, `,"fields":`...)
	if dst, err = w.fields(dst, &r.View, r.Layout.Discovery, len(r.Layout.Fields)); err != nil {
		// Decode has checked all of it; this says so if that ever changes.
		return append(appendString(append(dst[:at], `,"problem":`...), []byte(err.Error())), end)
	}
	if r.Trailing > 0 {
		dst = append(dst, `,"trailing_bytes":`...)
		dst = strconv.AppendInt(dst, int64(r.Trailing), 10)
	}
	return append(dst, end)
}

// fields appends fields first to last-1 of a structure as an object. Optional
// fields that are absent are left out.
func (w *Writer) fields(dst []byte, v *wire.View, first, last int) ([]byte, error) {
	dst = append(dst, '{')
	for i, none := first, true; i < last; i++ {
		f := &v.Layout.Fields[i]
		if !v.Has(i) {
			continue
		}
		if !none {
			dst = append(dst, ',')
		}
		none = false
		dst = append(dst, '"')
		dst = append(dst, f.Name...)
		dst = append(dst, '"', ':')
		var err error
		if dst, err = w.value(dst, v, i, f); err != nil {
			return dst, err
		}
	}
	return append(dst, '}'), nil
}

func (w *Writer) value(dst []byte, v *wire.View, slot int, f *wire.Field) ([]byte, error) {
	switch {
	case f.Kind.Integer():
		return strconv.AppendUint(dst, v.Uint(slot), 10), nil
	case f.Kind == wire.KindList || f.Kind == wire.KindBlock:
		return w.elements(dst, v, slot)
	}
	p := v.Bytes(slot)
	switch f.Kind {
	case wire.KindText, wire.KindString:
		if readable(p) {
			return appendString(dst, p), nil
		}
		dst = append(dst, `{"hex":"`...)
		return append(hex.AppendEncode(dst, p), '"', '}'), nil
	case wire.KindIPv4:
		if f.LittleEndian {
			p = []byte{p[3], p[2], p[1], p[0]}
		}
		return appendAddr(dst, p), nil
	case wire.KindIPv6:
		return appendAddr(dst, p), nil
	case wire.KindMAC:
		return appendString(dst, []byte(net.HardwareAddr(p).String())), nil
	case wire.KindUUID:
		h := hex.EncodeToString(p)
		return append(dst, `"`+h[:8]+"-"+h[8:12]+"-"+h[12:16]+"-"+h[16:20]+"-"+h[20:]+`"`...), nil
	default: // bytes, blob, rest
		return append(hex.AppendEncode(append(dst, '"'), p), '"'), nil
	}
}

// readable reports whether p is text for people, and not a packet that happens to
// be UTF-8.
func readable(p []byte) bool {
	return utf8.Valid(p) && !bytes.ContainsFunc(p, func(r rune) bool { return unicode.IsControl(r) && r != '\t' && r != '\n' && r != '\r' })
}

func appendAddr(dst, p []byte) []byte {
	a, _ := netip.AddrFromSlice(p) // 4 or 16 bytes, as the layout says
	return append(a.Unmap().AppendTo(append(dst, '"')), '"')
}

// elements appends the blocks of a list as an array, one nested block as an object
// or null.
func (w *Writer) elements(dst []byte, v *wire.View, slot int) ([]byte, error) {
	list := v.Layout.Fields[slot].Kind == wire.KindList
	if list {
		dst = append(dst, '[')
	}
	none := true
	err := w.dec.Elements(v, slot, func(e *wire.View) (err error) {
		if !none {
			dst = append(dst, ',')
		}
		none = false
		dst = append(dst, `{"block":`...)
		dst = strconv.AppendUint(dst, uint64(e.Block), 10)
		if e.Layout == nil {
			dst = append(dst, `,"hex":"`...)
			dst = append(hex.AppendEncode(dst, e.Raw()[8:]), '"', '}')
			return nil
		}
		dst = append(dst, `,"fields":`...)
		if dst, err = w.fields(dst, e, 0, len(e.Layout.Fields)); err == nil {
			dst = append(dst, '}')
		}
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

// appendString appends text, which is made valid UTF-8, as a JSON string.
func appendString(dst, text []byte) []byte {
	p, _ := json.Marshal(string(text)) // documented never to fail on a string
	return append(dst, p...)
}
