package pcap_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"estream/layouts"
	"estream/request/internal/outputtest"
	"estream/request/pcap"
	"estream/source/sensor"
)

// A frame is a packet as it should stand in a file.
type frame struct {
	link                uint32
	second, microsecond uint32
	data                []byte
	comment             string
}

func (f *frame) time() time.Time { return time.Unix(int64(f.second), int64(f.microsecond)*1000).UTC() }

// sourceFrames takes the packets out of a sensor's file, and makes their comments from
// its events and the sensor's maps.
func sourceFrames(t testing.TB, file []byte, names *sensor.Maps) (list []frame) {
	t.Helper()
	priorities := map[uint32]string{1: "high", 2: "medium", 3: "low"}
	events := map[[2]uint32]string{}
	for ; len(file) > 0; file = file[8+binary.BigEndian.Uint32(file[4:]):] {
		body := file[8 : 8+binary.BigEndian.Uint32(file[4:])]
		word := func(i int) uint32 { return binary.BigEndian.Uint32(body[4*i:]) }
		id := [2]uint32{word(1), word(2)}
		switch binary.BigEndian.Uint32(file) {
		case 104, 105:
			sid, gid, rev, class, priority := word(4), word(5), word(6), word(7), word(8)
			s := fmt.Sprintf(": [%d:%d:%d] %s; classification %d", gid, sid, rev, names.Message(gid, sid, rev), class)
			if c, ok := names.Classification(class); ok {
				s += " (" + c.Description + ")"
			}
			s += fmt.Sprintf("; priority %d", priority)
			if p, ok := priorities[priority]; ok {
				s += " (" + p + ")"
			}
			events[id] = s
		case 2:
			at := time.Unix(int64(id[1]), 0).UTC().Format("2006-01-02T15:04:05Z")
			comment := fmt.Sprintf("event %d of %s on %s%s", id[0], at, outputtest.Device, events[id])
			list = append(list, frame{link: word(5), second: word(3), microsecond: word(4), data: body[28:], comment: comment})
		}
	}
	return list
}

// classic writes a stream as pcap.
func classic(t testing.TB, stream []byte) ([]byte, pcap.Stats) {
	t.Helper()
	var b bytes.Buffer
	o, err := pcap.New(&b)
	if err != nil {
		t.Fatal(err)
	}
	outputtest.Feed(t, layouts.Default(), stream, o)
	return b.Bytes(), o.Stats()
}

// ng writes a stream as pcapng.
func ng(t testing.TB, stream []byte) ([]byte, pcap.NGStats) {
	t.Helper()
	var b bytes.Buffer
	o, err := pcap.NewNG(&b, pcap.NGOptions{Program: "estream test"})
	if err != nil {
		t.Fatal(err)
	}
	outputtest.Feed(t, layouts.Default(), stream, o)
	return b.Bytes(), o.Stats()
}

// same compares packets; comments only where the file has them.
func same(t testing.TB, got, want []frame, comments bool) {
	t.Helper()
	for i := range min(len(got), len(want)) {
		g, w := &got[i], &want[i]
		if g.link != w.link || g.second != w.second || g.microsecond != w.microsecond || !bytes.Equal(g.data, w.data) || comments && g.comment != w.comment {
			t.Fatalf("packet %d:\ngot  link type %d, %v, %q, %x\nwant link type %d, %v, %q, %x", i+1, g.link, g.time(), g.comment, g.data, w.link, w.time(), w.comment, w.data)
		}
	}
	if len(got) != len(want) {
		t.Fatalf("%d packets, want %d", len(got), len(want))
	}
}

// run runs one of Wireshark's programs on a file and returns its lines.
func run(t testing.TB, file []byte, name string, args ...string) []string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "packets")
	if err := os.WriteFile(path, file, 0o600); err != nil {
		t.Fatal(err)
	}
	if name == "tshark" {
		args = append(args, "-r")
	}
	cmd := exec.CommandContext(t.Context(), name, append(args, path)...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	var missing *exec.Error
	switch {
	case errors.As(err, &missing):
		t.Fatalf("%v: install tshark (make test does)", err)
	case err != nil:
		t.Fatalf("%s: %v\n%s", name, err, stderr.Bytes())
	}
	return strings.Split(strings.TrimSuffix(string(out), "\n"), "\n")
}
