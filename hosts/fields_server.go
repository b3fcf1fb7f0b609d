package hosts

// Servers: block 104, 90 with the parts beside the identities, and 50 and 69, which
// have room for one identity.
var serverValues = func() values[serverOf] {
	identity := func(f func(*Identity) uint64) value[serverOf] {
		return n(func(s *serverOf) uint64 {
			if i := s.best(); i != nil {
				return f(i)
			}
			return 0
		})
	}
	name := func(f func(*Identity) string) value[serverOf] {
		return str(func(s *serverOf) string {
			if i := s.best(); i != nil {
				return f(i)
			}
			return ""
		})
	}
	t := values[serverOf]{
		"port":       n(func(s *serverOf) uint64 { return uint64(s.Port) }),
		"hits":       n(func(s *serverOf) uint64 { return uint64(s.Hits) }),
		"last_used":  n(func(s *serverOf) uint64 { return uint64(s.LastUsed) }),
		"confidence": n(func(s *serverOf) uint64 { return uint64(s.Confidence) }),
		"banner": {text: func(w *blockWriter, s *serverOf) string {
			if !w.banners {
				return ""
			}
			return string(s.Banner)
		}},
		"application_id": identity(func(i *Identity) uint64 { return uint64(i.Application) }),
		"source_type":    identity(func(i *Identity) uint64 { return uint64(i.SourceType) }),
		"source_id":      identity(func(i *Identity) uint64 { return uint64(i.SourceID) }),
		"vendor":         name(func(i *Identity) string { return i.Vendor }),
		"version":        name(func(i *Identity) string { return i.Version }),
		"sub_servers": {list: func(w *blockWriter, s *serverOf) {
			if i := s.best(); i != nil {
				for k := range i.Sub {
					w.gen.sub.append(w, &i.Sub[k])
				}
			}
		}},
		"web_application": elements(func(g *generation) *form[uint32] { return &g.web }, func(s *serverOf) []uint32 { return s.Web }, nil),
	}
	for source, field := range identityFields {
		t[field] = elements(func(g *generation) *form[Identity] { return &g.identity }, func(s *serverOf) []Identity { return s.Identities },
			func(_ *serverOf, i *Identity) bool {
				return i.SourceType == uint32(source) || source == 0 && i.SourceType >= uint32(len(identityFields))
			})
	}
	for kind, field := range vulnerabilityFields {
		t[field] = elements(vulnerabilityForm(kind), func(s *serverOf) []Vulnerability { return s.of.Vulnerabilities },
			func(s *serverOf, v *Vulnerability) bool {
				return v.Kind == uint8(kind) && v.Port == s.Port && v.Protocol == s.Protocol
			})
	}
	return t
}()

// best returns the identity to show where there is room for one: what a user said,
// or the first.
func (s *Server) best() *Identity {
	if i := find(s.Identities, func(i *Identity) bool { return i.SourceType == 1 }); i != nil {
		return i
	}
	return find(s.Identities, func(*Identity) bool { return true })
}

var identityValues = values[Identity]{
	"application_id": n(func(i *Identity) uint64 { return uint64(i.Application) }),
	"vendor":         str(func(i *Identity) string { return i.Vendor }),
	"version":        str(func(i *Identity) string { return i.Version }),
	"last_used":      n(func(i *Identity) uint64 { return uint64(i.LastUsed) }),
	"source_type":    n(func(i *Identity) uint64 { return uint64(i.SourceType) }),
	"source_id":      n(func(i *Identity) uint64 { return uint64(i.SourceID) }),
	"sub_servers":    elements(func(g *generation) *form[SubServer] { return &g.sub }, func(i *Identity) []SubServer { return i.Sub }, nil),
}

var subValues = values[SubServer]{
	"service":         str(func(s *SubServer) string { return s.Name }),
	"sub_server_name": str(func(s *SubServer) string { return s.Name }),
	"vendor":          str(func(s *SubServer) string { return s.Vendor }),
	"version":         str(func(s *SubServer) string { return s.Version }),
}

var webValues = values[uint32]{"application_id": n(func(v *uint32) uint64 { return uint64(*v) })}

var protocolValues = values[uint16]{"protocol": n(func(v *uint16) uint64 { return uint64(*v) })}

var macValues = values[MACAddress]{
	"address":   {raw: func(dst []byte, m *MACAddress) []byte { return append(dst, m.Address[:]...) }},
	"ttl":       n(func(m *MACAddress) uint64 { return uint64(m.TTL) }),
	"primary":   n(func(m *MACAddress) uint64 { return one(m.Primary) }),
	"last_seen": n(func(m *MACAddress) uint64 { return uint64(m.LastSeen) }),
}
