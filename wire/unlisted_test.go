package wire_test

import (
	"errors"
	"testing"

	"estream/layouts"
	"estream/wire"
)

// TestUnlistedBlocks sends every block under every record type of its series: all
// pairs that are known keep their layout, and of the others only a few get one.
func TestUnlistedBlocks(t *testing.T) {
	set, err := layouts.Load("")
	if err != nil {
		t.Fatal(err)
	}
	src := set.Source()
	compiled, refused := 0, 0
	for _, typ := range src.Records() {
		def, err := src.Record(typ)
		if err != nil {
			t.Fatal(err)
		}
		listed := map[uint32]bool{}
		for _, b := range def.Blocks {
			listed[b.Type] = true
		}
		if def.Series == 0 || def.Unknown {
			continue
		}
		for _, block := range src.Blocks(def.Series) {
			_, err := set.Layout(typ, block)
			switch {
			case listed[block] && err != nil:
				t.Errorf("record %d block %d: %v", typ, block, err)
			case listed[block]:
			case err == nil:
				compiled++
			case errors.Is(err, wire.ErrUnknownBlock):
				refused++
			default:
				t.Errorf("record %d block %d: %v", typ, block, err)
			}
		}
	}
	if compiled == 0 || compiled > 64 || refused < 1000 {
		t.Errorf("%d pairs without listing got a layout, %d did not; expected some of the former, at most 64", compiled, refused)
	}
}
