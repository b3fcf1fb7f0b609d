package hosts

import (
	"fmt"
	"unicode/utf8"

	"estream/wire"
)

// A maker makes the records of Discover. Map.mu guards it.
type maker struct {
	forms    eventForms
	builders map[uint16]*wire.Builder

	// What is on its way to the journal, by host. When now is full it becomes before,
	// and what was in before is forgotten: it was made so long ago that the journal
	// has it or never will.
	now, before map[hostKey]*flight
	sent        map[sentKey]struct{} // metadata that was handed on
	evicted     []evicted            // hosts to take leave of, at most maxEvicted

	// The observation at work.
	m      *Map
	o      *Observation
	device uint32
	key    hostKey
	h      *host // nil if the map does not know it yet
	flight *flight
	when   Second
	header wire.RecordHeader
	dst    []byte
	count  int
	writer blockWriter
}

// eventForms are the blocks inside the records.
type eventForms struct {
	protocol form[uint16]
	mac      form[MACAddress]
	event    form[Identity] // block 117
}

// Limits of what is remembered of events on their way.
const (
	maxFlights = 1 << 13 // hosts; twice that with those before
	maxFacts   = 1 << 10 // per host
	maxSent    = 1 << 16
	maxEvicted = 1 << 10
)

// An evicted host is one that left the map because it was full.
type evicted struct {
	key    hostKey
	device uint32
}

// A flight holds the events of one host that are on their way.
type flight struct {
	events int // how many
	facts  map[factKey]fact
}

// A fact is what the last event on its way says, if there is more to say than that
// something is there, and how many events said something.
type fact struct {
	value uint64
	times uint8
}

// maxTimes bounds the events about one thing on their way: a server of which two
// sensors see different versions must not make one for each packet.
const maxTimes = 4

// A factKey names something that can be known of a host.
type factKey struct {
	kind uint8
	a, b uint32
}

// makerBlocks are the record types that Discover makes, with the newest block of each.
var makerBlocks = map[uint16]uint32{
	10: 139, 11: 103, 12: 103, 13: 0, 14: 0, 15: 122, 16: 103, 17: 103, 21: 0, 28: 95, 34: 14, 42: 35, 45: 37, 94: 158, 95: 167, 101: 130, 107: 122,
	54: 0, 55: 0, 59: 0, 63: 0, 98: 57,
}

func (d *maker) init(set *wire.Layouts) error {
	d.builders = map[uint16]*wire.Builder{}
	for record, block := range makerBlocks {
		b, err := set.NewBuilder(record, block)
		if err != nil {
			return fmt.Errorf("record %d, block %d: %w", record, block, err)
		}
		d.builders[record] = b
	}
	var err error
	compile(set, 4, &d.forms.protocol, protocolValues, &err)
	compile(set, 95, &d.forms.mac, macValues, &err)
	compile(set, 117, &d.forms.event, identityValues, &err)
	d.writer.gen = &generation{}
	compile(set, 1, &d.writer.gen.sub, subValues, &err)
	d.forget()
	return err
}

func (d *maker) forget() {
	d.now, d.before, d.sent = map[hostKey]*flight{}, nil, map[sentKey]struct{}{}
}

// inFlight returns what is on its way of a host, nil for nothing.
func (d *maker) inFlight(k hostKey) *flight {
	if f := d.now[k]; f != nil || len(d.before) == 0 {
		return f
	}
	return d.before[k]
}

// news reports whether an event has to be made: neither does the map know, nor is
// the same on its way. If it has to, it is noted as on its way.
func (d *maker) news(k factKey, value uint64, known bool) bool {
	if d.flight != nil {
		if f, ok := d.flight.facts[k]; ok {
			known = f.value == value || f.times >= maxTimes
		}
	}
	if known || d.flight != nil && len(d.flight.facts) >= maxFacts {
		return false
	}
	d.note(k, value)
	return true
}

// note remembers what the next event says.
func (d *maker) note(k factKey, value uint64) {
	if d.flight == nil {
		if len(d.now) >= maxFlights {
			d.before, d.now = d.now, map[hostKey]*flight{}
		}
		d.flight = &flight{facts: map[factKey]fact{}}
		d.now[d.key] = d.flight
	}
	d.flight.facts[k] = fact{value, d.flight.facts[k].times + 1}
}

// arrived notes that an event of a host has come back: when all have, the map knows
// what was on its way.
func (d *maker) arrived(k hostKey) {
	if f := d.inFlight(k); f != nil {
		if f.events--; f.events <= 0 {
			d.gone(k)
		}
	}
}

// gone forgets what is on its way of a host.
func (d *maker) gone(k hostKey) {
	delete(d.now, k)
	delete(d.before, k)
}

// start begins a record with its discovery header.
func (d *maker) start(record uint16, eventType, subtype uint32) *wire.Builder {
	b := d.builders[record]
	b.Reset()
	mac := d.o.MAC
	if mac == (MAC{}) && d.h != nil {
		if m := d.h.primaryMAC(); m != nil {
			mac = m.Address
		}
	}
	d.uint(b, "device_id", uint64(d.device))
	d.addr(b, "legacy_ip_address", d.key.addr)
	d.bytes(b, "mac_address", mac[:])
	d.uint(b, "has_ipv6", 1)
	d.uint(b, "event_second", uint64(d.when))
	d.uint(b, "event_microsecond", uint64(d.o.Time.Nanosecond()/1000))
	d.uint(b, "event_type", uint64(eventType))
	d.uint(b, "event_subtype", uint64(subtype))
	d.addr(b, "ipv6_address", d.key.addr)
	return b
}

// finish appends the event and counts it as on its way.
func (d *maker) finish(b *wire.Builder) {
	d.dst = b.AppendMessage(d.dst, d.header)
	d.count++
	d.flight.events++
}

// The fields of a record are set by name; one that a layout of the user's own lacks
// is left out.

func (d *maker) uint(b *wire.Builder, name string, v uint64) {
	if i := slotFor(b, name, true); i >= 0 {
		b.SetUint(i, v)
	}
}

func (d *maker) bytes(b *wire.Builder, name string, p []byte) {
	if i := slotFor(b, name, false); i >= 0 {
		b.SetBytes(i, p)
	}
}

func (d *maker) text(b *wire.Builder, name, s string) {
	if i := slotFor(b, name, false); i >= 0 {
		b.SetString(i, s)
	}
}

// addr sets an address; an IPv4 field stays zero for one that does not fit.
func (d *maker) addr(b *wire.Builder, name string, a [16]byte) {
	i := slotFor(b, name, false)
	switch {
	case i < 0:
	case b.Layout().Fields[i].Size == 16:
		b.SetBytes(i, a[:])
	case unmapped(a).Is4():
		b.SetBytes(i, a[12:])
	}
}

// list sets a list to what fill writes.
func (d *maker) list(b *wire.Builder, name string, fill func(*blockWriter)) {
	i := slotFor(b, name, false)
	if i < 0 {
		return
	}
	w := &d.writer
	w.open(b.Layout().Fields[i].Number)
	fill(w)
	w.close(0)
	b.SetBytes(i, w.buf)
}

func slotFor(b *wire.Builder, name string, integer bool) int {
	l := b.Layout()
	if i := l.Slot(name); i >= 0 && l.Fields[i].Kind.Integer() == integer {
		return i
	}
	return -1
}

// clip returns the start of a text, not cut within a character.
func clip(s string, most int) string {
	if len(s) <= most {
		return s
	}
	n := most
	for n > most-utf8.UTFMax && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}
