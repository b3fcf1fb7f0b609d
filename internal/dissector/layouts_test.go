package dissector

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"estream/internal/formattest"
	"estream/internal/recordtest"
	"estream/layouts"
	"estream/synth"
	"estream/wire"
)

// everyLayout returns random messages of every layout: each record type with each block
// and in each other form, twice with different values, with 8 and 16 bytes of record
// header.
func everyLayout(t testing.TB) (list [][]byte) {
	t.Helper()
	set, rng := layouts.Default(), rand.New(rand.NewPCG(8, 302))
	add := func(l *wire.Layout, err error) {
		if err != nil {
			t.Fatal(err)
		}
		b := l.NewBuilder()
		for i := range 2 {
			h := recordtest.Header
			h.Extended, h.NetmapID, h.Flagged = i == 0, uint16(rng.UintN(1<<15)), rng.UintN(2) == 0
			synth.Fill(set, b, rng)
			list = append(list, b.AppendMessage(nil, h))
		}
	}
	for l, err := range layouts.All(set) {
		add(l, err)
	}
	for l, err := range layouts.Forms(set) {
		add(l, err)
	}
	return list
}

// recorded returns one message of each record type and block of the test corpus.
func recorded(t testing.TB) (list [][]byte) {
	t.Helper()
	seen, d := map[string]bool{}, wire.NewDecoder(layouts.Default(), nil)
	for m := range recordtest.Split(t, formattest.Corpus(t)) {
		r, err := d.Decode(m)
		if err != nil {
			continue
		}
		if name := r.Layout.String(); !seen[name] {
			seen[name] = true
			list = append(list, m)
		}
	}
	return list
}

// TestEveryLayout holds the dissector to the program's decoder: all fields of all layouts,
// single and in bundles with inner headers of both forms.
func TestEveryLayout(t *testing.T) {
	list := everyLayout(t)
	random := len(list)
	list = append(list, recorded(t)...)
	c := newCapture(t, 8302)
	for i, m := range list {
		// Segments end anywhere, within headers too.
		c.send(&c.server, &c.client, m, 37+i*53%1400)
	}
	// One of the two messages of each layout is enough in bundles.
	var bundled, bundles [][]byte
	for i, m := range list {
		if i >= random || i%2 == 1 {
			bundled = append(bundled, m)
		}
	}
	for part := range slices.Chunk(bundled, 40) {
		bundle, err := wire.AppendBundle(nil, 7, uint32(len(bundles)+1), uint16(len(bundles)%2), slices.Concat(part...))
		if err != nil {
			t.Fatal(err)
		}
		bundles = append(bundles, bundle)
		c.send(&c.server, &c.client, bundle, 1460)
	}
	shown, protocols := messages(t, pdml(t, c.save()))
	if protocols["_ws.malformed"] > 0 {
		t.Errorf("%d malformed packets", protocols["_ws.malformed"])
	}
	if len(shown) != len(list)+len(bundles) {
		t.Fatalf("%d messages, want %d and %d bundles", len(shown), len(list), len(bundles))
	}
	fields := 0
	for i, m := range list {
		fields += sameMessage(t, m, shown[i])
	}
	shown = shown[len(list):]
	for i := range bundles {
		inner := shown[i].children("estreamer.message")
		part := bundled[40*i : min(40*i+40, len(bundled))]
		if n := shown[i].find("estreamer.bundle_count").number(); n != int64(len(part)) || len(inner) != len(part) {
			t.Fatalf("bundle %d: says %d messages and shows %d, want %d", i, n, len(inner), len(part))
		}
		if got := shown[i].find("estreamer.sequence").number(); got != int64(i+1) {
			t.Errorf("bundle %d: sequence number %d", i, got)
		}
		for j, m := range part {
			if got := inner[j].find("estreamer.version").number(); got != int64(i%2) {
				t.Errorf("bundle %d, message %d: header version %d, want %d", i, j, got, i%2)
			}
			fields += sameMessage(t, m, inner[j])
		}
	}
	t.Logf("%d random and %d recorded messages, %d bundles: %d fields are the same", random, len(list)-random, len(bundles), fields)
}

