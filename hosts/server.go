package hosts

// serverOn returns the rule for records with a server block.
func serverOn(protocol uint8) func(*event, *host) {
	return func(e *event, h *host) { e.serverBlock(&h.Profile, e.view, protocol) }
}

// obtainServer returns the server on a port, which is added; nil if there is no
// room, or if a profile has no list for the protocol.
func (e *event) obtainServer(p *Profile, protocol uint8, port uint16) *Server {
	if protocol != 6 && protocol != 17 {
		return nil
	}
	if s := p.server(protocol, port); s != nil {
		return s
	}
	s := grow(&p.Servers, maxServers, Server{Protocol: protocol, Port: port})
	e.m.add(s != nil)
	return s
}

// identityFields are the lists of what is known of a server, by source.
var identityFields = [...]string{"detected_servers", "user_servers", "scanner_servers", "application_servers"}

// serverBlock merges block 103 of events, or 104 of profiles, or a predecessor.
func (e *event) serverBlock(p *Profile, v view, protocol uint8) {
	s := e.obtainServer(p, protocol, uint16(v.num("port")))
	if s == nil {
		return
	}
	s.Hits = max(s.Hits, v.u32("hits"))
	s.LastUsed = max(s.LastUsed, v.second("last_used"))
	if n := v.u32("confidence"); n != 0 {
		s.Confidence = n
	}
	if b := v.bytes("banner"); len(b) > 0 {
		s.Banner = Bytes(cut(b, maxBanner))
	}
	e.every(v, func(v view) { e.identity(s, v) }, "server_information")
	for _, name := range identityFields {
		e.every(v, func(v view) { e.identity(s, v) }, name)
	}
	if v.slot(true, []string{"application_id"}) >= 0 {
		e.identity(s, v) // before 4.9: one, in the block itself
	} else if len(s.Identities) > 0 {
		e.subServers(&s.Identities[0], v) // 4.9: the parts beside the identities
	}
	e.web(&s.Web, v)
	for kind, name := range vulnerabilityFields {
		e.every(v, func(v view) {
			e.vulnerability(p, v, Vulnerability{Kind: uint8(kind), Protocol: s.Protocol, Port: s.Port})
		}, name)
	}
}

// identity merges what one source says: block 117, or 106, 105 and 88.
func (e *event) identity(s *Server, v view) {
	sourceType, sourceID := v.u32("source_type"), v.u32("source_id")
	i := s.identity(sourceType, sourceID)
	if i == nil {
		if i = grow(&s.Identities, maxIdentities, Identity{SourceType: sourceType, SourceID: sourceID}); i == nil {
			e.m.add(false)
			return
		}
	}
	if app := v.u32("application_id"); app != 0 && app != i.Application {
		// Another service on the port: vendor and version were those of the one before.
		*i = Identity{SourceType: sourceType, SourceID: sourceID, Application: app, LastUsed: i.LastUsed}
	}
	if t := v.text("vendor"); t != "" {
		i.Vendor = t
	}
	if t := v.text("version"); t != "" {
		i.Version = t
	}
	i.LastUsed = max(i.LastUsed, v.second("last_used"))
	s.LastUsed = max(s.LastUsed, i.LastUsed)
	e.subServers(i, v)
}

// subServers merges a list of blocks 1 or 51.
func (e *event) subServers(i *Identity, v view) {
	e.every(v, func(v view) {
		sub := SubServer{v.text("sub_server_name", "service"), v.text("vendor"), v.text("version")}
		old := find(i.Sub, func(o *SubServer) bool { return o.Name == sub.Name })
		switch {
		case old == nil:
			e.m.add(grow(&i.Sub, maxSubServers, sub) != nil)
		default:
			*old = sub
		}
	}, "sub_servers")
}

// closedOn returns the rule for a port that was closed, or not used for long.
func closedOn(protocol uint8) func(*event, *host) {
	return func(e *event, h *host) {
		port := uint16(e.num("port"))
		drop(&h.Servers, func(s *Server) bool { return s.Port == port && s.Protocol == protocol })
	}
}

