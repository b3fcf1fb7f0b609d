package request

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"

	"estream/wire"
)

// The limits of a host request.
const (
	// DefaultHostType is the kind of answer that is asked for: that of 5.0 and later, for
	// one host. Older kinds are 0 (3.5 to 4.6), 2 (4.7 and 4.8) and 4 (4.9).
	DefaultHostType = 6
	maxHostRequests = 1000
)

// ParseHosts reads what -h names and returns a request for each part. A part is an
// address, a network with its number of bits (10.0.0.0/8), or the first and last address
// of a range: "first-last", or as ssl_test.pl has it, "first,last". Parts are separated
// by blanks or semicolons, and three or more addresses with commas are a list. kind is
// DefaultHostType or that of an older product, always the even number; the requests for
// several hosts have the odd one.
func ParseHosts(s string, kind uint32) ([]wire.HostDataRequest, error) {
	if kind > 6 || kind%2 != 0 {
		return nil, fmt.Errorf("host data type %d: 0 (3.5), 2 (4.7), 4 (4.9) or 6 (5.0 and later) expected", kind)
	}
	parts := strings.FieldsFunc(s, func(r rune) bool { return r == ' ' || r == ';' || r == '\t' })
	var requests []wire.HostDataRequest
	for _, part := range parts {
		pieces := strings.Split(part, ",")
		if len(pieces) == 2 && !strings.ContainsAny(part, "/-") {
			pieces = []string{pieces[0] + "-" + pieces[1]}
		}
		for _, piece := range pieces {
			first, last, err := hostRange(piece)
			if err != nil {
				return nil, fmt.Errorf("hosts %q: %w", s, err)
			}
			r := wire.HostDataRequest{DataType: kind, Flags: wire.HostNotes | wire.HostBanners, First: first, Last: last, Legacy: kind < DefaultHostType}
			if first != last {
				r.DataType++
			}
			if r.Legacy && !first.Is4() {
				return nil, fmt.Errorf("hosts %q: %v: host data type %d is for IPv4 only", s, first, kind)
			}
			requests = append(requests, r)
			if len(requests) > maxHostRequests {
				return nil, fmt.Errorf("hosts: more than %d addresses and ranges; ask for networks or ranges", maxHostRequests)
			}
		}
	}
	if len(requests) == 0 {
		return nil, errors.New("hosts: an address, network or range is expected, such as 10.0.0.1, 10.0.0.0/24 or 10.0.0.1,10.0.0.99")
	}
	return requests, nil
}

func hostRange(s string) (first, last netip.Addr, err error) {
	if strings.Contains(s, "/") {
		p, err := netip.ParsePrefix(s)
		if err != nil {
			return first, last, fmt.Errorf("%q is no network; expected one such as 10.0.0.0/24", s)
		}
		p = p.Masked()
		return p.Addr().Unmap(), lastOf(p).Unmap(), nil
	}
	from, to, isRange := strings.Cut(s, "-")
	if !isRange {
		to = from
	}
	if first, err = netip.ParseAddr(from); err == nil {
		last, err = netip.ParseAddr(to)
	}
	if err != nil {
		return first, last, fmt.Errorf("%q is no address; expected one such as 10.0.0.1, a network such as 10.0.0.0/24, or a range such as 10.0.0.1,10.0.0.99", s)
	}
	first, last = first.WithZone("").Unmap(), last.WithZone("").Unmap()
	switch {
	case first.Is4() != last.Is4():
		return first, last, fmt.Errorf("range %s: one address is IPv4 and the other IPv6", s)
	case last.Less(first):
		return first, last, fmt.Errorf("range %s: the last address stands before the first", s)
	}
	return first, last, nil
}

// lastOf returns the last address of a network.
func lastOf(p netip.Prefix) netip.Addr {
	a := p.Addr().AsSlice()
	for bit := p.Bits(); bit < len(a)*8; bit++ {
		a[bit/8] |= 1 << (7 - bit%8)
	}
	last, _ := netip.AddrFromSlice(a) // as long as the first one
	return last
}
