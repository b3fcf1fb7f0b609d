package pcap_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"estream/format/flat/flattest"
	"estream/internal/recordtest"
	"estream/internal/syncbuf"
	"estream/layouts"
	"estream/meta"
	"estream/request/internal/outputtest"
	"estream/request/pcap"
	"estream/wire"
)

// packetMessage makes a packet record of event 7.
func packetMessage(t testing.TB, device, link int, data string) []byte {
	t.Helper()
	return recordtest.Message(t, layouts.Default(), 2, 0, recordtest.Fields{
		"device_id": device, "event_id": 7, "event_second": 1700000000, "packet_second": 1700000001, "packet_microsecond": 20, "link_type": link,
		"packet_data": data,
	})
}

func packetFrame(link uint32, data, comment string) frame {
	return frame{link: link, second: 1700000001, microsecond: 20, data: []byte(data), comment: comment}
}

const eventText = "event 7 of 2023-11-14T22:13:20Z on "

// TestClassicHeader holds the header against the format, byte by byte.
func TestClassicHeader(t *testing.T) {
	file, _ := classic(t, packetMessage(t, 1, 228, "abc"))
	want := recordtest.Unhex(t, "d4c3b2a1 0200 0400 00000000 00000000 ffff0100 e4000000 01f15365 14000000 03000000 03000000 616263")
	if !bytes.Equal(file, want) {
		t.Errorf("file % x\nwant % x", file, want)
	}
}

// TestOneLinkType checks that the first packet chooses the link type, also behind a
// Flush, and what becomes of packets of another.
func TestOneLinkType(t *testing.T) {
	var b bytes.Buffer
	lines := syncbuf.NewLines()
	o, err := pcap.New(&b)
	if err != nil {
		t.Fatal(err)
	}
	o.Log = slog.New(slog.NewTextHandler(lines, nil))
	if err := o.Flush(t.Context()); err != nil || b.Len() != 0 {
		t.Fatalf("flush of nothing: %v, %d bytes", err, b.Len())
	}
	outputtest.Feed(t, layouts.Default(), slices.Concat(packetMessage(t, 1, 1<<20, "x"), packetMessage(t, 1, 228, "one"), packetMessage(t, 1, 1, "no"),
		packetMessage(t, 1, 228, "two"), packetMessage(t, 1, 1, "no")), o)
	same(t, readClassic(t, b.Bytes()), []frame{packetFrame(228, "one", ""), packetFrame(228, "two", "")}, false)
	if s := o.Stats(); s.Packets != 2 || s.OtherLink != 3 {
		t.Errorf("%+v, want 2 packets, 3 of other link types", s)
	}
	if got := lines.Matching("-o pcapng"); len(got) != 0 {
		t.Errorf("the first refusal was another: %q", got)
	}
	if got := lines.Matching("packets are left out"); len(got) != 1 || !strings.Contains(got[0], "link_type=1048576") {
		t.Errorf("log %q, want one line about the link type that no file can hold", got)
	}

	lines = syncbuf.NewLines()
	if o, err = pcap.New(io.Discard); err != nil {
		t.Fatal(err)
	}
	o.Log = slog.New(slog.NewTextHandler(lines, nil))
	outputtest.Feed(t, layouts.Default(), slices.Concat(packetMessage(t, 1, 1, "a"), packetMessage(t, 1, 228, "b"), packetMessage(t, 1, 147, "c")), o)
	if got := lines.Matching(""); len(got) != 1 || !strings.Contains(got[0], "-o pcapng") || !strings.Contains(got[0], "link_type=228 file_has=1") {
		t.Errorf("log %q, want one line that sends the reader to pcapng", got)
	}
}

