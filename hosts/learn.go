package hosts

import "net"

// What records and profiles say about one host. A record is merged into what is
// known: releases, sensors and profiles each tell a part.

// profile merges a host profile: block 139 and its predecessors in record 10, full
// host profiles in answers to host requests.
func (e *event) profile(p *Profile) {
	v := e.view
	p.Hops = uint8(v.num("hops"))
	p.Secondary = uint8(v.num("primary_secondary"))
	p.Type = v.u32("host_type")
	p.LastSeen = max(p.LastSeen, v.second("host_last_seen"))
	p.Criticality = max(p.Criticality, uint16(v.num("criticality")))
	p.Mobile, p.Jailbroken = v.num("mobile") != 0, v.num("jailbroken") != 0
	vlan := VLAN{ID: uint16(v.num("vlan_id")), Type: uint8(v.num("vlan_type", "type")), Priority: uint8(v.num("vlan_priority"))}
	if v.slot(true, []string{"vlan_presence", "vlan_tag_present"}) >= 0 {
		vlan.Present = v.num("vlan_presence", "vlan_tag_present") != 0
	} else {
		vlan.Present = vlan.ID != 0 // the others have no such field
	}
	if vlan.Present {
		p.VLAN, p.VLAN.Seen = vlan, e.when
	}
	if s := v.text("netbios"); s != "" {
		p.NetBIOS, p.NameSeen = s, e.when
	}
	if b := v.bytes("notes"); len(b) > 0 {
		p.Notes = cut(b, maxNotes)
	}
	if id := v.bytes("fingerprint_uuid"); len(id) == 16 && UUID(id) != (UUID{}) {
		e.print(p, v, Derived)
	}
	if m, err := net.ParseMAC(v.text("mac_address")); err == nil && len(m) == 6 && p.mac(MAC(m)) == nil {
		e.m.add(grow(&p.MACs, maxMACs, MACAddress{Address: MAC(m), Primary: true}) != nil)
	}
	e.lists(p)
}

// lists merges the lists of a profile.
func (e *event) lists(p *Profile) {
	each := func(f func(view), names ...string) { e.every(e.view, f, names...) }
	each(func(v view) {
		if b, ok := v.addr("ip_address"); ok {
			e.address(p, SeenAddress{unmapped(b), v.second("last_seen")})
		}
	}, "ip_addresses")
	for c, name := range classFields {
		each(func(v view) { e.print(p, v, Class(c)) }, name)
	}
	each(func(v view) { e.serverBlock(p, v, 6) }, "tcp_servers", "tcp_server")
	each(func(v view) { e.serverBlock(p, v, 17) }, "udp_servers", "udp_server")
	each(func(v view) { e.m.add(protocol(&p.NetworkProtocols, uint16(v.num("protocol")))) }, "network_protocols", "network_protocol")
	each(func(v view) { e.m.add(protocol(&p.TransportProtocols, uint16(v.num("protocol")))) }, "transport_protocols", "transport_protocol")
	each(func(v view) { e.macAddress(p, v) }, "mac_addresses", "host_mac_address")
	each(func(v view) { e.clientBlock(p, v) }, "client_applications")
	each(func(v view) {
		a := Attribute{v.u32("id"), v.u32("type"), v.u32("i_value"), v.text("t_value")}
		e.setAttribute(p, a)
	}, "attributes")
	each(func(v view) { e.iocState(p, v) }, "ioc_states")
	for kind, name := range vulnerabilityFields {
		each(func(v view) { e.vulnerability(p, v, Vulnerability{Kind: uint8(kind)}) }, name)
	}
}

// vulnerabilityFields are the names of the lists, by kind.
var vulnerabilityFields = [...]string{"vulnerabilities", "scan_vulnerabilities", "scan_original_vulnerabilities"}

// address takes an address out of a profile: the first is the host's.
func (e *event) address(p *Profile, a SeenAddress) {
	if !p.Address.IsValid() {
		p.Address = a.Address
		p.LastSeen = max(p.LastSeen, a.LastSeen)
		return
	}
	same := func(o *SeenAddress) bool { return o.Address == a.Address }
	if a.Address != p.Address && find(p.MoreAddresses, same) == nil {
		e.m.add(grow(&p.MoreAddresses, maxMoreAddresses, a) != nil)
	}
}

