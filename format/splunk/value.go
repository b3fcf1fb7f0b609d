package splunk

import (
	"bytes"
	"net/netip"
	"strings"
	"unicode/utf8"

	"estream/format/text"
	"estream/meta"
	"estream/wire"
)

// computed appends a computed value and reports whether there is one.
func (f *formatter) computed(dst []byte, op *meta.Op, r *wire.Record, v *wire.View, s *meta.Snapshot) ([]byte, bool) {
	if op.Kind == meta.OpLookup {
		value := op.Find(v, s)
		switch {
		case value != nil:
			return appendValue(dst, value, f.profile), true
		case op.NullOnMiss():
			return append(dst, "None"...), true
		}
		return dst, false
	}
	if op.Kind == meta.OpHexGroups && f.profile == meta.Strict {
		a := v.Bytes(op.From.Slot)
		return appendIP(dst, a, f.profile), len(a) > 0
	}
	res := f.eval.Eval(op, r, v, s)
	switch res.Kind {
	case meta.Absent:
		return dst, false
	case meta.Null:
		return append(dst, "None"...), true
	case meta.Known:
		return appendValue(dst, res.Value, f.profile), true
	case meta.Number:
		return text.AppendUint(dst, res.Number), true
	case meta.Hex:
		return text.AppendHex(dst, res.Bytes), true
	case meta.Wire:
		return appendText(dst, res.Bytes, f.profile), true
	}
	return appendPlain(dst, res.Bytes, f.profile), true
}

// nested appends what is computed from a nested block. Its values are rare, so they
// are not part of a plan.
func (f *formatter) nested(dst []byte, d *wire.Decoder, op *meta.Op, r *wire.Record, s *meta.Snapshot) []byte {
	// A block that cannot be read has no computed values; the decoder checked its
	// length with the record.
	_ = d.Elements(&r.View, op.From.Slot, func(e *wire.View) error {
		ops := f.eval.Nested(op, e.Layout)
		for i := range ops {
			for name := range strings.FieldsSeq(f.format.mapping.name(ops[i].Key, f.profile)) {
				n := len(dst)
				dst = append(dst, ' ')
				dst = append(dst, name...)
				dst = append(dst, '=')
				var ok bool
				if dst, ok = f.computed(dst, &ops[i], r, e, s); !ok {
					dst = dst[:n]
				}
			}
		}
		return nil
	})
	return dst
}

// appendValue appends an entry of a table. An entry that is a whole string block to
// eNcore prints as a dictionary, which is never quoted.
func appendValue(dst []byte, v *meta.Value, p meta.Profile) []byte {
	if p == meta.Compat && len(v.JSON) > 0 && v.JSON[0] == '{' {
		return append(dst, v.Text...)
	}
	return appendPlain(dst, v.Text, p)
}

// Classes of bytes in a value.
const (
	mustQuote = 1 << iota // compat: space and equals sign
	mustSkip              // compat: CR, LF, and NUL in text as it arrives
	isHigh                // not ASCII
	isSafe                // fixed and strict: needs no quotes
)

var class = func() (t [256]byte) {
	t[' '], t['='] = mustQuote, mustQuote
	t['\r'], t['\n'], t[0] = mustSkip, mustSkip, mustSkip
	for i := utf8.RuneSelf; i < len(t); i++ {
		t[i] = isHigh
	}
	for c := byte('0'); c <= 'z'; c++ {
		if c <= '9' || c >= 'a' || c >= 'A' && c <= 'Z' {
			t[c] |= isSafe
		}
	}
	// No separators of Splunk's: ends of values, pairs or lines, quotes, brackets.
	for _, c := range []byte(`-_.:/@%+\~*#$!?^`) {
		t[c] |= isSafe
	}
	return t
}()

// appendText appends text as it arrives: NULs are removed, bytes that are not valid
// UTF-8 print as hex.
func appendText(dst, s []byte, p meta.Profile) []byte {
	var any byte
	for _, c := range s {
		any |= class[c]
	}
	if any&isHigh != 0 && !utf8.Valid(s) {
		return text.AppendHex(dst, s)
	}
	if any&mustSkip == 0 || bytes.IndexByte(s, 0) < 0 {
		return appendPlain(dst, s, p)
	}
	// NULs are rare. What is written first is written again without them.
	n := len(dst)
	dst, _ = text.AppendText(dst, s)
	m := len(dst)
	dst = appendPlain(dst, dst[n:m], p)
	return append(dst[:n], dst[m:]...)
}

// appendPlain appends valid UTF-8 with the quotes and escapes that the profile asks
// for. The result holds neither CR nor LF.
func appendPlain[T []byte | string](dst []byte, s T, p meta.Profile) []byte {
	if len(s) == 0 {
		return append(dst, '"', '"')
	}
	seen, safe := byte(0), byte(isSafe)
	for i := range len(s) {
		c := class[s[i]]
		seen |= c
		safe &= c
	}
	if p != meta.Compat {
		if safe != 0 {
			return append(dst, s...)
		}
		return appendQuoted(dst, s)
	}
	if seen&mustQuote != 0 {
		dst = append(dst, '"')
	}
	if seen&mustSkip == 0 {
		dst = append(dst, s...)
	} else {
		for i := range len(s) {
			switch s[i] {
			case '\r':
			case '\n':
				dst = append(dst, '\\', 'n')
			default:
				dst = append(dst, s[i])
			}
		}
	}
	if seen&mustQuote != 0 {
		dst = append(dst, '"')
	}
	return dst
}

func appendQuoted[T []byte | string](dst []byte, s T) []byte {
	dst = append(dst, '"')
	for i := range len(s) {
		switch c := s[i]; c {
		case '"', '\\':
			dst = append(dst, '\\', c)
		case '\r':
			dst = append(dst, '\\', 'r')
		case '\n':
			dst = append(dst, '\\', 'n')
		default:
			dst = append(dst, c)
		}
	}
	return append(dst, '"')
}

// appendIP appends an address: in strict as RFC 5952 asks, IPv4-mapped addresses as
// IPv4, else as eNcore prints it.
func appendIP(dst, a []byte, p meta.Profile) []byte {
	if p == meta.Strict && len(a) == 16 {
		return netip.AddrFrom16([16]byte(a)).Unmap().AppendTo(dst)
	}
	return text.AppendIP(dst, a)
}

// eventTime appends event_time, for profiles that have it, unless the time is not
// known.
func (f *formatter) eventTime(dst []byte, t *eventTime, r *wire.Record, v *wire.View, s *meta.Snapshot) []byte {
	if t.second == nil {
		return dst
	}
	second := f.eval.Eval(t.second, r, v, s).Number
	if second == 0 {
		return dst
	}
	var microsecond uint64
	if t.microsecond != nil {
		microsecond = f.eval.Eval(t.microsecond, r, v, s).Number
	}
	return f.appendTime(dst, uint32(second), microsecond)
}

func (f *formatter) appendTime(dst []byte, second uint32, microsecond uint64) []byte {
	dst = append(dst, " event_time="...)
	dst = f.dates.Append(dst, second, microsecond)
	if microsecond%1e6 == 0 {
		dst = append(dst, ".000000"...)
	}
	return append(dst, "+00:00"...)
}