// TestInterfaces gives every pair of device and link type an interface of its own, and a
// new one when metadata names the device.
func TestInterfaces(t *testing.T) {
	set := layouts.Default()
	name := func(device int, name string) []byte {
		return recordtest.Message(t, set, 123, 0, recordtest.Fields{"id": device, "name": name})
	}
	file, stats := ng(t, slices.Concat(
		packetMessage(t, 3, 1, "a"), packetMessage(t, 3, 228, "b"), packetMessage(t, 4, 1, "c"), packetMessage(t, 3, 1, "d"),
		name(3, "edge\x1b[31m\n"), packetMessage(t, 3, 1, "e"), name(3, "edge\x1b[31m\n\x00"), packetMessage(t, 3, 1, "f"), packetMessage(t, 4, 1, "g"),
		packetMessage(t, 4, 1<<16, "h"),
	))
	got, on := readNG(t, file)
	const edge = `edge\x1b[31m\n`
	same(t, got, []frame{
		packetFrame(1, "a", eventText+"device 3"), packetFrame(228, "b", eventText+"device 3"), packetFrame(1, "c", eventText+"device 4"),
		packetFrame(1, "d", eventText+"device 3"), packetFrame(1, "e", eventText+edge), packetFrame(1, "f", eventText+edge), packetFrame(1, "g", eventText+"device 4"),
	}, true)
	const three, four, named = "device 3 (managed device 3)", "device 4 (managed device 4)", edge + " (managed device 3)"
	if want := []string{three, three, four, three, named, named, four}; !slices.Equal(on, want) {
		t.Errorf("interfaces %q, want %q", on, want)
	}
	if n := bytes.Count(file, []byte("managed device")); n != 4 {
		t.Errorf("%d interface blocks, want 4", n)
	}
	if stats.Packets != 7 || stats.Unknown != 7 || stats.Refused != 1 || stats.Other != 2 {
		t.Errorf("%+v, want 7 packets of unknown events, 1 refused, 2 others", stats)
	}
}

// TestManyDevices makes up more devices than a section may have: the file stays valid,
// and so does every name.
func TestManyDevices(t *testing.T) {
	var stream []byte
	var want []frame
	for i := range 10_000 {
		device := 1 + i%5000
		stream = append(stream, packetMessage(t, device, 1, "x")...)
		want = append(want, packetFrame(1, "x", fmt.Sprintf("%sdevice %d", eventText, device)))
	}
	file, _ := ng(t, stream)
	got, on := readNG(t, file)
	same(t, got, want, true)
	for i := range on {
		if name := fmt.Sprintf("device %d (managed device %d)", 1+i%5000, 1+i%5000); on[i] != name {
			t.Fatalf("packet %d came on interface %q, want %q", i+1, on[i], name)
		}
	}
	if n := bytes.Count(file, []byte{0x0a, 0x0d, 0x0d, 0x0a}); n != 3 {
		t.Errorf("%d sections for 10,000 interfaces, want 3", n)
	}
	if lines := run(t, file, "tshark", "-n", "-T", "fields", "-e", "frame.comment"); len(lines) != len(want) || lines[9999] != want[9999].comment {
		t.Errorf("tshark reads %d packets of three sections, want %d with their comments", len(lines), len(want))
	}
}

// TestVersions writes a packet behind an intrusion event of every version, with and
// without metadata, and one whose event comes too late or is another device's.
func TestVersions(t *testing.T) {
	set := layouts.Default()
	long := "x" + strings.Repeat("ä", 400) // whose 512th byte is half a character
	metadata := slices.Concat(
		recordtest.Message(t, set, 66, 0, recordtest.Fields{
			"generator_id": 1, "rule_id": 9000, "signature_id": 2003, "message": long,
		}),
		recordtest.Message(t, set, 67, 0, recordtest.Fields{
			"id": 33, "name": "w", "description": "Worm \u202e; (x)",
		}),
		recordtest.Message(t, set, 4, 0, recordtest.Fields{"id": 1, "name": "high"}),
	)
	versions := 0
	for l, err := range layouts.All(set) {
		if err != nil {
			t.Fatal(err)
		}
		if l.Record == nil || l.Record.Category != "intrusion" {
			continue
		}
		versions++
		block := uint32(0)
		if l.Block != nil {
			block = l.Block.Type
		}
		event := recordtest.Message(t, set, l.Record.Type, block, recordtest.Fields{
			"device_id": 3, "event_id": 7, "event_second": 1700000000, "generator_id": 1, "rule_id": 9000, "rule_revision": 8, "classification_id": 33, "priority_id": 1,
		})
		p := packetMessage(t, 3, 1, "abc")
		file, stats := ng(t, slices.Concat(p, event, p, metadata, p, packetMessage(t, 4, 1, "abc")))
		got, _ := readNG(t, file)
		same(t, got, []frame{
			packetFrame(1, "abc", eventText+"device 3"),
			packetFrame(1, "abc", eventText+"device 3: [1:9000:8]; classification 33; priority 1"),
			packetFrame(1, "abc", eventText+"device 3: [1:2003:8] "+long[:511]+`; classification 33 (Worm \xe2\x80\xae; (x)); priority 1 (high)`),
			packetFrame(1, "abc", eventText+"device 4"),
		}, true)
		if want := (pcap.NGStats{Packets: 4, Unknown: 2, Events: 1, Other: 3}); stats != want {
			t.Errorf("%v: %+v, want %+v", l, stats, want)
		}
	}
	if versions < 13 {
		t.Errorf("%d versions of intrusion events, want at least 13", versions)
	}
}

