package pcap

import (
	"math"

	"estream/wire"
)

// A packet is what a packet record holds. data borrows the record.
type packet struct {
	id          eventID
	second      uint32 // Unix time
	microsecond uint32 // below 1,000,000
	link        uint32
	data        []byte
}

// An eventID says which intrusion event a packet belongs to.
type eventID struct {
	device, event, second uint32
}

// An event is what an intrusion event says about its packets. All are numbers: the
// names are looked up when a packet needs them.
type event struct {
	generator, rule, revision uint32
	class, priority           uint32
}

// kind says what a record is to a capture file.
type kind uint8

const (
	other kind = iota
	isPacket
	isEvent
)

// A plan says for one layout where the values are; a slot is -1 where the layout has no
// such number.
type plan struct {
	kind                                   kind
	device, event, eventSecond             int
	second, microsecond, link, data        int
	generator, rule, revision, class, prio int
}

// plans are compiled when a layout first comes; there are as many as layouts.
type plans map[*wire.Layout]*plan

func (m plans) get(l *wire.Layout) *plan {
	p, ok := m[l]
	if !ok {
		p = compile(l)
		m[l] = p
	}
	return p
}

func compile(l *wire.Layout) *plan {
	p := new(plan)
	if l.Record == nil {
		return p
	}
	number := func(name string) int {
		if slot := l.Slot(name); slot >= 0 && l.Fields[slot].Kind.Integer() {
			return slot
		}
		return -1
	}
	p.device, p.event, p.eventSecond = number("device_id"), number("event_id"), number("event_second")
	switch l.Record.Category {
	case "packet":
		p.second, p.microsecond, p.link = number("packet_second"), number("packet_microsecond"), number("link_type")
		p.data = l.Slot("packet_data")
		if p.data >= 0 && !l.Fields[p.data].Kind.Integer() {
			p.kind = isPacket
		}
	case "intrusion":
		p.generator, p.rule, p.revision = number("generator_id"), number("rule_id"), number("rule_revision")
		p.class, p.prio = number("classification_id"), number("priority_id")
		p.kind = isEvent
	}
	return p
}

// value returns a number that the record holds, 0 where its layout has none.
func value(v *wire.View, slot int) uint32 {
	if slot < 0 {
		return 0
	}
	return uint32(v.Uint(slot))
}

func (p *plan) id(v *wire.View) eventID {
	return eventID{value(v, p.device), value(v, p.event), value(v, p.eventSecond)}
}

func (p *plan) asEvent(v *wire.View) event {
	return event{value(v, p.generator), value(v, p.rule), value(v, p.revision), value(v, p.class), value(v, p.prio)}
}

// asPacket reads a packet. Microseconds of a second and more, which readers would take
// for another kind of file, are carried.
func (p *plan) asPacket(v *wire.View) packet {
	micro := value(v, p.microsecond)
	second := uint64(value(v, p.second)) + uint64(micro/1e6)
	k := packet{
		id: p.id(v), second: uint32(min(second, math.MaxUint32)), microsecond: micro % 1e6,
		link: ethernet, data: v.Bytes(p.data),
	}
	if p.link >= 0 {
		k.link = value(v, p.link)
	}
	return k
}

// ethernet is the link type of a file without packets, and of nearly all packets.
const ethernet = 1

// maxLink is the highest link type that files can hold: classic pcap uses the bits above
// for other things, pcapng has none.
const maxLink = math.MaxUint16

// cut returns as much of a packet as readers take.
func cut(data []byte, limit int) []byte { return data[:min(len(data), limit)] }
