package hosts

import (
	"encoding/binary"
	"slices"
)

// How old something known must be until it is news again, in seconds.
const (
	refreshAfter = 24 * 3600 // a server or client that is still used: its time of last use
	settleFor    = 3600      // another version, name or VLAN: two that alternate are not news each time
)

// Event types and subtypes of the discovery header (layouts/values.yaml).
const (
	newEvent    = 1000
	changeEvent = 1001
	userEvent   = 1004
)

// Kinds of news, see factKey.
const (
	hostFact uint8 = iota
	macFact
	networkFact
	transportFact
	vlanFact
	nameFact
	serverFact
	bannerFact
	clientFact
	systemFact
	userFact
)

// evictions makes record 21 for the device's hosts that the map has forgotten
// because it was full. A crash may swallow it: whoever keeps a map by these events
// has a limit of its own.
func (d *maker) evictions() {
	if len(d.evicted) == 0 {
		return
	}
	key, h, f := d.key, d.h, d.flight
	d.evicted = slices.DeleteFunc(d.evicted, func(e evicted) bool {
		if e.device != d.device || e.key.realm != key.realm {
			return false
		}
		if d.m.lookup(e.key.realm, e.key.addr) == nil && d.inFlight(e.key) == nil {
			d.key, d.h = e.key, nil
			b := d.start(21, changeEvent, 19)
			d.bytes(b, "mac_address", make([]byte, 6)) // not that of the observation
			d.dst = b.AppendMessage(d.dst, d.header)
			d.count++
		}
		return true
	})
	d.key, d.h, d.flight = key, h, f
}

// hostNews makes record 10 for a host that the map does not know.
func (d *maker) hostNews() {
	o := d.o
	network := o.Network
	if network == 0 {
		if network = 0x0800; d.o.Host.Unmap().Is6() {
			network = 0x86dd
		}
	}
	if d.news(factKey{kind: hostFact}, 0, d.h != nil) {
		d.networkName(network)
		b := d.start(10, newEvent, 1)
		d.addr(b, "ip_address", d.key.addr)
		d.uint(b, "host_last_seen", uint64(d.when))
		d.list(b, "network_protocol", d.forms.protocol.one(network))
		d.note(factKey{kind: networkFact, a: uint32(network)}, 0)
		if o.Transport != 0 {
			n := uint16(o.Transport)
			d.list(b, "transport_protocol", d.forms.protocol.one(n))
			d.note(factKey{kind: transportFact, a: uint32(n)}, 0)
		}
		if o.MAC != (MAC{}) {
			mac := MACAddress{Address: o.MAC, Primary: true, LastSeen: d.when}
			d.list(b, "host_mac_address", d.forms.mac.one(mac))
			d.note(factKey{macFact, binary.BigEndian.Uint32(o.MAC[:]), uint32(binary.BigEndian.Uint16(o.MAC[4:]))}, 0)
		}
		if o.VLAN != 0 {
			d.uint(b, "vlan_presence", 1)
			d.uint(b, "vlan_id", uint64(o.VLAN))
			d.note(factKey{kind: vlanFact}, 0)
		}
		d.finish(b)
	}
	if d.news(factKey{kind: networkFact, a: uint32(network)}, 0, d.has(networkFact, network)) {
		d.networkName(network)
		b := d.start(13, newEvent, 3)
		d.uint(b, "network_protocol", uint64(network))
		d.finish(b)
	}
}

// has reports whether a protocol is known, or has no room.
func (d *maker) has(kind uint8, n uint16) bool {
	if d.h == nil {
		return false
	}
	list := d.h.NetworkProtocols
	if kind == transportFact {
		list = d.h.TransportProtocols
	}
	return len(list) >= maxProtocols || find(list, func(o *uint16) bool { return *o == n }) != nil
}

