package hosts

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"fmt"
	"net/netip"
	"slices"

	"estream/wire"
)

// A Query is a host request: which hosts, and in which form.
type Query struct {
	First, Last netip.Addr // both included; Last invalid or unspecified: First alone
	DataType    uint32     // 0 to 7 as in wire.HostDataRequest: odd ones want several hosts
	Notes       bool       // include the notes
	Banners     bool       // include the banners of servers

	// Legacy says that the request had 4-byte addresses. With data types 6 and 7
	// that is a client of 5.0 or 5.1, whose profiles have one IPv4 address.
	Legacy bool

	// Block, if not 0, is the block type of the profile to send whatever the data
	// type: 47, 92, 111, 135, 140 or 149. A data type covers several releases; the
	// sources do not say which block each of them sent.
	Block uint32

	// Visible, if not nil, tells which hosts the client may see: by address space,
	// domain (netmap id) and the managed device that spoke of the host last. It is
	// called with the map locked and must not call it.
	Visible func(space uint32, netmap uint16, device uint32) bool
}

// QueryOf returns the query that a host data request stands for.
func QueryOf(r wire.HostDataRequest) Query {
	return Query{
		First: r.First, Last: r.Last, DataType: r.DataType, Legacy: r.Legacy,
		Notes: r.Flags&wire.HostNotes != 0, Banners: r.Flags&wire.HostBanners != 0,
	}
}

// block returns the type of the profile's block.
func (q *Query) block() uint32 {
	switch {
	case q.Block != 0:
		return q.Block
	case q.DataType < 2:
		return 47
	case q.DataType < 4:
		return block47From47
	case q.DataType < 6:
		return 92
	case q.Legacy:
		return 135
	default:
		return 149
	}
}

// bounds returns the range of addresses.
func (q *Query) bounds() (s span) {
	first, last := q.First.Unmap(), q.Last.Unmap()
	if q.DataType&1 == 0 || !last.IsValid() || last.IsUnspecified() {
		last = first
	}
	return span{as16(first), as16(last)}
}

// Profiles answers a host request: it calls yield with whole messages, header
// included, in the order of addresses. For several hosts each gets a message of
// type 7, and an empty one ends the answer, also when there is no host. For one
// host there is one message of type 6, which is empty if the host is not known,
// because the client waits for one answer. Where an address is used in several
// domains or spaces, a single request gets the host that was seen last.
//
// Up to data type 5, and with Legacy, hosts with an IPv6 address are left out:
// there is no field for it. The message is valid until yield returns. The answer
// ends with the first error of yield, which is returned; other errors are a data
// type above 7 that no Block replaces, a wrong Block, and faulty layouts. The map
// is locked for one host at a time, never while yield runs.
func (m *Map) Profiles(q Query, yield func(message []byte) error) error {
	if q.DataType > 7 {
		return &DataTypeError{q.DataType}
	}
	gen, err := m.forms.get(q.block())
	if err != nil {
		return err
	}
	w := &blockWriter{notes: q.Notes, banners: q.Banners, gen: gen}
	single := q.DataType&1 == 0
	typ := wire.TypeMultipleHostData
	if single {
		typ = wire.TypeSingleHostData
	}
	keys := m.find(&q)
	if single && len(keys) > 1 {
		keys = m.last(keys)
	}
	for _, k := range keys {
		w.buf = wire.AppendHeader(w.buf[:0], typ, 0)
		if !m.write(w, k) {
			continue
		}
		binary.BigEndian.PutUint32(w.buf[4:], uint32(len(w.buf)-wire.HeaderSize))
		if err := yield(w.buf); err != nil {
			return err
		}
		if single {
			return nil
		}
	}
	return yield(wire.AppendHeader(w.buf[:0], typ, 0))
}

// A DataTypeError says that a host request has an unknown data type. Profiles
// returns it.
type DataTypeError struct{ DataType uint32 }

func (e *DataTypeError) Error() string {
	return fmt.Sprintf("host data request: data type %d, expected 0 to 7", e.DataType)
}

// A hostKey names a host between two looks at the map.
type hostKey struct {
	addr [16]byte
	realm
}

// find returns the hosts in the range, in order. It goes through the table in
// pieces, from the end on: a host that leaves it is replaced by its last one.
func (m *Map) find(q *Query) (keys []hostKey) {
	const piece = 256
	s := q.bounds()
	add := func(h *host) {
		if q.Visible == nil || q.Visible(h.Space, h.Netmap, h.Device) {
			keys = append(keys, hostKey{h.key, realm{h.Space, h.Netmap}})
		}
	}
	if s.first == s.last {
		m.mu.RLock()
		defer m.mu.RUnlock()
		for h := m.hosts[s.first]; h != nil; h = h.sibling {
			add(h)
		}
		return keys
	}
	for rest := -1; rest != 0; {
		m.mu.RLock()
		if rest < 0 || rest > len(m.dense) {
			rest = len(m.dense)
		}
		for range min(rest, piece) {
			rest--
			if e := &m.dense[rest]; s.holds(&e.addr) {
				add(e.host)
			}
		}
		m.mu.RUnlock()
	}
	slices.SortFunc(keys, func(a, b hostKey) int {
		return cmp.Or(bytes.Compare(a.addr[:], b.addr[:]), cmp.Compare(a.space, b.space), cmp.Compare(a.netmap, b.netmap))
	})
	return slices.Compact(keys)
}

// last returns the host that was seen last.
func (m *Map) last(keys []hostKey) []hostKey {
	m.mu.RLock()
	defer m.mu.RUnlock()
	best, order := 0, uint64(0)
	for i, k := range keys {
		if h := m.lookup(k.realm, k.addr); h != nil && h.order >= order {
			best, order = i, h.order
		}
	}
	return keys[best : best+1]
}

// write appends the profile of a host; false if it is not there any more, or does
// not fit the generation.
func (m *Map) write(w *blockWriter, k hostKey) bool {
	m.mu.RLock()
	defer m.mu.RUnlock()
	h := m.lookup(k.realm, k.addr)
	if h == nil || w.gen.ipv4 && !h.Address.Is4() {
		return false
	}
	w.gen.profile.append(w, &h.Profile)
	m.answered.Add(1)
	return true
}

// Profile returns a copy of what is known of a host; false if nothing is.
func (m *Map) Profile(space uint32, netmap uint16, addr netip.Addr) (Profile, bool) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	h := m.lookup(realm{space, netmap}, as16(addr.Unmap()))
	if h == nil {
		return Profile{}, false
	}
	return h.Profile.clone(), true
}

// Each calls yield with a copy of every host in the range of q, in the order of
// addresses, until it returns false. DataType, Block and Legacy do not matter.
func (m *Map) Each(q Query, yield func(Profile) bool) {
	q.DataType = 7
	for _, k := range m.find(&q) {
		p, ok := m.Profile(k.space, k.netmap, unmapped(k.addr))
		if ok && !yield(p) {
			return
		}
	}
}

// clone returns a copy that shares nothing.
func (p *Profile) clone() (q Profile) {
	w := &codec{}
	w.profile(p)
	r := &codec{buf: w.buf, reading: true}
	r.profile(&q)
	return q
}
