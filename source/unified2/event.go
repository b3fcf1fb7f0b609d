package unified2

import (
	"bytes"
	"encoding/binary"
)

// An Event is an event record of any type, the fields that its layout lacks
// being zero.
type Event struct {
	Type             Type
	SensorID         uint32
	EventID          uint32
	EventSecond      uint32 // Unix time
	EventMicrosecond uint32
	SignatureID      uint32 // sid
	GeneratorID      uint32 // gid
	Revision         uint32
	ClassificationID uint32   // position in classification.config, from 1; 0 none
	PriorityID       uint32   // 1 is the highest
	Source           [16]byte // IPv4 as ::ffff:a.b.c.d
	Destination      [16]byte
	SourcePort       uint16 // or ICMP type
	DestinationPort  uint16 // or ICMP code
	Protocol         uint8  // IANA number
	ImpactFlags      uint8  // 0x20: packet dropped
	Impact           uint8
	Blocked          uint8 // 0 no, 1 yes, 2 would have been, 3 could not be (Snort 3)
	MPLSLabel        uint32
	VLAN             uint16
	PolicyID         uint32
	AppName          []byte // without padding; borrows the record
}

// Sizes of the parts of an event in bytes.
const (
	eventCommon  = 36 // sensor id to priority
	eventPorts   = 8  // ports, protocol, impact flags, impact, blocked
	eventVersion = 8  // MPLS label, VLAN, policy
	event3Fixed  = eventCommon + 12 + 32 + 4 + 8 + 4
)

// Event decodes an event record into e, which borrows the record afterwards.
// The error is a *RecordError wrapping ErrMalformed; file names the file in it.
// The record must be an event (Type.IsEvent).
func (r *Record) Event(file string, e *Event) error {
	d := r.Data()
	need := 0
	switch r.Type {
	case TypeEvent3:
		need = event3Fixed
	case TypeEvent6, TypeEvent6MPLS, TypeEvent6VLAN, TypeEvent6AppName:
		need = eventCommon + 32 + eventPorts
	default:
		need = eventCommon + 8 + eventPorts
	}
	base := need
	switch r.Type {
	case TypeEventMPLS, TypeEvent6MPLS:
		need += 4
	case TypeEventVLAN, TypeEvent6VLAN, TypeEventAppName, TypeEvent6AppName:
		need += eventVersion
	}
	if len(d) < need {
		return r.malformed(file, need, "event")
	}
	*e = Event{
		Type:             r.Type,
		SensorID:         binary.BigEndian.Uint32(d),
		EventID:          binary.BigEndian.Uint32(d[4:]),
		EventSecond:      binary.BigEndian.Uint32(d[8:]),
		EventMicrosecond: binary.BigEndian.Uint32(d[12:]),
		SignatureID:      binary.BigEndian.Uint32(d[16:]),
		GeneratorID:      binary.BigEndian.Uint32(d[20:]),
		Revision:         binary.BigEndian.Uint32(d[24:]),
		ClassificationID: binary.BigEndian.Uint32(d[28:]),
		PriorityID:       binary.BigEndian.Uint32(d[32:]),
	}
	// Snort 3 and Snort 2.9 disagree about which name goes with which signature
	// field: Snort 3 has gid before sid.
	if r.Type == TypeEvent3 {
		e.SignatureID, e.GeneratorID = e.GeneratorID, e.SignatureID
		e.snort3(d[eventCommon:])
		return nil
	}
	if base == eventCommon+32+eventPorts {
		copy(e.Source[:], d[36:])
		copy(e.Destination[:], d[52:])
	} else {
		e.Source = mapped(d[36:])
		e.Destination = mapped(d[40:])
	}
	p := d[base-eventPorts:]
	e.SourcePort = binary.BigEndian.Uint16(p)
	e.DestinationPort = binary.BigEndian.Uint16(p[2:])
	e.Protocol, e.ImpactFlags, e.Impact, e.Blocked = p[4], p[5], p[6], p[7]

	v := p[eventPorts:]
	// The version 1 layouts end here; later writers under the same type number
	// went on as version 2 does.
	if r.Type != TypeEvent && r.Type != TypeEvent6 {
		e.MPLSLabel = binary.BigEndian.Uint32(v)
		if len(v) >= eventVersion {
			e.VLAN = binary.BigEndian.Uint16(v[4:])
			e.PolicyID = uint32(binary.BigEndian.Uint16(v[6:]))
			// Types 111 and 112, and Snort 3 under 104 and 105. The name had 16
			// bytes at first and has 64 now.
			e.AppName = untilNUL(v[eventVersion:])
		}
	}
	return nil
}

// snort3 reads what follows the common part of Snort 3's event.
func (e *Event) snort3(d []byte) {
	e.PolicyID = binary.BigEndian.Uint32(d[8:]) // the detection policy; context and inspection policy precede it
	e.MPLSLabel = binary.BigEndian.Uint32(d[44:])
	e.SourcePort = binary.BigEndian.Uint16(d[48:])
	e.DestinationPort = binary.BigEndian.Uint16(d[50:])
	e.VLAN = binary.BigEndian.Uint16(d[52:])
	versions := d[56]
	e.Protocol = d[57]
	e.Source = snort3Address(versions>>4, d[12:])
	e.Destination = snort3Address(versions&15, d[28:])
	// Status: 0 allowed, 1 could not be blocked, 2 would have been, 3 blocked.
	// Snort 3 itself writes it into the older events in this way.
	if status := d[58]; status != 0 {
		e.ImpactFlags = 0x20
		e.Blocked = [4]uint8{0, 3, 2, 1}[status&3]
	}
	e.AppName = untilNUL(d[60:])
}

func snort3Address(version uint8, d []byte) (a [16]byte) {
	if version == 4 {
		return mapped(d[12:])
	}
	copy(a[:], d)
	return a
}

// mapped returns the IPv4 address at the start of d as an IPv6 address.
func mapped(d []byte) (a [16]byte) {
	a[10], a[11] = 0xff, 0xff
	copy(a[12:], d[:4])
	return a
}

func untilNUL(d []byte) []byte {
	if i := bytes.IndexByte(d, 0); i >= 0 {
		return d[:i:i]
	}
	return d
}

func (r *Record) malformed(file string, need int, what string) error {
	return &RecordError{File: file, Offset: r.Offset, Type: r.Type, Need: uint64(need), Have: uint64(len(r.Data())), What: what, Err: ErrMalformed}
}
