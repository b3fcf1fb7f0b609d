package print

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"time"

	"estream/format"
	"estream/format/flat"
	"estream/format/text"
	"estream/wire"
)

// blockSeries is the number space of the blocks that stand alone in messages.
const blockSeries = 1

// blockPlans are shared by all calls: host profiles come in thousands.
var blockPlans = format.NewPlans(compile)

// A BlockError says why bytes are no data block that can be read. AppendBlockJSON
// returns it.
type BlockError struct {
	Block uint32 // block type, 0 if there are not even the 8 bytes of a header
	Err   error  // a *wire.DecodeError for malformed bytes, wire.ErrUnknownBlock, or one of this package
}

func (e *BlockError) Error() string {
	// A block alone is in no record, which wire's errors name first.
	return fmt.Sprintf("block %d: %s", e.Block, strings.TrimPrefix(e.Err.Error(), "record 0: "))
}

func (e *BlockError) Unwrap() error { return e.Err }

var (
	errShortBlock = errors.New("a data block begins with 8 bytes of header, there are fewer")
	errNoContent  = errors.New("a header and nothing behind it")
)

// A lone is a data block outside of a record.
type lone struct {
	printer
	kind uint32 // block type
	size uint32 // block length
	rest []byte // what follows the block
}

func newLone(set *wire.Layouts, o Options) *lone {
	l := &lone{printer: printer{plans: blockPlans, hex: o.Hex, dates: text.Dates{Location: time.UTC}}}
	names := o.Names
	if names == nil {
		names = initial()
	}
	l.begin(wire.NewDecoder(set, nil), nil, names)
	return l
}

// read decodes the block, which has a layout when visit is called, once. Blocks
// nested in it are checked when they are walked.
func (l *lone) read(block []byte, visit func(*wire.View) error) error {
	if len(block) < 8 {
		return &BlockError{Err: errShortBlock}
	}
	l.kind, l.size = binary.BigEndian.Uint32(block), binary.BigEndian.Uint32(block[4:])
	if l.size < 8 || uint64(l.size) > uint64(len(block)) || len(block) > wire.MaxMessage {
		return &BlockError{l.kind, fmt.Errorf("block length %d, expected 8 to %d, which is what there is", l.size, min(len(block), wire.MaxMessage))}
	}
	if l.size == 8 {
		return &BlockError{l.kind, errNoContent}
	}
	l.rest = block[l.size:]
	// A view with the block as its only field lets the decoder for nested blocks read
	// it. Nothing can start at offset 0 of a view, so that a message header's worth of
	// bytes stands in front: offsets in errors are then those of the message.
	outer := wire.View{
		Layout: &wire.Layout{
			Block:  &wire.BlockDef{Series: blockSeries},
			Fields: []wire.Field{{Name: "data_block", Kind: wire.KindBlock}},
		},
		Data:  append(make([]byte, wire.HeaderSize, wire.HeaderSize+int(l.size)), block[:l.size]...),
		Slots: []wire.Slot{wire.Slot(uint64(wire.HeaderSize)<<32 | uint64(l.size))},
	}
	err := l.dec.Elements(&outer, 0, func(e *wire.View) error {
		if e.Layout == nil {
			return wire.ErrUnknownBlock
		}
		return visit(e)
	})
	if err != nil {
		return &BlockError{l.kind, err}
	}
	return nil
}

// AppendBlock appends a data block of series 1 outside of a record as text, in the
// same form as a record: the host profiles of message types 6 and 7, whose body is
// the block. block is the block with its 8-byte header; o.Names names what is a
// number in it. A host profile begins with a line that says what matters most. What
// is malformed or has no layout gets the reason and a hex dump. dst grows by at most
// about a hundred bytes for each one of the block. It is safe for concurrent use.
func AppendBlock(dst []byte, set *wire.Layouts, block []byte, o Options) []byte {
	start := len(dst)
	l := newLone(set, o)
	err := l.read(block, func(e *wire.View) (err error) {
		p := l.plans.Get(e.Layout)
		if p.isProfile {
			if dst, err = l.summary(dst, p, e); err != nil {
				return err
			}
		}
		dst = l.head(dst, e.Layout.Block)
		dst = append(dst, ruler...)
		dst, err = l.fields(dst, p.body, e, 0)
		return err
	})
	if err != nil {
		dst = dst[:start]
		if len(block) >= 8 {
			def, _ := set.Source().Block(blockSeries, l.kind) // nil for a type without definition, which has no title
			dst = l.head(dst, def)
		}
		dst = append(dst, ruler...)
		dst = append(dst, "undecoded: "...)
		dst = append(flat.AppendVisible(dst, []byte(err.Error())), '\n')
		dst = append(appendBytes(append(dst, "block: "...), len(block)), '\n')
		dst = l.dump(dst, block, indentation)
	} else if len(l.rest) > 0 {
		dst = append(dst, "trailing: "...)
		dst = append(appendBytes(dst, len(l.rest)), " behind the block\n"...)
		dst = l.dump(dst, l.rest, indentation)
	}
	return append(dst, separator...)
}

// head appends type and length of the block; def is nil for an unknown one.
func (l *lone) head(dst []byte, def *wire.BlockDef) []byte {
	dst = text.AppendUint(append(dst, "block_type: "...), uint64(l.kind))
	if def != nil {
		dst = append(dst, " ["...)
		dst = append(flat.AppendVisible(dst, []byte(def.Title)), ']')
	}
	dst = text.AppendUint(append(dst, "\nblock_length: "...), uint64(l.size))
	return append(dst, '\n')
}
