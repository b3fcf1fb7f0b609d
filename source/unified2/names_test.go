package unified2

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"testing"

	"estream/layouts"
	"estream/source/sensor"
	"estream/wire"
)

// TestRealNames counts what is in the real files against what is made of them, by
// kind, and looks up what each event's rule, classification and priority are called
// in the stream: it must be what the maps say.
func TestRealNames(t *testing.T) {
	names, err := sensor.LoadMaps("../../internal/demo/data", quiet())
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{"ipv6-alert.u2", "multi-packet-event.u2", "snort29-vlan-extradata.u2.gz"} {
		data := testFile(t, file)
		in := make(map[uint16]int) // by the record type it should become
		for rd := NewReaderAt(bytes.NewReader(data), file, 0); ; {
			rec, err := rd.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			switch {
			case rec.Type.IsEvent():
				in[400]++
			case rec.Type == TypePacket:
				in[2]++
			case rec.Type == TypeExtraData:
				in[110]++
			}
		}
		src := &Source{Dir: writeFile(t, t.TempDir(), "spool.u2", data), Maps: names, Sensor: sensor.Device{Name: "edge"}}
		out := make(map[uint16]int)
		said := make(map[string]string)
		named := 0
		dec := wire.NewDecoder(layouts.Default(), nil)
		for _, m := range collect(t, src) {
			r, err := dec.Decode(m)
			if err != nil {
				t.Fatal(err)
			}
			text := func(name string) string { return string(r.Bytes(r.Layout.Slot(name))) }
			switch r.Type {
			case 4, 67:
				said[fmt.Sprint(r.Type, field(r, "id"))] = text("name")
			case 66:
				said[fmt.Sprint(66, field(r, "generator_id"), field(r, "rule_id"), field(r, "rule_revision"))] = text("message")
			case 400:
				gid, sid, rev := field(r, "generator_id"), field(r, "rule_id"), field(r, "rule_revision")
				class, priority := field(r, "classification_id"), field(r, "priority_id")
				if got, want := said[fmt.Sprint(66, gid, sid, rev)], names.Message(gid, sid, rev); got != want {
					t.Errorf("%s: rule %d:%d:%d is called %q, want %q", file, gid, sid, rev, got, want)
				} else if !strings.HasPrefix(got, "Snort Alert [") {
					named++
				}
				if c, ok := names.Classification(class); said[fmt.Sprint(67, class)] != c.Name || ok != (class != 0) {
					t.Errorf("%s: classification %d is called %q, want %q", file, class, said[fmt.Sprint(67, class)], c.Name)
				}
				if want := map[uint32]string{1: "high", 2: "medium", 3: "low"}[priority]; said[fmt.Sprint(4, priority)] != want {
					t.Errorf("%s: priority %d is called %q, want %q", file, priority, said[fmt.Sprint(4, priority)], want)
				}
			}
			if in[r.Type] > 0 || r.Type == 400 || r.Type == 2 || r.Type == 110 {
				out[r.Type]++
			}
		}
		t.Logf("%-28s events %d of %d (%d with a name in the maps), packets %d of %d, extra data %d of %d",
			file, out[400], in[400], named, out[2], in[2], out[110], in[110])
		if !maps.Equal(in, out) {
			t.Errorf("%s: %v records by type, want %v", file, out, in)
		}
		if kinds := slices.Sorted(maps.Keys(in)); len(kinds) < 2 {
			t.Errorf("%s: only %v in it", file, kinds)
		}
	}
}
