package access_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"estream/internal/recordtest"
	"estream/layouts"
	"estream/server/access"
)

// TestBoxes: every category of event records that has a layout belongs to exactly one
// box, so that none can be forgotten when a family is added.
func TestBoxes(t *testing.T) {
	src := layouts.Default().Source()
	seen := map[string]bool{}
	for _, typ := range src.Records() {
		def, err := src.Record(typ)
		if err != nil {
			t.Fatal(err)
		}
		seen[def.Category] = true
		n := 0
		for bit := access.Boxes(1); bit <= access.AllBoxes; bit <<= 1 {
			if bit.Has(def.Category) {
				n++
			}
		}
		if want := 1; !def.IsMetadata() && n != want {
			t.Errorf("record %d, category %q: in %d boxes, want %d", typ, def.Category, n, want)
		}
		if def.IsMetadata() && !access.Boxes(0).Has(def.Category) {
			t.Errorf("record %d: metadata needs no box", typ)
		}
	}
	if access.AllBoxes.Has("no such category") || len(seen) < 12 {
		t.Errorf("categories %v", seen)
	}
	if got := access.Device.Boxes().Names(); !slices.Equal(got, []string{"intrusion", "packets", "extra-data"}) {
		t.Errorf("a device offers %v", got)
	}
}

func TestParse(t *testing.T) {
	got, err := access.ParseBoxes(access.AllBoxes.Names())
	if err != nil || got != access.AllBoxes {
		t.Errorf("%v, %v", got, err)
	}
	if got, err = access.ParseBoxes([]string{"file", "malware"}); err != nil || got.String() != "malware, file" {
		t.Errorf("%v, %v", got, err)
	}
	if got, err = access.ParseBoxes([]string{"all"}); err != nil || got != access.AllBoxes {
		t.Errorf("%v, %v", got, err)
	}
	if _, err = access.ParseBoxes([]string{"files", "x"}); err == nil || !strings.Contains(err.Error(), `"files"`) || !strings.Contains(err.Error(), `"x"`) {
		t.Errorf("error %v names not both", err)
	}
	if got := access.Boxes(0).String(); got != "none" {
		t.Errorf("no boxes: %q", got)
	}
	for _, r := range []access.Role{access.Center, access.Device} {
		if got, err := access.ParseRole(r.String()); err != nil || got != r {
			t.Errorf("%v: %v, %v", r, got, err)
		}
	}
	if _, err := access.ParseRole("sensor"); err == nil {
		t.Error("role sensor was accepted")
	}
}

func TestRights(t *testing.T) {
	for _, c := range []struct {
		own, of string
		want    bool
	}{
		{"", "", true}, {"", "x", true}, {"Global", "x", true}, {"x", "", false}, {"x", "Global", false},
		{"x", "x", true}, {"x", "xy", false}, {"x", `x \ y`, true}, {"x", `x\y`, true}, {`x \ y`, "x", false},
	} {
		if r := (access.Rights{Domain: c.own}); r.InDomain(c.of) != c.want {
			t.Errorf("domain %q sees %q: %v, want %v", c.own, c.of, !c.want, c.want)
		}
	}
	r := access.Rights{Devices: []string{"a", "b"}}
	if !r.HasDevice("x", "b") || r.HasDevice("c", "") || (&access.Rights{Devices: []string{}}).HasDevice("a") || !(&access.Rights{}).HasDevice("a") {
		t.Error("devices")
	}
	all, same, none := access.All(), access.Rights{Boxes: access.AllBoxes, Domain: access.Global}, access.Rights{Boxes: access.AllBoxes, Devices: []string{}}
	if all.Restricted() || same.Restricted() || !none.Restricted() || !all.Equal(&same) || all.Equal(&none) {
		t.Error("restrictions")
	}
}

// TestFilter: what is unchecked is gone, what is checked keeps its bytes, and nothing
// is copied while everything is wanted.
func TestFilter(t *testing.T) {
	set := layouts.Default()
	intrusion := recordtest.Message(t, set, 400, 85, nil)
	packet := recordtest.Message(t, set, 2, 0, recordtest.Fields{"packet_data": "abc"})
	device := recordtest.Message(t, set, 123, 0, recordtest.Fields{"name": "x"})
	unknown := recordtest.Frame([]byte{0, 0, 0x27, 0x0f, 0, 0, 0, 1, 9})
	other := []byte{0, 1, 0, 0, 0, 0, 0, 0}
	in := bytes.Join([][]byte{packet, intrusion, device, packet, unknown, other}, nil)
	f := access.NewFilter(set)
	if got, n, dropped := f.Apply(access.AllBoxes, in, 6); &got[0] != &in[0] || n != 6 || dropped != 0 {
		t.Error("everything is checked, and the batch is not the same")
	}
	got, n, dropped := f.Apply(access.Intrusion, in, 6)
	if want := bytes.Join([][]byte{intrusion, device, other}, nil); !bytes.Equal(got, want) || n != 3 || dropped != 3 {
		t.Errorf("intrusion only: %d messages, %d dropped\n got %x\nwant %x", n, dropped, got, want)
	}
	got, n, dropped = f.Apply(access.Packets, in, 6)
	if want := bytes.Join([][]byte{packet, device, packet, other}, nil); !bytes.Equal(got, want) || n != 4 || dropped != 2 {
		t.Errorf("boxes change while the filter is in use: %d messages, %d dropped", n, dropped)
	}
	if got, n, _ := f.Apply(access.Packets, packet, 1); n != 1 || &got[0] != &packet[0] {
		t.Error("nothing is dropped, and the batch is not the same")
	}
	if got, n, _ := f.Apply(0, packet, 1); n != 0 || len(got) != 0 {
		t.Errorf("%d messages left of one that is not checked", n)
	}
}
