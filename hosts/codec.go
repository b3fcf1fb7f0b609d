package hosts

import (
	"encoding/binary"
	"net/netip"
	"slices"
)

// A codec writes or reads the fields of a host, so that one function per
// structure describes both directions. Numbers are varints, texts and lists have
// their length in front. After the first fault everything reads as zero, and bad
// says so.
type codec struct {
	buf     []byte // written so far, or not yet read
	reading bool
	bad     bool
}

func (c *codec) uint(v uint64) uint64 {
	if !c.reading {
		c.buf = binary.AppendUvarint(c.buf, v)
		return v
	}
	v, n := binary.Uvarint(c.buf)
	if n <= 0 {
		c.bad, c.buf = true, nil
		return 0
	}
	c.buf = c.buf[n:]
	return v
}

// num codes an integer. One that does not fit its type is a fault.
func num[T ~uint8 | ~uint16 | ~uint32 | ~uint64](c *codec, v *T) {
	x := c.uint(uint64(*v))
	if uint64(T(x)) != x {
		c.bad = true
	}
	*v = T(x)
}

func (c *codec) flag(v *bool) {
	var n uint8
	if *v {
		n = 1
	}
	num(c, &n)
	c.bad = c.bad || n > 1
	*v = n == 1
}

// fixed codes as many bytes as p has.
func (c *codec) fixed(p []byte) {
	switch {
	case !c.reading:
		c.buf = append(c.buf, p...)
	case len(c.buf) < len(p):
		c.bad, c.buf = true, nil
	default:
		c.buf = c.buf[copy(p, c.buf):]
	}
}

func text[T ~string](c *codec, v *T) {
	n := c.uint(uint64(len(*v)))
	switch {
	case !c.reading:
		c.buf = append(c.buf, *v...)
	case n > uint64(len(c.buf)):
		c.bad, c.buf, *v = true, nil, ""
	default:
		*v = T(c.buf[:n])
		c.buf = c.buf[n:]
	}
}

// list codes a list of at most most elements; a longer one is a fault. It grows
// with the bytes there are: no count makes it allocate.
func list[T any](c *codec, v *[]T, most int, each func(*codec, *T)) {
	n := c.uint(uint64(len(*v)))
	if !c.reading {
		for i := range *v {
			each(c, &(*v)[i])
		}
		return
	}
	if n > uint64(most) || n > uint64(len(c.buf)) {
		c.bad, c.buf, n = true, nil, 0
	}
	*v = nil
	for range n {
		if c.bad {
			return
		}
		var e T
		each(c, &e)
		*v = append(*v, e)
	}
	*v = slices.Clip(*v)
}

func (c *codec) addr(a *netip.Addr) {
	b := as16(*a)
	c.fixed(b[:])
	if c.reading {
		*a = netip.AddrFrom16(b).Unmap()
	}
}

func number[T ~uint8 | ~uint16 | ~uint32](c *codec, v *T) { num(c, v) }