// protocolNews makes records 14, 28 and 34.
func (d *maker) protocolNews() {
	o, h := d.o, d.h
	if n := uint16(o.Transport); n != 0 && d.news(factKey{kind: transportFact, a: uint32(n)}, 0, d.has(transportFact, n)) {
		b := d.start(14, newEvent, 4)
		d.uint(b, "transport_protocol", uint64(n))
		d.finish(b)
	}
	if o.MAC != (MAC{}) {
		known := h != nil && (len(h.MACs) >= maxMACs || h.mac(o.MAC) != nil)
		if d.news(factKey{macFact, binary.BigEndian.Uint32(o.MAC[:]), uint32(binary.BigEndian.Uint16(o.MAC[4:]))}, 0, known) {
			b := d.start(28, changeEvent, 14)
			d.bytes(b, "address", o.MAC[:])
			d.uint(b, "primary", one(h == nil || len(h.MACs) == 0))
			d.uint(b, "last_seen", uint64(d.when))
			d.finish(b)
		}
	}
	if o.VLAN != 0 {
		known := h != nil && h.VLAN.Present && (h.VLAN.ID == o.VLAN || d.when < h.VLAN.Seen+settleFor)
		if d.news(factKey{kind: vlanFact}, 0, known) {
			b := d.start(34, changeEvent, 18)
			d.uint(b, "id", uint64(o.VLAN))
			d.finish(b)
		}
	}
}

// nameNews makes record 42: the protocol has no other place for a host's name.
func (d *maker) nameNews() {
	name := clip(d.o.HostName, maxText)
	if name == "" {
		return
	}
	h := d.h
	known := h != nil && (h.NetBIOS == name || h.NetBIOS != "" && d.when < h.NameSeen+settleFor)
	if d.news(factKey{kind: nameFact}, 0, known) {
		b := d.start(42, changeEvent, 21)
		d.text(b, "value", name)
		d.finish(b)
	}
}

// systemNews makes record 101.
func (d *maker) systemNews() {
	s := &d.o.OS
	if s.Name == "" {
		return
	}
	id := systemUUID(s)
	known := d.h != nil && (len(d.h.Fingerprints) >= maxFingerprints ||
		find(d.h.Fingerprints, func(f *Fingerprint) bool { return f.UUID == id && f.SourceType == 0 }) != nil)
	if !d.news(factKey{systemFact, binary.BigEndian.Uint32(id[:]), binary.BigEndian.Uint32(id[4:])}, 0, known) {
		return
	}
	d.systemName(id, s)
	b := d.start(101, newEvent, 8)
	d.bytes(b, "uuid", id[:])
	d.uint(b, "last_seen", uint64(d.when))
	d.finish(b)
}

// userNews makes records 94, for somebody whom no host had before, and 95.
func (d *maker) userNews() {
	s := &d.o.User
	if s.Name == "" {
		return
	}
	id, protocol := numberOf(s.Domain+"\\"+s.Name), uint32(0)
	if s.Protocol != "" {
		protocol = numberOf(s.Protocol)
	}
	known := d.h != nil && find(d.h.Users, func(u *User) bool { return u.ID == id && d.when < u.LastSeen+settleFor }) != nil
	if !d.news(factKey{kind: userFact, a: id}, 0, known) {
		return
	}
	if protocol != 0 {
		d.name(63, protocol, s.Protocol)
	}
	name := clip(s.Name, maxText)
	if d.userName(id, protocol, name) {
		b := d.start(94, userEvent, 1)
		d.uint(b, "user_id", uint64(id))
		d.uint(b, "protocol", uint64(protocol))
		d.text(b, "username", name)
		d.finish(b)
	}
	b := d.start(95, userEvent, 2)
	d.uint(b, "timestamp", uint64(d.when))
	d.uint(b, "user_id", uint64(id))
	d.uint(b, "protocol", uint64(protocol))
	d.text(b, "username", name)
	d.text(b, "domain", clip(s.Domain, maxText))
	d.addr(b, "ipv4_address", d.key.addr)
	d.addr(b, "ipv6_address", d.key.addr)
	d.finish(b)
}
