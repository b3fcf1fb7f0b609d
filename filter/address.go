package filter

import "bytes"

// parseAddr reads an address in text, IPv4 or IPv6 without zone, as
// netip.ParseAddr does, which needs a string and allocates for its error.
func parseAddr(b []byte) (addr, bool) {
	if bytes.IndexByte(b, ':') < 0 {
		n, ok := parseIPv4(b)
		return addr{0, 0xffff<<32 | uint64(n)}, ok
	}
	var groups [8]uint16
	n, gap := 0, -1
	if bytes.HasPrefix(b, []byte("::")) {
		gap, b = 0, b[2:]
	}
	for len(b) > 0 {
		word := b
		end := bytes.IndexByte(b, ':')
		if end >= 0 {
			word = b[:end]
		}
		if end < 0 && bytes.IndexByte(word, '.') >= 0 {
			quad, ok := parseIPv4(word)
			if !ok || n > 6 {
				return addr{}, false
			}
			groups[n], groups[n+1] = uint16(quad>>16), uint16(quad)
			n += 2
			break
		}
		g, ok := parseGroup(word)
		if !ok || n == 8 {
			return addr{}, false
		}
		groups[n] = g
		n++
		if end < 0 {
			break
		}
		if b = b[end+1:]; len(b) == 0 {
			return addr{}, false // ends in a single colon
		}
		if b[0] == ':' {
			if gap >= 0 {
				return addr{}, false
			}
			gap, b = n, b[1:]
		}
	}
	if gap < 0 && n != 8 || gap >= 0 && n > 7 {
		return addr{}, false
	}
	if gap >= 0 {
		copy(groups[8-(n-gap):], groups[gap:n])
		clear(groups[gap : 8-(n-gap)])
	}
	var a addr
	for i := range 4 {
		a.hi, a.lo = a.hi<<16|uint64(groups[i]), a.lo<<16|uint64(groups[i+4])
	}
	return a, true
}

// parseGroup reads one to four hex digits.
func parseGroup(b []byte) (g uint16, ok bool) {
	for _, c := range b {
		switch {
		case c >= '0' && c <= '9':
			c -= '0'
		case c|0x20 >= 'a' && c|0x20 <= 'f':
			c = c | 0x20 - 'a' + 10
		default:
			return 0, false
		}
		g = g<<4 | uint16(c)
	}
	return g, len(b) >= 1 && len(b) <= 4
}

// parseIPv4 reads four numbers of up to 255 without leading zeros.
func parseIPv4(b []byte) (quad uint32, ok bool) {
	for i := range 4 {
		n := 0
		value := 0
		for n < len(b) && b[n] >= '0' && b[n] <= '9' && n < 4 {
			value = value*10 + int(b[n]-'0')
			n++
		}
		if n == 0 || value > 255 || n > 1 && b[0] == '0' {
			return 0, false
		}
		quad, b = quad<<8|uint32(value), b[n:]
		if i < 3 {
			if len(b) == 0 || b[0] != '.' {
				return 0, false
			}
			b = b[1:]
		}
	}
	return quad, len(b) == 0
}
