//go:build !race

package cef_test

import (
	"testing"

	"estream/format"
	"estream/format/cef"
	"estream/internal/corpus"
	"estream/meta"
	"estream/wire"
)

// TestNoAllocations formats the whole corpus with every built-in line.
func TestNoAllocations(t *testing.T) {
	set := loadLayouts(t)
	var parts [][]byte
	var snaps []*meta.Snapshot
	err := meta.NewTables().Scan(corpus.Read(t, corpus.Messages), wire.NewDecoder(set, meta.Wanted), func(part []byte, s *meta.Snapshot) error {
		parts, snaps = append(parts, part), append(snaps, s)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range []cef.Options{{}, {Variant: cef.CEF2}, {Profile: meta.Fixed}, {Profile: meta.Fixed, Variant: cef.CEF2}} {
		w := format.NewWorker(set, newFormat(t, o))
		var dst []byte
		run := func() {
			for i := range parts {
				dst, _ = w.Append(dst[:0], parts[i], snaps[i])
			}
		}
		run() // compile plans, grow the buffer
		if n := testing.AllocsPerRun(10, run); n != 0 {
			t.Errorf("%v, variant %d: %v allocations for the whole corpus, want 0", o.Profile, o.Variant, n)
		}
	}
}
