package meta

import (
	"bytes"
	"unicode"
	"unicode/utf8"

	"estream/format/text"
)

// Impact derives the impact level from the impact flags of an intrusion event:
// 1 (red), 2 (orange), 3 (yellow), 4 (blue), 0 when no flag says more.
func Impact(flags uint64) uint64 {
	switch {
	case flags&0xd8 != 0:
		return 1
	case flags&0x06 == 0x06:
		return 2
	case flags&0x02 != 0:
		return 3
	case flags&0x01 != 0:
		return 4
	}
	return 0
}

// alertText extracts what stands between "[Impact: " and "]" in the text of an
// impact alert; without that it is the whole text with ' for ". A byte string has
// no such value.
func (e *Evaluator) alertText(raw []byte) Result {
	if !utf8.Valid(raw) {
		return Result{}
	}
	e.buf, _ = text.AppendText(e.buf[:0], raw)
	if reason, ok := bracketed(e.buf); ok {
		return Result{Kind: Plain, Bytes: reason}
	}
	if len(e.buf) == 0 {
		return Result{}
	}
	for i, c := range e.buf {
		if c == '"' {
			e.buf[i] = '\''
		}
	}
	return Result{Kind: Plain, Bytes: e.buf}
}

// bracketed finds the first "[Impact:" that is followed by one white-space
// character, at least one character and, on the same line, a closing bracket.
func bracketed(s []byte) ([]byte, bool) {
	mark := []byte("[Impact:")
	for {
		i := bytes.Index(s, mark)
		if i < 0 {
			return nil, false
		}
		s = s[i+len(mark):]
		space, n := utf8.DecodeRune(s)
		if !unicode.IsSpace(space) && (space < 0x1c || space > 0x1f) { // Python counts the four separators
			continue
		}
		reason := s[n:]
		first, n := utf8.DecodeRune(reason)
		if n == 0 || first == '\n' {
			continue
		}
		line := reason[n:]
		if lf := bytes.IndexByte(line, '\n'); lf >= 0 {
			line = line[:lf]
		}
		if end := bytes.IndexByte(line, ']'); end >= 0 {
			return reason[:n+end], true
		}
	}
}

// Types of extra data that belong to an intrusion event.
const (
	extraIPv6 = 2
	extraURI  = 9
)

// originalSource reads the client address that a proxy reported. eNcore finds it
// only in bytes that are no valid UTF-8: an IPv4 address behind ten zero bytes,
// or the first 16 of more than 16 bytes.
func (e *Evaluator) originalSource(typ uint64, raw []byte) Result {
	if typ != extraIPv6 || utf8.Valid(raw) {
		return Result{}
	}
	switch {
	case len(raw) >= 10 && emptyText(raw[:10]):
		if len(raw) < 16 {
			return Result{}
		}
		e.buf = text.AppendIPv4(e.buf[:0], raw[12:16])
	case len(raw) > 16:
		e.buf = text.AppendHexGroups(e.buf[:0], raw[:16])
	default:
		return Result{}
	}
	return Result{Kind: Plain, Bytes: e.buf}
}
