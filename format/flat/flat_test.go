package flat_test

import (
	"strings"
	"testing"

	"estream/format/flat"
	"estream/format/flat/flattest"
	"estream/meta"
	"estream/wire"
)

// TestNamesAreUnique: no record has a name twice, whatever tables know, and most
// roles of an event find a value.
func TestNamesAreUnique(t *testing.T) {
	set := flattest.Layouts(t)
	walker, d := flat.NewPlans().NewWalker(meta.Packets{}), wire.NewDecoder(set, nil)
	var roles flat.Pick
	for _, stream := range [][]byte{flattest.Corpus(t), flattest.Random(t, set, 5)} {
		err := meta.NewTables().Scan(stream, wire.NewDecoder(set, meta.Wanted), func(part []byte, s *meta.Snapshot) error {
			for len(part) > 0 {
				message, rest, err := wire.NextMessage(part)
				if err != nil {
					return err
				}
				part = rest
				r, err := d.Decode(message)
				if err != nil {
					return err
				}
				items, err := walker.Record(d, r, s)
				if err != nil {
					return err
				}
				seen := map[string]bool{}
				for i := range items {
					name := string(items[i].AppendName(nil))
					if seen[name] || strings.Trim(name, "._ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789") != "" {
						t.Fatalf("record %d: %q stands twice or is no name", r.Type, name)
					}
					seen[name] = true
				}
				for role, i := range flat.Choose(items) {
					if i >= 0 {
						roles[role]++
					}
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for role := flat.Time; role < flat.Roles; role++ {
		if roles[role] == 0 {
			t.Errorf("no record has anything in role %d", role)
		}
	}
}

// TestReset: a walker lets go of the message, large or small.
func TestReset(t *testing.T) {
	set := flattest.Layouts(t)
	walker, d := flat.NewPlans().NewWalker(meta.Packets{}), wire.NewDecoder(set, nil)
	for _, size := range []int{10, 1 << 20} {
		r, err := d.Decode(flattest.Message(t, set, 2, 0, map[string]any{"packet_data": make([]byte, size)}))
		if err != nil {
			t.Fatal(err)
		}
		items, err := walker.Record(d, r, meta.Initial())
		if err != nil {
			t.Fatal(err)
		}
		walker.Reset()
		for i := range items {
			if items[i].Bytes != nil || items[i].Prefix != nil {
				t.Errorf("item %d still holds %d bytes", i, len(items[i].Bytes))
			}
		}
	}
}
