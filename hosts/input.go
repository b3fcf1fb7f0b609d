package hosts

import (
	"strconv"
	"strings"
)

// What users and scanners say of hosts.

// addHosts handles record 85. Single addresses are added; of a range only what is
// small, because nobody has seen its hosts.
func (e *event) addHosts() {
	s := e.selector()
	s.read(e, e.view)
	added := 0
	for _, r := range s.spans {
		for a := r.first; r.holds(&a) && added < maxAddedHosts; added++ {
			if isHost(unmapped(a)) {
				h := e.m.obtain(e.realm, a)
				e.m.before(h)
				if h.FirstSeen == 0 {
					h.FirstSeen = e.when
				}
				e.m.changed(h)
			}
			if !increase(&a) {
				break
			}
		}
	}
}

// increase makes an address the next one; false after the last.
func increase(a *[16]byte) bool {
	for i := len(a) - 1; i >= 0; i-- {
		if a[i]++; a[i] != 0 {
			return true
		}
	}
	return false
}

// hostsGone handles records 39 and 78.
func (e *event) hostsGone() {
	s := e.selector()
	s.read(e, e.view)
	for _, h := range s.pick(e) {
		e.m.remove(h)
	}
}

// criticality handles records 41 and 82.
func (e *event) criticality() {
	s := e.selector()
	s.read(e, e.view)
	s.change(e, func(h *host) { h.Criticality = uint16(e.num("criticality")) })
}

// serversGone handles records 40 and 79: blocks 76, or 26 of releases before 4.7.
func (e *event) serversGone() {
	s := e.selector()
	e.every(e.view, func(v view) {
		s.reset()
		s.read(e, v)
		protocol, port := uint8(v.num("protocol")), uint16(v.num("port"))
		s.change(e, func(h *host) {
			drop(&h.Servers, func(s *Server) bool { return s.Port == port && s.Protocol == protocol })
		})
	}, "mac_ranges", "service_list")
}

// setProtocols returns the rule for records 76 and 88: blocks 57. The guides do
// not say which value of protocol_type stands for which list; but ethertypes begin
// at 0x600 and IP protocols end at 255.
func setProtocols(add bool) func(*event) {
	return func(e *event) {
		s := e.selector()
		e.every(e.view, func(v view) {
			s.reset()
			s.read(e, v)
			n := uint16(v.num("protocol"))
			s.change(e, func(h *host) {
				list := &h.TransportProtocols
				if n > 255 {
					list = &h.NetworkProtocols
				}
				if add {
					e.m.add(protocol(list, n))
				} else {
					drop(list, func(o *uint16) bool { return *o == n })
				}
			})
		}, "list")
	}
}

// setClients returns the rule for records 77 and 87: blocks 138, or 59.
func setClients(add bool) func(*event) {
	return func(e *event) {
		s := e.selector()
		e.every(e.view, func(v view) {
			s.reset()
			s.read(e, v)
			proto, app := clientIDs(v)
			s.change(e, func(h *host) {
				if add {
					e.clientBlock(&h.Profile, v)
				} else {
					drop(&h.Clients, func(c *Client) bool { return c.Protocol == proto && c.Application == app })
				}
			})
		}, "list")
	}
}

// product handles records 74, 75 and 86: somebody says which operating system or
// which server a host has, or takes it back.
func (e *event) product() {
	s := e.selector()
	s.read(e, e.view)
	v := e.view
	gone := v.num("drop_user_product") != 0
	port, protocol := uint16(v.num("port")), uint8(v.num("protocol"))
	vendor, name, version := v.text("vendor", "custom_vendor_str"), v.text("product", "custom_product_str"), v.text("version", "custom_version_str")
	sourceType, sourceID := v.u32("source_type"), v.u32("source_id", "user_id")
	s.change(e, func(h *host) {
		if e.record == 74 {
			f := Fingerprint{
				Class: UserPrint, UUID: v.uuid("os_uuid", "uuid"), SourceType: sourceType, SourceID: sourceID, LastSeen: e.when,
				Mobile: v.num("mobile") != 0, Jailbroken: v.num("jailbroken") != 0, Device: v.text("device"),
				Vendor: vendor, Product: name, Version: version,
			}
			// One source has one opinion.
			drop(&h.Fingerprints, func(o *Fingerprint) bool {
				return o.Class == UserPrint && o.SourceType == sourceType && o.SourceID == sourceID
			})
			if !gone {
				e.m.add(grow(&h.Fingerprints, maxFingerprints, f) != nil)
			}
			return
		}
		if gone {
			if srv := h.server(protocol, port); srv != nil {
				drop(&srv.Identities, func(i *Identity) bool { return i.SourceType == sourceType && i.SourceID == sourceID })
			}
			return
		}
		srv := e.obtainServer(&h.Profile, protocol, port)
		if srv == nil {
			return
		}
		drop(&srv.Identities, func(i *Identity) bool { return i.SourceType == sourceType && i.SourceID == sourceID })
		e.m.add(grow(&srv.Identities, maxIdentities, Identity{
			SourceType: sourceType, SourceID: sourceID, Application: v.u32("server_id", "application_id"),
			Vendor: vendor, Version: strings.TrimSpace(name + " " + version), LastUsed: e.when,
		}) != nil)
	})
}

// setVulnerabilities returns the rule for records 37, 38, 80 and 81.
func setVulnerabilities(invalid uint8) func(*event) {
	return func(e *event) {
		s := e.selector()
		own := e.view.slot(false, []string{"ip_address"}) >= 0 // before 4.7 the record has one address for all
		if own {
			s.read(e, e.view)
		}
		e.every(e.view, func(v view) {
			if !own {
				s.reset()
				s.read(e, v)
			}
			w := Vulnerability{
				ID: v.u32("vulnerability_id", "vuln_id"), Invalid: invalid, Type: e.u32("type"),
				Protocol: uint8(v.num("protocol")), Port: uint16(v.num("port")),
			}
			if w.Port == 0 {
				w.Protocol = 0 // the host's
			}
			s.change(e, func(h *host) { e.setVulnerability(&h.Profile, w) })
		}, "list", "vulnerabilities")
	}
}

// scan handles record 89: what a scanner found, by its own numbers.
func (e *event) scan() {
	s := e.selector()
	s.read(e, e.view)
	e.every(e.view, func(v view) {
		id, err := strconv.ParseUint(v.text("id"), 10, 32)
		if n := v.num("id"); err != nil && n != 0 {
			id, err = n, nil
		}
		if err != nil {
			return // not a number: profiles have no place for it
		}
		w := Vulnerability{Kind: ScannersVulnerability, ID: uint32(id), Protocol: uint8(v.num("protocol")), Port: uint16(v.num("port"))}
		if w.Port == 0 {
			w.Protocol = 0
		}
		s.change(e, func(h *host) { e.setVulnerability(&h.Profile, w) })
	}, "vulnerabilities", "vulns")
}

// iocInput handles records 162 to 164: delete, enable, disable.
func (e *event) iocInput() {
	s := e.selector()
	s.read(e, e.view)
	id := e.u32("ioc_id")
	s.change(e, func(h *host) {
		if e.record == 162 {
			drop(&h.IOCs, func(i *IOC) bool { return i.ID == id })
		} else if i := find(h.IOCs, func(i *IOC) bool { return i.ID == id }); i != nil {
			i.Disabled = e.record == 164
		}
	})
}
