package capture

import (
	"encoding/binary"
	"net/netip"
)

// The link types that are read. Source: the registry of the tcpdump group.
const (
	linkNull     = 0   // BSD loopback: 4 bytes of address family in the capturing host's order
	linkEthernet = 1   // also of Linux' loopback
	linkRaw      = 101 // IP without anything; 12 and 14 in files of some BSDs
	linkRawBSD   = 12
	linkRawOBSD  = 14
	linkLoop     = 108 // as null, in network order
	linkSLL      = 113 // Linux cooked
	linkIPv4     = 228
	linkIPv6     = 229
	linkSLL2     = 276
)

const (
	etherIPv4  = 0x0800
	etherIPv6  = 0x86dd
	etherVLAN  = 0x8100
	etherQinQ  = 0x88a8
	etherQinQ1 = 0x9100 // of before the standard

	protocolTCP = 6
	protocolAH  = 51

	maxTags       = 4 // VLAN tags
	maxExtensions = 8 // IPv6 extension headers
)

// A verdict says what a packet is.
type verdict int

const (
	packetTCP verdict = iota
	packetOther
	packetFragment
	packetLink // of an unknown link type
	packetMalformed
)

// A segment is a TCP segment. Its data is borrowed from the packet.
type segment struct {
	from, to           netip.AddrPort
	seq, ack           uint32
	syn, fin, rst, has bool // has: ack counts
	data               []byte
	missing            int // bytes at the end of data that the capture has not
}

// parsePacket takes a packet apart.
func parsePacket(p packet) (segment, verdict) {
	b := p.data
	switch p.link {
	case linkEthernet:
		if len(b) < 14 {
			return segment{}, packetMalformed
		}
		return parseEther(binary.BigEndian.Uint16(b[12:]), b[14:])
	case linkSLL: // type, kind and address of the device, protocol
		if len(b) < 16 {
			return segment{}, packetMalformed
		}
		return parseEther(binary.BigEndian.Uint16(b[14:]), b[16:])
	case linkSLL2: // protocol first, then interface, type, kind, address
		if len(b) < 20 {
			return segment{}, packetMalformed
		}
		return parseEther(binary.BigEndian.Uint16(b), b[20:])
	case linkNull, linkLoop:
		// The number of IPv6's family differs between systems: the version tells.
		if len(b) < 4 {
			return segment{}, packetMalformed
		}
		return parseIP(b[4:])
	case linkRaw, linkRawBSD, linkRawOBSD, linkIPv4, linkIPv6:
		return parseIP(b)
	}
	return segment{}, packetLink
}

func parseEther(typ uint16, b []byte) (segment, verdict) {
	for range maxTags {
		if typ != etherVLAN && typ != etherQinQ && typ != etherQinQ1 {
			break
		}
		if len(b) < 4 {
			return segment{}, packetMalformed
		}
		typ, b = binary.BigEndian.Uint16(b[2:]), b[4:]
	}
	if typ != etherIPv4 && typ != etherIPv6 {
		return segment{}, packetOther
	}
	return parseIP(b)
}

func parseIP(b []byte) (segment, verdict) {
	if len(b) == 0 {
		return segment{}, packetMalformed
	}
	switch b[0] >> 4 {
	case 4:
		return parseIPv4(b)
	case 6:
		return parseIPv6(b)
	}
	return segment{}, packetOther
}

func parseIPv4(b []byte) (segment, verdict) {
	header := int(b[0]&15) * 4
	if header < 20 || len(b) < header {
		return segment{}, packetMalformed
	}
	total := int(binary.BigEndian.Uint16(b[2:]))
	if total == 0 { // left to the network card, which cuts up what is longer than a packet
		total = len(b)
	}
	switch {
	case total < header:
		return segment{}, packetMalformed
	case b[9] != protocolTCP:
		return segment{}, packetOther
	case binary.BigEndian.Uint16(b[6:])&0x3fff != 0: // more fragments, or not the first
		return segment{}, packetFragment
	}
	from, to := netip.AddrFrom4([4]byte(b[12:16])), netip.AddrFrom4([4]byte(b[16:20]))
	return parseTCP(from, to, b[header:min(len(b), total)], total-header)
}

func parseIPv6(b []byte) (segment, verdict) {
	if len(b) < 40 {
		return segment{}, packetMalformed
	}
	size, next := int(binary.BigEndian.Uint16(b[4:])), b[6]
	from, to := netip.AddrFrom16([16]byte(b[8:24])), netip.AddrFrom16([16]byte(b[24:40]))
	b = b[40:]
	if size == 0 {
		size = len(b) // a jumbogram, or left to the network card
	}
	b = b[:min(len(b), size)]
	for range maxExtensions {
		var n int
		switch next {
		case protocolTCP:
			return parseTCP(from, to, b, size)
		case 0, 43, 60, 44, protocolAH: // hop by hop, routing, destination options, fragment, authentication
			if len(b) < 8 {
				return segment{}, packetMalformed
			}
			switch next {
			case 44:
				if binary.BigEndian.Uint16(b[2:])&0xfff9 != 0 { // offset, or more to come
					return segment{}, packetFragment
				}
				n = 8
			case protocolAH:
				n = (int(b[1]) + 2) * 4
			default:
				n = (int(b[1]) + 1) * 8
			}
		default:
			return segment{}, packetOther
		}
		if n > len(b) {
			return segment{}, packetMalformed
		}
		next, b, size = b[0], b[n:], size-n
	}
	return segment{}, packetMalformed
}

// parseTCP takes a TCP segment of size bytes, of which b is captured.
func parseTCP(from, to netip.Addr, b []byte, size int) (segment, verdict) {
	if len(b) < 20 {
		return segment{}, packetMalformed
	}
	header := int(b[12]>>4) * 4
	if header < 20 || header > size {
		return segment{}, packetMalformed
	}
	flags := b[13]
	s := segment{
		from: netip.AddrPortFrom(from, binary.BigEndian.Uint16(b)),
		to:   netip.AddrPortFrom(to, binary.BigEndian.Uint16(b[2:])),
		seq:  binary.BigEndian.Uint32(b[4:]),
		ack:  binary.BigEndian.Uint32(b[8:]),
		fin:  flags&1 != 0, syn: flags&2 != 0, rst: flags&4 != 0, has: flags&16 != 0,
		data: b[min(len(b), header):],
	}
	s.missing = size - header - len(s.data)
	return s, packetTCP
}