// TestEveryBlock shows the blocks of both series one by one, also those that occur in
// other blocks only.
func TestEveryBlock(t *testing.T) {
	rng := rand.New(rand.NewPCG(8, 303))
	c := newCapture(t, 8302)
	var list [][]byte
	for series, record := range map[uint8]uint16{1: 10, 2: 400} {
		set := fresh(t)
		for i, number := range set.Source().Blocks(series) {
			if i%50 == 49 {
				set = fresh(t)
			}
			b, err := set.NewBuilder(record, number)
			if err != nil {
				t.Fatal(err)
			}
			synth.Fill(set, b, rng)
			m := b.AppendMessage(nil, recordtest.Header)
			list = append(list, m)
			c.send(&c.server, &c.client, m, 1460)
		}
	}
	shown, protocols := messages(t, pdml(t, c.save()))
	if len(shown) != len(list) || protocols["_ws.malformed"] > 0 {
		t.Fatalf("%d messages, %d malformed; want %d messages", len(shown), protocols["_ws.malformed"], len(list))
	}
	d := wire.NewDecoder(fresh(t), nil)
	for i, m := range list {
		r, err := d.Decode(m)
		if errors.Is(err, wire.ErrUnknownBlock) {
			d = wire.NewDecoder(fresh(t), nil)
			r, err = d.Decode(m)
		}
		if err != nil {
			t.Fatal(err)
		}
		sameValues(t, r.Layout.String(), shown[i], valuesOf(t, d, &r.View, r.Size, nil))
	}
	t.Logf("%d blocks", len(list))
}

// fresh returns layouts of one's own. Shared ones take a limited number of blocks that
// a record does not usually carry.
func fresh(t testing.TB) *wire.Layouts {
	t.Helper()
	set, err := layouts.Load("")
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// sameMessage holds a shown event data message to what the decoder makes of it. It
// returns the number of fields.
func sameMessage(t testing.TB, m []byte, shown *node) int {
	t.Helper()
	d := wire.NewDecoder(layouts.Default(), nil)
	r, err := d.Decode(m)
	if err != nil && !errors.Is(err, wire.ErrUnknownRecord) && !errors.Is(err, wire.ErrUnknownBlock) {
		t.Fatal(err)
	}
	what := fmt.Sprintf("frame %d, record %d block %d", shown.frame, r.Type, r.Block)
	numbers := map[string]int64{
		"estreamer.type": 4, "estreamer.length": int64(binary.BigEndian.Uint32(m[4:])), "estreamer.record_type": int64(r.Type),
		"estreamer.record_length": int64(r.Length), "estreamer.netmap_id": int64(r.NetmapID),
	}
	if r.Block != 0 {
		numbers["estreamer.block_type"], numbers["estreamer.block_length"] = int64(r.Block), int64(r.BlockLength)
	}
	if r.Extended {
		numbers["estreamer.record_reserved"] = int64(r.Reserved)
	}
	for name, want := range numbers {
		if got := shown.find(name).number(); got != want {
			t.Errorf("%s: %s is %d, want %d", what, name, got, want)
		}
	}
	stamp := shown.find("estreamer.archive_timestamp")
	if r.Extended != (stamp.size == 4) || r.Extended && binary.BigEndian.Uint32(stamp.value) != r.ArchiveTimestamp {
		t.Errorf("%s: archive timestamp %q", what, stamp.show)
	}
	if flag := shown.find("estreamer.record_flag").show == "1"; flag != r.Flagged {
		t.Errorf("%s: flag is %v", what, flag)
	}
	if err != nil {
		if n := len(shown.find("estreamer.data").value); n == 0 {
			t.Errorf("%s: %v, but no bytes are shown", what, err)
		}
		return 0
	}
	if got := shown.find("estreamer.record_name").show; got != r.Layout.Record.Name {
		t.Errorf("%s: name %q, want %q", what, got, r.Layout.Record.Name)
	}
	if form := shown.find("estreamer.record_form").show; (form != "") != (r.Layout.Form != 0) {
		t.Errorf("%s: form %q, want %v", what, form, r.Layout)
	}
	want := valuesOf(t, d, &r.View, r.Size, nil)
	sameValues(t, what+" "+r.Layout.String(), shown, want)
	return len(want)
}
