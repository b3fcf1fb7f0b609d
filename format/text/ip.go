package text

import (
	"encoding/binary"
	"net/netip"
	"strings"
)

// octet is a decimal number of 0 to 255 followed by a period, ready to be stored
// in one piece; size counts the period.
type octet struct {
	text [4]byte
	size uint8
}

var octets = func() (t [256]octet) {
	for i := range t {
		b := append(AppendUint(nil, uint64(i)), '.')
		t[i].size = uint8(copy(t[i].text[:], b))
	}
	return t
}()

// AppendIPv4 appends the 4 bytes of a as a dotted quad. Anything but 4 bytes is
// written as hex.
func AppendIPv4(dst, a []byte) []byte {
	if len(a) != 4 {
		return AppendHex(dst, a)
	}
	n := len(dst)
	dst = grow(dst, 16)
	for _, b := range a {
		o := &octets[b]
		copy(dst[n:n+4], o.text[:])
		n += int(o.size)
	}
	return dst[:n-1] // without the last period
}

// AppendIPv4Little appends an address whose 4 bytes come in reverse order.
func AppendIPv4Little(dst, a []byte) []byte {
	if len(a) != 4 {
		return AppendHex(dst, a)
	}
	return AppendIPv4(dst, []byte{a[3], a[2], a[1], a[0]})
}

// AppendIP appends an address as eNcore prints it: IPv4-mapped addresses as plain
// IPv4, all others like netip.Addr with two exceptions. An address whose first 12
// bytes are zero and whose next two are not ends in a dotted quad (::10.1.2.3),
// and a leading "::ffff:" is cut off, even from a translated address. 4 bytes are
// a dotted quad; any other length is written as hex.
func AppendIP(dst, a []byte) []byte {
	if len(a) != 16 {
		return AppendIPv4(dst, a)
	}
	hi := binary.BigEndian.Uint64(a)
	lo := binary.BigEndian.Uint64(a[8:])
	switch {
	case hi>>48 != 0:
		return netip.AddrFrom16([16]byte(a)).AppendTo(dst)
	case hi == 0 && lo>>32 == 0xffff:
		return AppendIPv4(dst, a[12:])
	case hi == 0 && lo>>32 == 0 && lo>>16 != 0:
		return AppendIPv4(append(dst, "::"...), a[12:])
	}
	// Only here can the text begin with "::ffff:".
	n := len(dst)
	dst = netip.AddrFrom16([16]byte(a)).AppendTo(dst)
	if rest, cut := strings.CutPrefix(string(dst[n:]), "::ffff:"); cut {
		dst = append(dst[:n], rest...)
	}
	return dst
}

// AppendAddress appends an address in the form of RFC 5952; an IPv4-mapped one as
// the plain IPv4 address that it stands for. Anything but 4 or 16 bytes is written
// as hex.
func AppendAddress(dst, a []byte) []byte {
	if len(a) != 16 {
		return AppendIPv4(dst, a)
	}
	if IsMapped(a) {
		return AppendIPv4(dst, a[12:])
	}
	return netip.AddrFrom16([16]byte(a)).AppendTo(dst)
}

// IsMapped reports whether the 16 bytes of a are an IPv4-mapped address.
func IsMapped(a []byte) bool {
	return len(a) == 16 && binary.BigEndian.Uint64(a) == 0 && binary.BigEndian.Uint32(a[8:]) == 0xffff
}

// PrintsColon reports whether AppendIP writes a with a colon in it, which makes
// it an IPv6 address to the formats that tell the two apart.
func PrintsColon(a []byte) bool { return len(a) == 16 && !IsMapped(a) }