// macAddress merges block 95, or 5 of releases before 4.9.
func (e *event) macAddress(p *Profile, v view) {
	b := v.bytes("address", "mac_address")
	if len(b) != 6 {
		return
	}
	m := p.mac(MAC(b))
	if m == nil {
		if m = grow(&p.MACs, maxMACs, MACAddress{Address: MAC(b)}); m == nil {
			e.m.add(false)
			return
		}
	}
	m.TTL, m.Primary = uint8(v.num("ttl")), v.num("primary") != 0
	m.LastSeen = max(m.LastSeen, v.second("last_seen"))
}

// system merges the operating system of record 101, or of 18 and 53.
func (e *event) system(h *host) {
	class := Derived
	switch source := e.num("source_type", "fp_source_type"); source {
	case 1, 2, 3:
		class = UserPrint + Class(source) - 1
	default:
		if c, ok := e.m.opt.FingerprintClasses[e.u32("type", "fp_type")]; ok && c < classes {
			class = c
		}
	}
	e.print(&h.Profile, e.view, class)
}

// print merges a fingerprint: blocks 130, 87, 53, or the fields of old profiles.
func (e *event) print(p *Profile, v view, class Class) {
	f := Fingerprint{
		Class: class, Type: v.u32("type", "fp_type"), SourceType: v.u32("source_type", "fp_source_type"),
		SourceID: v.u32("source_id", "fp_source_id"), LastSeen: v.second("last_seen"),
		TTLDifference: uint8(v.num("ttl_difference", "ttl_diff")), Confidence: v.u32("confidence"),
	}
	id := v.bytes("uuid", "fingerprint_uuid")
	if len(id) != len(f.UUID) {
		return // 3.x: a number instead, which nothing names
	}
	f.UUID = UUID(id)
	if v.slot(true, []string{"host_type"}) >= 0 {
		f.Type = 0 // the fields of a profile: "type" is that of the VLAN
	}
	e.every(v, func(v view) {
		f.Device = v.text("string")
		f.Mobile, f.Jailbroken = v.num("mobile") != 0, v.num("jailbroken") != 0
	}, "mobile_device")
	if old := p.fingerprint(&f); old != nil {
		f.LastSeen = max(f.LastSeen, old.LastSeen)
		f.Vendor, f.Product, f.Version = old.Vendor, old.Product, old.Version
		*old = f
		return
	}
	e.m.add(grow(&p.Fingerprints, maxFingerprints, f) != nil)
}

func (e *event) client(h *host) { e.clientBlock(&h.Profile, e.view) }

func clientIDs(v view) (protocol, application uint32) {
	return v.u32("application_protocol_id", "application_proto"), v.u32("client_application_id", "id")
}

// clientBlock merges block 122, or 112, 100, 42 and 29.
func (e *event) clientBlock(p *Profile, v view) {
	proto, app := clientIDs(v)
	c := p.client(proto, app)
	if c == nil {
		if c = grow(&p.Clients, maxClients, Client{Protocol: proto, Application: app}); c == nil {
			e.m.add(false)
			return
		}
	}
	if s := v.text("version"); s != "" {
		c.Version = s
	}
	c.Hits = max(c.Hits, v.u32("hits"))
	c.LastUsed = max(c.LastUsed, v.second("last_used"))
	e.web(&c.Web, v)
}

// clientGone handles record 35.
func (e *event) clientGone(h *host) {
	proto, app := clientIDs(e.view)
	drop(&h.Clients, func(c *Client) bool { return c.Protocol == proto && c.Application == app })
}

// web merges a list of web applications: block 123, or 97.
func (e *event) web(list *[]uint32, v view) {
	e.every(v, func(v view) {
		n := v.u32("application_id", "payload_id")
		if find(*list, func(o *uint32) bool { return *o == n }) == nil {
			e.m.add(grow(list, maxWeb, n) != nil)
		}
	}, "web_application")
}

// moved handles record 29: a host has another address. The record has two, and no
// source says which is the new one: the one that the map knows is the old one. If
// it knows both, the header's was seen last.
func (e *event) moved() {
	other, ok := e.view.addr("ip_address")
	if !ok || !e.known || other == e.ip {
		return
	}
	m := e.m
	h, o := m.lookup(e.realm, e.ip), m.lookup(e.realm, other)
	from, to := h, other
	if h == nil || o != nil {
		from, to = o, e.ip
	}
	if h != nil && o != nil {
		m.remove(o)
		from = h
	}
	if from == nil {
		from = m.obtain(e.realm, e.ip)
	} else if from.key != to {
		p := from.Profile
		m.remove(from)
		from = m.obtain(e.realm, to)
		p.Address = from.Address
		from.Profile = p
	}
	m.before(from)
	e.sighting(from)
	m.changed(from)
}
