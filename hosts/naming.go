package hosts

import "estream/wire"

// Metadata: what Discover has to explain before it uses a number.

// A sentKey names something that was explained to the journal of a source.
type sentKey struct {
	source uint32
	netmap uint16
	record uint16
	id     UUID // a number stands in its first four bytes
}

// needed reports whether something has not been explained yet. When too much was,
// all of it is forgotten: what is in use is asked of Known, or sent once more.
func (d *maker) needed(record uint16, id UUID) bool {
	k := sentKey{d.o.Source, d.o.Netmap, record, id}
	if _, ok := d.sent[k]; ok {
		return false
	}
	if len(d.sent) >= maxSent {
		clear(d.sent)
	}
	d.sent[k] = struct{}{}
	return true
}

// explain appends a metadata record unless the journal has it; false if it has.
func (d *maker) explain(b *wire.Builder) bool {
	at := len(d.dst)
	d.dst = b.AppendMessage(d.dst, d.header)
	if d.o.Known != nil && d.o.Known(d.dst[at:len(d.dst):len(d.dst)]) {
		d.dst = d.dst[:at]
		return false
	}
	d.count++
	return true
}

func numberID(n uint32) UUID { return UUID{byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)} }

// name explains a number by records 55, 59 or 63.
func (d *maker) name(record uint16, id uint32, name string) {
	if !d.needed(record, numberID(id)) {
		return
	}
	b := d.builders[record]
	b.Reset()
	d.uint(b, "id", uint64(id))
	d.text(b, "name", clip(name, maxText))
	d.explain(b)
}

// networkName explains an ethertype that has a common name.
func (d *maker) networkName(n uint16) {
	if name, ok := map[uint16]string{0x0800: "IP", 0x0806: "ARP", 0x86dd: "IPv6"}[n]; ok {
		d.name(59, uint32(n), name)
	}
}

// systemName explains an operating system by record 54.
func (d *maker) systemName(id UUID, s *SeenOS) {
	if !d.needed(54, id) {
		return
	}
	b := d.builders[54]
	b.Reset()
	d.bytes(b, "uuid", id[:])
	d.text(b, "name", clip(s.Name, maxText))
	d.text(b, "vendor", clip(s.Vendor, maxText))
	d.text(b, "version", clip(s.Version, maxText))
	d.explain(b)
}

// userName explains a user by record 98; false if the journal knew.
func (d *maker) userName(id, protocol uint32, name string) bool {
	if !d.needed(98, numberID(id)) {
		return false
	}
	b := d.builders[98]
	b.Reset()
	d.uint(b, "id", uint64(id))
	d.uint(b, "protocol", uint64(protocol))
	d.text(b, "username", name)
	return d.explain(b)
}
