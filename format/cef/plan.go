package cef

import (
	"estream/meta"
)

// A plan is the line of a layout, compiled. It is immutable and shared. A layout
// of a record type without line has a nil header.
type plan struct {
	view      *meta.View
	header    []part // CEF version to severity, without the last bar
	extension []part // in the order of their keys
}

// A part writes one value. Its sources are tried in the order computed, nested,
// next; where none of them has a value, write says what is written.
type part struct {
	before   string   // " key=", or text of the header
	computed *meta.Op // nil if there is none
	nested   *nestedSource
	next     *part  // has the same before
	write    writer // what to write otherwise
	slot     int
	other    int // slot of a second field
	text     string
	severity *severityPlan // writeSeverity, writeMatrix
}

// A nestedSource is an alternative inside a nested block, whose layout is only
// known when the record is.
type nestedSource struct {
	slot int      // of the block
	op   *meta.Op // OpNested for the block, nil if nothing is computed from it
	from alternative
}

// A severityPlan is what only the severity needs.
type severityPlan struct {
	below     uint64 // writeSeverity: low below this value of the slot, else high
	low, high string
	impact    *meta.Op // writeMatrix: computed impact, if it is not in a field
}

// A writer says how a part gets its text.
type writer uint8

const (
	writeNothing writer = iota // leave the key out
	writeText                  // constant
	writeUint
	writeMilliseconds
	writeUUID
	writeHex       // bytes, printed as text
	writeLiteral   // bytes, printed as b'hex'
	writeContent   // text as it arrives
	writeObject    // a string block as a whole
	writeIP        // address of any kind
	writeLittle    // IPv4 address in reverse byte order
	writeHost      // address of the host in the discovery header
	writeIPv4Part  // the address if it prints without a colon
	writeIPv6Part  // the address if it prints with one
	writeHostIPv4  // the same for the host in the discovery header
	writeMAC       //
	writeAction    // index into actions
	writePayload   // payload of a packet
	writePacket    // a whole packet
	writeSeverity  // by threshold
	writeMatrix    // by priority and impact
	writeTenth     // a tenth of a number, with one decimal
	writeHeaderOp  // computed value in the header
	writeHeaderRaw // text in the header
)

// uses reports whether a part reads a slot.
func (p *part) uses(slot int) bool {
	for ; p != nil; p = p.next {
		switch {
		case p.computed != nil && p.computed.Uses(slot),
			p.nested != nil && p.nested.slot == slot,
			p.severity != nil && p.severity.impact != nil && p.severity.impact.Uses(slot):
			return true
		}
		switch p.write {
		case writeNothing, writeText, writeHeaderOp:
		case writeHostIPv4, writeHost, writeMatrix:
			if slot == p.slot || slot == p.other {
				return true
			}
		default:
			if slot == p.slot {
				return true
			}
		}
	}
	return false
}
