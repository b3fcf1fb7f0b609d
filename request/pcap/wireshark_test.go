package pcap_test

import (
	"crypto/md5"
	"fmt"
	"strings"
	"testing"

	"estream/request/internal/outputtest"
)

// TestRealFiles writes the packets that Snort wrote, in both forms, and compares what a
// library and Wireshark read from the files with Snort's own.
func TestRealFiles(t *testing.T) {
	names := outputtest.Names(t)
	total, explained := 0, 0
	for _, name := range outputtest.Spools {
		file, stream := outputtest.Spool(t, name)
		want := sourceFrames(t, file, names)
		total += len(want)

		old, stats := classic(t, stream)
		same(t, readClassic(t, old), want, false)
		if stats.Packets != uint64(len(want)) || stats.Cut+stats.OtherLink+stats.Undecoded != 0 {
			t.Errorf("%s: %+v, want %d packets", name, stats, len(want))
		}
		viaTshark(t, old, want, false)

		commented, ngStats := ng(t, stream)
		got, interfaces := readNG(t, commented)
		same(t, got, want, true)
		for i := range interfaces {
			if !strings.HasPrefix(interfaces[i], outputtest.Device+" (managed device ") {
				t.Fatalf("%s: packet %d came on interface %q", name, i+1, interfaces[i])
			}
		}
		if ngStats.Packets != uint64(len(want)) || ngStats.Unknown+ngStats.Cut+ngStats.Refused+ngStats.Undecoded != 0 {
			t.Errorf("%s: %+v, want %d packets, all with their events", name, ngStats, len(want))
		}
		viaTshark(t, commented, want, true)
		for i := range want {
			if strings.Contains(want[i].comment, "); priority ") {
				explained++
			}
		}
	}
	if total != 5741+15+1 {
		t.Errorf("%d packets in the files, want 5,757", total)
	}
	t.Logf("%d packets, %d of them with the name of a classification", total, explained)
	if explained < total/2 {
		t.Errorf("only %d of %d comments name a classification: the maps do not belong to the files", explained, total)
	}
}

// viaTshark has tshark read a file, and compares what it says of every packet.
func viaTshark(t *testing.T, file []byte, want []frame, comments bool) {
	t.Helper()
	args := []string{"-n", "-o", "frame.generate_md5_hash:TRUE", "-T", "fields"}
	for _, field := range []string{"frame.time_epoch", "frame.md5_hash", "frame.cap_len", "frame.len", "frame.interface_name", "frame.comment"} {
		args = append(args, "-e", field)
	}
	lines := run(t, file, "tshark", args...)
	if len(lines) != len(want) {
		t.Fatalf("tshark reads %d packets, want %d", len(lines), len(want))
	}
	for i := range want {
		w := &want[i]
		on, comment := "", ""
		if comments {
			on, comment = outputtest.Device, w.comment
		}
		line := fmt.Sprintf("%d.%06d000\t%x\t%d\t%d\t%s\t%s", w.second, w.microsecond, md5.Sum(w.data), len(w.data), len(w.data), on, comment)
		if lines[i] != line {
			t.Fatalf("tshark, packet %d:\ngot  %s\nwant %s", i+1, lines[i], line)
		}
	}
}

// TestCapinfos has Wireshark's own check say what the files are.
func TestCapinfos(t *testing.T) {
	_, stream := outputtest.Spool(t, "multi-packet-event.u2")
	old, _ := classic(t, stream)
	commented, _ := ng(t, stream)
	empty, _ := classic(t, nil)
	emptyNG, _ := ng(t, nil)
	for _, c := range []struct {
		name string
		file []byte
		want []string
	}{
		{"pcap", old, []string{"File type:           pcap\n", "File encapsulation:  ether", "Number of packets:   15", "file hdr: 131071 bytes"}},
		{"pcapng", commented, []string{
			"File type:           pcapng\n", "File encapsulation:  ether", "Number of packets:   15", "Capture application: estream test",
			"Name = edge", "Time resolution = 0x06", "Number of interfaces in file: 1",
		}},
		{"pcap without packets", empty, []string{"File type:           pcap\n", "File encapsulation:  ether", "Number of packets:   0"}},
		{"pcapng without packets", emptyNG, []string{"File type:           pcapng\n", "Number of packets:   0"}},
	} {
		said := strings.Join(run(t, c.file, "capinfos", "-M"), "\n")
		for _, want := range c.want {
			if !strings.Contains(said, want) {
				t.Errorf("%s: capinfos does not say %q:\n%s", c.name, want, said)
			}
		}
	}
}
