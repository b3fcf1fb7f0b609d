package journal

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"estream/internal/durable/faultfs"
)

func TestRoundTrip(t *testing.T) {
	dir := t.TempDir()
	opt := testOptions(nil)
	opt.FS = nil
	j := mustOpen(t, dir, opt)
	mustAppend(t, j, 50, 300)
	for _, from := range []uint64{0, 1, 7, 99, 100} {
		seqs, losses := readAll(t, j, Position{from}, 300)
		if losses != nil {
			t.Fatalf("losses from %d: %v", from, losses)
		}
		wantSeqs(t, seqs, from, 100)
	}
	mustClose(t, j)

	j = mustOpen(t, dir, opt)
	if got := j.End().Seq; got != 100 {
		t.Fatalf("End after reopening is %d, want 100", got)
	}
	if s := j.Stats(); s.Segments < 4 || s.Durable.Seq != 100 || s.PendingBytes != 0 {
		t.Errorf("Stats after reopening: %+v, want several segments, all durable", s)
	}
	if got := string(j.LastMark(1)); got != "mark 100" {
		t.Errorf("LastMark is %q, want %q", got, "mark 100")
	}
	if got := j.MaxArchive(1); got != 1099 {
		t.Errorf("MaxArchive is %d, want 1099", got)
	}
	mustAppend(t, j, 10, 300) // goes on in the last segment
	for from := range uint64(120) {
		seqs, _ := readAll(t, j, Position{from}, 300) // from the disk, then from memory
		wantSeqs(t, seqs, from, 120)
	}
	mustClose(t, j)
}

func TestPayloadInPieces(t *testing.T) {
	j := mustOpen(t, testDir, testOptions(faultfs.New()))
	defer mustClose(t, j)
	whole := bytes.Repeat([]byte("0123456789"), 5000)
	if _, err := j.Append(t.Context(), Batch{Payload: [][]byte{whole[:1], nil, whole[1:40000], whole[40000:]}, Count: 3}); err != nil {
		t.Fatal(err)
	}
	r := j.NewReader(Position{1}, ReaderOptions{})
	defer r.Close()
	v, err := r.Next(t.Context())
	if err != nil || !bytes.Equal(v.Payload, whole) || v.Skip != 1 || v.End().Seq != 3 {
		t.Errorf("Next: %d bytes, skip %d, end %v, error %v; want %d bytes, skip 1, end 3", len(v.Payload), v.Skip, v.End(), err, len(whole))
	}
}

func TestAppendRefuses(t *testing.T) {
	j := mustOpen(t, testDir, testOptions(faultfs.New()))
	for _, c := range []struct {
		batch Batch
		want  string
	}{
		{Batch{Count: 1}, "expected at least one message"},
		{Batch{Payload: [][]byte{{1}}}, "expected at least one message"},
		{Batch{Payload: [][]byte{{1}}, Count: 1, Mark: make([]byte, MaxMark+1)}, "mark of 513 bytes"},
		{Batch{Payload: [][]byte{make([]byte, MaxPayload), {1}}, Count: 1}, "batch is too large"},
		{Batch{Payload: [][]byte{{1}}, Count: 1, MinArchive: 2, MaxArchive: 1}, "above its highest"},
	} {
		if _, err := j.Append(t.Context(), c.batch); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("Append of %d messages: %v, want %q", c.batch.Count, err, c.want)
		}
	}
	mustClose(t, j)
	if _, err := j.Append(t.Context(), testBatch(0, 1, 0)); !errors.Is(err, ErrClosed) {
		t.Errorf("Append after Close: %v, want ErrClosed", err)
	}
	if err := j.Close(t.Context()); !errors.Is(err, ErrClosed) {
		t.Errorf("second Close: %v, want ErrClosed", err)
	}
}

