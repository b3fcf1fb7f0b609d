package eve

import "bytes"

func digits(t []byte) (n int, ok bool) {
	for _, c := range t {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int(c-'0')
	}
	return n, len(t) > 0
}

// hexByte reads one or two hex digits, 0 if they are none.
func hexByte(t []byte) (v byte) {
	if len(t) > 2 {
		return 0
	}
	for _, c := range t {
		d := unhex(c)
		if d > 15 {
			return 0
		}
		v = v<<4 | d
	}
	return v
}

// hexBytes fills dst from hex digits, with or without colons between the bytes.
// It reports false, with dst all zero, if the digits are not exactly as many.
func hexBytes(dst, t []byte) bool {
	for i := range dst {
		if i > 0 && len(t) > 0 && t[0] == ':' {
			t = t[1:]
		}
		if len(t) < 2 || unhex(t[0]) > 15 || unhex(t[1]) > 15 {
			clear(dst)
			return false
		}
		dst[i] = unhex(t[0])<<4 | unhex(t[1])
		t = t[2:]
	}
	if len(t) > 0 {
		clear(dst)
	}
	return len(t) == 0
}

// hexPrefix fills dst from hex digits, with or without colons between the bytes,
// and tells how many bytes it took. What is longer than dst is left out.
func hexPrefix(dst, t []byte) (n int) {
	for n < len(dst) && len(t) >= 2 && unhex(t[0]) < 16 && unhex(t[1]) < 16 {
		dst[n] = unhex(t[0])<<4 | unhex(t[1])
		n++
		if t = t[2:]; len(t) > 0 && t[0] == ':' {
			t = t[1:]
		}
	}
	return n
}

// protocol returns the IANA number of an IP protocol as Suricata writes it: by
// name, or by number where it knows none.
func protocol(t []byte) uint8 {
	switch string(t) {
	case "TCP":
		return protoTCP
	case "UDP":
		return protoUDP
	case "ICMP":
		return protoICMP
	case "IPv6-ICMP", "IPV6-ICMP", "ICMPv6":
		return protoICMPv6
	case "SCTP":
		return 132
	case "GRE":
		return 47
	case "ESP":
		return 50
	case "AH":
		return 51
	case "IGMP":
		return 2
	case "IPv6-FRAG":
		return 44
	case "IPv6":
		return 41
	case "PIM":
		return 103
	case "OSPF", "OSPFIGP":
		return 89
	case "VRRP":
		return 112
	}
	if n, ok := digits(bytes.TrimLeft(t, "0")); ok && n <= 255 {
		return uint8(n)
	}
	return 0
}

const (
	protoICMP   = 1
	protoTCP    = 6
	protoUDP    = 17
	protoICMPv6 = 58
)
