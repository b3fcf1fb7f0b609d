package cli

import (
	"context"
	"path/filepath"
	"strings"
	"testing"

	"estream/internal/recordtest"
	"estream/journal"
	"estream/layouts"
	"estream/source"
	"estream/synth"
)

// decoded runs the command and returns what it writes.
func decoded(t *testing.T, args ...string) string {
	t.Helper()
	var out, errs strings.Builder
	if status := Main(context.Background(), append([]string{"decode"}, args...), strings.NewReader(""), &out, &errs); status != exitOK || errs.Len() > 0 {
		t.Fatalf("decode %v: status %d, %s", args, status, errs.String())
	}
	return out.String()
}

// A journal of many segments, read segment by segment, gives the lines of the whole: each
// segment knows the names that older ones have taught, source by source.
func TestDecodeSegments(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "journal")
	j, err := source.OpenJournal(t.Context(), dir, layouts.Default(), journal.Options{SegmentBytes: 32 << 10})
	if err != nil {
		t.Fatal(err)
	}
	for seed := range uint64(2) { // two sources, each with names of its own
		g, err := synth.New(layouts.Default(), synth.Options{Seed: seed + 1})
		if err != nil {
			t.Fatal(err)
		}
		var stream []byte
		for range g.Metadata() + 100 {
			stream = g.Append(stream)
		}
		var batch []byte
		n := 0
		flush := func() {
			if err := j.AppendFrom(t.Context(), uint32(seed+1), source.Batch{Data: batch, Count: n}); err != nil {
				t.Fatal(err)
			}
			batch, n = batch[:0], 0
		}
		for m := range recordtest.Split(t, stream) {
			if batch, n = append(batch, m...), n+1; n == 20 {
				flush()
			}
		}
		flush()
	}
	if err := j.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	segments, err := filepath.Glob(filepath.Join(dir, "*.seg"))
	if err != nil || len(segments) < 5 {
		t.Fatalf("%d segments, %v", len(segments), err)
	}
	var got strings.Builder
	for _, name := range segments {
		got.WriteString(decoded(t, "-f", "text", name))
	}
	if want := decoded(t, "-f", "text", dir); got.String() != want || strings.Count(want, "\n") < 200 {
		t.Errorf("segment by segment there are %d lines, of the whole %d, or they differ", strings.Count(got.String(), "\n"), strings.Count(want, "\n"))
	}
}
