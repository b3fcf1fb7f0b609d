package meta

import (
	"encoding/binary"
	"net/netip"

	"estream/wire"
)

// What the fixed and strict profiles compute where eNcore has nothing or nonsense.

// flags joins the names of the bits that are set; bits without name are written
// as a hexadecimal number. No bit, no value.
func (e *Evaluator) flags(op *Op, bits uint64, s *Snapshot) Result {
	e.buf = e.buf[:0]
	rest := uint64(0)
	for left := bits; left != 0; left &= left - 1 {
		bit := left & -left
		value := s.Get(op.table, Key{Number: bit})
		if value == nil {
			rest |= bit
			continue
		}
		e.buf = append(e.separate(), value.Text...)
	}
	if rest != 0 {
		e.buf = append(e.separate(), "0x"...)
		e.buf = appendHexNumber(e.buf, rest)
	}
	if len(e.buf) == 0 {
		return Result{}
	}
	return Result{Kind: Plain, Bytes: e.buf}
}

func (e *Evaluator) separate() []byte {
	if len(e.buf) > 0 {
		return append(e.buf, ", "...)
	}
	return e.buf
}

func appendHexNumber(dst []byte, n uint64) []byte {
	const digits = "0123456789abcdef"
	started := false
	for shift := 60; shift >= 0; shift -= 4 {
		if d := n >> shift & 15; d != 0 || started || shift == 0 {
			dst, started = append(dst, digits[d]), true
		}
	}
	return dst
}

// address writes the first of two fields that is not all zero; the second, if there
// is one, if both are.
func (e *Evaluator) address(op *Op, v *wire.View) Result {
	a := addressOf(v, op.From.Slot)
	if a.Unmap().IsUnspecified() && op.other >= 0 {
		if b := addressOf(v, op.other); b.IsValid() {
			a = b
		}
	}
	return e.plainAddress(a)
}

func (e *Evaluator) plainAddress(a netip.Addr) Result {
	if !a.IsValid() {
		return Result{}
	}
	e.buf = a.Unmap().AppendTo(e.buf[:0])
	return Result{Kind: Plain, Bytes: e.buf}
}

func addressOf(v *wire.View, slot int) netip.Addr {
	if v.Layout.Fields[slot].Kind.Integer() {
		return netip.AddrFrom4([4]byte(binary.BigEndian.AppendUint32(nil, uint32(v.Uint(slot)))))
	}
	a, _ := netip.AddrFromSlice(v.Bytes(slot))
	return a
}

// extraIPv4 is the type of extra data with an IPv4 address; see extraIPv6.
const extraIPv4 = 1

// clientAddress reads the client address that a proxy reported: 4 or 16 bytes.
func (e *Evaluator) clientAddress(typ uint64, raw []byte) Result {
	if typ != extraIPv4 && typ != extraIPv6 {
		return Result{}
	}
	a, _ := netip.AddrFromSlice(raw)
	return e.plainAddress(a)
}

// payload writes what a packet carries behind link, network and transport header.
func (e *Evaluator) payload(link uint64, packet []byte) Result {
	carried := packet
	if e.Packets.Encoding != PacketWhole {
		carried = TransportPayload(link, packet)
	}
	if len(carried) == 0 {
		return Result{}
	}
	switch e.Packets.Encoding {
	case PacketASCII, PacketUTF8:
		if e.buf = AppendPayloadText(e.buf[:0], carried, e.Packets.Encoding); len(e.buf) == 0 {
			return Result{}
		}
		return Result{Kind: Plain, Bytes: e.buf}
	}
	return Result{Kind: Hex, Bytes: carried}
}

// Link layers of captured packets, by their numbers in pcap files.
const (
	linkNull   = 0   // 4 bytes of address family in front
	linkRaw    = 101 // begins with IPv4 or IPv6
	linkCooked = 113 // Linux "any" device: 16 bytes, the last 2 as in Ethernet
)

