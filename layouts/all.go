package layouts

import (
	"fmt"
	"iter"

	"estream/wire"
)

// All goes through the layouts of all records in set, and compiles those that
// have not been used yet: each record type in the order of numbers, with each
// block version that it is known to carry, oldest first. Records whose layout
// is unknown are left out. A faulty definition yields an error in place of the
// layout, with file and line, and the walk goes on with the next.
func All(set *wire.Layouts) iter.Seq2[*wire.Layout, error] {
	return func(yield func(*wire.Layout, error) bool) {
		for _, typ := range set.Source().Records() {
			def, err := set.Source().Record(typ)
			if err != nil {
				if !yield(nil, fmt.Errorf("record %d: %w", typ, err)) {
					return
				}
				continue
			}
			for _, b := range blocksOf(def) {
				l, err := set.Layout(typ, b.Type)
				if err != nil {
					err = fmt.Errorf("record %d block %d: %w", typ, b.Type, err)
				}
				if !yield(l, err) {
					return
				}
			}
		}
	}
}

// Forms goes through the layouts that All leaves out: the other forms that the
// body of a few record types can have (RecordDef.Forms), in the order of numbers.
// eNcore reads none of them.
func Forms(set *wire.Layouts) iter.Seq2[*wire.Layout, error] {
	return func(yield func(*wire.Layout, error) bool) {
		for _, typ := range set.Source().Records() {
			def, err := set.Source().Record(typ)
			if err != nil {
				continue // All reports it
			}
			for i := range def.Forms {
				l, err := set.Form(typ, i+1)
				if err != nil {
					err = fmt.Errorf("record %d form %d: %w", typ, i+1, err)
				}
				if !yield(l, err) {
					return
				}
			}
		}
	}
}

// blocksOf returns the block versions of a record whose layout is known; one
// without meaning where the body is not a data block.
func blocksOf(def *wire.RecordDef) []wire.RecordBlock {
	switch {
	case def.Unknown:
		return nil
	case def.Series == 0:
		return []wire.RecordBlock{{}}
	}
	return def.Blocks
}
