package hosts

import (
	"bytes"
	"encoding/binary"
	"slices"
)

// A selector names hosts as user input does: by ranges of addresses, by MAC
// addresses, or both.
type selector struct {
	spans []span
	macs  []MAC
	spare int // ranges and MAC addresses that it still takes, for all of the record
}

// A span is a range of addresses, both ends included.
type span struct{ first, last [16]byte }

func (s *span) holds(a *[16]byte) bool {
	return bytes.Compare(s.first[:], a[:]) <= 0 && bytes.Compare(a[:], s.last[:]) <= 0
}

// selector returns an empty selector for the record.
func (e *event) selector() *selector { return &selector{spare: maxRanges} }

// reset makes room for the next element of the record.
func (s *selector) reset() { s.spans, s.macs = s.spans[:0], s.macs[:0] }

// read adds what a block selects: lists of ranges (141, or 61 before 5.2), of
// addresses with masks (24, before 4.7), of MAC addresses (63), or an address.
// Ranges beyond the limit are left out and counted.
func (s *selector) read(e *event, v view) {
	add := func(first, last [16]byte) {
		if s.spare == 0 {
			e.m.stats.Refused++
			return
		}
		s.spare--
		s.spans = append(s.spans, span{first, last})
	}
	read := func(v view) {
		if mask := v.slot(true, []string{"mask"}); mask >= 0 {
			if a, ok := v.addr("ip_address"); ok {
				add(network(a, uint32(v.Uint(mask))))
			}
			return
		}
		first, ok := v.addr("start", "ip_address")
		last, ok2 := v.addr("finish", "end")
		if !ok2 {
			last = first
		}
		if ok || ok2 {
			add(first, last)
		}
	}
	e.every(v, read, "ip_ranges", "ip_range_list", "ip_list")
	if v.slot(false, []string{"ip_address"}) >= 0 {
		read(v)
	}
	e.every(v, func(v view) {
		b := v.bytes("mac_address")
		switch {
		case len(b) != 6 || MAC(b) == (MAC{}):
		case s.spare == 0:
			e.m.stats.Refused++
		default:
			s.spare--
			s.macs = append(s.macs, MAC(b))
		}
	}, "mac_ranges", "mac_list")
}

// network returns the ends of an IPv4 network; the mask is one, or the length of a prefix.
func network(a [16]byte, mask uint32) (first, last [16]byte) {
	if mask <= 32 {
		mask = ^uint32(0) << (32 - mask)
	}
	ip := binary.BigEndian.Uint32(a[12:])
	first, last = a, a
	binary.BigEndian.PutUint32(first[12:], ip&mask)
	binary.BigEndian.PutUint32(last[12:], ip|^mask)
	return first, last
}

// selects reports whether a host is meant.
func (s *selector) selects(h *host) bool {
	for i := range s.spans {
		if s.spans[i].holds(&h.key) {
			return true
		}
	}
	return slices.ContainsFunc(s.macs, func(m MAC) bool { return h.mac(m) != nil })
}

// change calls f for the hosts that are meant, which it may change.
func (s *selector) change(e *event, f func(h *host)) {
	for _, h := range s.pick(e) {
		e.m.before(h)
		f(h)
		e.m.changed(h)
	}
}

// pick returns the hosts that are meant. Single addresses are looked up, ranges
// and MAC addresses cost one look at all hosts.
func (s *selector) pick(e *event) (list []*host) {
	all := len(s.macs) > 0
	for i := range s.spans {
		if s.spans[i].first != s.spans[i].last {
			all = true
		}
	}
	if !all {
		for i := range s.spans {
			if h := e.m.lookup(e.realm, s.spans[i].first); h != nil && !slices.Contains(list, h) {
				list = append(list, h)
			}
		}
		return list
	}
	for i := range e.m.dense {
		h := e.m.dense[i].host
		if h.Space == e.space && h.Netmap == e.netmap && s.selects(h) {
			list = append(list, h)
		}
	}
	return list
}
