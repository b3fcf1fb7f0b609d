package meta

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"
	"sync"
	"testing"

	"estream/layouts"
	"estream/wire"
)

func loadLayouts(t testing.TB) *wire.Layouts {
	t.Helper()
	set, err := layouts.Load("")
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// message builds a message from values by protocol name: integers, or bytes for
// every other kind.
func message(t testing.TB, set *wire.Layouts, record uint16, block uint32, fields map[string]any) []byte {
	t.Helper()
	b, err := set.NewBuilder(record, block)
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range fields {
		slot := b.Layout().Slot(name)
		if slot < 0 {
			t.Fatalf("%v has no field %q", b.Layout(), name)
		}
		switch v := value.(type) {
		case int:
			b.SetUint(slot, uint64(v))
		case string:
			b.SetString(slot, v)
		case []byte:
			b.SetBytes(slot, v)
		}
	}
	return b.AppendMessage(nil, wire.RecordHeader{Type: record, Extended: true, ArchiveTimestamp: 1700000000})
}

func uuid(n uint32) []byte {
	u := make([]byte, 16)
	binary.BigEndian.PutUint32(u[12:], n)
	return u
}

func deviceNamed(t testing.TB, set *wire.Layouts, id int, name string) []byte {
	return message(t, set, 123, 0, map[string]any{"id": id, "name": name})
}

func rule(t testing.TB, set *wire.Layouts, policy, id int, name string) []byte {
	return message(t, set, 119, 15, map[string]any{"uuid": uuid(uint32(policy)), "id": id, "name": name})
}

func table(t testing.TB, name string) Table {
	t.Helper()
	n, ok := TableNamed(name)
	if !ok {
		t.Fatalf("no table %q", name)
	}
	return n
}

func textOf(v *Value) string {
	if v == nil {
		return "(absent)"
	}
	return v.Text
}

func apply(t testing.TB, tables *Tables, dec *wire.Decoder, msg []byte) bool {
	t.Helper()
	r, err := dec.Decode(msg)
	if err != nil {
		t.Fatal(err)
	}
	return tables.Apply(r)
}

func TestApply(t *testing.T) {
	set := loadLayouts(t)
	dec := wire.NewDecoder(set, Wanted)
	tables := NewTables()
	devices, rules := table(t, "devices"), table(t, "firewallRules")

	if got := textOf(tables.Snapshot().Get(devices, Key{Number: 0})); got != "Defense Center" {
		t.Errorf("device 0 at the start: %q", got)
	}
	before := tables.Snapshot()
	for _, c := range []struct {
		msg     []byte
		changed bool
	}{
		{deviceNamed(t, set, 7, "ftd\x00-7"), true},
		{deviceNamed(t, set, 7, "ftd\x00-7"), false},
		{deviceNamed(t, set, 7, "ftd-seven"), true},
		{deviceNamed(t, set, 8, ""), true}, // known, and counts as absent
		{deviceNamed(t, set, 8, ""), false},
		{rule(t, set, 1, 5, "five"), true},
		{rule(t, set, 2, 5, "other"), true},
		{message(t, set, 511, 40, map[string]any{"sha_hash": bytes.Repeat([]byte{1}, 32), "file_name": "x"}), true},
		{message(t, set, 511, 40, map[string]any{"sha_hash": bytes.Repeat([]byte{1}, 32), "file_name": "x"}), false},
		{message(t, set, 22, 0, map[string]any{"hops": 3}), false},
	} {
		if got := apply(t, tables, dec, c.msg); got != c.changed {
			t.Errorf("%q: changed %v, want %v", c.msg, got, c.changed)
		}
	}
	after := tables.Snapshot()
	for _, c := range []struct {
		s     *Snapshot
		table Table
		key   Key
		want  string
	}{
		{before, devices, Key{Number: 7}, "(absent)"},
		{after, devices, Key{Number: 7}, "ftd-seven"},
		{after, devices, Key{Number: 8}, "(absent)"},
		{after, rules, Key{Number: 5, Low: 1}, "five"},
		{after, rules, Key{Number: 5, Low: 2}, "other"},
		{after, rules, Key{Number: 5, Low: 3}, "(absent)"},
	} {
		if got := textOf(c.s.Get(c.table, c.key)); got != c.want {
			t.Errorf("%v: %q, want %q", c.key, got, c.want)
		}
	}
	if tables.Snapshot() != after {
		t.Error("a second snapshot without a change is another one")
	}
}

// TestManyEntries makes a table divide its shards several times, with snapshots
// in between that must keep what they saw.
func TestManyEntries(t *testing.T) {
	set := loadLayouts(t)
	dec := wire.NewDecoder(set, Wanted)
	tables := NewTables()
	rules := table(t, "idsRules")
	const n = 20000
	msg := func(i, version int) []byte {
		return message(t, set, 66, 0, map[string]any{"generator_id": 1, "rule_id": i, "message": fmt.Sprintf("rule %d.%d", i, version)})
	}
	var snaps []*Snapshot
	var sizes []int
	for i := range n {
		if !apply(t, tables, dec, msg(i, 1)) {
			t.Fatalf("rule %d did not change anything", i)
		}
		if i%3001 == 0 {
			snaps, sizes = append(snaps, tables.Snapshot()), append(sizes, i+1)
		}
	}
	apply(t, tables, dec, msg(0, 2))
	for k, s := range snaps {
		for i := range n {
			want := "(absent)"
			if i < sizes[k] {
				want = fmt.Sprintf("rule %d.1", i)
			}
			if got := textOf(s.Get(rules, Key{High: 1, Number: uint64(i)})); got != want {
				t.Fatalf("snapshot of %d rules, rule %d: %q, want %q", sizes[k], i, got, want)
			}
		}
	}
	if got := textOf(tables.Snapshot().Get(rules, Key{High: 1, Number: 0})); got != "rule 0.2" {
		t.Errorf("rule 0 is now %q", got)
	}
	if entries, _ := tables.Entries(); entries != 2*n { // message and rendered id, which is 0
		t.Errorf("%d entries, want %d", entries, 2*n)
	}
}

func TestLimits(t *testing.T) {
	set := loadLayouts(t)
	dec := wire.NewDecoder(set, Wanted)
	devices := table(t, "devices")

	tables := NewTables()
	tables.maxEntries = 2
	for i := 1; i <= 4; i++ {
		apply(t, tables, dec, deviceNamed(t, set, i, "name"))
	}
	apply(t, tables, dec, deviceNamed(t, set, 1, "again"))
	s := tables.Snapshot()
	if got, want := textOf(s.Get(devices, Key{Number: 1})), "again"; got != want {
		t.Errorf("a known device is %q, want %q", got, want)
	}
	if got := s.Get(devices, Key{Number: 3}); got != nil {
		t.Errorf("a device beyond the limit is %q", got.Text)
	}
	if got := tables.Refused()["devices"]; got != 2 {
		t.Errorf("%d refused, want 2", got)
	}

	tables = NewTables()
	tables.maxBytes = 2000
	apply(t, tables, dec, deviceNamed(t, set, 1, "short"))
	apply(t, tables, dec, deviceNamed(t, set, 1, string(make([]byte, 500))+"long"))
	if got, want := textOf(tables.Snapshot().Get(devices, Key{Number: 1})), "long"; got != want {
		t.Errorf("an update within twice the limit is %q, want %q", got, want)
	}
	apply(t, tables, dec, deviceNamed(t, set, 1, string(make([]byte, 9000))+"too long"))
	if got := tables.Snapshot().Get(devices, Key{Number: 1}); got != nil {
		t.Errorf("an update beyond twice the limit is %q, want none", got.Text)
	}
	if got := tables.Refused()["devices"]; got != 1 {
		t.Errorf("%d refused, want 1", got)
	}
}

// TestScanCuts describes a stream by letters: an event of device 1 (e), a record
// that reads no table (p), and the naming of device 1 with a first or second name
// (a, b). Parts are separated by bars.
func TestScanCuts(t *testing.T) {
	set := loadLayouts(t)
	letters := map[byte][]byte{
		'e': message(t, set, 22, 0, map[string]any{"device_id": 1}),
		'p': message(t, set, 4, 0, map[string]any{"id": 1, "name": "high"}),
		'a': deviceNamed(t, set, 1, "a"),
		'b': deviceNamed(t, set, 1, "b"),
		'x': append([]byte(nil), deviceNamed(t, set, 1, "cut")[:30]...),
	}
	binary.BigEndian.PutUint32(letters['x'][4:], 22) // a malformed metadata message
	for _, c := range []struct{ stream, want, names string }{
		{"eee", "eee", "-"},
		{"aeee", "aeee", "a"},
		{"eae", "e|ae", "-a"},
		{"papbpe", "papbpe", "b"},
		{"aebeae", "ae|be|ae", "aba"},
		{"aeaeae", "aeaeae", "a"},
		{"aabba", "aabba", "a"},
		{"axex", "axex", "a"},
		{"eaxb", "e|axb", "-b"},
	} {
		tables, dec := NewTables(), wire.NewDecoder(set, Wanted)
		var stream []byte
		for i := range len(c.stream) {
			stream = append(stream, letters[c.stream[i]]...)
		}
		var got, names string
		at := 0
		err := tables.Scan(stream, dec, func(part []byte, s *Snapshot) error {
			if got != "" {
				got += "|"
			}
			for len(part) > 0 {
				n := len(letters[c.stream[at]])
				got += c.stream[at : at+1]
				part, at = part[n:], at+1
			}
			if v := s.Get(table(t, "devices"), Key{Number: 1}); v != nil {
				names += v.Text
			} else {
				names += "-"
			}
			return nil
		})
		if err != nil || got != c.want || names != c.names {
			t.Errorf("%s: parts %s with names %s (%v), want %s with %s", c.stream, got, names, err, c.want, c.names)
		}
	}
}

func TestScanTail(t *testing.T) {
	set := loadLayouts(t)
	stream := append(deviceNamed(t, set, 1, "a"), 0, 1, 0, 4, 0xff)
	var parts [][]byte
	err := NewTables().Scan(stream, wire.NewDecoder(set, Wanted), func(part []byte, _ *Snapshot) error {
		parts = append(parts, part)
		return nil
	})
	if err != nil || len(parts) != 1 || len(parts[0]) != len(stream) {
		t.Errorf("%d parts (%v), want the whole batch in one", len(parts), err)
	}
	stop := fmt.Errorf("stop")
	if err := NewTables().Scan(stream, wire.NewDecoder(set, Wanted), func([]byte, *Snapshot) error { return stop }); err != stop {
		t.Errorf("error %v, want emit's", err)
	}
}

func TestScanAllocatesNothing(t *testing.T) {
	set := loadLayouts(t)
	var stream []byte
	for i := range 50 {
		stream = append(stream, rule(t, set, 1, i, "rule")...)
		stream = append(stream, message(t, set, 22, 0, map[string]any{"device_id": 1})...)
	}
	tables, dec := NewTables(), wire.NewDecoder(set, Wanted)
	emit := func([]byte, *Snapshot) error { return nil }
	run := func() {
		if err := tables.Scan(stream, dec, emit); err != nil {
			t.Fatal(err)
		}
	}
	run()
	if n := testing.AllocsPerRun(10, run); n != 0 {
		t.Errorf("%v allocations for repeated metadata, want 0", n)
	}
}

// TestSnapshotsAreShared reads snapshots while the writer goes on; the race
// detector is the judge.
func TestSnapshotsAreShared(t *testing.T) {
	set := loadLayouts(t)
	tables, dec := NewTables(), wire.NewDecoder(set, Wanted)
	rules := table(t, "firewallRules")
	snaps := make(chan *Snapshot, 4)
	var readers sync.WaitGroup
	for range 3 {
		readers.Go(func() {
			for s := range snaps {
				seen := 0
				for i := range 2000 {
					if s.Get(rules, Key{Number: uint64(i), Low: 1}) != nil {
						seen++
					}
				}
				if seen == 0 {
					t.Error("snapshot without any rule")
				}
			}
		})
	}
	for i := range 2000 {
		apply(t, tables, dec, rule(t, set, 1, i, "rule"))
		if i%100 == 0 {
			snaps <- tables.Snapshot()
		}
	}
	close(snaps)
	readers.Wait()
}

// TestPlain checks the list of record types without device and source against
// the layouts: an event type in it would be formatted with names of the future.
func TestPlain(t *testing.T) {
	set := loadLayouts(t)
	c := loaded()
	for l, err := range layouts.All(set) {
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Contains(c.Plain, l.Record.Type) {
			continue
		}
		n := NamesOf(l)
		for _, name := range []string{"deviceId", "sensorId", "sourceId"} {
			if _, ok := n.Find(name); ok {
				t.Errorf("%v has a field %s, but its type is in the list \"plain\"", l, name)
			}
		}
	}
	for typ, reads := range map[uint16]bool{71: true, 400: true, 2: true, 123: false, 66: false, 145: true, 9999: true} {
		if Reads(typ) != reads {
			t.Errorf("Reads(%d) = %v, want %v", typ, Reads(typ), reads)
		}
	}
}

// TestEveryFillIsUsed catches rules whose fields no layout has.
func TestEveryFillIsUsed(t *testing.T) {
	set := loadLayouts(t)
	for typ, rules := range loaded().Learn {
		def, err := set.Source().Record(typ)
		if err != nil {
			t.Fatal(err)
		}
		block := uint32(0)
		if len(def.Blocks) > 0 {
			block = def.Blocks[len(def.Blocks)-1].Type
		}
		l, err := set.Layout(typ, block)
		if err != nil {
			t.Fatal(err)
		}
		want := 0
		for _, r := range rules {
			if !r.OtherForm {
				want += len(r.Value)
			}
		}
		if got := len(loaded().compileFills(l)); got != want {
			t.Errorf("%v fills %d values, its rules have %d", l, got, want)
		}
	}
}
