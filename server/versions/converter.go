package versions

import (
	"encoding/binary"
	"errors"
	"math"
	"slices"
	"strings"

	"estream/wire"
)

// ErrInexpressible says that an event has addresses for which the older form has no
// room.
var ErrInexpressible = errors.New("addresses are IPv6 and the older form has room for IPv4 only")

// A converter writes records or blocks of one layout in another one. It is compiled
// once for each pair and shared by all sessions; it holds no state.
type converter struct {
	record uint16 // the type of the record that is written
	to     *wire.Layout
	ops    []op
	uses   []bool // by slot of the source: whether its value is needed
	event  *Event
	lists  *nesting // for the elements of lists
}

// An op writes one field.
type op struct {
	code opCode
	slot int // of the source, -1 for none
	size int // bytes to write, where the field has a fixed size
	over overflow
}

type opCode uint8

const (
	opZero   opCode = iota // size zero bytes
	opNumber               // a number of size bytes
	opCount                // size bytes: how long the text in slot is, as far as it is written
	opBytes                // size bytes, shorter values padded, longer ones cut
	opIPv4                 // the IPv4 address in 16 bytes; ErrInexpressible for others
	opSource               // the same, 0 for others
	opIPv6                 // 4 bytes as an IPv4-mapped address
	opTurned               // 4 bytes in reverse order
	opText                 // bytes as they are, at most size where that is not 0
	opBlock                // a block header with number size, then the bytes
	opList                 // a whole list, its elements converted
	opWhole                // a whole block as it is
	opEmpty                // the header of an empty block with number size
	opHeader               // the header of the body's data block, whose number is size
	opHost                 // the host's address in a discovery header without IPv6 part
)

// overflow says what becomes of a number that the field cannot hold.
type overflow uint8

const (
	greatest overflow = iota // a counter stays at its greatest value
	unknown                  // an identifier would name something else: 0
	cut                      // bits: the upper ones are lost
)

// compile makes the converter from one layout to another. short leaves out the IPv6
// part of the discovery header.
func compile(event *Event, from, to *wire.Layout, record uint16, short bool, lists *nesting) *converter {
	c := &converter{record: record, to: to, uses: make([]bool, len(from.Fields)), event: event, lists: lists}
	for i := range to.Fields {
		if i == to.Discovery && to.Block != nil {
			c.header()
		}
		c.field(from, i, short)
	}
	if len(to.Fields) == to.Discovery && to.Block != nil {
		c.header()
	}
	return c
}

func (c *converter) header() { c.ops = append(c.ops, op{code: opHeader, size: int(c.to.Block.Type)}) }

// field appends the op for a field of the target.
func (c *converter) field(from *wire.Layout, i int, short bool) {
	f := &c.to.Fields[i]
	slot := -1
	switch {
	case i < c.to.Discovery && i < from.Discovery:
		slot = i // both begin with the same header
		if short {
			c.shortHeader(from, i)
			return
		}
	case i >= c.to.Discovery:
		slot = c.source(from, f.Name)
	}
	if t := c.counted(i); t >= 0 {
		// The length of the text that is written, whatever the source counted.
		slot = c.source(from, c.to.Fields[t].Name)
		if slot >= 0 && !text(from.Fields[slot].Kind) {
			slot = -1
		}
		c.add(op{code: opCount, slot: slot, size: f.Size})
		return
	}
	if slot < 0 {
		c.add(c.nothing(f))
		return
	}
	c.add(c.convert(&from.Fields[slot], f, slot))
}

func text(k wire.Kind) bool {
	return k == wire.KindText || k == wire.KindRest || k == wire.KindString || k == wire.KindBlob
}

// shortHeader writes a field of the discovery header as it was before 5.2.
func (c *converter) shortHeader(from *wire.Layout, i int) {
	f := &c.to.Fields[i]
	switch f.Name {
	case "ipv6_address":
	case "has_ipv6":
		c.add(op{code: opZero, slot: -1, size: f.Size})
	case "legacy_ip_address":
		c.uses[i] = true
		for j := range from.Fields[:from.Discovery] {
			if n := from.Fields[j].Name; n == "has_ipv6" || n == "ipv6_address" {
				c.uses[j] = true
			}
		}
		c.add(op{code: opHost, slot: i, size: f.Size})
	default:
		c.add(c.convert(&from.Fields[i], f, i))
	}
}

func (c *converter) add(o op) {
	if o.slot >= 0 {
		c.uses[o.slot] = true
	}
	c.ops = append(c.ops, o)
}

// counted returns the field of the target whose bytes field i counts, -1 for none.
func (c *converter) counted(i int) int {
	for t := i + 1; t < len(c.to.Fields); t++ {
		if f := &c.to.Fields[t]; f.Kind == wire.KindText && f.LengthOf == c.to.Fields[i].Name {
			return t
		}
	}
	return -1
}

