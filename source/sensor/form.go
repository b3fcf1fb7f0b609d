package sensor

import (
	"fmt"

	"estream/wire"
)

// A Form fills in records of one layout: a builder together with the slots of
// the fields that are used, so that a field is a small constant and no name is
// looked up per record. It allocates nothing once it has seen its largest record,
// and is not safe for concurrent use.
type Form struct {
	*wire.Builder
	slots []int
}

// NewForm returns a form for a record type with a block version (0 without a
// block). Field i of the methods is fields[i], by its protocol name. The error
// says which layout or field is missing.
func NewForm(set *wire.Layouts, record uint16, block uint32, fields ...string) (Form, error) {
	b, err := set.NewBuilder(record, block)
	if err != nil {
		return Form{}, fmt.Errorf("layout of record %d block %d: %w", record, block, err)
	}
	f := Form{b, make([]int, len(fields))}
	for i, name := range fields {
		if f.slots[i] = b.Layout().Slot(name); f.slots[i] < 0 {
			return Form{}, fmt.Errorf("%v has no field %q: is it overridden by layouts of your own?", b.Layout(), name)
		}
	}
	return f, nil
}

// Num sets an integer; upper bits that the field has no room for are lost.
func (f *Form) Num(field int, v uint64) { f.SetUint(f.slots[field], v) }

// Data sets a field of bytes, a fixed one of at most its size. p is copied.
func (f *Form) Data(field int, p []byte) { f.SetBytes(f.slots[field], p) }

// Text sets a text, cut to 4,096 bytes.
func (f *Form) Text(field int, s string) { f.SetString(f.slots[field], cutText(s)) }

// TextBytes is Text for bytes, which are copied.
func (f *Form) TextBytes(field int, p []byte) { f.SetBytes(f.slots[field], cutText(p)) }

// UUID sets a UUID or an address of 16 bytes.
func (f *Form) UUID(field int, u [16]byte) { f.SetBytes(f.slots[field], u[:]) }
