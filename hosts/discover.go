package hosts

import (
	"encoding/binary"
	"net/netip"
	"slices"

	"estream/wire"
)

// Discover appends to dst the discovery events for what is new in an observation
// of a managed device, with the metadata that names what is in them, and returns
// the extended slice and how many messages it appended. They are a source's batch,
// or a part of it, and come back through [Map.Observe] once the journal has them:
// only then the map has learned them. What is on its way is not made twice;
// [Map.Forget] takes that back. An observation without news costs two look-ups and
// no allocation. It does not keep o.
func (m *Map) Discover(device uint32, o *Observation, dst []byte) (out []byte, count int) {
	if !m.opt.discovers(o.Host.Unmap()) {
		return dst, 0
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	d := &m.maker
	d.begin(m, device, o, dst)
	d.evictions()
	d.hostNews()
	d.protocolNews()
	d.nameNews()
	d.serviceNews()
	d.clientNews()
	d.systemNews()
	d.userNews()
	m.stats.Emitted += uint64(d.count)
	out, count = d.dst, d.count
	d.o, d.h, d.dst, d.flight = nil, nil, nil, nil
	return out, count
}

// discovers reports whether Discover cares about an address.
func (o *Options) discovers(a netip.Addr) bool {
	return isHost(a) && (len(o.Networks) == 0 || slices.ContainsFunc(o.Networks, func(p netip.Prefix) bool { return p.Contains(a) }))
}

// Forget is for a source that starts again, whose batch was not taken, or whose
// discovery events were filtered until now: events that Discover made, and that did
// not come back through Observe, are made again. Events of other sources that are
// on their way may come twice then, which does the map no harm.
func (m *Map) Forget() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.maker.forget()
}

// begin takes up an observation.
func (d *maker) begin(m *Map, device uint32, o *Observation, dst []byte) {
	d.m, d.o, d.device, d.dst, d.count = m, o, device, dst, 0
	d.key = hostKey{as16(o.Host.Unmap()), realm{netmap: o.Netmap}}
	if m.opt.Space != nil {
		d.key.space = m.opt.Space(o.Source)
	}
	d.h = m.lookup(d.key.realm, d.key.addr)
	d.flight = d.inFlight(d.key)
	d.when = Second(max(0, min(o.Time.Unix(), 1<<32-1)))
	d.header = wire.RecordHeader{NetmapID: o.Netmap, Extended: true, ArchiveTimestamp: o.Archive}
	if o.Archive == 0 {
		d.header.ArchiveTimestamp = uint32(d.when)
	}
}

// numberOf derives the number of an application or user from its name. The top bit
// keeps it apart from the small numbers of a Management Center.
func numberOf(name string) uint32 {
	h := uint32(2166136261) // FNV-1a, as hash/fnv has it
	for i := range len(name) {
		h = (h ^ uint32(name[i])) * 16777619
	}
	return h | 1<<31
}

// sum tells texts apart.
func sum(texts ...string) uint64 {
	h := uint64(14695981039346656037) // FNV-1a
	for _, t := range texts {
		for i := range len(t) {
			h = (h ^ uint64(t[i])) * 1099511628211
		}
		h = (h ^ 0xff) * 1099511628211
	}
	return h
}

// systemUUID derives the identity of an operating system from its names.
func systemUUID(s *SeenOS) (u UUID) {
	binary.BigEndian.PutUint64(u[:], sum("operating system", s.Vendor, s.Name, s.Version))
	binary.BigEndian.PutUint64(u[8:], sum("operating system, second half", s.Version, s.Name, s.Vendor))
	u[6], u[8] = u[6]&0x0f|0x80, u[8]&0x3f|0x80 // version 8 of RFC 9562: of our own making
	return u
}
