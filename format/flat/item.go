package flat

import "estream/format/text"

// A Kind says what an Item holds.
type Kind uint8

const (
	Number Kind = iota // Number
	Token              // Bytes: ASCII letters, digits and - + . : / = only
	Text               // Bytes: any bytes, NULs and invalid UTF-8 included
)

// An Item is one value with its name, which is Prefix followed by Name.
type Item struct {
	Prefix []byte // path of a nested block with a period at its end, else empty
	Name   string
	Kind   Kind
	Number uint64
	Bytes  []byte

	Role     Role // what the value is to any kind of record, NoRole for most
	rank     uint8
	Computed bool // not a field of the record itself
}

// AppendName appends the name of the value.
func (i *Item) AppendName(dst []byte) []byte {
	return append(append(dst, i.Prefix...), i.Name...)
}

// AppendPlain appends the value as it is, which is safe for numbers and tokens
// only: text may hold anything.
func (i *Item) AppendPlain(dst []byte) []byte {
	if i.Kind == Number {
		return text.AppendUint(dst, i.Number)
	}
	return append(dst, i.Bytes...)
}

// Empty reports whether the value is text without any content.
func (i *Item) Empty() bool { return i.Kind != Number && len(i.Bytes) == 0 }

// trimNULs cuts the NULs that pad text at its end.
func trimNULs(b []byte) []byte {
	for len(b) > 0 && b[len(b)-1] == 0 {
		b = b[:len(b)-1]
	}
	return b
}
