package hosts

// What stands in the fields of the blocks of a host profile, by field name. One
// name means one thing in all generations, or else the kind differs (form.go).

func one(b bool) uint64 {
	if b {
		return 1
	}
	return 0
}

var profileValues = func() values[Profile] {
	protocolForm := func(g *generation) *form[uint16] { return &g.protocol }
	t := values[Profile]{
		"host_id":           {raw: appendHostID},
		"ip_address":        {raw: func(dst []byte, p *Profile) []byte { return appendAddr(dst, p.Address) }},
		"ip_addresses":      {list: appendAddresses},
		"hops":              n(func(p *Profile) uint64 { return uint64(p.Hops) }),
		"primary_secondary": n(func(p *Profile) uint64 { return uint64(p.Secondary) }),
		"host_last_seen":    n(func(p *Profile) uint64 { return uint64(p.LastSeen) }),
		"host_type":         n(func(p *Profile) uint64 { return uint64(p.Type) }),
		"criticality":       n(func(p *Profile) uint64 { return uint64(p.Criticality) }),
		"mobile":            n(func(p *Profile) uint64 { return one(p.Mobile) }),
		"jailbroken":        n(func(p *Profile) uint64 { return one(p.Jailbroken) }),
		"vlan_presence":     n(func(p *Profile) uint64 { return one(p.VLAN.Present) }),
		"vlan_id":           n(func(p *Profile) uint64 { return uint64(p.VLAN.ID) }),
		"vlan_type":         n(func(p *Profile) uint64 { return uint64(p.VLAN.Type) }),
		"type":              n(func(p *Profile) uint64 { return uint64(p.VLAN.Type) }), // before 5.0
		"vlan_priority":     n(func(p *Profile) uint64 { return uint64(p.VLAN.Priority) }),
		"netbios":           str(func(p *Profile) string { return p.NetBIOS }),
		"notes": {text: func(w *blockWriter, p *Profile) string {
			if !w.notes {
				return ""
			}
			return p.Notes
		}},
		"mac_addresses": elements(func(g *generation) *form[MACAddress] { return &g.mac }, func(p *Profile) []MACAddress { return p.MACs }, nil),
		// Before 5.0 there is one MAC address, and it is text.
		"mac_address": str(func(p *Profile) string {
			if m := p.primaryMAC(); m != nil {
				return m.Address.String()
			}
			return ""
		}),
		// Before 4.9 there is one operating system.
		"fingerprint_uuid": {raw: func(dst []byte, p *Profile) []byte {
			if f := p.system(); f != nil {
				return append(dst, f.UUID[:]...)
			}
			return dst
		}},
		"confidence": n(func(p *Profile) uint64 {
			if f := p.system(); f != nil {
				return uint64(f.Confidence)
			}
			return 0
		}),
		"tcp_servers":         serverList(6),
		"udp_servers":         serverList(17),
		"network_protocols":   elements(protocolForm, func(p *Profile) []uint16 { return p.NetworkProtocols }, nil),
		"transport_protocols": elements(protocolForm, func(p *Profile) []uint16 { return p.TransportProtocols }, nil),
		"client_applications": elements(func(g *generation) *form[Client] { return &g.client }, func(p *Profile) []Client { return p.Clients }, nil),
		"attributes":          elements(func(g *generation) *form[Attribute] { return &g.attribute }, func(p *Profile) []Attribute { return p.Attributes }, nil),
		"ioc_states":          elements(func(g *generation) *form[IOC] { return &g.ioc }, func(p *Profile) []IOC { return p.IOCs }, nil),
	}
	for c, name := range classFields {
		t[name] = elements(func(g *generation) *form[Fingerprint] { return &g.print }, func(p *Profile) []Fingerprint { return p.Fingerprints },
			func(_ *Profile, f *Fingerprint) bool { return f.Class == Class(c) })
	}
	for kind, name := range vulnerabilityFields {
		t[name] = elements(vulnerabilityForm(kind), func(p *Profile) []Vulnerability { return p.Vulnerabilities },
			func(p *Profile, v *Vulnerability) bool {
				return v.Kind == uint8(kind) && (v.Port == 0 || p.server(v.Protocol, v.Port) == nil)
			})
	}
	return t
}()

func vulnerabilityForm(kind int) func(*generation) *form[Vulnerability] {
	if kind == int(NativeVulnerability) {
		return func(g *generation) *form[Vulnerability] { return &g.vulnerability }
	}
	return func(g *generation) *form[Vulnerability] { return &g.scan }
}

func serverList(protocol uint8) value[Profile] {
	return value[Profile]{list: func(w *blockWriter, p *Profile) {
		for i := range p.Servers {
			if s := &p.Servers[i]; s.Protocol == protocol {
				w.gen.server.append(w, &serverOf{s, p})
			}
		}
	}}
}

// primaryMAC returns the MAC address to show where there is room for one.
func (p *Profile) primaryMAC() *MACAddress {
	if m := find(p.MACs, func(m *MACAddress) bool { return m.Primary }); m != nil {
		return m
	}
	return find(p.MACs, func(*MACAddress) bool { return true })
}

