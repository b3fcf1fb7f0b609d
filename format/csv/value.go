package csv

import (
	"bytes"
	"unicode/utf8"

	"estream/format/flat"
	"estream/format/text"
)

// column appends the value for a column and reports whether it stands there
// exactly as it is.
func (f *formatter) column(dst []byte, it *flat.Item) ([]byte, bool) {
	if it.Kind != flat.Text {
		return it.AppendPlain(dst), true
	}
	f.buf = f.buf[:0]
	if startsFormula(it.Bytes) {
		f.buf = append(f.buf, '\'')
	}
	f.buf = flat.AppendVisible(f.buf, it.Bytes)
	exact := bytes.Equal(f.buf, it.Bytes)
	if !bytes.ContainsAny(f.buf, "\", ") {
		return append(dst, f.buf...), exact
	}
	return appendQuoted(dst, f.buf), exact
}

// startsFormula reports whether a spreadsheet could take text for a formula. Tab and
// CR, by which some recognise one too, never reach a column.
func startsFormula(s []byte) bool {
	s = bytes.TrimLeft(s, " ")
	switch r, _ := utf8.DecodeRune(s); r {
	case '=', '+', '-', '@', '＝', '＋', '－', '＠':
		return true
	}
	return false
}

// appendQuoted appends a value in quotes, those in it doubled.
func appendQuoted(dst, s []byte) []byte {
	dst = append(dst, '"')
	for {
		i := bytes.IndexByte(s, '"')
		if i < 0 {
			break
		}
		dst = append(append(dst, s[:i]...), '"', '"')
		s = s[i+1:]
	}
	return append(append(dst, s...), '"')
}

// appendMember appends a member of the JSON object.
func appendMember(dst []byte, it *flat.Item) []byte {
	dst = it.AppendName(append(dst, '"'))
	switch {
	case it.Kind == flat.Number:
		return it.AppendPlain(append(dst, '"', ':'))
	case it.Kind == flat.Token:
		dst = it.AppendPlain(append(dst, '"', ':', '"'))
	case utf8.Valid(it.Bytes):
		dst = text.AppendJSONString(append(dst, '"', ':', '"'), it.Bytes)
	default:
		dst = text.AppendHex(append(dst, `_hex":"`...), it.Bytes)
	}
	return append(dst, '"')
}