// profile codes all of a host that the map keeps.
func (c *codec) profile(p *Profile) {
	c.addr(&p.Address)
	num(c, &p.Space)
	num(c, &p.Netmap)
	num(c, &p.Device)
	list(c, &p.MoreAddresses, maxMoreAddresses, func(c *codec, a *SeenAddress) {
		c.addr(&a.Address)
		num(c, &a.LastSeen)
	})
	num(c, &p.FirstSeen)
	num(c, &p.LastSeen)
	num(c, &p.Hops)
	num(c, &p.Secondary)
	num(c, &p.Type)
	num(c, &p.Criticality)
	c.flag(&p.Mobile)
	c.flag(&p.Jailbroken)
	c.flag(&p.VLAN.Present)
	num(c, &p.VLAN.ID)
	num(c, &p.VLAN.Type)
	num(c, &p.VLAN.Priority)
	num(c, &p.VLAN.Seen)
	text(c, &p.NetBIOS)
	num(c, &p.NameSeen)
	text(c, &p.Notes)
	list(c, &p.MACs, maxMACs, func(c *codec, m *MACAddress) {
		c.fixed(m.Address[:])
		num(c, &m.TTL)
		c.flag(&m.Primary)
		num(c, &m.LastSeen)
	})
	list(c, &p.Fingerprints, maxFingerprints, (*codec).fingerprint)
	list(c, &p.NetworkProtocols, maxProtocols, number[uint16])
	list(c, &p.TransportProtocols, maxProtocols, number[uint16])
	list(c, &p.Servers, maxServers, (*codec).server)
	list(c, &p.Clients, maxClients, (*codec).client)
	list(c, &p.Users, maxUsers, (*codec).user)
	list(c, &p.Vulnerabilities, maxVulnerabilities, (*codec).vulnerability)
	list(c, &p.Attributes, maxAttributes, func(c *codec, a *Attribute) {
		num(c, &a.ID)
		num(c, &a.Type)
		num(c, &a.Integer)
		text(c, &a.Text)
	})
	list(c, &p.IOCs, maxIOCs, func(c *codec, i *IOC) {
		num(c, &i.ID)
		c.flag(&i.Disabled)
		c.iocEvent(&i.First)
		c.iocEvent(&i.Last)
	})
}

func (c *codec) fingerprint(f *Fingerprint) {
	num(c, &f.Class)
	c.fixed(f.UUID[:])
	num(c, &f.Type)
	num(c, &f.SourceType)
	num(c, &f.SourceID)
	num(c, &f.LastSeen)
	num(c, &f.TTLDifference)
	num(c, &f.Confidence)
	text(c, &f.Device)
	c.flag(&f.Mobile)
	c.flag(&f.Jailbroken)
	text(c, &f.Vendor)
	text(c, &f.Product)
	text(c, &f.Version)
}

func (c *codec) server(s *Server) {
	num(c, &s.Protocol)
	num(c, &s.Port)
	num(c, &s.Hits)
	num(c, &s.LastUsed)
	num(c, &s.Confidence)
	text(c, &s.Banner)
	list(c, &s.Identities, maxIdentities, func(c *codec, i *Identity) {
		num(c, &i.SourceType)
		num(c, &i.SourceID)
		num(c, &i.Application)
		text(c, &i.Vendor)
		text(c, &i.Version)
		num(c, &i.LastUsed)
		list(c, &i.Sub, maxSubServers, func(c *codec, s *SubServer) {
			text(c, &s.Name)
			text(c, &s.Vendor)
			text(c, &s.Version)
		})
	})
	list(c, &s.Web, maxWeb, number[uint32])
}

func (c *codec) client(k *Client) {
	num(c, &k.Protocol)
	num(c, &k.Application)
	text(c, &k.Version)
	num(c, &k.Hits)
	num(c, &k.LastUsed)
	list(c, &k.Web, maxWeb, number[uint32])
}

func (c *codec) user(u *User) {
	num(c, &u.ID)
	text(c, &u.Name)
	text(c, &u.Domain)
	num(c, &u.Protocol)
	num(c, &u.LastSeen)
	text(c, &u.Reported)
}

func (c *codec) vulnerability(v *Vulnerability) {
	num(c, &v.Kind)
	num(c, &v.ID)
	num(c, &v.Invalid)
	num(c, &v.Type)
	num(c, &v.Protocol)
	num(c, &v.Port)
}

func (c *codec) iocEvent(e *IOCEvent) {
	num(c, &e.Seen)
	num(c, &e.EventID)
	num(c, &e.Device)
	num(c, &e.Instance)
	num(c, &e.Connection)
	num(c, &e.Counter)
}

// as16 returns an address in 16 bytes, all zero for none.
func as16(a netip.Addr) (b [16]byte) {
	if a.IsValid() {
		b = a.As16()
	}
	return b
}
