package eve

import (
	"bytes"
	"net/netip"
)

// parseAddr reads an address, the zero Addr if it is none. Suricata writes IPv6
// addresses in full, other writers shorten them. It does what netip.ParseAddr
// does without making a string; zones are refused.
func parseAddr(t []byte) netip.Addr {
	if bytes.IndexByte(t, ':') >= 0 {
		return parseIPv6(t)
	}
	a, ok := parseIPv4(t)
	if !ok {
		return netip.Addr{}
	}
	return netip.AddrFrom4(a)
}

// firstAddr returns the first address of a list as proxies write it.
func firstAddr(t []byte) netip.Addr {
	if i := bytes.IndexByte(t, ','); i >= 0 {
		t = t[:i]
	}
	return parseAddr(bytes.TrimSpace(t))
}

func parseIPv4(t []byte) (a [4]byte, ok bool) {
	for i := range a {
		n := bytes.IndexByte(t, '.')
		if i == len(a)-1 {
			n = len(t)
		}
		if n < 1 || n > 3 || n > 1 && t[0] == '0' {
			return a, false
		}
		v, ok := digits(t[:n])
		if !ok || v > 255 {
			return a, false
		}
		a[i] = byte(v)
		if i < len(a)-1 {
			t = t[n+1:]
		}
	}
	return a, true
}

func parseIPv6(t []byte) netip.Addr {
	var a [16]byte
	at, gap := 0, -1 // bytes filled; where "::" stands
	if len(t) >= 2 && t[0] == ':' && t[1] == ':' {
		gap = 0
		t = t[2:]
	}
	for len(t) > 0 {
		if at == 16 {
			return netip.Addr{}
		}
		n := bytes.IndexByte(t, ':')
		if n < 0 {
			n = len(t)
			if bytes.IndexByte(t, '.') >= 0 {
				v4, ok := parseIPv4(t)
				if !ok || at > 12 {
					return netip.Addr{}
				}
				at += copy(a[at:], v4[:])
				break
			}
		}
		if n < 1 || n > 4 {
			return netip.Addr{}
		}
		v := 0
		for _, c := range t[:n] {
			d := unhex(c)
			if d > 15 {
				return netip.Addr{}
			}
			v = v<<4 | int(d)
		}
		a[at], a[at+1] = byte(v>>8), byte(v)
		at += 2
		if t = t[n:]; len(t) == 0 {
			break
		}
		if t = t[1:]; len(t) == 0 {
			return netip.Addr{} // a single colon at the end
		}
		if t[0] == ':' {
			if gap >= 0 {
				return netip.Addr{}
			}
			gap = at
			t = t[1:]
		}
	}
	switch {
	case gap < 0 && at != 16, gap >= 0 && at == 16:
		return netip.Addr{}
	case gap >= 0:
		n := copy(a[16-(at-gap):], a[gap:at])
		clear(a[gap : 16-n])
	}
	return netip.AddrFrom16(a).Unmap()
}

// parseMAC reads six pairs of hex digits with colons or hyphens, all zero if they
// are none.
func parseMAC(t []byte) (m [6]byte) {
	if len(t) != 17 {
		return m
	}
	for i := range m {
		hi, lo := unhex(t[3*i]), unhex(t[3*i+1])
		if hi > 15 || lo > 15 || i < 5 && t[3*i+2] != ':' && t[3*i+2] != '-' {
			return [6]byte{}
		}
		m[i] = hi<<4 | lo
	}
	return m
}
