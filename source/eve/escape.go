package eve

import (
	"bytes"
	"unicode/utf16"
	"unicode/utf8"
)

// appendUnescaped appends t without its escapes. An escape that JSON does not know
// stands for itself; half a surrogate pair becomes U+FFFD.
func appendUnescaped(dst, t []byte) []byte {
	for len(t) > 0 {
		n := bytes.IndexByte(t, '\\')
		if n < 0 || n+1 == len(t) {
			return append(dst, t...)
		}
		dst = append(dst, t[:n]...)
		c := t[n+1]
		t = t[n+2:]
		switch c {
		case 'n':
			dst = append(dst, '\n')
		case 't':
			dst = append(dst, '\t')
		case 'r':
			dst = append(dst, '\r')
		case 'b':
			dst = append(dst, '\b')
		case 'f':
			dst = append(dst, '\f')
		case 'u':
			r, ok := hex4(t)
			if !ok {
				dst = append(dst, '\\', 'u')
				continue
			}
			t = t[4:]
			if utf16.IsSurrogate(r) {
				low := rune(-1)
				if len(t) >= 6 && t[0] == '\\' && t[1] == 'u' {
					low, _ = hex4(t[2:])
				}
				if r = utf16.DecodeRune(r, low); r != utf8.RuneError {
					t = t[6:]
				}
			}
			dst = utf8.AppendRune(dst, r)
		case '"', '\\', '/':
			dst = append(dst, c)
		default:
			dst = append(dst, '\\', c)
		}
	}
	return dst
}

func hex4(t []byte) (r rune, ok bool) {
	if len(t) < 4 {
		return 0, false
	}
	for _, c := range t[:4] {
		d := unhex(c)
		if d > 15 {
			return 0, false
		}
		r = r<<4 | rune(d)
	}
	return r, true
}

// unhex returns the value of a hex digit, 255 for anything else.
func unhex(c byte) byte {
	switch {
	case c >= '0' && c <= '9':
		return c - '0'
	case c >= 'a' && c <= 'f':
		return c - 'a' + 10
	case c >= 'A' && c <= 'F':
		return c - 'A' + 10
	}
	return 255
}
