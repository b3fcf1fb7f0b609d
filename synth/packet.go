package synth

import "encoding/binary"

// packet builds the Ethernet frame that triggered the current intrusion event:
// the addresses and ports of the flow, true lengths and checksums, and the start
// of a request or random bytes as payload. 60 to about 1,200 bytes.
func (g *Generator) packet() []byte {
	f := &g.flow
	protocol := f.service.protocol
	p := append(g.datagram[:0], 0x02, 0x00, 0x5e, 0, 0, byte(f.device.id)) // locally administered
	p = append(p, f.mac[:]...)
	network := len(p) + 2
	if f.v6 {
		if protocol == 1 {
			protocol = 58 // ICMP has another number in IPv6
		}
		p = append(p, 0x86, 0xdd, 0x60, 0, 0, 0, 0, 0, protocol, 64)
		p = append(append(p, f.initiator[:]...), f.responder[:]...)
	} else {
		p = append(p, 0x08, 0x00, 0x45, 0, 0, 0, byte(f.usec>>8), byte(f.usec), 0x40, 0, 64, protocol, 0, 0)
		p = append(append(p, f.initiator[12:]...), f.responder[12:]...)
	}
	transport := len(p)
	var sumAt int // of the transport checksum
	switch protocol {
	case 6:
		p = binary.BigEndian.AppendUint16(p, uint16(f.initiatorPort))
		p = binary.BigEndian.AppendUint16(p, uint16(f.responderPort))
		p = binary.BigEndian.AppendUint64(p, g.bits64()) // sequence and acknowledgement number
		p = append(p, 0x50, 0x18, 0xfa, 0xf0, 0, 0, 0, 0)
		sumAt = transport + 16
	case 17:
		p = binary.BigEndian.AppendUint16(p, uint16(f.initiatorPort))
		p = binary.BigEndian.AppendUint16(p, uint16(f.responderPort))
		p = append(p, 0, 0, 0, 0) // length and checksum come last
		sumAt = transport + 6
	default:
		p = append(p, byte(f.initiatorPort), 0, 0, 0, byte(f.usec>>8), byte(f.usec), 0, 1)
		sumAt = transport + 2
	}
	p = g.appendPayload(p)
	segment := p[transport:]
	if protocol == 17 {
		binary.BigEndian.PutUint16(segment[4:], uint16(len(segment)))
	}
	var sum uint64
	if protocol != 1 { // all but ICMP for IPv4 sum the addresses, too
		sum = partial(partial(uint64(protocol)+uint64(len(segment)), f.initiator[:]), f.responder[:])
		if !f.v6 {
			sum = partial(partial(uint64(protocol)+uint64(len(segment)), f.initiator[12:]), f.responder[12:])
		}
	}
	binary.BigEndian.PutUint16(p[sumAt:], checksum(partial(sum, segment)))
	if f.v6 {
		binary.BigEndian.PutUint16(p[network+4:], uint16(len(segment)))
	} else {
		binary.BigEndian.PutUint16(p[network+2:], uint16(len(p)-network))
		binary.BigEndian.PutUint16(p[network+10:], checksum(partial(0, p[network:transport])))
	}
	g.datagram = p
	return p
}

func (g *Generator) appendPayload(p []byte) []byte {
	if g.flow.service.web && !g.flow.service.tls {
		p = append(append(append(p, "GET "...), g.flow.path...), " HTTP/1.1\r\nHost: "...)
		p = append(append(append(p, g.flow.site...), "\r\nUser-Agent: "...), one(g, g.world.userAgents)...)
		return append(p, "\r\nAccept: */*\r\n\r\n"...)
	}
	at, n := len(p), 18+int(g.skewed(1100))
	for range (n + 7) / 8 {
		p = binary.BigEndian.AppendUint64(p, g.bits64())
	}
	return p[:at+n]
}

// partial adds the 16-bit words of p to sum. RFC 1071.
func partial(sum uint64, p []byte) uint64 {
	for ; len(p) >= 2; p = p[2:] {
		sum += uint64(p[0])<<8 | uint64(p[1])
	}
	if len(p) == 1 {
		sum += uint64(p[0]) << 8
	}
	return sum
}

func checksum(sum uint64) uint16 {
	for sum > 0xffff {
		sum = sum>>16 + sum&0xffff
	}
	return ^uint16(sum)
}
