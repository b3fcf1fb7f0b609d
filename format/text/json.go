package text

import (
	"encoding/binary"
	"unicode/utf8"
)

const (
	lows  = 0x0101010101010101
	highs = 0x8080808080808080
)

// jsonPlain returns the length of the longest prefix of s that JSON prints as it
// is: characters from U+0020 to U+007E without quote and backslash.
func jsonPlain(s []byte) int {
	i := 0
	// Eight bytes at a time. Subtraction borrows only towards higher bytes, so the
	// lowest flagged byte is always right; which others are flagged is irrelevant.
	for ; len(s)-i >= 8; i += 8 {
		x := binary.LittleEndian.Uint64(s[i:])
		quote := x ^ '"'*lows
		slash := x ^ '\\'*lows
		del := x ^ 0x7f*lows
		if (x|(x-' '*lows)|(quote-lows)|(slash-lows)|(del-lows))&highs != 0 {
			break
		}
	}
	for i < len(s) && jsonClass[s[i]] == 0 {
		i++
	}
	return i
}

// jsonClass is 0 for bytes that stand for themselves, the letter of a short
// escape, or 1 for everything else.
var jsonClass = func() (t [256]byte) {
	for i := range t {
		if i < ' ' || i > '~' {
			t[i] = 1
		}
	}
	t['"'], t['\\'] = '"', '\\'
	t['\n'], t['\r'], t['\t'], t['\b'], t['\f'] = 'n', 'r', 't', 'b', 'f'
	return t
}()

// AppendJSON appends the content of a JSON string (without the quotes) for bytes
// as they arrive: text with its NULs removed, or hex if it is not valid UTF-8.
// Everything outside U+0020 to U+007E is escaped, so the result is ASCII.
func AppendJSON(dst, s []byte) []byte {
	n := jsonPlain(s)
	if n == len(s) {
		return append(dst, s...)
	}
	if !utf8.Valid(s[n:]) {
		return AppendHex(dst, s)
	}
	return appendEscaped(append(dst, s[:n]...), s[n:], false)
}

// AppendJSONString is AppendJSON for text that is known to be valid UTF-8 and
// that keeps its NULs.
func AppendJSONString(dst, s []byte) []byte {
	n := jsonPlain(s)
	return appendEscaped(append(dst, s[:n]...), s[n:], true)
}

func appendEscaped(dst, s []byte, nul bool) []byte {
	const hex = "0123456789abcdef"
	for len(s) > 0 {
		c := jsonClass[s[0]]
		switch {
		case c == 0:
			n := jsonPlain(s)
			dst = append(dst, s[:n]...)
			s = s[n:]
		case c != 1:
			dst = append(dst, '\\', c)
			s = s[1:]
		case s[0] == 0 && !nul:
			s = s[1:]
		case s[0] < utf8.RuneSelf:
			dst = append(dst, '\\', 'u', '0', '0', hex[s[0]>>4], hex[s[0]&15])
			s = s[1:]
		default:
			r, n := utf8.DecodeRune(s)
			if r > 0xffff {
				r -= 0x10000
				dst = appendUnit(dst, 0xd800+uint16(r>>10))
				dst = appendUnit(dst, 0xdc00+uint16(r&0x3ff))
			} else {
				dst = appendUnit(dst, uint16(r))
			}
			s = s[n:]
		}
	}
	return dst
}

// appendUnit appends one UTF-16 code unit as \uXXXX.
func appendUnit(dst []byte, u uint16) []byte {
	dst = append(dst, '\\', 'u')
	dst = binary.LittleEndian.AppendUint16(dst, hexPairs[u>>8])
	return binary.LittleEndian.AppendUint16(dst, hexPairs[u&0xff])
}
