package cef

import (
	"unicode/utf8"

	"estream/format/text"
	"estream/meta"
	"estream/wire"
)

// headerPart appends a part of the header.
func (f *formatter) headerPart(dst []byte, p *part, r *wire.Record, s *meta.Snapshot) []byte {
	dst = append(dst, p.before...)
	v := &r.View
	switch p.write {
	case writeText:
		return append(dst, p.text...)
	case writeUint:
		return text.AppendUint(dst, v.Uint(p.slot))
	case writeSeverity:
		if v.Uint(p.slot) < p.severity.below {
			return append(dst, p.severity.low...)
		}
		return append(dst, p.severity.high...)
	case writeMatrix:
		return append(dst, f.matrix(p, r, s)...)
	case writeTenth:
		n := v.Uint(p.slot)
		return append(text.AppendUint(dst, n/10), '.', byte('0'+n%10))
	case writeHeaderOp:
		return f.headerComputed(dst, p, r, s)
	case writeHeaderRaw:
		return appendHeader(dst, v.Bytes(p.slot), f.escape)
	}
	dst, _ = f.field(dst, p, v)
	return dst
}

func (f *formatter) headerComputed(dst []byte, p *part, r *wire.Record, s *meta.Snapshot) []byte {
	res := f.eval.Eval(p.computed, r, &r.View, s)
	switch res.Kind {
	case meta.Known:
		if f.escape && !res.Value.Bytes {
			return appendEscaped(dst, res.Value.Text)
		}
		return append(dst, res.Value.Header...)
	case meta.Number:
		return text.AppendUint(dst, res.Number)
	case meta.Plain, meta.Wire:
		return appendHeader(dst, res.Bytes, f.escape)
	case meta.Hex:
		return text.AppendHex(dst, res.Bytes)
	}
	return append(dst, p.text...)
}

// appendHeader appends text as it arrives to the header: escaped, or as eNcore
// would. Bytes that are not valid UTF-8 print as b'hex' in both.
func appendHeader(dst, s []byte, escape bool) []byte {
	if !escape || !utf8.Valid(s) {
		return text.AppendCEFHeader(dst, s)
	}
	return appendEscaped(dst, s)
}

// appendEscaped appends text to a header field as CEF has it: a backslash before
// bar and backslash. A header has no form for line breaks, so CR and LF become
// spaces; NULs are removed.
func appendEscaped[T string | []byte](dst []byte, s T) []byte {
	for i := range len(s) {
		switch c := s[i]; c {
		case 0:
		case '\r', '\n':
			dst = append(dst, ' ')
		case '|', '\\':
			dst = append(dst, '\\', c)
		default:
			dst = append(dst, c)
		}
	}
	return dst
}

// matrix gives the severity for a priority and an impact.
func (f *formatter) matrix(p *part, r *wire.Record, s *meta.Snapshot) string {
	var impact uint64
	switch {
	case p.severity.impact != nil:
		impact = f.eval.Eval(p.severity.impact, r, &r.View, s).Number
	case p.other >= 0:
		impact = r.Uint(p.other)
	}
	if severity, ok := f.format.mapping.severities[r.Uint(p.slot)][impact]; ok {
		return severity
	}
	return defaultSeverity
}
