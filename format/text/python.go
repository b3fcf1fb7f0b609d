package text

import (
	"bytes"
	"strconv"
	"unicode/utf8"
)

// AppendText appends bytes as they arrive as plain text: NULs removed, or hex if
// they are not valid UTF-8. It reports whether they were a byte string.
func AppendText(dst, s []byte) (out []byte, byteString bool) {
	if !utf8.Valid(s) {
		return AppendHex(dst, s), true
	}
	for {
		i := bytes.IndexByte(s, 0)
		if i < 0 {
			return append(dst, s...), false
		}
		dst, s = append(dst, s[:i]...), s[i+1:]
	}
}

// AppendStringObject appends a string block as Python prints the dictionary that
// eNcore keeps for it: {'blockType': 0, 'blockLength': 13, 'data': 'alice'}. The
// content comes as it arrives, without the 8-byte block header that length counts.
func AppendStringObject(dst []byte, blockType uint32, content []byte) []byte {
	dst = append(dst, "{'blockType': "...)
	dst = AppendUint(dst, uint64(blockType))
	dst = append(dst, ", 'blockLength': "...)
	dst = AppendUint(dst, uint64(len(content))+8)
	dst = append(dst, ", 'data': "...)
	dst = AppendRepr(dst, content)
	return append(dst, '}')
}

// AppendRepr appends bytes as they arrive in the form of a Python literal: quoted
// text with its NULs removed, or b'hex' if they are not valid UTF-8. What Go's
// Unicode tables call printable stands for itself.
func AppendRepr(dst, s []byte) []byte {
	if !utf8.Valid(s) {
		return AppendBytesLiteral(dst, s)
	}
	quote := byte('\'')
	if bytes.IndexByte(s, '\'') >= 0 && bytes.IndexByte(s, '"') < 0 {
		quote = '"'
	}
	dst = append(dst, quote)
	for len(s) > 0 {
		r, n := utf8.DecodeRune(s)
		switch {
		case r == 0:
		case r == rune(quote) || r == '\\':
			dst = append(dst, '\\', byte(r))
		case r == '\t':
			dst = append(dst, '\\', 't')
		case r == '\n':
			dst = append(dst, '\\', 'n')
		case r == '\r':
			dst = append(dst, '\\', 'r')
		case r >= ' ' && r < 0x7f || r > 0x7f && strconv.IsPrint(r):
			dst = append(dst, s[:n]...)
		default:
			dst = appendCode(dst, r)
		}
		s = s[n:]
	}
	return append(dst, quote)
}

// appendCode appends the shortest of \xa0, \u2028 and \U000e0001 for r.
func appendCode(dst []byte, r rune) []byte {
	width, letter := 8, byte('U')
	switch {
	case r <= 0xff:
		width, letter = 2, 'x'
	case r <= 0xffff:
		width, letter = 4, 'u'
	}
	dst = append(dst, '\\', letter)
	hex := [4]byte{byte(r >> 24), byte(r >> 16), byte(r >> 8), byte(r)}
	return AppendHex(dst, hex[4-width/2:])
}