// A view must hold what it held until it is released, however much is appended meanwhile.
func TestRetain(t *testing.T) {
	opt := testOptions(faultfs.New())
	opt.SegmentBytes, opt.RecentBytes = 1<<20, 32<<10
	j := mustOpen(t, testDir, opt)
	defer mustClose(t, j)
	const padding = 1000
	mustAppend(t, j, 1, padding)
	var views []View
	for _, fromDisk := range []bool{false, true} {
		if fromDisk {
			mustAppend(t, j, 100, padding) // pushes the first batches out of memory
		}
		r := j.NewReader(Position{}, ReaderOptions{})
		for range 1 + 50*len(views) {
			v, err := r.Next(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			v.Retain()
			views = append(views, v)
		}
		r.Close()
	}
	mustAppend(t, j, 200, padding)
	for _, v := range views {
		if err := checkView(&v, padding); err != nil {
			t.Errorf("retained view: %v", err)
		}
		v.Release()
	}
}

// The commit comes after CommitInterval without being asked for, and readers
// of durable data wake up for it.
func TestGroupCommit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		opt := testOptions(faultfs.New())
		opt.CommitInterval = 100 * time.Millisecond
		j := mustOpen(t, testDir, opt)
		defer mustClose(t, j)
		all := j.NewReader(Position{}, ReaderOptions{})
		safe := j.NewReader(Position{}, ReaderOptions{DurableOnly: true})
		defer all.Close()
		defer safe.Close()
		start := time.Now()
		for range 5 {
			if _, err := j.Append(t.Context(), testBatch(j.End().Seq, 2, 0)); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := all.Next(t.Context()); err != nil || time.Since(start) != 0 {
			t.Errorf("reader of all data: %v after %v, want no waiting", err, time.Since(start))
		}
		if got := j.Durable().Seq; got != 0 {
			t.Errorf("durable before the commit: %d, want 0", got)
		}
		if _, err := safe.Next(t.Context()); err != nil || time.Since(start) != opt.CommitInterval {
			t.Errorf("reader of durable data: %v after %v, want %v", err, time.Since(start), opt.CommitInterval)
		}
		if s := j.Stats(); s.Commits != 1 || s.Durable.Seq != 10 {
			t.Errorf("%d commits, durable to %v; want one commit of all 10 messages", s.Commits, s.Durable)
		}
	})
}

// Sync is not held up until CommitInterval, whatever the committer is doing
// when it comes. (It once was: its signal could be taken for the news of a
// first batch.)
func TestSyncDoesNotWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		opt := testOptions(faultfs.New())
		opt.SegmentBytes = 1 << 20
		j := mustOpen(t, testDir, opt)
		start := time.Now()
		for range 5000 {
			if _, err := j.Append(t.Context(), testBatch(j.End().Seq, 1, 0)); err != nil {
				t.Fatal(err)
			}
			if err := j.Sync(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if waited := time.Since(start); waited != 0 {
			t.Errorf("5000 batches synced after %v, want no waiting", waited)
		}
		mustClose(t, j)
	})
}

func TestWaitingEndsWithContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		opt := testOptions(faultfs.New())
		opt.PendingBytes = 100
		j := mustOpen(t, testDir, opt)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		r := j.NewReader(Position{}, ReaderOptions{})
		defer r.Close()
		if _, err := r.Next(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Next: %v, want deadline exceeded", err)
		}
		if _, err := j.Append(ctx, testBatch(0, 1, 200)); err == nil {
			t.Error("Append with an ended context succeeded")
		}
		if _, err := j.Append(t.Context(), testBatch(0, 1, 200)); err != nil { // one batch always fits
			t.Fatal(err)
		}
		ctx, cancel = context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := j.Append(ctx, testBatch(1, 1, 0)); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Append above PendingBytes: %v, want deadline exceeded", err)
		}
		if err := j.WaitDurable(ctx, Position{1}); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("WaitDurable: %v, want deadline exceeded", err)
		}
		if n := len(j.appended.waiters) + len(j.synced.waiters) + len(j.room.waiters); n != 0 {
			t.Errorf("%d waiters left behind", n)
		}
		var wg sync.WaitGroup
		for _, wait := range []func() error{
			func() error { _, err := j.Append(t.Context(), testBatch(1, 1, 0)); return err },
			func() error { return j.WaitDurable(t.Context(), Position{5}) },
			func() error {
				r := j.NewReader(Position{1}, ReaderOptions{})
				defer r.Close()
				_, err := r.Next(t.Context())
				return err
			},
		} {
			wg.Go(func() {
				if err := wait(); !errors.Is(err, ErrClosed) {
					t.Errorf("waiting while the journal closes: %v, want ErrClosed", err)
				}
			})
		}
		synctest.Wait()
		mustClose(t, j)
		wg.Wait()
	})
}

