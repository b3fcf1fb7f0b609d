package unified2

import (
	"errors"
	"fmt"
)

// A Type is the record type in the header of a unified2 record.
type Type uint32

// Record types with a known layout. Others are skipped and counted: among them
// 1 (never used for events), 66 to 68 (statistics), 113 (application statistics).
const (
	TypePacket        Type = 2   // captured packet
	TypeBuffer        Type = 3   // Snort 3: reassembled data, laid out like a packet
	TypeEvent         Type = 7   // event version 1, IPv4
	TypeEvent6        Type = 72  // event version 1, IPv6
	TypeEventMPLS     Type = 99  // event version 1 with MPLS label, IPv4
	TypeEvent6MPLS    Type = 100 // event version 1 with MPLS label, IPv6
	TypeEventVLAN     Type = 104 // event version 2: MPLS label, VLAN, policy; IPv4
	TypeEvent6VLAN    Type = 105 // event version 2, IPv6
	TypeExtraData     Type = 110 // data that belongs to an event
	TypeEventAppName  Type = 111 // event version 2 with application name, IPv4
	TypeEvent6AppName Type = 112 // event version 2 with application name, IPv6
	TypeEvent3        Type = 114 // Snort 3's event, IPv4 and IPv6
)

// String names the type in log messages.
func (t Type) String() string {
	switch t {
	case TypePacket:
		return "packet (2)"
	case TypeBuffer:
		return "buffer (3)"
	case TypeExtraData:
		return "extra data (110)"
	}
	if t.IsEvent() {
		return fmt.Sprintf("event (%d)", uint32(t))
	}
	return fmt.Sprintf("type %d", uint32(t))
}

// IsEvent reports whether records of this type are events.
func (t Type) IsEvent() bool {
	switch t {
	case TypeEvent, TypeEvent6, TypeEventMPLS, TypeEvent6MPLS, TypeEventVLAN, TypeEvent6VLAN,
		TypeEventAppName, TypeEvent6AppName, TypeEvent3:
		return true
	}
	return false
}

const headerSize = 8

// MaxRecordLength is the largest data length of a record that is believed, in
// bytes. The variable part of a record (packet or extra data) comes from 16-bit
// lengths and buffers of 65,535 bytes in every known writer, the fixed part has
// at most 160 bytes; four times that leaves room for sensors that log coalesced
// packets. A larger length is garbage, and what follows it cannot be found.
const MaxRecordLength = 256 << 10

// A Record is one unified2 record.
type Record struct {
	Type   Type
	Offset int64  // of the record's header in the file, in bytes
	Raw    []byte // header and data; borrowed from the reader until its next call
}

// Data returns the record without its header.
func (r *Record) Data() []byte { return r.Raw[headerSize:] }

// End returns the offset of the next record.
func (r *Record) End() int64 { return r.Offset + int64(len(r.Raw)) }

var (
	// ErrLength says that a record header announces more than MaxRecordLength
	// bytes: nothing behind it can be read. Returned by Reader.Next.
	ErrLength = errors.New("record length out of range")
	// ErrTorn says that the last record of the file is incomplete. While the
	// file is still being written, reading it again later is the right answer.
	// Returned by Reader.Next.
	ErrTorn = errors.New("record is incomplete")
	// ErrMalformed says that a record does not have the layout of its type. The
	// next record can be read. Returned by the Decode methods.
	ErrMalformed = errors.New("record does not fit its layout")
)

// A RecordError says which record of which file is bad and why. It wraps
// ErrLength, ErrTorn or ErrMalformed.
type RecordError struct {
	File   string
	Offset int64  // of the record's header
	Type   Type   // 0 when the header itself is incomplete
	Need   uint64 // bytes announced or needed
	Have   uint64 // bytes there are, or the limit
	What   string // what the bytes are needed for; may be empty
	Err    error
}

func (e *RecordError) Error() string {
	what := e.What
	if what == "" {
		what = "record"
	}
	if errors.Is(e.Err, ErrLength) {
		return fmt.Sprintf("%s: offset %d: %v: %v has %d bytes, at most %d are possible", e.File, e.Offset, e.Err, e.Type, e.Need, e.Have)
	}
	return fmt.Sprintf("%s: offset %d: %v: %v: %d bytes needed for %s, %d there", e.File, e.Offset, e.Err, e.Type, e.Need, what, e.Have)
}

func (e *RecordError) Unwrap() error { return e.Err }
