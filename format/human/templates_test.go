package human

import (
	"testing"

	"estream/format/flat"
	"estream/format/flat/flattest"
	"estream/meta"
	"estream/wire"
)

// TestTemplates: every reference of every template is a role, or a name that some
// record of its type has. A misspelt one would only never show.
func TestTemplates(t *testing.T) {
	set := flattest.Layouts(t)
	names := map[uint16]map[string]bool{}
	walker, d := flat.NewPlans().NewWalker(meta.Packets{}), wire.NewDecoder(set, nil)
	collect := func(part []byte, s *meta.Snapshot) error {
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
			if names[r.Type] == nil {
				names[r.Type] = map[string]bool{}
			}
			for i := range items {
				names[r.Type][string(items[i].AppendName(nil))] = true
			}
		}
		return nil
	}
	// Names need no metadata but what the corpus has itself.
	for _, stream := range [][]byte{flattest.Corpus(t), flattest.Random(t, set, 20)} {
		if err := meta.NewTables().Scan(stream, wire.NewDecoder(set, meta.Wanted), collect); err != nil {
			t.Fatal(err)
		}
	}
	for typ, c := range compiledTemplates {
		for _, p := range c.parts {
			for _, alternatives := range p.refs {
				for _, r := range alternatives {
					if r.role == flat.NoRole && !r.flow && !names[typ][r.name] {
						t.Errorf("record %d: nothing has the name %s", typ, r.name)
					}
				}
			}
		}
	}
}
