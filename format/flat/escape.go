package flat

import (
	"strconv"
	"unicode/utf8"
)

// Classes of ASCII characters.
const (
	bare    = iota // stands for itself, even without quotes
	quoted         // stands for itself inside quotes
	escaped        // needs a backslash
	high           // part of a character outside ASCII
)

var class = func() (t [256]byte) {
	for i := range t {
		switch c := byte(i); {
		case c >= utf8.RuneSelf:
			t[i] = high
		case c < ' ' || c == 0x7f || c == '"' || c == '\\':
			t[i] = escaped
		case c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z':
			t[i] = bare
		default:
			t[i] = quoted
		}
	}
	for _, c := range "._:/+-@" {
		t[c] = bare
	}
	return t
}()

// AppendValue appends the value in the form of a key=value pair: bare if it
// consists of ASCII letters, digits and . _ : / + - @ only, otherwise in quotes with
// the escapes of AppendEscaped.
func (i *Item) AppendValue(dst []byte) []byte {
	if i.Kind == Number {
		return i.AppendPlain(dst)
	}
	plain := len(i.Bytes) > 0
	for _, c := range i.Bytes {
		if class[c] != bare {
			plain = false
			break
		}
	}
	if plain {
		return append(dst, i.Bytes...)
	}
	return append(AppendEscaped(append(dst, '"'), i.Bytes), '"')
}

// AppendEscaped appends text with backslash escapes from which every byte can be
// restored: \" and \\, \n, \r and \t, and \xNN for one byte of anything else that
// does not print. These are the other control characters, all format characters
// (bidirectional overrides among them), separators other than the space, and bytes
// that are not valid UTF-8. The result is safe for a line and for a terminal.
func AppendEscaped(dst, s []byte) []byte {
	start := 0 // of what is still to be copied
	for i := 0; i < len(s); {
		n := 1
		if class[s[i]] == high {
			var r rune
			r, n = utf8.DecodeRune(s[i:])
			if n > 1 && strconv.IsPrint(r) {
				i += n
				continue
			}
		} else if class[s[i]] != escaped {
			i++
			continue
		}
		dst = append(dst, s[start:i]...)
		for _, c := range s[i : i+n] {
			dst = appendEscape(dst, c)
		}
		i += n
		start = i
	}
	return append(dst, s[start:]...)
}

func appendEscape(dst []byte, c byte) []byte {
	switch c {
	case '"', '\\':
		return append(dst, '\\', c)
	case '\n':
		return append(dst, '\\', 'n')
	case '\r':
		return append(dst, '\\', 'r')
	case '\t':
		return append(dst, '\\', 't')
	}
	const hex = "0123456789abcdef"
	return append(dst, '\\', 'x', hex[c>>4], hex[c&15])
}

// AppendVisible is AppendEscaped without the escapes of quote and backslash: easier
// to read, but not to be reversed.
func AppendVisible(dst, s []byte) []byte {
	for len(s) > 0 {
		i := 0
		for i < len(s) && s[i] != '"' && s[i] != '\\' {
			i++
		}
		dst = AppendEscaped(dst, s[:i])
		if i < len(s) {
			dst = append(dst, s[i])
			i++
		}
		s = s[i:]
	}
	return dst
}
