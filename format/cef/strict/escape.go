package strict

import (
	"bytes"
	"unicode/utf8"
)

// special marks the bytes that do not stand for themselves in the extension or
// in the header. Bytes outside ASCII have to be looked at as characters.
const (
	specialExtension = 1 << iota
	specialHeader
)

var special = func() (t [256]byte) {
	for c := range t {
		if c < ' ' && c != '\t' || c >= 0x7f || c == '\\' {
			t[c] = specialExtension | specialHeader
		}
	}
	t['='] = specialExtension
	t['|'], t['\t'] = specialHeader, specialHeader
	return t
}()

// unprintable reports whether a character, decoded from n bytes, is replaced.
func unprintable(r rune, n int) bool {
	return r == utf8.RuneError && n == 1 || r < ' ' && r != '\t' && r != '\r' && r != '\n' || r >= 0x7f && r < 0xa0
}

const replacement = "\uFFFD"

// appendExtension appends text as the value of a key.
func appendExtension(dst, s []byte) []byte { return appendEscaped(dst, s, specialExtension) }

// appendHeader appends text as a field of the header.
func appendHeader(dst, s []byte) []byte { return appendEscaped(dst, s, specialHeader) }

func appendEscaped(dst, s []byte, where byte) []byte {
	for len(s) > 0 {
		n := 0
		for n < len(s) && special[s[n]]&where == 0 {
			n++
		}
		dst = append(dst, s[:n]...)
		if s = s[n:]; len(s) == 0 {
			break
		}
		r, size := utf8.DecodeRune(s)
		switch {
		case unprintable(r, size):
			dst = append(dst, replacement...)
		case r >= utf8.RuneSelf:
			dst = append(dst, s[:size]...)
		case where == specialHeader && r < ' ':
			dst = append(dst, ' ')
		case r == '\r':
			dst = append(dst, '\\', 'r')
		case r == '\n':
			dst = append(dst, '\\', 'n')
		default:
			dst = append(dst, '\\', byte(r))
		}
		s = s[size:]
	}
	return dst
}

// trimNULs removes the terminators of C strings.
func trimNULs(s []byte) []byte { return bytes.TrimRight(s, "\x00") }

// cut returns the longest start of s that, once written, reads back as at most
// limit bytes. It reports whether anything was cut.
func cut(s []byte, limit int) ([]byte, bool) {
	if len(s) <= limit/len(replacement) {
		return s, false // even if all of it is replaced
	}
	size := 0
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRune(s[i:])
		out := n
		if unprintable(r, n) {
			out = len(replacement)
		}
		if size += out; size > limit {
			return s[:i], true
		}
		i += n
	}
	return s, false
}

// isText reports whether s is UTF-8 without control characters but tab, CR and LF.
func isText(s []byte) bool {
	for len(s) > 0 {
		r, n := utf8.DecodeRune(s)
		if unprintable(r, n) {
			return false
		}
		s = s[n:]
	}
	return true
}
