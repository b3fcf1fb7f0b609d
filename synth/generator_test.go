package synth

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"hash/maphash"
	"testing"

	"estream/layouts"
	"estream/wire"
)

func newGenerator(t testing.TB, o Options) *Generator {
	t.Helper()
	g, err := New(layouts.Default(), o)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// skipHead takes the metadata off the stream.
func skipHead(g *Generator) {
	for range g.Metadata() {
		g.Append(nil)
	}
}

// TestValid decodes a stream: everything fits to the last byte, and encoding it
// again gives the same bytes.
func TestValid(t *testing.T) {
	g := newGenerator(t, Options{Seed: 3})
	d := wire.NewDecoder(layouts.Default(), nil)
	var buf, again []byte
	kinds := map[string]int{}
	last := uint32(0)
	for i := range 60_000 {
		buf = g.Append(buf[:0])
		msg, rest, err := wire.NextMessage(buf)
		if err != nil || len(rest) != 0 {
			t.Fatalf("message %d: %v, %d bytes too many", i, err, len(rest))
		}
		r, err := d.Decode(msg)
		if err != nil {
			t.Fatalf("message %d: %v", i, err)
		}
		if r.Trailing != 0 || !r.Extended || r.NetmapID != 0 || r.Flagged {
			t.Fatalf("message %d: %v: header %+v, %d trailing bytes", i, r.Layout, r.RecordHeader, r.Trailing)
		}
		if again = wire.AppendRecord(again[:0], r); !bytes.Equal(again, msg) {
			t.Fatalf("message %d: %v: encoded again it differs", i, r.Layout)
		}
		if meta := r.Layout.Record.IsMetadata(); i < g.Metadata() != meta && i < g.Metadata() {
			t.Fatalf("message %d: %v in the head of %d metadata messages", i, r.Layout, g.Metadata())
		}
		if r.ArchiveTimestamp < last || i == 0 && r.ArchiveTimestamp != DefaultStart {
			t.Fatalf("message %d: archive time %d after %d", i, r.ArchiveTimestamp, last)
		}
		last = r.ArchiveTimestamp
		for _, name := range []string{"event_second", "first_packet_timestamp", "timestamp", "correlation_event_second"} {
			if slot := r.Layout.Slot(name); slot >= 0 {
				if v := uint32(r.Uint(slot)); v > last || v+40 < last {
					t.Fatalf("message %d: %v: %s %d, archive time %d", i, r.Layout, name, v, last)
				}
			}
		}
		kinds[r.Layout.String()]++
	}
	if want := uint32(DefaultStart + (60_000-g.Metadata()-1)/1000); last != want {
		t.Errorf("archive time of the last message is %d, want %d", last, want)
	}
	for _, want := range []string{"record 71 block 160", "record 71 block 163", "record 71 block 171", "record 71 block 173", "record 2", "record 110 block 4",
		"record 9 block 153", "record 500 block 79", "record 502 block 79", "record 125 block 80", "record 112 block 156", "record 10 block 139",
		"record 95 block 167", "record 170 block 167", "record 171 block 167", "record 160 block 7", "record 101 block 130"} {
		if kinds[want] == 0 {
			t.Errorf("no %s in 60,000 messages", want)
		}
	}
}

// TestMix holds the shares and the mean size that the documentation promises.
func TestMix(t *testing.T) {
	const n = 200_000 / slowdown
	g := newGenerator(t, Options{Seed: 1})
	skipHead(g)
	count := map[uint16]int{}
	metadata, size := 0, 0
	var buf []byte
	for range n {
		buf = g.Append(buf[:0])
		h, ok := wire.PeekRecord(buf)
		if !ok {
			t.Fatal("no record")
		}
		count[h.Type]++
		def, err := layouts.Default().Source().Record(h.Type)
		if err != nil {
			t.Fatal(err)
		}
		if def.IsMetadata() {
			metadata++
		}
		size += len(buf)
	}
	share := func(name string, got int, low, high float64) {
		t.Helper()
		if p := 100 * float64(got) / n; p < low || p > high {
			t.Errorf("%s: %.2f %%, want %v to %v", name, p, low, high)
		}
	}
	share("connections", count[71], 84, 86)
	share("intrusion events", count[400], 3.7, 4.3)
	share("packets", count[2], 2.7, 3.3)
	share("extra data", count[110], 0.5, 1)
	share("impact alerts", count[9], 0.1, 0.4)
	share("files", count[500]+count[502], 1.8, 2.6)
	share("metadata", metadata, 0.8, 1.2)
	if mean := size / n; mean < 700 || mean > 900 {
		t.Errorf("mean message size %d bytes, want 700 to 900", mean)
	}
	t.Logf("mean message size %d bytes, head of %d metadata messages", size/n, g.Metadata())
}

// TestDistinct counts different messages among a million.
func TestDistinct(t *testing.T) {
	for _, c := range []struct{ n, perSecond int }{{1_000_000, 1000}, {200_000, MaxEventsPerSecond}} {
		n, perSecond := c.n/slowdown, c.perSecond
		if testing.Short() {
			n /= 10
		}
		g := newGenerator(t, Options{Seed: 9, EventsPerSecond: perSecond, Metadata: 0.05})
		seed := maphash.MakeSeed()
		seen := make(map[[2]uint64]struct{}, n)
		var buf []byte
		for range n {
			buf = g.Append(buf[:0])
			// 128 bits, so that a chance collision is out of the question.
			seen[[2]uint64{maphash.Bytes(seed, buf), sum64(buf)}] = struct{}{}
		}
		if len(seen) != n {
			t.Errorf("%d per second: %d distinct messages of %d", perSecond, len(seen), n)
		}
	}
}

func sum64(p []byte) uint64 {
	h := uint64(14695981039346656037) // FNV-1a
	for _, b := range p {
		h = (h ^ uint64(b)) * 1099511628211
	}
	return h
}

// TestConnectionKey: device, instance, counter and first second are unique by
// themselves, also where counters wrap within a connection's possible duration.
func TestConnectionKey(t *testing.T) {
	g := newGenerator(t, Options{EventsPerSecond: MaxEventsPerSecond})
	g.flows = flowLanes*65536 - 5000 // counters wrap soon
	g.second = DefaultStart + 100
	type key struct {
		device           uint32
		instance, number uint64
		first            uint32
	}
	seen := map[key]bool{}
	for i := range 20_000 {
		g.drawFlow()
		k := key{g.flow.device.id, g.flow.instance, g.flow.counter, g.flow.first}
		if seen[k] {
			t.Fatalf("flow %d repeats %+v", i, k)
		}
		seen[k] = true
	}
	if flowLanes != instances*len(g.world.devices) || flowLanes*65536/MaxEventsPerSecond <= maxDuration {
		t.Errorf("%d lanes for %d devices of %d instances are too few", flowLanes, len(g.world.devices), instances)
	}
}

// TestSameBytes pins the stream: another platform, another release of Go or a
// change of the program that alters it must not go unnoticed.
func TestSameBytes(t *testing.T) {
	sum := func(o Options) string {
		g, h := newGenerator(t, o), sha256.New()
		var buf []byte
		for range 20_000 {
			buf = g.Append(buf[:0])
			h.Write(buf)
		}
		return hex.EncodeToString(h.Sum(nil)[:8])
	}
	if a, b := sum(Options{Seed: 5}), sum(Options{Seed: 5}); a != b {
		t.Errorf("same seed, different bytes: %s, %s", a, b)
	}
	if a, b := sum(Options{Seed: 5}), sum(Options{Seed: 6}); a == b {
		t.Error("different seeds, same bytes")
	}
	const want = "e3d7d5826145ad94"
	if got := sum(Options{Seed: 1}); got != want {
		t.Errorf("stream of seed 1 is %s, want %s; if the change is intended, update the test", got, want)
	}
}

func TestDuplicates(t *testing.T) {
	const n = 20_000
	g := newGenerator(t, Options{Duplicates: 0.25})
	skipHead(g)
	var last []byte
	repeated, second := 0, uint32(0)
	for range n {
		m := g.Append(nil)
		h, _ := wire.PeekRecord(m)
		if bytes.Equal(m, last) {
			repeated++
		}
		if h.ArchiveTimestamp < second {
			t.Fatal("archive time goes back")
		}
		last, second = m, h.ArchiveTimestamp
	}
	if repeated < n*23/100 || repeated > n*27/100 {
		t.Errorf("%d of %d messages repeat the one before, want a quarter", repeated, n)
	}
}

// TestMetadataRepeats: repeated records are those of the head, some renamed.
func TestMetadataRepeats(t *testing.T) {
	g := newGenerator(t, Options{Metadata: 0.3})
	// What was sent last for each record, without its archive time.
	body := func(m []byte) string { return string(m[8:archiveOffset]) + string(m[archiveOffset+4:]) }
	last := make([]string, g.Metadata())
	for i := range last {
		last[i] = body(g.Append(nil))
	}
	same, renamed := 0, 0
	for range 50_000 {
		m := g.Append(nil)
		h, _ := wire.PeekRecord(m)
		if def, err := layouts.Default().Source().Record(h.Type); err != nil {
			t.Fatal(err)
		} else if !def.IsMetadata() {
			continue
		}
		if p := &last[g.meta.cursor]; *p == body(m) {
			same++
		} else {
			*p = body(m)
			renamed++
		}
	}
	if same < 10_000 || renamed < same/100 || renamed > same/25 {
		t.Errorf("%d repeated as they were, %d renamed", same, renamed)
	}

	g = newGenerator(t, Options{Metadata: -1})
	skipHead(g)
	for range 20_000 {
		h, _ := wire.PeekRecord(g.Append(nil))
		if def, err := layouts.Default().Source().Record(h.Type); err != nil || def.IsMetadata() {
			t.Fatalf("record %d although metadata shall not be repeated (%v)", h.Type, err)
		}
	}
}

func TestOptions(t *testing.T) {
	for _, o := range []Options{
		{Start: 86399}, {EventsPerSecond: -1}, {EventsPerSecond: MaxEventsPerSecond + 1}, {Duplicates: -0.1}, {Duplicates: 0.95}, {Metadata: 0.6},
	} {
		if _, err := New(layouts.Default(), o); err == nil {
			t.Errorf("%+v: no error", o)
		}
	}
	g := newGenerator(t, Options{Start: 1<<32 - 3, EventsPerSecond: 1})
	skipHead(g)
	for range 10 {
		h, _ := wire.PeekRecord(g.Append(nil))
		if h.ArchiveTimestamp > 1<<32-2 {
			t.Fatalf("archive time %d", h.ArchiveTimestamp)
		}
	}
}

func BenchmarkAppend(b *testing.B) {
	g := newGenerator(b, Options{})
	skipHead(g)
	buf := make([]byte, 0, 1<<20)
	n := 0
	b.ReportAllocs()
	for b.Loop() {
		buf = g.Append(buf[:0])
		n += len(buf)
	}
	b.SetBytes(int64(n / max(1, b.N)))
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "records/s")
}

func BenchmarkNew(b *testing.B) {
	layouts.Default()
	for b.Loop() {
		newGenerator(b, Options{})
	}
}
