package journal

import (
	"context"
	"errors"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"estream/internal/durable/faultfs"
	"estream/internal/syncbuf"
)

// A full disk stops Append once the memory for pending batches is used up,
// says so, leaves no half batch in the file, and all goes on when there is room.
func TestFullDisk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fsys, log := faultfs.New(), &syncbuf.Buffer{}
		opt := testOptions(fsys)
		opt.CommitInterval, opt.PendingBytes, opt.Log = 100*time.Millisecond, 4096, log.Logger()
		j := mustOpen(t, testDir, opt)
		mustAppend(t, j, 4, 300)
		fsys.SetCapacity(fsys.Used() + 500)
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		var err error
		taken := j.End().Seq
		for err == nil {
			var pos Position
			if pos, err = j.Append(ctx, testBatch(j.End().Seq, 2, 300)); err == nil {
				taken = pos.Seq
			}
		}
		if !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, syscall.ENOSPC) {
			t.Errorf("Append on a full disk: %v, want the end of the context and the reason", err)
		}
		s := j.Stats()
		if !errors.Is(s.Stall, syscall.ENOSPC) || !errors.Is(j.Err(), syscall.ENOSPC) || s.StalledFor < 59*time.Minute || s.End.Seq != taken || s.PendingBytes > opt.PendingBytes {
			t.Errorf("Stats %+v; want stalled for an hour by a full disk, end %d, pending below %d", s, taken, opt.PendingBytes)
		}
		if n := strings.Count(log.String(), "can't write"); n < 60 || n > 125 {
			t.Errorf("%d log lines in an hour, want one or two a minute", n)
		}
		// What another process sees ends with a whole batch.
		ro, err := OpenReadOnly(testDir, Options{FS: fsys})
		if err != nil {
			t.Fatal(err)
		}
		seqs, losses := readAll(t, ro, Position{}, 300)
		if losses != nil || uint64(len(seqs)) < j.Durable().Seq {
			t.Errorf("read only: %d messages, losses %v; want %v or more", len(seqs), losses, j.Durable())
		}
		last := ro.segs[len(ro.segs)-1]
		if got := int64(len(slurp(t, fsys, last.path))); got != last.size {
			t.Errorf("the file has %d bytes, its whole batches end at %d", got, last.size)
		}
		mustClose(t, ro)

		fsys.SetCapacity(0)
		if err := j.WaitDurable(t.Context(), Position{taken}); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if j.Err() != nil || !strings.Contains(log.String(), "can write again") {
			t.Errorf("after there was room: error %v, log %s", j.Err(), log)
		}
		mustAppend(t, j, 5, 300)
		after := fsys.Crash(faultfs.Lose, nil)
		j = mustOpen(t, testDir, testOptions(after))
		seqs, losses = readAll(t, j, Position{}, 300)
		if losses != nil {
			t.Errorf("losses: %v", losses)
		}
		wantSeqs(t, seqs, 0, taken+10)
	})
}