// system returns the operating system to show where there is room for one: what a
// user said counts more than what was detected.
func (p *Profile) system() *Fingerprint {
	for _, c := range [...]Class{UserPrint, Derived} {
		if f := find(p.Fingerprints, func(f *Fingerprint) bool { return f.Class == c && f.UUID != (UUID{}) }); f != nil {
			return f
		}
	}
	return find(p.Fingerprints, func(f *Fingerprint) bool { return f.UUID != (UUID{}) })
}

var addressValues = values[SeenAddress]{
	"ip_address": {raw: func(dst []byte, a *SeenAddress) []byte { return appendAddr(dst, a.Address) }},
	"last_seen":  n(func(a *SeenAddress) uint64 { return uint64(a.LastSeen) }),
}

// Fingerprints: blocks 130 and 87, with the names of both.
var printValues = func() values[Fingerprint] {
	id := value[Fingerprint]{raw: func(dst []byte, f *Fingerprint) []byte { return append(dst, f.UUID[:]...) }}
	typ := n(func(f *Fingerprint) uint64 { return uint64(f.Type) })
	sourceType := n(func(f *Fingerprint) uint64 { return uint64(f.SourceType) })
	sourceID := n(func(f *Fingerprint) uint64 { return uint64(f.SourceID) })
	ttl := n(func(f *Fingerprint) uint64 { return uint64(f.TTLDifference) })
	return values[Fingerprint]{
		"uuid": id, "fingerprint_uuid": id, "type": typ, "fp_type": typ, "source_type": sourceType, "fp_source_type": sourceType,
		"source_id": sourceID, "fp_source_id": sourceID, "ttl_difference": ttl, "ttl_diff": ttl,
		"last_seen": n(func(f *Fingerprint) uint64 { return uint64(f.LastSeen) }),
		"mobile_device": {list: func(w *blockWriter, f *Fingerprint) {
			if f.Device != "" || f.Mobile || f.Jailbroken {
				w.gen.mobile.append(w, f)
			}
		}},
	}
}()

var mobileValues = values[Fingerprint]{
	"string":     str(func(f *Fingerprint) string { return f.Device }),
	"last_seen":  n(func(f *Fingerprint) uint64 { return uint64(f.LastSeen) }),
	"mobile":     n(func(f *Fingerprint) uint64 { return one(f.Mobile) }),
	"jailbroken": n(func(f *Fingerprint) uint64 { return one(f.Jailbroken) }),
}

// Clients: blocks 112 and 122; 42 has the application only.
var clientValues = func() values[Client] {
	app := n(func(c *Client) uint64 { return uint64(c.Application) })
	proto := n(func(c *Client) uint64 { return uint64(c.Protocol) })
	return values[Client]{
		"client_application_id": app, "id": app, "application_protocol_id": proto, "application_proto": proto,
		"hits":            n(func(c *Client) uint64 { return uint64(c.Hits) }),
		"last_used":       n(func(c *Client) uint64 { return uint64(c.LastUsed) }),
		"version":         str(func(c *Client) string { return c.Version }),
		"web_application": elements(func(g *generation) *form[uint32] { return &g.web }, func(c *Client) []uint32 { return c.Web }, nil),
	}
}()

// Vulnerabilities: block 85, and 49 and 44 before 4.9.
var vulnerabilityValues = func() values[Vulnerability] {
	id := n(func(v *Vulnerability) uint64 { return uint64(v.ID) })
	invalid := n(func(v *Vulnerability) uint64 { return uint64(v.Invalid) })
	return values[Vulnerability]{
		"vulnerability_id": id, "vuln_id": id, "id": id, "invalid_flags": invalid, "invalid": invalid,
		"type":     n(func(v *Vulnerability) uint64 { return uint64(v.Type) }),
		"port":     n(func(v *Vulnerability) uint64 { return uint64(v.Port) }),
		"protocol": n(func(v *Vulnerability) uint64 { return uint64(v.Protocol) }),
	}
}()

var attributeValues = values[Attribute]{
	"id":      n(func(a *Attribute) uint64 { return uint64(a.ID) }),
	"type":    n(func(a *Attribute) uint64 { return uint64(a.Type) }),
	"i_value": n(func(a *Attribute) uint64 { return uint64(a.Integer) }),
	"t_value": str(func(a *Attribute) string { return a.Text }),
}

var iocValues = func() values[IOC] {
	t := values[IOC]{
		"ioc_id_number": n(func(i *IOC) uint64 { return uint64(i.ID) }),
		"disabled":      n(func(i *IOC) uint64 { return one(i.Disabled) }),
	}
	for prefix, of := range map[string]func(*IOC) *IOCEvent{
		"first_": func(i *IOC) *IOCEvent { return &i.First },
		"last_":  func(i *IOC) *IOCEvent { return &i.Last },
	} {
		t[prefix+"seen"] = n(func(i *IOC) uint64 { return uint64(of(i).Seen) })
		t[prefix+"event_id"] = n(func(i *IOC) uint64 { return uint64(of(i).EventID) })
		t[prefix+"device_id"] = n(func(i *IOC) uint64 { return uint64(of(i).Device) })
		t[prefix+"instance_id"] = n(func(i *IOC) uint64 { return uint64(of(i).Instance) })
		t[prefix+"connection_time"] = n(func(i *IOC) uint64 { return uint64(of(i).Connection) })
		t[prefix+"counter"] = n(func(i *IOC) uint64 { return uint64(of(i).Counter) })
	}
	return t
}()
