package docs

import "encoding/binary"

// block is a data block.
func block(number uint32, content ...[]byte) []byte {
	size := 8
	for _, c := range content {
		size += len(c)
	}
	b := binary.BigEndian.AppendUint32(nil, number)
	b = binary.BigEndian.AppendUint32(b, uint32(size))
	for _, c := range content {
		b = append(b, c...)
	}
	return b
}

// session is a VPN session of 77 seconds, 1000 bytes to the client and 2000 from it.
func session() []byte {
	text := func(s string) []byte { return block(0, []byte(s)) }
	return block(166, []byte{0, 0, 0, 5, 2}, text("staff"), text("office"), ip4(10, 1, 2, 3), []byte{0, 0},
		text("linux-64"), text("AnyConnect 4"), []byte{0, 0, 0, 77},
		binary.BigEndian.AppendUint64(nil, 1000), binary.BigEndian.AppendUint64(nil, 2000))
}

func uuid(n byte) []byte { return []byte{15: n} }

func ip4(a, b, c, d byte) []byte { return []byte{10: 0xff, 11: 0xff, 12: a, 13: b, 14: c, 15: d} }

func ip6(n byte) []byte { return []byte{0: 0x20, 1: 1, 15: n} }

// translated is an IPv4-translated address, which is not an IPv4-mapped one.
var translated = []byte{8: 0xff, 9: 0xff, 12: 10, 13: 1, 14: 2, 15: 3}

// frame is an Ethernet frame around a network packet, with a VLAN tag if asked for.
func frame(vlan bool, kind uint16, packet []byte) []byte {
	f := []byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 0, 1}
	if vlan {
		f = append(f, 0x81, 0, 0, 5)
	}
	return append(binary.BigEndian.AppendUint16(f, kind), packet...)
}

func udp(payload string) []byte {
	return append([]byte{0, 53, 0x10, 0, 0, byte(8 + len(payload)), 0, 0}, payload...)
}

func ipv4(datagram []byte) []byte {
	header := []byte{0x45, 0, 0, 0, 0, 0, 0, 0, 64, 17, 0, 0, 10, 1, 2, 3, 10, 1, 2, 4}
	binary.BigEndian.PutUint16(header[2:], uint16(len(header)+len(datagram)))
	return append(header, datagram...)
}

func ipv6(datagram []byte) []byte {
	header := make([]byte, 40)
	header[0], header[6], header[7] = 0x60, 17, 64
	binary.BigEndian.PutUint16(header[4:], uint16(len(datagram)))
	return append(header, datagram...)
}

// cut takes bytes off the end of a message and lets its headers agree.
func cut(message []byte, n int) []byte {
	const headers = 8 + 16
	message = message[:len(message)-n]
	binary.BigEndian.PutUint32(message[4:], uint32(len(message)-8))
	binary.BigEndian.PutUint32(message[12:], uint32(len(message)-headers))
	return message
}
