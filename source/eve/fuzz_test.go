package eve

import (
	"bytes"
	"context"
	"testing"

	"estream/internal/recordtest"
	"estream/layouts"
	"estream/source"
	"estream/source/follow"
	"estream/wire"
)

// FuzzLines: whatever a sensor writes, the messages made of it fit their layouts to
// the last byte, and the open flows survive being saved.
func FuzzLines(f *testing.F) {
	for _, name := range []string{"documented.json", "tenzir-2011.json"} {
		data := testFile(f, name)
		for line := range bytes.Lines(data) {
			f.Add(line)
		}
		f.Add(data)
	}
	f.Add(traffic(9, 30, 0))
	f.Add([]byte(`@cee: {"timestamp":"2024-05-04T10:00:00Z","event_type":"alert","alert":{}}`))
	set := layouts.Default()
	f.Fuzz(func(t *testing.T, data []byte) {
		s := &Source{Path: "none", Layouts: set, Log: quiet(), MaxFlows: 20, Now: ticking(0)}
		dec := wire.NewDecoder(set, nil)
		take := func(_ context.Context, b source.Batch) error {
			n := 0
			for m := range recordtest.Split(t, b.Data) {
				n++
				if r, err := dec.Decode(m); err != nil || r.Trailing != 0 {
					t.Errorf("record %d: %v, %d bytes too many", r.Type, err, r.Trailing)
				}
			}
			if n != b.Count {
				t.Errorf("%d messages, %d counted", n, b.Count)
			}
			return nil
		}
		r, err := s.start(newCounts(quiet()), new(position), savedState{}, take)
		if err != nil {
			t.Fatal(err)
		}
		r.conv.where = func(int) follow.Place { return follow.Place{} }
		for line := range bytes.Lines(data) {
			r.conv.line(line, 0)
			if n := len(r.conv.table.conns); n > s.MaxFlows+1 {
				t.Fatalf("%d flows are open, at most %d allowed", n, s.MaxFlows)
			}
		}
		image := appendState(nil, &r.at, r.conv.table)
		_, rest, err := readPosition(image)
		if err != nil {
			t.Fatal(err)
		}
		again := newTable(0, 0, 0)
		c := codec{b: rest, reading: true}
		if c.table(again); c.err != nil {
			t.Fatal(c.err)
		}
		if !bytes.Equal(image, appendState(nil, &r.at, again)) {
			t.Error("open flows differ after being saved and read")
		}
		if err := r.letGo(t.Context(), r.conv.table.oldest); err != nil {
			t.Fatal(err)
		}
		if n := len(r.conv.table.conns); n != 0 || r.conv.table.bytes != 0 {
			t.Errorf("%d flows of %d bytes left", n, r.conv.table.bytes)
		}
	})
}

// FuzzState: a file of open flows is read or refused.
func FuzzState(f *testing.F) {
	s := once(f, nil)
	r, err := s.start(newCounts(quiet()), new(position), savedState{}, nil)
	if err != nil {
		f.Fatal(err)
	}
	r.conv.quiet = true
	for line := range bytes.Lines(traffic(4, 10, 0)) {
		r.conv.line(line, 0)
	}
	_, rest, err := readPosition(appendState(nil, &r.at, r.conv.table))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(rest)
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, data []byte) {
		c := codec{b: data, reading: true}
		table := newTable(0, 0, 0)
		if c.table(table); c.err != nil {
			return
		}
		w := codec{}
		w.table(table)
		again := codec{b: w.b, reading: true}
		if again.table(newTable(0, 0, 0)); again.err != nil {
			t.Errorf("read, but what is written of it is not: %v", again.err)
		}
	})
}
