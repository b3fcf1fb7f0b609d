//go:build !race

package csv_test

import (
	"io"
	"testing"

	"estream/internal/formattest"
	"estream/internal/recordtest"
	"estream/layouts"
	"estream/meta"
	"estream/request/csv"
	"estream/wire"
)

// TestNoAllocations decodes and writes all versions of all records again and again.
func TestNoAllocations(t *testing.T) {
	set := layouts.Default()
	var messages [][]byte
	for m := range recordtest.Split(t, formattest.Random(t, set, 3)) {
		messages = append(messages, m)
	}
	d, o, names := wire.NewDecoder(set, nil), csv.New(io.Discard, false), meta.Initial()
	run := func() {
		for _, m := range messages {
			r, err := d.Decode(m)
			if err := o.Record(d, r, m, names, err); err != nil {
				t.Fatal(err)
			}
		}
		if err := o.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	run()
	if n := testing.AllocsPerRun(10, run); n != 0 {
		t.Errorf("%v allocations for %d messages, want 0", n, len(messages))
	}
}
