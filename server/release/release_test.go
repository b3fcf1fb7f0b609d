package release

import (
	"slices"
	"strings"
	"testing"

	"estream/layouts"
	"estream/wire"
)

func TestParse(t *testing.T) {
	for name, like := range map[string]string{
		"4.10": "4.10", "4.10.2.3": "4.10", "5.0": "5.0", "5.1.0.9": "5.1", "5.1.1": "5.1.1", "5.1.2": "5.1.1", "5.3.0": "5.3", "5.4.1": "5.4",
		"6.0": "6.0", "6.1": "6.1", "6.2": "6.2", "6.7": "6.2", "7.0.6": "7.0", "7.1": "7.1", "7.4": "7.1", "10.0": "7.1",
	} {
		r, err := Parse(name)
		if err != nil || r.Name != name || r.Like != like {
			t.Errorf("%s: got %+v, %v, want the row of %s", name, r, err, like)
		}
	}
	for _, name := range []string{"", "5", "4.9", "4.9.1", "3.5", "11.0", "5.x", "5.-1", "-5.1", "5..1", "99999999999.1"} {
		if r, err := Parse(name); err == nil || !strings.Contains(err.Error(), "4.10, 5.0, 5.1, ") {
			t.Errorf("%q: got %v, %v, want an error that lists the releases", name, r, err)
		}
	}
}

// No release takes anything back, but for extra data.
func TestGrows(t *testing.T) {
	var before *Release
	for _, name := range Names() {
		r, err := Parse(name)
		if err != nil {
			t.Fatal(err)
		}
		if r.Highest[wire.CodeMetadata] != 4 || !slices.Contains(r.Services, wire.ServiceEStreamer) {
			t.Errorf("%v, services %v", r, r.Services)
		}
		if before != nil {
			for code, v := range before.Highest {
				if r.Highest[code] < v {
					t.Errorf("%s sends event type %d up to version %d, %s %d", before.Name, code, v, name, r.Highest[code])
				}
			}
			for record := range uint16(1000) {
				if before.Serves(record) && !r.Serves(record) && record != 110 {
					t.Errorf("%s knows record %d, %s does not", before.Name, record, name)
				}
			}
		}
		before = r
	}
	for _, p := range wire.DefaultPairs() {
		if before.Highest[p.Code] != p.Version {
			t.Errorf("%s: event type %d up to version %d, want %d", before.Name, p.Code, before.Highest[p.Code], p.Version)
		}
	}
}

// The first release that sends a metadata record is not older than the first
// block that the record is known to carry.
func TestFirstBlocks(t *testing.T) {
	checked := 0
	for l, err := range layouts.All(layouts.Default()) {
		if err != nil {
			t.Fatal(err)
		}
		// 5.x sent users without the block.
		if l.Block == nil || !l.Record.IsMetadata() || l.Record.Type == 62 || l.Record.Type == 98 || l.Record.Blocks[0].Type != l.Block.Type {
			continue
		}
		since, _, _ := strings.Cut(strings.TrimSuffix(strings.Fields(l.Block.Versions)[0], "+"), "-")
		first, ok := numbers(since)
		if !ok {
			t.Errorf("%v: versions %q", l, l.Block.Versions)
			continue
		}
		for _, name := range Names() {
			r, err := Parse(name)
			if err != nil {
				t.Fatal(err)
			}
			if n, _ := numbers(name); r.Serves(l.Record.Type) && slices.Compare(n, first) < 0 {
				t.Errorf("%s serves record %d, whose block %d is of %s", name, l.Record.Type, l.Block.Type, l.Block.Versions)
			}
		}
		checked++
	}
	if checked < 20 {
		t.Errorf("%d records checked", checked)
	}
}

func TestString(t *testing.T) {
	r, err := Parse("5.0")
	if err != nil {
		t.Fatal(err)
	}
	if got, want := r.String(), "5.0: 12v3 21v4 31v7 61v8 71v6 91v2 131v1"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if r.Serves(400) != true || r.Serves(600) || r.Serves(170) || !r.Serves(110) || !r.Serves(115) {
		t.Error("5.0: wrong records")
	}
}
