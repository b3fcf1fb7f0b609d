package fmc

import (
	"encoding/binary"
	"hash/maphash"

	"estream/wire"
)

// identities lists, per record type, the fields that say which event a record
// tells of. The members of a high-availability pair write the same event with
// the same values here, while ids of rules, users and interfaces may differ. A
// connection is logged at its begin and at its end: last packet and packet
// counts tell the two apart. Fields that a layout lacks are left out.
//
// Records that are not listed, and those that cannot be decoded, are the same
// when everything behind the device number is.
var identities = map[uint16][]string{
	71:  {"instance_id", "connection_counter", "first_packet_timestamp", "last_packet_timestamp", "initiator_transmitted_packets", "responder_transmitted_packets"},
	2:   {"event_id", "event_second", "packet_second", "packet_microsecond"},
	9:   {"event_id", "event_second"},
	104: {"event_id", "event_second"},
	105: {"event_id", "event_second"},
	110: {"event_id", "event_second", "type"},
	207: {"event_id", "event_second"},
	208: {"event_id", "event_second"},
	400: {"event_id", "event_second"},
	112: {"policy_id", "rule_id", "correlation_event_second", "event_device_id", "device_event_id", "trigger_event_second", "trigger_event_microsecond"},
	125: {
		"agent_uuid", "malware_event_timestamp", "event_type_id", "event_subtype_id", "file_sha_hash",
		"connection_instance", "connection_counter", "connection_event_timestamp", "direction",
	},
	500: {"connection_instance", "connection_counter", "connection_timestamp", "file_event_timestamp", "sha_hash", "direction"},
	502: {"connection_instance", "connection_counter", "connection_timestamp", "file_event_timestamp", "sha_hash", "direction"},
}

const deviceField = "device_id"

// An identifier computes identities. It is for one goroutine.
type identifier struct {
	seed  maphash.Seed
	dec   *wire.Decoder
	plans map[*wire.Layout]identityPlan
	buf   []byte
}

type identityPlan struct {
	device int // slot, -1 for none
	slots  []int
}

func newIdentifier(set *wire.Layouts, seed maphash.Seed) *identifier {
	i := &identifier{seed: seed, plans: map[*wire.Layout]identityPlan{}}
	i.dec = wire.NewDecoder(set, func(l *wire.Layout, slot int) bool {
		p := i.plan(l)
		if slot == p.device {
			return true
		}
		for _, s := range p.slots {
			if s == slot {
				return true
			}
		}
		return false
	})
	return i
}

func (i *identifier) plan(l *wire.Layout) identityPlan {
	if p, ok := i.plans[l]; ok {
		return p
	}
	p := identityPlan{device: l.Slot(deviceField)}
	if l.Record != nil {
		for _, name := range identities[l.Record.Type] {
			if slot := l.Slot(name); slot >= 0 {
				p.slots = append(p.slots, slot)
			}
		}
	}
	i.plans[l] = p
	return p
}

// of returns a keyed hash of what message is about. device gives the name of a
// managed device by its number: the numbers differ between Management Centers.
func (i *identifier) of(message []byte, h wire.RecordHeader, device func(id uint32) string) uint64 {
	b := binary.BigEndian.AppendUint16(i.buf[:0], h.Type)
	body := message[wire.HeaderSize+h.Size:]
	r, err := i.dec.Decode(message)
	var p identityPlan
	if err == nil {
		p = i.plan(r.Layout)
	}
	switch {
	case err != nil:
		b = append(b, body...)
	case p.device < 0 && len(p.slots) == 0:
		b = append(b, body...)
	default:
		if p.device >= 0 {
			id := uint32(r.Uint(p.device))
			if name := device(id); name != "" {
				b = append(b, name...)
			} else {
				b = binary.BigEndian.AppendUint32(b, id)
			}
			b = append(b, 0)
		}
		for _, slot := range p.slots {
			if r.Layout.Fields[slot].Kind.Integer() {
				b = binary.BigEndian.AppendUint64(b, r.Uint(slot))
			} else {
				b = append(b, r.Bytes(slot)...)
			}
		}
		if len(p.slots) == 0 {
			// The number of the device, and only that, is known to differ: it opens the
			// discovery header, and every other body that has one.
			b = append(b, body[min(4, len(body)):]...)
		}
	}
	i.buf = b
	return maphash.Bytes(i.seed, b)
}