// TransportPayload returns what a frame of a link layer carries behind its
// headers: Ethernet, raw IP (numbers 12, 14 and 101), null or Linux cooked; up to
// four VLAN tags (IEEE 802.1Q), IPv4 with options or IPv6 with extension headers,
// and TCP or UDP. Of any other protocol, and of a later fragment, it is what
// follows the header that was understood last; an unknown link layer is taken for
// Ethernet. It borrows packet and is nil where a header is cut short.
func TransportPayload(link uint64, packet []byte) []byte {
	const maxTags = 4
	header := 14 // the last 2 bytes say what comes
	switch link {
	case linkRaw, 12, 14:
		return ipPayload(packet)
	case linkNull:
		// Some sensors leave the number 0 for Ethernet: an address family has zeros.
		if len(packet) >= 4 && (packet[0] == 0 && packet[1] == 0 || packet[2] == 0 && packet[3] == 0) && len(ipPayload(packet[4:])) < len(packet)-4 {
			return ipPayload(packet[4:])
		}
	case linkCooked:
		header = 16
	}
	if len(packet) < header {
		return nil
	}
	kind, rest := binary.BigEndian.Uint16(packet[header-2:]), packet[header:]
	for range maxTags {
		if kind != 0x8100 && kind != 0x88a8 && kind != 0x9100 {
			break
		}
		if len(rest) < 4 {
			return nil
		}
		kind, rest = binary.BigEndian.Uint16(rest[2:]), rest[4:]
	}
	switch kind {
	case 0x0800:
		return ipv4Payload(rest)
	case 0x86dd:
		return ipv6Payload(rest)
	}
	return rest
}

// ipPayload tells IPv4 from IPv6 by the first four bits.
func ipPayload(p []byte) []byte {
	switch {
	case len(p) > 0 && p[0]>>4 == 4:
		return ipv4Payload(p)
	case len(p) > 0 && p[0]>>4 == 6:
		return ipv6Payload(p)
	}
	return p
}

func ipv4Payload(p []byte) []byte {
	if len(p) < 20 {
		return nil
	}
	header, total := 4*int(p[0]&15), int(binary.BigEndian.Uint16(p[2:]))
	if header < 20 || header > len(p) {
		return nil
	}
	fragment := binary.BigEndian.Uint16(p[6:]) & 0x1fff
	protocol := p[9]
	// Behind the datagram there may be Ethernet padding. A length of 0 is what
	// segmentation offload leaves.
	if total >= header && total < len(p) {
		p = p[:total]
	}
	if fragment != 0 {
		return p[header:]
	}
	return transportPayload(protocol, p[header:])
}

func ipv6Payload(p []byte) []byte {
	const fixed, maxHeaders = 40, 8
	if len(p) < fixed {
		return nil
	}
	next, length := p[6], int(binary.BigEndian.Uint16(p[4:]))
	p = p[fixed:]
	if length > 0 && length < len(p) {
		p = p[:length]
	}
	for range maxHeaders {
		switch next {
		case 0, 43, 60, 44: // hop-by-hop, routing, destination options, fragment
			if len(p) < 8 {
				return nil
			}
			size := 8 + 8*int(p[1])
			later := false
			if next == 44 {
				size, later = 8, binary.BigEndian.Uint16(p[2:])>>3 != 0
			}
			if size > len(p) {
				return nil
			}
			next, p = p[0], p[size:]
			if later {
				return p
			}
		default:
			return transportPayload(next, p)
		}
	}
	return p
}

func transportPayload(protocol byte, p []byte) []byte {
	const tcp, udp = 6, 17
	size := 0
	switch protocol {
	case tcp:
		if len(p) < 20 {
			return nil
		}
		size = max(20, 4*int(p[12]>>4))
	case udp:
		size = 8
	}
	if size > len(p) {
		return nil
	}
	return p[size:]
}
