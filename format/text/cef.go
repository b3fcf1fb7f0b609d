package text

import (
	"bytes"
	"unicode/utf8"
)

// Classes of bytes in a CEF value.
const (
	cefEscape = 1 << iota // needs a backslash, or is NUL, CR or LF
	cefEqual              // makes the value be wrapped in quotes
	cefHigh               // not ASCII
)

var cefClass = func() (t [256]byte) {
	for _, c := range []byte("\\\"]|\x00\r\n") {
		t[c] = cefEscape
	}
	t['='] = cefEqual
	for i := utf8.RuneSelf; i < len(t); i++ {
		t[i] = cefHigh
	}
	return t
}()

// AppendCEF appends an extension value for bytes as they arrive. Text loses its
// NULs, gets a backslash before each backslash, quote, closing bracket and bar,
// and is wrapped in quotes when it holds an equals sign. Bytes that are not valid
// UTF-8 print as b'hex'. CR and LF become the two characters \r and \n, so a
// value never breaks its line.
func AppendCEF(dst, s []byte) []byte {
	var seen byte
	for _, c := range s {
		seen |= cefClass[c]
	}
	if seen&cefHigh != 0 && !utf8.Valid(s) {
		return AppendBytesLiteral(dst, s)
	}
	if seen&^cefHigh == 0 {
		return append(dst, s...)
	}
	return appendCEFEscaped(dst, s, seen&cefEqual != 0, false)
}

// AppendCEFPayload appends the text of a packet's payload, which has to be valid
// UTF-8, as an extension value. Unlike in other text eNcore keeps the NULs.
func AppendCEFPayload(dst, s []byte) []byte {
	return appendCEFEscaped(dst, s, bytes.IndexByte(s, '=') >= 0, true)
}

func appendCEFEscaped(dst, s []byte, wrap, nuls bool) []byte {
	if wrap {
		dst = append(dst, '"')
	}
	for _, c := range s {
		switch {
		case cefClass[c] != cefEscape:
			dst = append(dst, c)
		case c == 0:
			if nuls {
				dst = append(dst, c)
			}
		case c == '\r':
			dst = append(dst, '\\', 'r')
		case c == '\n':
			dst = append(dst, '\\', 'n')
		default:
			dst = append(dst, '\\', c)
		}
	}
	if wrap {
		dst = append(dst, '"')
	}
	return dst
}

// AppendCEFHeader appends text to the header of a CEF line, where eNcore escapes
// nothing. Only CR and LF are written as \r and \n, because they would end the
// line. NULs are removed, bytes that are not valid UTF-8 print as b'hex'.
func AppendCEFHeader(dst, s []byte) []byte {
	if !utf8.Valid(s) {
		return AppendBytesLiteral(dst, s)
	}
	if bytes.IndexByte(s, 0) < 0 && bytes.IndexByte(s, '\r') < 0 && bytes.IndexByte(s, '\n') < 0 {
		return append(dst, s...)
	}
	for _, c := range s {
		switch c {
		case 0:
		case '\r':
			dst = append(dst, '\\', 'r')
		case '\n':
			dst = append(dst, '\\', 'n')
		default:
			dst = append(dst, c)
		}
	}
	return dst
}

// AppendBytesLiteral appends the Python form of a byte string that holds the hex
// digits of s: b'cafe'.
func AppendBytesLiteral(dst, s []byte) []byte {
	dst = append(dst, 'b', '\'')
	dst = AppendHex(dst, s)
	return append(dst, '\'')
}
