package splunk

import (
	"slices"

	"estream/meta"
)

// A plan is the line of a layout, compiled. It is immutable and shared.
type plan struct {
	head   string // "rec_type=71"
	second *pair  // event_sec, nil if the layout has none
	pairs  []pair
	time   eventTime
}

// A pair writes one name and value.
type pair struct {
	name     string // " name="
	constant string // value, ready to write, when there are neither ops nor a field
	write    writer
	ops      []*meta.Op // computed values; the last that is there counts, before the field
	slot     int
	other    int // writeHost: slot of the legacy address, -1 if none
}

// eventTime is what event_time needs; ops may be nil.
type eventTime struct {
	second, microsecond *meta.Op
}

// A writer says how a field is written.
type writer uint8

const (
	writeNothing writer = iota // no field: without a computed value the pair is left out
	writeConstant
	writeUint
	writeBlock // block type on the wire
	writeUUID
	writeHex
	writeIP
	writeLittle // IPv4 address in reverse byte order
	writeHost   // address of the host in the discovery header
	writeIPv6   // address, left out if it is IPv4
	writeHostIPv6
	writeMAC
	writeText
	writeObject // a string block as a Python dictionary
	writeNested // all computed values of a nested block
)

// uses reports whether a pair reads a slot.
func (p *pair) uses(slot int) bool {
	if slices.ContainsFunc(p.ops, func(op *meta.Op) bool { return op.Uses(slot) }) {
		return true
	}
	switch p.write {
	case writeNothing, writeConstant, writeBlock, writeNested:
		return false
	}
	return slot == p.slot || slot == p.other
}
