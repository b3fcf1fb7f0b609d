package synth

import (
	"encoding/binary"
	"testing"
)

// TestPackets: lengths and checksums of the frames in packet records are right,
// for every protocol over IPv4 and IPv6.
func TestPackets(t *testing.T) {
	g := newGenerator(t, Options{Seed: 8})
	skipHead(g)
	seen := map[[2]byte]int{} // IP version, protocol
	for range 20_000 {
		g.drawFlow()
		p := g.packet()
		if len(p) < 60 || len(p) > 1514 {
			t.Fatalf("frame of %d bytes", len(p))
		}
		ip := p[14:]
		var protocol byte
		var segment []byte
		var pseudo uint64
		switch ip[0] >> 4 {
		case 4:
			protocol, segment = ip[9], ip[20:]
			if n := binary.BigEndian.Uint16(ip[2:]); int(n) != len(ip) || checksum(partial(0, ip[:20])) != 0 {
				t.Fatalf("IPv4 header %x of a packet of %d bytes", ip[:20], len(ip))
			}
			pseudo = partial(uint64(protocol)+uint64(len(segment)), ip[12:20])
		case 6:
			protocol, segment = ip[6], ip[40:]
			if n := binary.BigEndian.Uint16(ip[4:]); int(n) != len(segment) {
				t.Fatalf("IPv6 payload length %d, %d bytes follow", n, len(segment))
			}
			pseudo = partial(uint64(protocol)+uint64(len(segment)), ip[8:40])
		default:
			t.Fatalf("frame %x", p)
		}
		if protocol == 1 {
			pseudo = 0
		}
		if checksum(partial(pseudo, segment)) != 0 {
			t.Fatalf("IP version %d protocol %d: checksum is wrong in %x", ip[0]>>4, protocol, p)
		}
		if protocol == 17 && int(binary.BigEndian.Uint16(segment[4:])) != len(segment) {
			t.Fatalf("UDP length %x of %d bytes", segment[4:6], len(segment))
		}
		seen[[2]byte{ip[0] >> 4, protocol}]++
	}
	for _, want := range [][2]byte{{4, 6}, {4, 17}, {4, 1}, {6, 6}, {6, 17}, {6, 58}} {
		if seen[want] == 0 {
			t.Errorf("no IPv%d packet of protocol %d", want[0], want[1])
		}
	}
}
