package hosts

import (
	"net/netip"
	"unsafe"
)

// A host is an entry of the map. Map.mu guards all of it.
type host struct {
	Profile
	key     [16]byte // Address
	sibling *host    // the next host of the same address, in another domain or space
	at      int      // index in Map.dense
	size    int      // bytes, as counted in Map.bytes
	epoch   uint64   // of the last image of the map that this host is in, see Map.before
	order   uint64   // Map.clock when it was touched last

	newer, older *host // neighbours by order
}

// weigh estimates the memory that a host takes, in bytes. It goes by what is in
// the lists, not by the room they have, so that a map that was read from its file
// counts as the one that wrote it.
func (h *host) weigh() int {
	p := &h.Profile
	n := int(unsafe.Sizeof(*h)) + 64 // its share of the tables
	n += len(p.NetBIOS) + len(p.Notes) + room(p.NetworkProtocols) + room(p.TransportProtocols)
	n += room(p.MoreAddresses) + room(p.MACs) + room(p.Fingerprints) + room(p.Servers) + room(p.Clients) +
		room(p.Users) + room(p.Vulnerabilities) + room(p.Attributes) + room(p.IOCs)
	for i := range p.Fingerprints {
		f := &p.Fingerprints[i]
		n += len(f.Device) + len(f.Vendor) + len(f.Product) + len(f.Version)
	}
	for i := range p.Servers {
		s := &p.Servers[i]
		n += len(s.Banner) + room(s.Identities) + room(s.Web)
		for k := range s.Identities {
			id := &s.Identities[k]
			n += len(id.Vendor) + len(id.Version) + room(id.Sub)
			for _, sub := range id.Sub {
				n += len(sub.Name) + len(sub.Vendor) + len(sub.Version)
			}
		}
	}
	for i := range p.Clients {
		n += len(p.Clients[i].Version) + room(p.Clients[i].Web)
	}
	for i := range p.Users {
		n += len(p.Users[i].Name) + len(p.Users[i].Domain) + len(p.Users[i].Reported)
	}
	for i := range p.Attributes {
		n += len(p.Attributes[i].Text)
	}
	return n
}

func room[T any](s []T) int {
	var e T
	return (len(s) + len(s)/4) * int(unsafe.Sizeof(e))
}

// find returns the element that is, or nil.
func find[T any](s []T, is func(*T) bool) *T {
	for i := range s {
		if is(&s[i]) {
			return &s[i]
		}
	}
	return nil
}

// grow appends an element and returns it; nil when the list is full.
func grow[T any](s *[]T, most int, e T) *T {
	if len(*s) >= most {
		return nil
	}
	// By a quarter, not by half: most lists stay short, and there are many.
	if len(*s) == cap(*s) {
		*s = append(make([]T, 0, len(*s)+1+len(*s)/4), *s...)
	}
	*s = append(*s, e)
	return &(*s)[len(*s)-1]
}

// drop removes the elements that are.
func drop[T any](s *[]T, is func(*T) bool) {
	kept := (*s)[:0]
	for i := range *s {
		if !is(&(*s)[i]) {
			kept = append(kept, (*s)[i])
		}
	}
	clear((*s)[len(kept):])
	if *s = kept; len(kept) == 0 {
		*s = nil
	}
}

// server returns the server on a port, nil if there is none.
func (p *Profile) server(protocol uint8, port uint16) *Server {
	return find(p.Servers, func(s *Server) bool { return s.Port == port && s.Protocol == protocol })
}

// client returns a client application, nil if there is none.
func (p *Profile) client(protocol, application uint32) *Client {
	return find(p.Clients, func(c *Client) bool { return c.Application == application && c.Protocol == protocol })
}

func (p *Profile) mac(a MAC) *MACAddress {
	return find(p.MACs, func(m *MACAddress) bool { return m.Address == a })
}

// fingerprint returns the one of the same class, source and identity.
func (p *Profile) fingerprint(f *Fingerprint) *Fingerprint {
	return find(p.Fingerprints, func(o *Fingerprint) bool {
		return o.Class == f.Class && o.SourceType == f.SourceType && o.SourceID == f.SourceID && o.UUID == f.UUID
	})
}

// identity returns what one source says about a server.
func (s *Server) identity(sourceType, sourceID uint32) *Identity {
	return find(s.Identities, func(i *Identity) bool { return i.SourceType == sourceType && i.SourceID == sourceID })
}

// forget empties all that describes the machine, for an address that another one
// has now.
func (p *Profile) forget() {
	*p = Profile{Address: p.Address, Space: p.Space, Netmap: p.Netmap, Device: p.Device}
}

// unmapped returns the address in 16 bytes; IPv4 as such.
func unmapped(b [16]byte) netip.Addr { return netip.AddrFrom16(b).Unmap() }
