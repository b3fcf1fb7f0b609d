package sensors

import (
	"bytes"
	"encoding/binary"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// Link types of the packets: where Suricata gives the payload only, it is one for which
// pcap knows no protocol.
const (
	ethernet = 1
	payload  = 147
)

// received returns the packets of a stream that have their headers.
func received(t *testing.T, stream []byte) (list []packet) {
	t.Helper()
	for _, r := range decode(t, stream, packetRecord) {
		switch link := r.nums["link_type"]; link {
		case ethernet:
			list = append(list, r.packet())
		case payload:
		default:
			t.Errorf("packet of link type %d; all the test data is Ethernet", link)
		}
	}
	return list
}

// samePackets has tshark read the packets of the stream and those of the file, and
// compares what it says, and the bytes.
func samePackets(t *testing.T, got, want []packet) {
	t.Helper()
	for i := range min(len(got), len(want)) {
		if !bytes.Equal(got[i].data, want[i].data) || got[i].second != want[i].second || got[i].microsecond != want[i].microsecond {
			t.Fatalf("packet %d: %d.%06d %x, want %d.%06d %x", i, got[i].second, got[i].microsecond, got[i].data, want[i].second, want[i].microsecond, want[i].data)
		}
	}
	if len(got) != len(want) {
		t.Fatalf("%d packets, want %d", len(got), len(want))
	}
	if len(want) == 0 {
		return
	}
	gotLines, wantLines := tshark(t, got), tshark(t, want)
	if len(gotLines) != len(want) || !slices.Equal(gotLines, wantLines) {
		for i := range min(len(gotLines), len(wantLines)) {
			if gotLines[i] != wantLines[i] {
				t.Fatalf("tshark, packet %d:\ngot  %s\nwant %s", i, gotLines[i], wantLines[i])
			}
		}
		t.Fatalf("tshark reads %d packets, and %d of the file; want %d", len(gotLines), len(wantLines), len(want))
	}
	protocols := map[string]int{}
	for _, line := range gotLines {
		protocols[strings.Split(line, "\t")[3]]++
	}
	t.Logf("tshark: the %d packets are the same, with %d stacks of protocols", len(gotLines), len(protocols))
}

// tshark returns a line for each packet: time, hash, length, protocols, addresses, ports.
func tshark(t *testing.T, packets []packet) []string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "packets.pcap")
	if err := os.WriteFile(path, capture(packets), 0o600); err != nil {
		t.Fatal(err)
	}
	return tsharkFile(t, path)
}

// tsharkFile is tshark for a file.
func tsharkFile(t *testing.T, path string) []string {
	t.Helper()
	args := []string{"-n", "-r", path, "-o", "frame.generate_md5_hash:TRUE", "-T", "fields"}
	for _, field := range []string{"frame.time_epoch", "frame.md5_hash", "frame.len", "frame.protocols", "ip.src", "ip.dst", "ipv6.src", "ipv6.dst", "tcp.port", "udp.port"} {
		args = append(args, "-e", field)
	}
	cmd := exec.CommandContext(t.Context(), "tshark", args...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	var missing *exec.Error
	switch {
	case errors.As(err, &missing):
		t.Fatalf("%v: install tshark (make test does)", err)
	case err != nil:
		t.Fatalf("tshark: %v\n%s", err, stderr.Bytes())
	}
	return strings.Split(strings.TrimSuffix(string(out), "\n"), "\n")
}

// capture makes a capture file of Ethernet frames, with times in microseconds.
func capture(packets []packet) []byte {
	order := binary.LittleEndian
	out := order.AppendUint32(nil, 0xa1b2c3d4)
	out = order.AppendUint16(out, 2)
	out = order.AppendUint16(out, 4)
	for _, v := range []uint32{0, 0, 1 << 18, 1} { // time zone, accuracy, longest packet, link type
		out = order.AppendUint32(out, v)
	}
	for _, p := range packets {
		for _, v := range []uint32{p.second, p.microsecond, uint32(len(p.data)), uint32(len(p.data))} {
			out = order.AppendUint32(out, v)
		}
		out = append(out, p.data...)
	}
	return out
}
