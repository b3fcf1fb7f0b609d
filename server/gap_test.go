package server

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"estream/journal"
	"estream/layouts"
	"estream/server/access"
	"estream/source"
)

// TestGap: a client that fell behind retention gets the rest, and the log says how much
// it has lost.
func TestGap(t *testing.T) {
	b := newBench(t)
	j, err := source.OpenJournal(t.Context(), t.TempDir(), layouts.Default(), journal.Options{CommitInterval: time.Millisecond, SegmentBytes: 4 << 10, RetainBytes: 8 << 10})
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close(context.WithoutCancel(t.Context()))
	b.Journal = j
	b.put(1, user(t, 5, "eve"))
	for i := range 40 {
		b.put(1, connection(t, uint32(100+i)))
	}
	first := j.First().Seq
	if first == 0 {
		t.Fatal("nothing was deleted")
	}
	cl := b.client(access.All(), everything)
	cl.read(1 + 41 - int(first))
	if list := cl.types(); list[0] != 98 || list[1] != 71 {
		t.Errorf("types %v: the name comes from the segment's snapshot", list)
	}
	cl.end()
	r := j.NewReader(journal.Position{}, journal.ReaderOptions{NoWait: true})
	defer r.Close()
	_, err = r.Next(t.Context())
	if !skipped(err, b.Log) || !strings.Contains(b.log.String(), "fell behind retention") {
		t.Errorf("%v, log:\n%s", err, b.log)
	}
	if !skipped(&journal.DamageError{}, b.Log) || skipped(errors.New("disk"), b.Log) || skipped(nil, b.Log) {
		t.Error("what is a gap, and what is not")
	}
}