// Several sources append while several readers follow, some from the disk.
func TestFollow(t *testing.T) {
	opt := Options{SegmentBytes: 64 << 10, CommitInterval: time.Millisecond, CommitBytes: 8 << 10, PendingBytes: 16 << 10, RecentBytes: 32 << 10}
	j := mustOpen(t, t.TempDir(), opt)
	const sources, batches = 3, 300
	var readers, writers sync.WaitGroup
	for n := range 4 {
		readers.Go(func() {
			r := j.NewReader(Position{}, ReaderOptions{DurableOnly: n%2 == 0})
			defer r.Close()
			counts := map[uint32]int{}
			for seq := uint64(0); seq < sources*batches*3; {
				v, err := r.Next(t.Context())
				if err != nil {
					t.Errorf("reader %d at %d: %v", n, seq, err)
					return
				}
				want := fmt.Sprintf("%d/%d:", v.Source, counts[v.Source])
				if v.Seq != seq || !strings.HasPrefix(string(v.Payload), want) || string(v.Mark) != want {
					t.Errorf("reader %d: batch at %d of %q with mark %q, want at %d %q", n, v.Seq, v.Payload[:10], v.Mark, seq, want)
					return
				}
				counts[v.Source]++
				seq = v.End().Seq
			}
		})
	}
	for s := range uint32(sources) {
		writers.Go(func() {
			for i := range batches {
				mark := fmt.Appendf(nil, "%d/%d:", s, i)
				b := Batch{Source: s, Count: 3, Mark: mark, Payload: [][]byte{mark, make([]byte, 10+i*5)}}
				if _, err := j.Append(t.Context(), b); err != nil {
					t.Errorf("Append: %v", err)
					return
				}
			}
		})
	}
	writers.Wait()
	readers.Wait()
	mustClose(t, j)
}

// In steady state neither appending nor following allocates.
func TestNoAllocations(t *testing.T) {
	opt := testOptions(faultfs.New())
	opt.SegmentBytes, opt.PendingBytes, opt.RecentBytes = 1<<30, 1<<30, 64<<20
	opt.CommitBytes = 1 << 30
	j := mustOpen(t, testDir, opt)
	b := testBatch(0, 2, 256)
	ctx := context.Background()
	r := j.NewReader(Position{}, ReaderOptions{})
	step := func() {
		if _, err := j.Append(ctx, b); err != nil {
			t.Fatal(err)
		}
		if _, err := r.Next(ctx); err != nil {
			t.Fatal(err)
		}
	}
	wantNoAllocations(t, "a batch appended and read", step)
	mustClose(t, j)
	r.Close()
}

// Nor does reading from the disk, apart from opening files.
func TestNoAllocationsFromDisk(t *testing.T) {
	opt := testOptions(faultfs.New())
	opt.SegmentBytes, opt.PendingBytes, opt.CommitBytes, opt.RecentBytes = 1<<30, 1<<30, 1<<30, 64<<10
	j := mustOpen(t, testDir, opt)
	mustAppend(t, j, 2000, 100)
	r := j.NewReader(Position{}, ReaderOptions{})
	step := func() {
		if _, err := r.Next(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
	wantNoAllocations(t, "a batch read", step)
	mustClose(t, j)
	r.Close()
}

func wantNoAllocations(t *testing.T, what string, step func()) {
	t.Helper()
	step()
	if n := testing.AllocsPerRun(1000, step); n != 0 {
		t.Errorf("%v allocations for %s, want 0", n, what)
	}
}

func TestReaderOptions(t *testing.T) {
	j := mustOpen(t, testDir, testOptions(faultfs.New()))
	defer mustClose(t, j)
	mustAppend(t, j, 20, 500)
	for _, from := range []uint64{0, 1} {
		r := j.NewReader(Position{from}, ReaderOptions{Snapshots: true, NoWait: true})
		snapshots := map[uint64]int{}
		var last uint64
		for {
			v, err := r.Next(t.Context())
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			if v.Snapshot {
				if string(v.Payload) != "snapshot" || v.Count != 0 {
					t.Errorf("snapshot at %d: %q, count %d", v.Seq, v.Payload, v.Count)
				}
				snapshots[v.Seq]++
				if last != v.Seq {
					t.Errorf("snapshot at %d came after messages up to %d", v.Seq, last)
				}
			}
			last = v.End().Seq
		}
		r.Close()
		for _, seg := range j.segs {
			want := 1
			if seg.first < from {
				want = 0
			}
			if snapshots[seg.first] != want {
				t.Errorf("reader from %d: %d snapshots at %d, want %d", from, snapshots[seg.first], seg.first, want)
			}
		}
	}
}
