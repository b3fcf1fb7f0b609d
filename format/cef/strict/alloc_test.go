//go:build !race

package strict

import (
	"math/rand/v2"
	"testing"

	"estream/format"
	"estream/layouts"
	"estream/meta"
	"estream/wire"
)

// TestNoAllocations: formatting a decoded record allocates nothing, with metadata
// and without, whatever its layout.
func TestNoAllocations(t *testing.T) {
	set := loadLayouts(t)
	f := newFormat(t, Options{})
	parts, snaps, n := events(t, set, func(m []byte) bool {
		_, err := wire.NewDecoder(set, nil).Decode(m)
		return err == nil
	})
	w := format.NewWorker(set, f)
	var dst []byte
	run := func() {
		for i := range parts {
			dst, _ = w.Append(dst[:0], parts[i], snaps[i])
		}
	}
	run()
	if got := testing.AllocsPerRun(10, run); got != 0 {
		t.Errorf("%v allocations for %d records of the corpus, want 0", got, n)
	}
	d, rng := wire.NewDecoder(set, f.Wanted), rand.New(rand.NewPCG(3, 4))
	formatter, initial := f.NewFormatter(), meta.Initial()
	for l, err := range layouts.All(set) {
		if err != nil {
			t.Fatal(err)
		}
		b := l.NewBuilder()
		fill(set, b, rng, 0)
		r, err := d.Decode(b.AppendMessage(nil, extended))
		if err != nil {
			t.Fatal(err)
		}
		if got := testing.AllocsPerRun(10, func() { dst, _ = formatter.Append(dst[:0], d, r, initial) }); got != 0 {
			t.Errorf("%v: %v allocations, want 0", l, got)
		}
	}
}