// TestLimits writes packets that are longer than readers take, without bytes, and with
// times that do not fit.
func TestLimits(t *testing.T) {
	long := strings.Repeat("0123456789abcdef", 1<<15)
	odd := recordtest.Message(t, layouts.Default(), 2, 0, recordtest.Fields{
		"event_id": 7, "event_second": 1700000000, "packet_second": uint64(1<<32 - 2), "packet_microsecond": 3_000_005, "link_type": 1,
	})
	stream := slices.Concat(packetMessage(t, 1, 1, long), odd, packetMessage(t, 1, 1, "end"))
	want := []frame{packetFrame(1, long[:1<<17-1], ""), {link: 1, second: 1<<32 - 1, microsecond: 5}, packetFrame(1, "end", "")}
	file, stats := classic(t, stream)
	same(t, readClassic(t, file), want, false)
	if stats.Packets != 3 || stats.Cut != 1 {
		t.Errorf("%+v, want 3 packets, 1 cut", stats)
	}
	lengths := func(file []byte) string {
		return strings.Join(run(t, file, "tshark", "-n", "-T", "fields", "-e", "frame.cap_len", "-e", "frame.len"), " ")
	}
	if got := lengths(file); got != "131071\t524288 0\t0 3\t3" {
		t.Errorf("tshark reads lengths %q", got)
	}
	want[0].data = []byte(long[:1<<18])
	commented, ngStats := ng(t, stream)
	got, _ := readNG(t, commented)
	same(t, got, want, false)
	if ngStats.Packets != 3 || ngStats.Cut != 1 {
		t.Errorf("%+v, want 3 packets, 1 cut", ngStats)
	}
	if got := lengths(commented); got != "262144\t524288 0\t0 3\t3" {
		t.Errorf("tshark reads lengths %q", got)
	}
}

// chunks notes where writes end, and may fail.
type chunks struct {
	bytes.Buffer
	ends []int
	err  error
}

func (c *chunks) Write(p []byte) (int, error) {
	if c.err != nil {
		return 0, c.err
	}
	n, err := c.Buffer.Write(p)
	c.ends = append(c.ends, c.Len())
	return n, err
}

// TestKilled checks that every write ends between packets: what a killed process leaves
// can be read to the end.
func TestKilled(t *testing.T) {
	set := layouts.Default()
	_, stream := outputtest.Spool(t, "multi-packet-event.u2")
	for range 4 {
		stream = append(stream, stream...)
	}
	var old, commented chunks
	a, err := pcap.New(&old)
	if err != nil {
		t.Fatal(err)
	}
	outputtest.Feed(t, set, stream, a)
	b, err := pcap.NewNG(&commented, pcap.NGOptions{Program: "estream test"})
	if err != nil {
		t.Fatal(err)
	}
	outputtest.Feed(t, set, stream, b)
	packets := 0
	for _, end := range old.ends {
		packets = len(readClassic(t, old.Bytes()[:end]))
	}
	if len(old.ends) < 3 || packets != 16*15 {
		t.Errorf("pcap: %d writes, %d packets; want some and 240", len(old.ends), packets)
	}
	for _, end := range commented.ends[1:] { // the first is the section alone
		got, _ := readNG(t, commented.Bytes()[:end])
		packets = len(got)
	}
	if len(commented.ends) < 4 || packets != 16*15 {
		t.Errorf("pcapng: %d writes, %d packets; want some and 240", len(commented.ends), packets)
	}
}