// banner handles record 45.
func (e *event) banner(h *host) {
	b := e.bytes("data")
	if len(b) == 0 {
		return
	}
	if s := e.obtainServer(&h.Profile, uint8(e.num("protocol")), uint16(e.num("port"))); s != nil {
		s.Banner = Bytes(cut(b, maxBanner))
	}
}

// conflict handles record 102: another source contradicts what counts.
func (e *event) conflict(h *host) {
	if id := e.uuid("uuid"); id != (UUID{}) {
		f := Fingerprint{Class: ConflictPrint, UUID: id, SourceType: e.u32("source_type"), SourceID: e.u32("source_id"), LastSeen: e.when}
		if h.fingerprint(&f) == nil {
			e.m.add(grow(&h.Fingerprints, maxFingerprints, f) != nil)
		}
	}
}

// identityGone handles record 103: what a source said has timed out.
func (e *event) identityGone(h *host) {
	id, sourceType, sourceID := e.uuid("uuid"), e.u32("source_type"), e.u32("source_id")
	drop(&h.Fingerprints, func(f *Fingerprint) bool {
		return id != (UUID{}) && f.UUID == id && f.SourceType == sourceType && f.SourceID == sourceID
	})
	port := uint16(e.num("port"))
	if port == 0 {
		return
	}
	if s := h.server(uint8(e.num("protocol")), port); s != nil {
		drop(&s.Identities, func(i *Identity) bool { return i.SourceType == sourceType && i.SourceID == sourceID })
	}
}

// vulnerability merges block 85, or 49 of releases before 4.9.
func (e *event) vulnerability(p *Profile, v view, w Vulnerability) {
	w.ID, w.Invalid, w.Type = v.u32("vulnerability_id", "vuln_id"), uint8(v.num("invalid_flags", "invalid")), v.u32("type")
	e.setVulnerability(p, w)
}

func (e *event) setVulnerability(p *Profile, w Vulnerability) {
	old := find(p.Vulnerabilities, func(o *Vulnerability) bool {
		return o.ID == w.ID && o.Kind == w.Kind && o.Port == w.Port && o.Protocol == w.Protocol
	})
	if old != nil {
		*old = w
		return
	}
	e.m.add(grow(&p.Vulnerabilities, maxVulnerabilities, w) != nil)
}

// ioc handles record 160: block 150 until 6.0, then the number alone.
func (e *event) ioc(h *host) {
	if e.view.slot(true, []string{"ioc_id_number"}) >= 0 {
		e.iocState(&h.Profile, e.view)
		return
	}
	i := e.obtainIOC(&h.Profile, e.u32("value"))
	if i == nil {
		return
	}
	if i.First.Seen == 0 {
		i.First = IOCEvent{Seen: e.when, Device: e.device}
	}
	i.Last = IOCEvent{Seen: max(i.Last.Seen, e.when), Device: e.device}
}

func (e *event) obtainIOC(p *Profile, id uint32) *IOC {
	if i := find(p.IOCs, func(i *IOC) bool { return i.ID == id }); i != nil {
		return i
	}
	i := grow(&p.IOCs, maxIOCs, IOC{ID: id})
	e.m.add(i != nil)
	return i
}

// iocState merges block 150.
func (e *event) iocState(p *Profile, v view) {
	i := e.obtainIOC(p, v.u32("ioc_id_number"))
	if i == nil {
		return
	}
	i.Disabled = v.num("disabled") != 0
	i.First = IOCEvent{
		v.second("first_seen"), v.u32("first_event_id"), v.u32("first_device_id"), uint16(v.num("first_instance_id")),
		v.second("first_connection_time"), uint16(v.num("first_counter")),
	}
	i.Last = IOCEvent{
		v.second("last_seen"), v.u32("last_event_id"), v.u32("last_device_id"), uint16(v.num("last_instance_id")),
		v.second("last_connection_time"), uint16(v.num("last_counter")),
	}
}
