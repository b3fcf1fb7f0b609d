// Package hostile holds tests that attack the decoder and every output format
// with what no honest server sends: cut and mutated records, lengths that lie,
// texts that break lines, unknown versions, and the inputs that stop eNcore.
//
// The formats are those of format/catalog, whatever they are when the tests run:
// a new one is attacked without a line changed here.
package hostile

import (
	"math/rand/v2"
	"strings"
	"testing"

	"estream/estreamtest"
	"estream/format"
	"estream/format/catalog"
	"estream/internal/corpus"
	"estream/internal/recordtest"
	"estream/layouts"
	"estream/meta"
	"estream/synth"
	"estream/wire"
)

// A variant is one format in one profile.
type variant struct {
	name   string
	json   bool // every line is one JSON value
	raw    bool // what cannot be decoded gets a line, too
	format format.Format
}

// variants returns every format of the catalog in every profile that it has.
func variants(t testing.TB) (list []variant) {
	t.Helper()
	for _, name := range catalog.Names() {
		for _, p := range []meta.Profile{meta.Compat, meta.Fixed, meta.Strict} {
			f, err := catalog.New(name, catalog.Options{Profile: p})
			if err != nil && p != meta.Compat && strings.Contains(err.Error(), "profile") {
				continue // a format of our own, which has only one
			}
			if err != nil {
				t.Fatalf("%s %v: %v", name, p, err)
			}
			list = append(list, variant{
				name:   name + " " + p.String(),
				json:   name == "json",
				raw:    hasRawForm(f),
				format: f,
			})
		}
	}
	if len(list) < 6 {
		t.Fatalf("only %d formats and profiles to attack", len(list))
	}
	return list
}

// hasRawForm reports whether a format writes what cannot be decoded.
func hasRawForm(f format.Format) bool {
	out, _ := format.NewWorker(layouts.Default(), f).Append(nil, estreamtest.Event(9999, 1, []byte("?")), meta.Initial())
	return len(out) > 0
}

// TestRawForms: only the CEF of eNcore has no line for what cannot be decoded.
func TestRawForms(t *testing.T) {
	for _, v := range variants(t) {
		if !v.raw && !strings.HasPrefix(v.name, "cef") {
			t.Errorf("%s has no line for an unknown record", v.name)
		}
	}
}

// kinds returns the first messages of each layout in the corpus, at most most.
func kinds(t testing.TB, most int) (list [][]byte) {
	t.Helper()
	seen := map[*wire.Layout]int{}
	d := wire.NewDecoder(layouts.Default(), nil)
	for m := range recordtest.Split(t, corpus.Read(t, corpus.Messages)) {
		r, err := d.Decode(m)
		if err != nil {
			t.Fatal(err)
		}
		if seen[r.Layout]++; seen[r.Layout] <= most {
			list = append(list, m)
		}
	}
	if len(seen) < 150 {
		t.Errorf("only %d kinds of record in the corpus", len(seen))
	}
	return list
}

// seeds returns honest messages to start from: two of each kind in the corpus, and
// two random records of every layout, one with the short record header.
func seeds(t testing.TB) (list [][]byte) {
	t.Helper()
	set := layouts.Default()
	list = kinds(t, 2)
	rng := rand.New(rand.NewPCG(5, 6))
	for l, err := range layouts.All(set) {
		if err != nil {
			t.Fatal(err)
		}
		b := l.NewBuilder()
		for _, extended := range []bool{true, false} {
			synth.Fill(set, b, rng)
			list = append(list, b.AppendMessage(nil, wire.RecordHeader{Extended: extended, NetmapID: 3, ArchiveTimestamp: 1700000000}))
		}
	}
	return list
}
