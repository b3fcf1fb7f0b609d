package meta

import (
	"bytes"

	"estream/format/text"
)

// A Value is one entry of a table, ready to be written in every format, so that
// escaping is done once for each name and not once for each event. Values are
// immutable and shared; the zero value stands for an entry that counts as absent.
type Value struct {
	// JSON is the complete JSON value: a quoted string, a number or an object.
	JSON string
	// CEF is the extension value, escaped, and wrapped in quotes where needed.
	CEF string
	// Header is the text in the header of a CEF line, where nothing is escaped.
	Header string
	// Text is the plain text: NULs removed, hex digits for a byte string, decimal
	// digits for a number, a Python dictionary for an object.
	Text string
	// Bytes is set for a byte string, text that arrived as invalid UTF-8.
	Bytes bool

	src source // what it was made from, to recognize repetitions
}

// source is a value as it stands in a metadata record.
type source struct {
	form   form
	raw    []byte // text as it arrives
	block  uint32 // formObject: block type on the wire
	number uint64
}

type form uint8

const (
	formText   form = iota
	formNumber      // an integer field
	formObject      // a string block that eNcore keeps whole
)

func (s *source) equal(o *source) bool {
	return s.form == o.form && s.number == o.number && s.block == o.block && bytes.Equal(s.raw, o.raw)
}

// newValue renders s for all formats. The value keeps nothing of s.
func newValue(s source) *Value {
	v := &Value{src: s}
	v.src.raw = bytes.Clone(s.raw)
	switch s.form {
	case formNumber:
		if s.number != 0 {
			v.Text = string(text.AppendUint(nil, s.number))
			v.JSON, v.CEF, v.Header = v.Text, v.Text, v.Text
		}
	case formObject:
		obj := text.AppendStringObject(nil, s.block, s.raw)
		v.Text = string(obj)
		v.Header = v.Text
		v.CEF = string(text.AppendCEF(nil, obj))
		v.JSON = string(appendJSONObject(nil, s.block, s.raw))
	default:
		plain, byteString := text.AppendText(nil, s.raw)
		if len(plain) == 0 {
			break // empty text counts as absent
		}
		v.Text, v.Bytes = string(plain), byteString
		quoted := append(text.AppendJSON([]byte{'"'}, s.raw), '"')
		v.JSON = string(quoted)
		v.CEF = v.shared(text.AppendCEF(nil, s.raw))
		v.Header = v.shared(text.AppendCEFHeader(nil, s.raw))
	}
	return v
}

// shared returns b as a string, without a copy if it equals the plain text: most
// names need no escapes.
func (v *Value) shared(b []byte) string {
	if string(b) == v.Text {
		return v.Text
	}
	return string(b)
}

func appendJSONObject(dst []byte, block uint32, content []byte) []byte {
	dst = append(dst, `{"blockType": `...)
	dst = text.AppendUint(dst, uint64(block))
	dst = append(dst, `, "blockLength": `...)
	dst = text.AppendUint(dst, uint64(len(content))+8)
	dst = append(dst, `, "data": "`...)
	dst = text.AppendJSON(dst, content)
	return append(dst, `"}`...)
}

// present reports whether a lookup that ends here counts as a hit: text must not
// be empty, a number not 0.
func (v *Value) present() bool { return v.JSON != "" }

// size estimates the memory that v takes, in bytes, its place in a table included.
func (v *Value) size() int {
	const overhead = 256 // the struct, two table slots at half load, allocator rounding
	n := overhead + len(v.src.raw) + len(v.JSON) + len(v.Text)
	for _, s := range [...]string{v.CEF, v.Header} {
		if s != v.Text {
			n += len(s)
		}
	}
	return n
}