// TestErrors checks that a failing writer is told, without end to what is held.
func TestErrors(t *testing.T) {
	errFull := errors.New("no space left")
	if o, err := pcap.New(nil); err == nil || o != nil {
		t.Errorf("New without a writer: %v", err)
	}
	if o, err := pcap.NewNG(nil, pcap.NGOptions{}); err == nil || o != nil {
		t.Errorf("NewNG without a writer: %v", err)
	}
	if _, err := pcap.NewNG(&chunks{err: errFull}, pcap.NGOptions{}); !errors.Is(err, errFull) {
		t.Errorf("NewNG on a full disk: %v", err)
	}
	var w chunks
	o, err := pcap.New(&w)
	if err != nil {
		t.Fatal(err)
	}
	n, err := pcap.NewNG(&w, pcap.NGOptions{})
	if err != nil {
		t.Fatal(err)
	}
	w.err = errFull
	message := packetMessage(t, 1, 1, strings.Repeat("x", 1000))
	d := wire.NewDecoder(layouts.Default(), nil)
	r, err := d.Decode(message)
	if err != nil {
		t.Fatal(err)
	}
	for _, out := range []outputtest.Output{o, n} {
		var failed error
		for range 100 {
			failed = out.Record(d, r, message, meta.Initial(), nil)
		}
		if !errors.Is(failed, errFull) || !errors.Is(out.Flush(t.Context()), errFull) || !errors.Is(out.Close(t.Context()), errFull) {
			t.Errorf("%T: 100 packets on a full disk: %v", out, failed)
		}
	}
	if o.Stats().Packets > 70 || n.Stats().Packets > 70 {
		t.Errorf("%d and %d packets of 1,000 bytes were taken while nothing could be written", o.Stats().Packets, n.Stats().Packets)
	}
}

// TestOtherRecords counts what is no packet, whole or damaged.
func TestOtherRecords(t *testing.T) {
	set := layouts.Default()
	stream := flattest.Random(t, set, 2)
	_, stats := classic(t, stream)
	_, ngStats := ng(t, stream)
	messages, events := 0, 0
	for m := range recordtest.Split(t, stream) {
		messages++
		h, ok := wire.PeekRecord(m)
		if !ok {
			t.Fatalf("no record: % x", m)
		}
		if def, err := set.Source().Record(h.Type); err != nil {
			t.Fatal(err)
		} else if def.Category == "intrusion" {
			events++
		}
	}
	if n := stats.Packets + stats.OtherLink + stats.Other + stats.Undecoded; n != uint64(messages) || stats.Packets+stats.OtherLink != 2 {
		t.Errorf("%+v of %d messages, want 2 packets", stats, messages)
	}
	if n := ngStats.Packets + ngStats.Refused + ngStats.Events + ngStats.Other; n != uint64(messages) || ngStats.Events != uint64(events) || ngStats.Undecoded != 0 {
		t.Errorf("%+v of %d messages, want %d events", ngStats, messages, events)
	}
	var damaged []byte
	for left := flattest.Damaged(stream); ; {
		m, rest, err := wire.NextMessage(left)
		if err != nil {
			break
		}
		damaged, left = append(damaged, m...), rest
	}
	if _, s := classic(t, damaged); s.Undecoded < 100 {
		t.Errorf("%+v of damaged messages", s)
	}
	if _, s := ng(t, damaged); s.Undecoded < 100 {
		t.Errorf("%+v of damaged messages", s)
	}
}

// FuzzRecords feeds any bytes as messages: both files stay readable and agree.
func FuzzRecords(f *testing.F) {
	event := recordtest.Message(f, layouts.Default(), 400, 60, recordtest.Fields{"device_id": 1, "event_id": 7, "event_second": 1700000000})
	f.Add(slices.Concat(event, packetMessage(f, 1, 1, "abc"), packetMessage(f, 1, 228, "defg")))
	f.Add(recordtest.Message(f, layouts.Default(), 123, 0, recordtest.Fields{"id": 1, "name": "edge"}))
	f.Fuzz(func(t *testing.T, input []byte) {
		var stream []byte
		for left := input; ; {
			m, rest, err := wire.NextMessage(left)
			if err != nil {
				break
			}
			stream, left = append(stream, m...), rest
		}
		old, stats := classic(t, stream)
		commented, ngStats := ng(t, stream)
		few := readClassic(t, old)
		all, _ := readNG(t, commented)
		if uint64(len(few)) != stats.Packets || uint64(len(all)) != ngStats.Packets || stats.Packets+stats.OtherLink != ngStats.Packets+ngStats.Refused {
			t.Errorf("%d packets of %+v, %d packets of %+v", len(few), stats, len(all), ngStats)
		}
	})
}
