package hostile

import (
	"slices"
	"testing"
)

// TestPrefixes cuts one message of each kind in the corpus at every byte: as it
// is, so that the frame is cut, with the lengths put right in both headers, so
// that the record is, and followed by the whole message, so that the next one is
// swallowed or found.
//
// Every decoder sees every prefix; each is formatted in one format, in turn, so
// that all formats meet all cuts that lie a few bytes apart.
func TestPrefixes(t *testing.T) {
	list := variants(t)
	c := newChecker(list)
	prefixes, turn := 0, 0
	for _, m := range kinds(t, 1) {
		r, err := c.full.Decode(m)
		if err != nil {
			t.Fatal(err)
		}
		layout, extended := r.Layout, r.Extended
		for n := range m {
			cut := slices.Clone(m[:n])
			framed := slices.Clone(cut)
			frame(framed, extended)
			for _, p := range [][]byte{cut, framed, append(cut, m...)} {
				prefixes++
				turn++
				if err := c.check(p, turn%len(list)); err != nil {
					t.Fatalf("%v cut to %d of %d bytes: %v\n%x", layout, n, len(m), err, p)
				}
			}
		}
	}
	t.Logf("%d prefixes in %d formats and profiles", prefixes, len(list))
}
