package unified2

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"estream/internal/recordtest"
	"estream/internal/syncbuf"
	"estream/layouts"
	"estream/source/sensor"
	"estream/wire"
)

// collect runs a source over what is there and returns the messages.
func collect(t *testing.T, s *Source) [][]byte {
	t.Helper()
	s.Once = true
	s.Layouts = layouts.Default()
	if s.Log == nil {
		s.Log = quiet()
	}
	var all []byte
	count := 0
	err := s.Run(t.Context(), func(_ context.Context, b Batch) error {
		if n := len(slices.Collect(recordtest.Split(t, b.Data))); n != b.Count || n == 0 {
			t.Errorf("batch of %d messages says %d", n, b.Count)
		}
		if len(b.Data) > 256<<10 || len(b.Mark) > maxMark {
			t.Errorf("batch of %d bytes with a mark of %d", len(b.Data), len(b.Mark))
		}
		all = append(all, b.Data...)
		count += b.Count
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return slices.Collect(recordtest.Split(t, all))
}

// TestRealFilesConverted recovers every event, packet and extra data record,
// byte for byte, from the wire messages that were made of it.
func TestRealFilesConverted(t *testing.T) {
	for _, name := range []string{"ipv6-alert.u2", "multi-packet-event.u2", "snort29-vlan-extradata.u2.gz"} {
		data := testFile(t, name)
		dir := t.TempDir()
		src := &Source{Dir: writeFile(t, dir, "spool.u2", data), Device: 7, DeviceName: "sensor"}
		msgs := collect(t, src)
		dec := wire.NewDecoder(src.Layouts, nil)
		var again []byte
		rd := NewReaderAt(bytes.NewReader(data), name, 0)
		for _, m := range msgs {
			r, err := dec.Decode(m)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(wire.AppendRecord(nil, r), m) || r.Trailing != 0 {
				t.Fatalf("%s: record %d is not what the encoder makes of it", name, r.Type)
			}
			if r.Type != 400 && r.Type != 2 && r.Type != 110 {
				continue
			}
			orig, err := rd.Next()
			if err != nil {
				t.Fatal(err)
			}
			back := toUnified2(t, r, &orig)
			if !bytes.Equal(back, orig.Raw) {
				t.Fatalf("%s: record at %d:\n got %x\nwant %x", name, orig.Offset, back, orig.Raw)
			}
			again = append(again, back...)
			if got := field(r, "device_id"); got != 7 {
				t.Fatalf("device_id %d, want 7", got)
			}
		}
		if !bytes.Equal(again, data) {
			t.Errorf("%s: %d bytes recovered from the messages, want all %d", name, len(again), len(data))
		}
	}
}

func field(r *wire.Record, name string) uint32 { return uint32(r.Uint(r.Layout.Slot(name))) }

// toUnified2 writes a record back in the form of orig, taking everything that
// the protocol carries from r, and nothing but zeros otherwise.
func toUnified2(t *testing.T, r *wire.Record, orig *Record) []byte {
	t.Helper()
	d := make([]byte, 0, len(orig.Data()))
	num := func(names ...string) {
		for _, n := range names {
			d = binary.BigEndian.AppendUint32(d, field(r, n))
		}
	}
	text := func(name string) []byte { return r.Bytes(r.Layout.Slot(name)) }
	d = append(d, 0, 0, 0, 0) // sensor id
	switch r.Type {
	case 400:
		num("event_id", "event_second", "event_microsecond", "rule_id", "generator_id", "rule_revision", "classification_id", "priority_id")
		from := 0
		if orig.Type == TypeEventVLAN {
			from = 12
		}
		d = append(d, text("source_ip_address")[from:]...)
		d = append(d, text("destination_ip_address")[from:]...)
		d = binary.BigEndian.AppendUint16(d, uint16(field(r, "source_port_or_icmp_type")))
		d = binary.BigEndian.AppendUint16(d, uint16(field(r, "destination_port_or_icmp_code")))
		for _, n := range []string{"ip_protocol_id", "impact_flags", "impact", "blocked"} {
			v := byte(field(r, n))
			if n == "impact" && v == sensor.ImpactUnknown {
				v = 0 // as it is in all these files
			}
			d = append(d, v)
		}
		num("mpls_label")
		d = binary.BigEndian.AppendUint16(d, uint16(field(r, "vlan_id")))
		d = append(d, 0, 0) // policy
	case 2:
		num("event_id", "event_second", "packet_second", "packet_microsecond", "link_type", "packet_length")
		d = append(d, text("packet_data")...)
	case 110:
		blob := text("blob")
		d = binary.BigEndian.AppendUint32(nil, 4)
		d = binary.BigEndian.AppendUint32(d, uint32(extraFixed+len(blob)))
		d = append(d, 0, 0, 0, 0)
		num("event_id", "event_second", "type")
		d = binary.BigEndian.AppendUint32(d, 1)
		d = binary.BigEndian.AppendUint32(d, uint32(len(blob)+blobFixed))
		d = append(d, blob...)
	}
	return appendRaw(nil, orig.Type, d)
}

// TestMetadata: names come before what refers to them, once, and not at all if
// the caller has them already.
func TestMetadata(t *testing.T) {
	names, err := LoadConfig("../sensor/testdata/maps", quiet())
	if err != nil {
		t.Fatal(err)
	}
	var spool []byte
	spool = appendEvent(spool, 6) // 1:1006 revision 2, classification 3, priority 3
	spool = appendEvent(spool, 13)
	spool = appendEvent(spool, 0) // 1:1000, priority 1
	spool = appendExtra(spool, 6, 9, []byte("/a"))
	spool = appendExtra(spool, 6, 77, []byte("?"))
	app := make([]byte, 124)
	copy(app, appendEvent(nil, 6)[8:])
	copy(app[60:], "quic")
	spool = appendRaw(spool, TypeEventAppName, app)
	src := &Source{Dir: writeFile(t, t.TempDir(), "a.u2", spool), Maps: names, DeviceName: "edge",
		Now: func() time.Time { return time.Unix(1800000000, 0) }}
	msgs := collect(t, src)
	dec := wire.NewDecoder(src.Layouts, nil)
	var got []string
	for _, m := range msgs {
		r, err := dec.Decode(m)
		if err != nil {
			t.Fatal(err)
		}
		if r.ArchiveTimestamp != 1800000000 {
			t.Errorf("record %d: archive timestamp %d", r.Type, r.ArchiveTimestamp)
		}
		s := fmt.Sprint(r.Type)
		for _, n := range []string{"name", "message"} {
			if i := r.Layout.Slot(n); i >= 0 {
				s += " " + string(r.Bytes(i))
			}
		}
		if r.Type == 66 && (field(r, "signature_id") != field(r, "rule_id") || field(r, "generator_id") != 1 || field(r, "rule_revision") != 2) {
			t.Errorf("rule message has other numbers than the event")
		}
		got = append(got, s)
	}
	want := []string{"123 edge", "4 low", "67 fourth", "66 Snort Alert [1:1006:2]", "400",
		"4 medium", "400", "4 high", "66 WEB first rule", "140", "400",
		"111 HTTP URI", "110", "111 Extra data of type 77", "110", "63 quic", "400"}
	if !slices.Equal(got, want) {
		t.Errorf("messages:\n got %q\nwant %q", got, want)
	}
	src.Known = func(m []byte) bool { h, _ := wire.PeekRecord(m); return h.Type != 66 }
	if n := len(collect(t, src)); n != 6+2 {
		t.Errorf("with all but the rules known: %d messages, want 8", n)
	}
	st := src.Stats()
	if st.Events != 8 || st.ExtraData != 4 || st.Metadata != 11+2 || st.Records[TypeEventAppName] != 2 {
		t.Errorf("counters over both runs: %+v", st)
	}
}

func TestSkipped(t *testing.T) {
	var spool []byte
	spool = appendRaw(spool, 113, []byte("statistics"))
	spool = appendRaw(spool, TypeEvent, []byte("short"))
	spool = appendEvent(spool, 1)
	spool = appendRaw(spool, 113, nil)
	spool = append(spool, 0, 0, 0)
	var out syncbuf.Buffer
	src := &Source{Dir: writeFile(t, t.TempDir(), "a.u2", spool), Log: out.Logger()}
	collect(t, src)
	st := src.Stats()
	want := map[Reason]uint64{ReasonUnknownType: 2, ReasonMalformed: 1, ReasonTorn: 1}
	if !maps.Equal(st.Skipped, want) || st.Events != 1 {
		t.Errorf("skipped %v and %d events, want %v and 1", st.Skipped, st.Events, want)
	}
	for _, s := range []string{"offset 0: type 113", "offset 18", "a.u2"} {
		if !strings.Contains(out.String(), s) {
			t.Errorf("log lacks %q:\n%s", s, out.String())
		}
	}
	if n := strings.Count(out.String(), "unknown record type"); n != 1 {
		t.Errorf("unknown type logged %d times for one file, want once", n)
	}
}

func TestRunErrors(t *testing.T) {
	dir := t.TempDir()
	writeFile(t, dir, "a.u2", events(1))
	full := errors.New("journal is full")
	src := &Source{Dir: dir, Layouts: layouts.Default(), Log: quiet()}
	if err := src.Run(t.Context(), func(context.Context, Batch) error { return full }); !errors.Is(err, full) {
		t.Errorf("got %v, want the error of the taker", err)
	}
	if st := src.Stats(); st.Batches != 0 {
		t.Errorf("a refused batch was counted as taken")
	}
	ctx, cancel := context.WithCancel(t.Context())
	if err := src.Run(ctx, func(ctx context.Context, _ Batch) error { cancel(); return ctx.Err() }); err != nil {
		t.Errorf("stopped while handing on: got %v, want nil", err)
	}
	link := filepath.Join(t.TempDir(), "b.u2")
	if err := os.Symlink(dir, link); err == nil { // leads to what is no file: unreadable for everybody
		bad := &Source{Dir: filepath.Dir(link), Layouts: layouts.Default(), Log: quiet(), Once: true}
		if err := bad.Run(t.Context(), nil); !errors.Is(err, errNotFile) {
			t.Errorf("unreadable file read once: got %v", err)
		}
	}
	src.Dir = filepath.Join(dir, "none")
	if err := src.Run(t.Context(), nil); err == nil {
		t.Error("a missing directory is no error")
	}
}

// TestPolls: a quiet source finds what appears later, and stops with its context.
func TestPolls(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		src := &Source{Dir: dir, Layouts: layouts.Default(), Log: quiet()}
		got := make(chan int, 10)
		done := make(chan error)
		go func() {
			done <- src.Run(ctx, func(_ context.Context, b Batch) error { got <- b.Count; return nil })
		}()
		synctest.Wait()
		writeFile(t, dir, "a.u2", events(1))
		if n := <-got; n != 4 { // device, priority, rule, event
			t.Errorf("first batch has %d messages, want 4", n)
		}
		appendFile(t, filepath.Join(dir, "a.u2"), events(8)) // same rule, other priority
		if n := <-got; n != 2 {
			t.Errorf("second batch has %d messages, want 2", n)
		}
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
}

// TestNothingLostNothingTwice writes a spool that grows by pieces which end
// inside records and rotates often, several files a second by name, while a
// source reads it and is killed and resumed from its last stored mark.
func TestNothingLostNothingTwice(t *testing.T) {
	total, restarts := uint32(40_000), 12
	if testing.Short() {
		total = 10_000
	}
	dir := t.TempDir()
	began := time.Now()
	var rate float64
	written := make(chan error, 1)
	go func() {
		written <- writeSpool(dir, total, func() { rate = float64(total) / time.Since(began).Seconds() })
	}()

	var mark []byte
	next := uint32(0) // the event that must come next
	packets := uint32(0)
	set := layouts.Default()
	dec := wire.NewDecoder(set, nil)
	for run := 0; next < total || packets < total; run++ {
		ctx, cancel := context.WithCancel(t.Context())
		src := &Source{Dir: dir, Mark: mark, Layouts: set, Log: quiet(), Poll: time.Millisecond}
		kill := uint32(run+1) * (total / uint32(restarts+1))
		err := src.Run(ctx, func(_ context.Context, b Batch) error {
			if run < restarts && next > kill {
				return errKilled // this batch and its mark are not stored
			}
			for m := range recordtest.Split(t, b.Data) {
				h, _ := wire.PeekRecord(m)
				if h.Type != 400 && h.Type != 2 {
					continue
				}
				r, err := dec.Decode(m)
				if err != nil {
					t.Fatal(err)
				}
				want := &next
				if r.Type == 2 {
					want = &packets
				}
				if got := field(r, "event_id"); got != *want {
					t.Fatalf("run %d: record %d of event %d, want %d", run, r.Type, got, *want)
				}
				*want++
			}
			mark = append(mark[:0], b.Mark...)
			if next == total && packets == total {
				cancel()
			}
			return nil
		})
		cancel()
		if err != nil && !errors.Is(err, errKilled) {
			t.Fatal(err)
		}
		for why, n := range src.Stats().Skipped {
			t.Errorf("run %d: %s: %d", run, why, n)
		}
	}
	if err := <-written; err != nil {
		t.Fatal(err)
	}
	t.Logf("%.0f events/s, each with a packet, on %d cores", rate, runtime.GOMAXPROCS(0))
}

var errKilled = errors.New("killed")

// TestClockGoesBack: archive times never do. Clients ask for what was archived
// since a second, and would miss what came after.
func TestClockGoesBack(t *testing.T) {
	now := int64(1800000000)
	src := &Source{Dir: "testdata/multi-packet-event.u2", Layouts: layouts.Default(), Once: true, Log: quiet(),
		Now: func() time.Time { now -= 10; return time.Unix(now, 0) }}
	var last uint32
	err := src.Run(context.Background(), func(_ context.Context, b Batch) error {
		for m := range recordtest.Split(t, b.Data) {
			h, _ := wire.PeekRecord(m)
			if h.ArchiveTimestamp < last {
				t.Errorf("archive time %d after %d", h.ArchiveTimestamp, last)
			}
			last = h.ArchiveTimestamp
		}
		return nil
	})
	if err != nil || last == 0 {
		t.Fatal(err, last)
	}
}
