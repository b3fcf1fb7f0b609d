package pcap_test

import (
	"bytes"
	"encoding/binary"
	"testing"
)

// The readers here are stricter than those of Wireshark, which these tests ask as well:
// nothing may be left over, every length must agree with every other.

var le = binary.LittleEndian

// readClassic reads a classic pcap file.
func readClassic(t testing.TB, file []byte) (list []frame) {
	t.Helper()
	if len(file) < 24 || le.Uint32(file) != 0xa1b2c3d4 || le.Uint32(file[4:]) != 2|4<<16 || le.Uint64(file[8:]) != 0 {
		t.Fatalf("no pcap file: % x", file[:min(len(file), 24)])
	}
	limit, link := le.Uint32(file[16:]), le.Uint32(file[20:])
	for file = file[24:]; len(file) > 0; {
		if len(file) < 16 {
			t.Fatalf("packet %d: %d bytes of its header", len(list)+1, len(file))
		}
		length, whole := le.Uint32(file[8:]), le.Uint32(file[12:])
		if length != min(whole, limit) || uint64(length)+16 > uint64(len(file)) {
			t.Fatalf("packet %d: %d bytes of %d, limit %d, %d left in the file", len(list)+1, length, whole, limit, len(file)-16)
		}
		f := frame{link: link, second: le.Uint32(file), microsecond: le.Uint32(file[4:]), data: file[16 : 16+length]}
		if f.microsecond >= 1e6 {
			t.Fatalf("packet %d: %d microseconds", len(list)+1, f.microsecond)
		}
		list, file = append(list, f), file[16+length:]
	}
	return list
}

// readNG reads a pcapng file, and returns name and description of each packet's
// interface.
func readNG(t testing.TB, file []byte) (list []frame, on []string) {
	t.Helper()
	type described struct {
		link uint32
		name string
	}
	var known []described
	for first := true; len(file) > 0; first = false {
		block, body, rest := nextBlock(t, file)
		file = rest
		switch {
		case block == 0x0a0d0d0a:
			known = nil
			if want := []byte{0x4d, 0x3c, 0x2b, 0x1a, 1, 0, 0, 0, 255, 255, 255, 255, 255, 255, 255, 255}; !bytes.Equal(body[:16], want) {
				t.Fatalf("section header % x, want % x", body[:16], want)
			}
			if o := options(t, body[16:]); o[4] != "estream test" || len(o) != 1 {
				t.Fatalf("options %v of the section", o)
			}
		case first:
			t.Fatalf("the file starts with block type %d", block)
		case block == 1:
			o := options(t, body[8:])
			if len(o) != 3 || o[9] != "\x06" || le.Uint32(body[4:]) != 262144 {
				t.Fatalf("interface with options %v and length limit %d", o, le.Uint32(body[4:]))
			}
			known = append(known, described{uint32(le.Uint16(body)), o[2] + " (" + o[3] + ")"})
		case block == 6:
			number, length, whole := le.Uint32(body), le.Uint32(body[12:]), le.Uint32(body[16:])
			padded := 20 + (uint64(length)+3)/4*4
			if uint64(number) >= uint64(len(known)) || length != min(whole, 262144) || padded > uint64(len(body)) {
				t.Fatalf("packet %d: interface %d of %d, %d bytes of %d, block of %d", len(list)+1, number, len(known), length, whole, len(body))
			}
			micros := uint64(le.Uint32(body[4:]))<<32 | uint64(le.Uint32(body[8:]))
			o := options(t, body[padded:])
			if len(o) != 1 {
				t.Fatalf("packet %d: options %v", len(list)+1, o)
			}
			i := known[number]
			list = append(list, frame{
				link: i.link, second: uint32(micros / 1e6), microsecond: uint32(micros % 1e6), data: body[20 : 20+length], comment: o[1],
			})
			on = append(on, i.name)
		default:
			t.Fatalf("block type %d", block)
		}
	}
	return list, on
}

// nextBlock takes a block of pcapng off a file.
func nextBlock(t testing.TB, file []byte) (block uint32, body, rest []byte) {
	t.Helper()
	if len(file) < 12 {
		t.Fatalf("block of %d bytes", len(file))
	}
	n := le.Uint32(file[4:])
	if n < 28 || n%4 != 0 || uint64(n) > uint64(len(file)) || le.Uint32(file[n-4:]) != n {
		t.Fatalf("block of type %d says that it has %d bytes, %d are left", le.Uint32(file), n, len(file))
	}
	return le.Uint32(file), file[8 : n-4], file[n:]
}

// options takes the options of a block apart, of which there is at least one.
func options(t testing.TB, p []byte) map[uint16]string {
	t.Helper()
	m := map[uint16]string{}
	for {
		if len(p) < 4 {
			t.Fatalf("options end in % x", p)
		}
		code, n := le.Uint16(p), int(le.Uint16(p[2:]))
		p = p[4:]
		if code == 0 {
			if n != 0 || len(p) != 0 {
				t.Fatalf("end of options of %d bytes, %d behind it", n, len(p))
			}
			return m
		}
		padded := (n + 3) / 4 * 4
		if _, again := m[code]; again || padded > len(p) || !bytes.Equal(p[n:padded], make([]byte, padded-n)) {
			t.Fatalf("option %d of %d bytes, seen before %v: % x", code, n, again, p)
		}
		m[code], p = string(p[:n]), p[padded:]
	}
}
