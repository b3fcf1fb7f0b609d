package dissector

import (
	"bytes"
	"context"
	"encoding/binary"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// An end is one side of a TCP session.
type end struct {
	addr netip.AddrPort
	mac  [6]byte
	next uint32 // sequence number
}

// A capture writes a TCP session, packet by packet, as a pcap file.
type capture struct {
	t              testing.TB
	file           bytes.Buffer
	now            time.Time
	client, server end
	most           int // bytes kept of each packet
}

// newCapture begins a session with a server on port, as if its SYNs had been seen.
func newCapture(t testing.TB, port uint16) *capture {
	c := &capture{t: t, now: time.Unix(1700000000, 0), most: 1 << 18}
	c.client = end{netip.AddrPortFrom(netip.AddrFrom4([4]byte{192, 0, 2, 10}), 40001), [6]byte{2, 0, 0, 0, 0, 1}, 1000}
	c.server = end{netip.AddrPortFrom(netip.AddrFrom4([4]byte{192, 0, 2, 20}), port), [6]byte{2, 0, 0, 0, 0, 2}, 900000}
	// The header of a pcap file, little-endian: magic, version 2.4, time zone, accuracy,
	// largest packet, Ethernet.
	for _, n := range []uint32{0xa1b2c3d4, 4<<16 | 2, 0, 0, 1 << 18, 1} {
		c.file.Write(binary.LittleEndian.AppendUint32(nil, n))
	}
	c.packet(&c.client, &c.server, nil, true, false)
	c.client.next++
	c.packet(&c.server, &c.client, nil, true, true)
	c.server.next++
	return c
}

// send writes data from one end to the other in segments of at most size bytes.
func (c *capture) send(from, to *end, data []byte, size int) {
	for len(data) > 0 {
		n := min(size, len(data))
		c.packet(from, to, data[:n], false, true)
		from.next += uint32(n)
		data = data[n:]
	}
}

func (c *capture) packet(from, to *end, data []byte, syn, ack bool) {
	flags, acked := byte(0), uint32(0)
	if syn {
		flags |= 2
	}
	if ack {
		flags |= 0x10
		acked = to.next
	}
	if len(data) > 0 {
		flags |= 8 // PSH
	}
	src, dst := from.addr.Addr().As4(), to.addr.Addr().As4()
	tcp := binary.BigEndian.AppendUint16(nil, from.addr.Port())
	tcp = binary.BigEndian.AppendUint16(tcp, to.addr.Port())
	tcp = binary.BigEndian.AppendUint32(tcp, from.next)
	tcp = binary.BigEndian.AppendUint32(tcp, acked)
	tcp = append(tcp, 5<<4, flags, 0xff, 0xff, 0, 0, 0, 0) // header of 5 words, window
	tcp = append(tcp, data...)
	pseudo := append(append(append([]byte(nil), src[:]...), dst[:]...), 0, 6, byte(len(tcp)>>8), byte(len(tcp)))
	binary.BigEndian.PutUint16(tcp[16:], checksum(append(pseudo, tcp...)))
	ip := []byte{0x45, 0, 0, 0, 0, 0, 0, 0, 64, 6, 0, 0}
	binary.BigEndian.PutUint16(ip[2:], uint16(20+len(tcp)))
	ip = append(append(ip, src[:]...), dst[:]...)
	binary.BigEndian.PutUint16(ip[10:], checksum(ip))
	frame := append(append(append([]byte(nil), to.mac[:]...), from.mac[:]...), 8, 0)
	frame = append(append(frame, ip...), tcp...)
	c.now = c.now.Add(time.Millisecond)
	kept := frame[:min(c.most, len(frame))]
	for _, n := range []uint32{uint32(c.now.Unix()), uint32(c.now.Nanosecond() / 1000), uint32(len(kept)), uint32(len(frame))} {
		c.file.Write(binary.LittleEndian.AppendUint32(nil, n))
	}
	c.file.Write(kept)
}

// checksum is that of IP and TCP (RFC 1071).
func checksum(p []byte) uint16 {
	sum := uint32(0)
	for i := 0; i < len(p); i += 2 {
		sum += uint32(p[i]) << 8
		if i+1 < len(p) {
			sum += uint32(p[i+1])
		}
	}
	for sum > 0xffff {
		sum = sum>>16 + sum&0xffff
	}
	return ^uint16(sum)
}

// save writes the capture to a file.
func (c *capture) save() string {
	name := filepath.Join(c.t.TempDir(), "session.pcap")
	if err := os.WriteFile(name, c.file.Bytes(), 0o600); err != nil {
		c.t.Fatal(err)
	}
	return name
}

// tshark runs the dissector over a capture. Anything in its output that speaks of a
// fault in the script fails the test.
func tshark(t testing.TB, file string, args ...string) []byte {
	t.Helper()
	out := runTshark(t, append([]string{"-n", "-X", "lua_script:" + script, "-r", file}, args...)...)
	for _, bad := range []string{"Lua Error", "_ws.lua.error", "Dissector bug"} {
		if i := bytes.Index(out, []byte(bad)); i >= 0 {
			t.Errorf("%q in the output: %s", bad, out[max(0, i-300):min(len(out), i+500)])
		}
	}
	return out
}

// pdml returns the whole tree of the eStreamer messages in a capture.
func pdml(t testing.TB, file string, args ...string) []byte {
	t.Helper()
	return tshark(t, file, append([]string{"-T", "pdml", "-Y", "estreamer", "-J", "estreamer"}, args...)...)
}

// runTshark runs tshark with nothing but these arguments.
func runTshark(t testing.TB, args ...string) []byte {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "tshark", args...)
	// No settings, profiles and plugins of whoever runs the test.
	cmd.Env = append(os.Environ(), "HOME="+t.TempDir(), "XDG_CONFIG_HOME=", "LC_ALL=C.UTF-8")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("tshark: %v; `make test` installs it\n%s", err, stderr.Bytes())
	}
	for line := range strings.Lines(stderr.String()) {
		if !strings.Contains(line, "Running as user") {
			t.Errorf("tshark says: %s", line)
		}
	}
	return out
}
