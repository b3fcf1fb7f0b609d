package hosts

// News about what runs on a host: servers and clients.

// serviceNews makes records 11 and 12, 16 and 17, and 45.
func (d *maker) serviceNews() {
	s := &d.o.Service
	if s.Protocol != 6 && s.Protocol != 17 {
		return
	}
	id := Identity{Vendor: clip(s.Vendor, maxText), Version: clip(s.Version, maxText), LastUsed: d.when}
	if s.Name != "" {
		id.Application = numberOf(s.Name)
	}
	known, full := d.knownServer()
	if full {
		return
	}
	key := factKey{serverFact, uint32(s.Protocol), uint32(s.Port)}
	if d.news(key, sum(id.Vendor, id.Version)^uint64(id.Application), !d.serverDiffers(known, &id)) {
		record, subtype := uint16(11), uint32(2)
		switch {
		case known == nil && s.Protocol == 17:
			record, subtype = 12, 6
		case known != nil && s.Protocol == 6:
			record, subtype = 16, 6
		case known != nil:
			record, subtype = 17, 10
		}
		kind, hits, confidence := uint32(newEvent), uint64(1), uint64(0)
		if known != nil {
			kind, hits, confidence = changeEvent, uint64(known.Hits)+1, uint64(known.Confidence)
		}
		if id.Application != 0 {
			d.name(63, id.Application, s.Name)
			confidence = 100 // the protocol was parsed, not guessed
		}
		b := d.start(record, kind, subtype)
		d.uint(b, "port", uint64(s.Port))
		d.uint(b, "hits", hits)
		d.uint(b, "last_used", uint64(d.when))
		d.uint(b, "confidence", confidence)
		if id.Application != 0 || id.Vendor != "" || id.Version != "" {
			d.list(b, "server_information", d.forms.event.one(id))
		}
		d.finish(b)
	}
	banner := clip(s.Banner, maxBanner)
	if banner == "" {
		return
	}
	// A greeting may hold the time of day: the first is kept while it is fresh.
	hasBanner := known != nil && known.Banner != "" && (string(known.Banner) == banner || d.when < known.LastUsed+refreshAfter)
	if d.news(factKey{bannerFact, uint32(s.Protocol), uint32(s.Port)}, 0, hasBanner) {
		b := d.start(45, changeEvent, 24)
		d.uint(b, "port", uint64(s.Port))
		d.uint(b, "protocol", uint64(s.Protocol))
		d.text(b, "data", banner)
		d.finish(b)
	}
}

// knownServer returns what the map has on the observed port; full reports that it
// has nothing there and no room.
func (d *maker) knownServer() (s *Server, full bool) {
	if d.h == nil {
		return nil, false
	}
	s = d.h.server(d.o.Service.Protocol, d.o.Service.Port)
	return s, s == nil && len(d.h.Servers) >= maxServers
}

// serverDiffers reports whether an observation is news about a server.
func (d *maker) serverDiffers(s *Server, seen *Identity) bool {
	if s == nil || d.when >= s.LastUsed+refreshAfter {
		return true
	}
	i := s.identity(0, 0)
	if i == nil {
		return seen.Application != 0 || seen.Vendor != "" || seen.Version != ""
	}
	more := seen.Application != 0 && i.Application == 0 || seen.Vendor != "" && i.Vendor == "" || seen.Version != "" && i.Version == ""
	other := seen.Application != 0 && i.Application != seen.Application || seen.Vendor != "" && i.Vendor != seen.Vendor ||
		seen.Version != "" && i.Version != seen.Version
	return more || other && d.when >= i.LastUsed+settleFor
}

// clientNews makes records 15 and 107.
func (d *maker) clientNews() {
	s := &d.o.Client
	if s.Name == "" {
		return
	}
	c := Client{Application: numberOf(s.Name), Version: clip(s.Version, maxText), Hits: 1, LastUsed: d.when}
	if s.Protocol != "" {
		c.Protocol = numberOf(s.Protocol)
	}
	var known *Client
	if d.h != nil {
		if known = d.h.client(c.Protocol, c.Application); known == nil && len(d.h.Clients) >= maxClients {
			return
		}
	}
	same := known != nil && d.when < known.LastUsed+refreshAfter &&
		(c.Version == "" || c.Version == known.Version || known.Version != "" && d.when < known.LastUsed+settleFor)
	if !d.news(factKey{clientFact, c.Protocol, c.Application}, sum(c.Version), same) {
		return
	}
	d.name(55, c.Application, s.Name)
	if c.Protocol != 0 {
		d.name(63, c.Protocol, s.Protocol)
	}
	record, kind, subtype := uint16(15), uint32(newEvent), uint32(7)
	if known != nil {
		record, kind, subtype = 107, changeEvent, 32
		c.Hits = known.Hits + 1
	}
	b := d.start(record, kind, subtype)
	d.uint(b, "hits", uint64(c.Hits))
	d.uint(b, "last_used", uint64(c.LastUsed))
	d.uint(b, "id", uint64(c.Application))
	d.uint(b, "application_proto", uint64(c.Protocol))
	d.text(b, "version", c.Version)
	d.finish(b)
}
