package filter_test

import (
	"bytes"
	"encoding/json"
	"sync"
	"testing"
	"time"

	"estream/filter"
	"estream/format"
	"estream/format/jsonl"
	"estream/internal/formattest"
	"estream/layouts"
	"estream/meta"
	"estream/wire"
)

// A sample is a message of the corpus with the names as they are at it, and the
// line that the format json writes for it.
type sample struct {
	message  []byte
	snapshot *meta.Snapshot
	header   wire.RecordHeader
	doc      map[string]any
}

var parser = sync.OnceValue(func() *filter.Parser { return filter.NewParser(layouts.Default()) })

// samples reads every nth message of the corpus.
func samples(t testing.TB, nth int) (list []sample) {
	t.Helper()
	set := layouts.Default()
	worker := format.NewWorker(set, jsonl.New(jsonl.Options{Location: time.UTC}))
	i := 0
	formattest.Scan(t, set, formattest.Corpus(t), func(message []byte, s *meta.Snapshot) {
		if i++; i%nth != 0 {
			return
		}
		one := sample{message: message, snapshot: s}
		one.header, _ = wire.PeekRecord(message)
		line, _ := worker.Append(nil, message, s)
		d := json.NewDecoder(bytes.NewReader(line))
		d.UseNumber()
		if err := d.Decode(&one.doc); err != nil {
			t.Fatalf("message %d: %v", i, err)
		}
		list = append(list, one)
	})
	return list
}

func mustParse(t testing.TB, expr string) *filter.Filter {
	t.Helper()
	f, err := parser().Parse(expr)
	if err != nil {
		t.Fatalf("%s: %v", expr, err)
	}
	return f
}

// A predicate is the other opinion: what an expression means for a JSON line.
type predicate func(doc map[string]any) bool

// member finds a field of the line by its key, in the record or in the object that
// holds its block.
func member(doc map[string]any, key string) (any, bool) {
	v, ok := doc[key]
	for name, inner := range doc {
		if o, isObject := inner.(map[string]any); !ok && isObject && name != "@computed" && roots[name] {
			v, ok = o[key]
		}
	}
	if o, isObject := v.(map[string]any); isObject {
		v, ok = o["data"]
	}
	return v, ok
}

var roots = map[string]bool{
	"client": true, "hostProfile": true, "hostServer": true, "id": true, "identity": true, "mac": true,
	"osfingerprint": true, "user": true, "userLogin": true, "userLogoff": true,
}

func computedMember(doc map[string]any, key string) (any, bool) {
	v, ok := doc["@computed"].(map[string]any)[key]
	return v, ok && v != nil
}

// compare holds a filter to a predicate in all three ways of use: with all fields
// decoded, with those it wants, and by header.
func compare(t *testing.T, f *filter.Filter, list []sample, want predicate) (hits int) {
	t.Helper()
	full, pruned := wire.NewDecoder(layouts.Default(), nil), wire.NewDecoder(layouts.Default(), f.Wanted)
	m := f.NewMatcher()
	for i := range list {
		s := &list[i]
		r, err := full.Decode(s.message)
		if r == nil {
			t.Fatalf("message %d: %v", i, err)
		}
		got := m.Match(full, r, s.snapshot)
		if want != nil && got != want(s.doc) {
			line, _ := json.Marshal(s.doc)
			t.Fatalf("%s: got %v for record %d of the list, want %v: %s", f, got, i, !got, line)
		}
		if got {
			hits++
		}
		if r, _ := pruned.Decode(s.message); m.Match(pruned, r, s.snapshot) != got {
			t.Fatalf("%s: got %v for %v when only the wanted fields are decoded, want %v", f, !got, r.RecordHeader, got)
		}
		if got && f.Skips(&s.header) {
			t.Fatalf("%s: skips %+v, which matches", f, s.header)
		}
	}
	return hits
}

// compareAll returns what a filter says of each sample.
func compareAll(t *testing.T, f *filter.Filter, list []sample) (got []bool) {
	t.Helper()
	d, m := wire.NewDecoder(layouts.Default(), f.Wanted), f.NewMatcher()
	for i := range list {
		r, _ := d.Decode(list[i].message)
		got = append(got, m.Match(d, r, list[i].snapshot))
	}
	return got
}