// After a failed fsync what was written since the last good one is written
// again, to another file, and never twice. The old file's rest is superseded.
func TestFailedSync(t *testing.T) {
	for _, c := range []struct {
		name     string
		durable  int // batches durable before
		pending  int // batches in the commit that fails
		failures int // syncs that fail in a row
		kind     faultfs.Kind
		truncate bool // cutting the old file fails, too
	}{
		{"first commit", 0, 1, 1, faultfs.KindSync, false},
		{"later commit", 3, 2, 1, faultfs.KindSync, false},
		{"three times", 3, 2, 3, faultfs.KindSync, false},
		{"old file can't be cut", 3, 2, 1, faultfs.KindSync, true},
		{"at the end of a segment", 3, 30, 1, faultfs.KindSync, true},
		{"directory", 0, 2, 2, faultfs.KindSyncDir, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				fsys := faultfs.New()
				opt := testOptions(fsys)
				opt.PendingBytes = 1 << 20
				j := mustOpen(t, testDir, opt)
				if c.durable > 0 {
					mustAppend(t, j, c.durable, 300)
				}
				for range c.pending {
					if _, err := j.Append(t.Context(), testBatch(j.End().Seq, 2, 300)); err != nil {
						t.Fatal(err)
					}
				}
				left := c.failures
				fsys.SetHook(func(op faultfs.Op) faultfs.Fault {
					switch {
					case op.Kind == c.kind && left > 0:
						left--
						return faultfs.Fault{Err: syscall.EIO}
					case op.Kind == faultfs.KindTruncate && c.truncate:
						return faultfs.Fault{Err: syscall.EIO}
					}
					return faultfs.Fault{}
				})
				if err := j.Sync(t.Context()); err != nil {
					t.Fatal(err)
				}
				end := uint64(2 * (c.durable + c.pending))
				seqs, losses := readAll(t, j, Position{}, 300)
				if losses != nil {
					t.Fatalf("losses %v", losses)
				}
				wantSeqs(t, seqs, 0, end)
				if n := j.Stats().WriteErrors; n != uint64(c.failures) {
					t.Errorf("%d commits failed, want %d", n, c.failures)
				}
				for _, mode := range []faultfs.Mode{faultfs.Keep, faultfs.Lose} {
					fsys = fsys.Crash(mode, nil)
					j = mustOpen(t, testDir, testOptions(fsys))
					seqs, losses = readAll(t, j, Position{}, 300)
					if losses != nil {
						t.Fatalf("losses after a crash: %v", losses)
					}
					wantSeqs(t, seqs, 0, end)
					mustAppend(t, j, 2, 300)
					end += 4
				}
			})
		})
	}
}

// A write that keeps failing for another reason than space moves to a new file.
func TestBadSector(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fsys := faultfs.New()
		j := mustOpen(t, testDir, testOptions(fsys))
		mustAppend(t, j, 2, 100)
		bad := segmentFiles(t, fsys, testDir)[0]
		fsys.SetHook(func(op faultfs.Op) faultfs.Fault {
			if op.Kind == faultfs.KindWrite && op.Path == bad {
				return faultfs.Fault{Err: syscall.EIO, Effect: faultfs.Half}
			}
			return faultfs.Fault{}
		})
		mustAppend(t, j, 4, 100)
		if got := j.Stats().WriteErrors; got != writeTries {
			t.Errorf("%d commits failed, want %d before the file is given up", got, writeTries)
		}
		j = mustOpen(t, testDir, testOptions(fsys.Crash(faultfs.Lose, nil)))
		seqs, losses := readAll(t, j, Position{}, 100)
		if losses != nil {
			t.Errorf("losses: %v", losses)
		}
		wantSeqs(t, seqs, 0, 12)
	})
}

// Close on a disk that does not work ends with its context and says what is lost.
func TestCloseWhileStalled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fsys := faultfs.New()
		j := mustOpen(t, testDir, testOptions(fsys))
		if _, err := j.Append(t.Context(), testBatch(0, 2, 100)); err != nil {
			t.Fatal(err)
		}
		fsys.SetCapacity(1)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		start := time.Now()
		err := j.Close(ctx)
		if err == nil || !strings.Contains(err.Error(), "2 messages") || !errors.Is(err, syscall.ENOSPC) || time.Since(start) != time.Minute {
			t.Errorf("Close: %v after %v, want a minute of trying and 2 messages not durable", err, time.Since(start))
		}
		fsys.SetCapacity(0)
		j = mustOpen(t, testDir, testOptions(fsys)) // the lock was given back
		if j.End().Seq != 0 {
			t.Errorf("journal ends at %v, want 0", j.End())
		}
	})
}

// An oversized or broken snapshot costs the snapshot, not the events.
func TestOversizedSnapshot(t *testing.T) {
	fsys, log := faultfs.New(), &syncbuf.Buffer{}
	opt := testOptions(fsys)
	opt.Log = log.Logger()
	opt.Snapshot = func(dst []byte) []byte { return append(dst, make([]byte, MaxPayload+1)...) }
	j := mustOpen(t, testDir, opt)
	mustAppend(t, j, 1, 0)
	if start, snapshot, err := j.SegmentStart(Position{1}); start.Seq != 0 || snapshot != nil || err != nil {
		t.Errorf("SegmentStart: %v, %d bytes, %v; want the start and no snapshot", start, len(snapshot), err)
	}
	if !strings.Contains(log.String(), "no snapshot") {
		t.Errorf("log: %s", log)
	}
	mustClose(t, j)
}