// source returns the slot of the source that has the value for a field: that of the
// same name, else of a synonym.
func (c *converter) source(from *wire.Layout, name string) int {
	if slot := from.Slot(name); slot >= from.Discovery {
		return slot
	}
	for _, group := range c.event.Synonyms {
		if !slices.Contains(group, name) {
			continue
		}
		for _, other := range group {
			if slot := from.Slot(other); slot >= from.Discovery {
				return slot
			}
		}
	}
	return -1
}

// longest returns how many bytes the field that counts a text can count, 0 for no
// limit.
func (c *converter) longest(f *wire.Field) int {
	for i := range c.to.Fields {
		if n := &c.to.Fields[i]; f.LengthOf != "" && n.Name == f.LengthOf && n.Size < 4 {
			return 1<<(8*n.Size) - 1
		}
	}
	return 0
}

// nothing is what stands in a field that the source does not have.
func (c *converter) nothing(f *wire.Field) op {
	switch f.Kind {
	case wire.KindText, wire.KindRest:
		return op{code: opText, slot: -1}
	case wire.KindString, wire.KindBlob, wire.KindList, wire.KindBlock:
		return op{code: opEmpty, slot: -1, size: int(f.Number)}
	}
	return op{code: opZero, slot: -1, size: f.Size}
}

// convert says how a value of one kind is written as another. Kinds that have nothing
// in common, such as a name in one form and a number in the other, leave the field
// empty.
func (c *converter) convert(from, to *wire.Field, slot int) op {
	wide := func(k wire.Kind) bool { return k == wire.KindUUID || k == wire.KindBytes }
	four := func(f *wire.Field) bool { return f.Kind == wire.KindIPv4 || f.Kind == wire.KindUint32 }
	switch {
	case to.When != "":
		return op{code: opText, slot: slot} // there or not, as in the source
	case from.Kind == wire.KindIPv6 && four(to):
		return op{code: turn(opIPv4, to.LittleEndian), slot: slot, size: 4}
	case wide(from.Kind) && from.Size == 16 && to.Kind == wire.KindIPv4:
		return op{code: opSource, slot: slot, size: 4}
	case from.Kind == wire.KindIPv4 && to.Kind == wire.KindIPv6:
		return op{code: opIPv6, slot: slot, size: 16}
	case from.Kind == wire.KindIPv4 && four(to) && from.LittleEndian != to.LittleEndian:
		return op{code: opTurned, slot: slot, size: 4}
	case from.Kind.Integer() && (to.Kind.Integer() || to.Kind == wire.KindIPv4):
		return op{code: opNumber, slot: slot, size: to.Size, over: c.overflow(to.Name)}
	case from.Kind == wire.KindIPv4 && to.Kind == wire.KindUint32,
		from.Kind.Fixed() && !from.Kind.Integer() && to.Kind.Fixed() && !to.Kind.Integer() && (from.Kind == to.Kind || wide(from.Kind) && wide(to.Kind)):
		return op{code: opBytes, slot: slot, size: to.Size}
	case text(from.Kind) && (to.Kind == wire.KindString || to.Kind == wire.KindBlob):
		return op{code: opBlock, slot: slot, size: int(to.Number)}
	case text(from.Kind) && text(to.Kind):
		return op{code: opText, slot: slot, size: c.longest(to)}
	case from.Kind == wire.KindList && to.Kind == wire.KindList:
		return op{code: opList, slot: slot, size: int(to.Number)}
	case from.Kind == wire.KindBlock && to.Kind == wire.KindBlock:
		return op{code: opWhole, slot: slot}
	}
	return c.nothing(to)
}

// turn marks an address for one of the few layouts that have them little-endian.
func turn(code opCode, little bool) opCode {
	if little {
		return code | littleEndian
	}
	return code
}

// littleEndian, with opIPv4, writes the bytes in reverse order.
const littleEndian opCode = 1 << 7

func (c *converter) overflow(name string) overflow {
	switch {
	case slices.Contains(c.event.Wrap, name):
		return cut
	case strings.HasSuffix(name, "_id") || slices.Contains(c.event.Numbers, name):
		return unknown
	}
	return greatest
}

// fit returns n as a field of size bytes can hold it.
func fit(n uint64, size int, over overflow) uint64 {
	if size == 8 || n>>(8*size) == 0 {
		return n
	}
	switch over {
	case unknown:
		return 0
	case cut:
		return n & (1<<(8*size) - 1)
	}
	return math.MaxUint64 >> (64 - 8*size)
}

func appendNumber(dst []byte, n uint64, size int) []byte {
	switch size {
	case 1:
		return append(dst, byte(n))
	case 2:
		return binary.BigEndian.AppendUint16(dst, uint16(n))
	case 4:
		return binary.BigEndian.AppendUint32(dst, uint32(n))
	}
	return binary.BigEndian.AppendUint64(dst, n)
}
