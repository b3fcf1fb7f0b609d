package journal

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"estream/internal/durable/faultfs"
	"estream/internal/syncbuf"
)

func TestRetention(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fsys, log := faultfs.New(), &syncbuf.Buffer{}
		opt := testOptions(fsys)
		opt.RetainBytes, opt.RecentBytes, opt.Log = 12<<10, 4<<10, log.Logger()
		j := mustOpen(t, testDir, opt)
		late := j.NewReader(Position{}, ReaderOptions{})
		defer late.Close()
		if _, err := j.OpenCursor("in-the-way", false); err != nil {
			t.Fatal(err)
		}
		mustAppend(t, j, 100, 300)
		synctest.Wait()
		s := j.Stats()
		if s.Bytes > opt.RetainBytes || s.Bytes < opt.RetainBytes-opt.SegmentBytes || s.First.Seq == 0 || s.DeletedMessages != s.First.Seq {
			t.Errorf("%d bytes from %v on, %d messages deleted; want the newest 12 KiB", s.Bytes, s.First, s.DeletedMessages)
		}
		if used := fsys.Used(); used > opt.RetainBytes+4096 {
			t.Errorf("%d bytes in files, want about %d", used, opt.RetainBytes)
		}
		var gone *GoneError
		if _, err := late.Next(t.Context()); !errors.As(err, &gone) || gone.From != 0 || gone.To != s.First.Seq || gone.Lost() != s.First.Seq {
			t.Errorf("reader that is late: %v, want that 0 to %v are gone", err, s.First)
		}
		if v, err := late.Next(t.Context()); err != nil || v.Seq != s.First.Seq {
			t.Errorf("reader after that: batch at %d, %v; want the first at %v", v.Seq, err, s.First)
		}

		// A required cursor stops it, also over a restart and before it is opened again.
		c, err := j.OpenCursor("slow", true)
		if err != nil {
			t.Fatal(err)
		}
		at := j.First()
		if err := c.Save(t.Context(), at, nil); err != nil {
			t.Fatal(err)
		}
		mustAppend(t, j, 50, 300)
		mustClose(t, j)
		j = mustOpen(t, testDir, opt)
		mustAppend(t, j, 50, 300)
		synctest.Wait()
		s = j.Stats()
		if s.First != at || s.PinnedBy != "slow" || s.PinnedBytes < s.Bytes-opt.RetainBytes {
			t.Errorf("with a required cursor at %v: Stats %+v; want nothing deleted", at, s)
		}
		if n := strings.Count(log.String(), "required cursor"); n == 0 || n > 4 {
			t.Errorf("%d log lines about the cursor, want a few", n)
		}
		if c, err = j.OpenCursor("slow", true); err != nil {
			t.Fatal(err)
		}
		half := Position{at.Seq + 100}
		if err := c.Save(t.Context(), half, nil); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if first := j.First(); first.Seq <= at.Seq || first.Seq > half.Seq {
			t.Errorf("first after the cursor moved to %v: %v", half, first)
		}
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
		if err := j.RemoveCursor("slow"); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if s := j.Stats(); s.Bytes > opt.RetainBytes || s.PinnedBy != "" || len(s.Cursors) != 0 {
			t.Errorf("after the cursor was removed: %d bytes, pinned by %q, cursors %v", s.Bytes, s.PinnedBy, s.Cursors)
		}
		first := j.First()
		seqs, losses := readAll(t, j, first, 300)
		if losses != nil {
			t.Errorf("losses: %v", losses)
		}
		wantSeqs(t, seqs, first.Seq, 400)
	})
}

func TestRetainAge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		opt := testOptions(faultfs.New())
		opt.RetainAge = time.Hour
		j := mustOpen(t, testDir, opt)
		mustAppend(t, j, 50, 300)
		time.Sleep(40 * time.Minute) // of the bubble
		mustAppend(t, j, 50, 300)
		middle := j.End()
		if j.First().Seq != 0 {
			t.Errorf("first after 40 minutes: %v", j.First())
		}
		time.Sleep(40 * time.Minute)
		mustAppend(t, j, 1, 300)
		synctest.Wait()
		if first := j.First().Seq; first < 80 || first > middle.Seq {
			t.Errorf("first after 80 minutes: %d, want about 100", first)
		}
	})
}

// Files that can't be removed are unlisted all the same, and tried again.
func TestRetentionFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fsys := faultfs.New()
		opt := testOptions(fsys)
		opt.RetainBytes = 8 << 10
		j := mustOpen(t, testDir, opt)
		fsys.SetHook(func(op faultfs.Op) faultfs.Fault {
			if op.Kind == faultfs.KindRemove {
				return faultfs.Fault{Err: os.ErrPermission}
			}
			return faultfs.Fault{}
		})
		mustAppend(t, j, 50, 300)
		synctest.Wait()
		if s := j.Stats(); s.Bytes > opt.RetainBytes || fsys.Used() < 2*opt.RetainBytes {
			t.Errorf("%d bytes listed, %d in files; want the limit and more than that", s.Bytes, fsys.Used())
		}
		fsys.SetHook(nil)
		mustAppend(t, j, 1, 300)
		synctest.Wait()
		if used := fsys.Used(); used > opt.RetainBytes+4096 {
			t.Errorf("%d bytes in files, want about %d", used, opt.RetainBytes)
		}
	})
}

func TestCursor(t *testing.T) {
	fsys := faultfs.New()
	j := mustOpen(t, testDir, testOptions(fsys))
	mustAppend(t, j, 5, 0)
	for _, name := range []string{"", ".", "..", ".hidden", "a/b", `a\b`, "Upper", "a b", "ä", strings.Repeat("x", 101), "a\x00"} {
		if _, err := j.OpenCursor(name, false); err == nil {
			t.Errorf("cursor name %q was accepted", name)
		}
		if err := j.RemoveCursor(name); err == nil {
			t.Errorf("removing cursor %q succeeded", name)
		}
	}
	c, err := j.OpenCursor("out-1.json_x", false)
	if err != nil {
		t.Fatal(err)
	}
	if pos, state, ok := c.Load(); ok || pos.Seq != 0 || len(state) != 0 {
		t.Errorf("new cursor: %v, %q, %v", pos, state, ok)
	}
	if _, err := j.OpenCursor("out-1.json_x", false); err == nil || !strings.Contains(err.Error(), "already open") {
		t.Errorf("second open: %v, want already open", err)
	}
	if err := j.RemoveCursor("out-1.json_x"); err == nil {
		t.Error("an open cursor was removed")
	}
	if err := c.Save(canceled, Position{11}, nil); err == nil {
		t.Error("a position behind what is durable was saved")
	}
	if err := c.Save(t.Context(), Position{10}, make([]byte, MaxCursorState+1)); err == nil {
		t.Error("an oversized state was saved")
	}
	if err := c.Save(t.Context(), Position{10}, []byte("file.json 123")); err != nil {
		t.Fatal(err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	if err := c.Save(t.Context(), Position{10}, nil); !errors.Is(err, ErrClosed) {
		t.Errorf("Save after Close: %v", err)
	}
	mustClose(t, j)

	fsys = fsys.Crash(faultfs.Lose, nil)
	j = mustOpen(t, testDir, testOptions(fsys))
	if c, err = j.OpenCursor("out-1.json_x", false); err != nil {
		t.Fatal(err)
	}
	if pos, state, ok := c.Load(); !ok || pos.Seq != 10 || string(state) != "file.json 123" {
		t.Errorf("cursor after a crash: %v, %q, %v", pos, state, ok)
	}
	mustClose(t, j)

	path := filepath.Join(testDir, cursorDir, "out-1.json_x.cursor")
	content := slurp(t, fsys, path)
	for at := range content {
		flipped := append([]byte(nil), content...)
		flipped[at] ^= 0x10
		plant(t, fsys, path, flipped)
		opt := testOptions(fsys)
		opt.RetainBytes = 1
		j = mustOpen(t, testDir, opt)
		var damage *CursorError
		if _, err := j.OpenCursor("out-1.json_x", false); !errors.As(err, &damage) || damage.File != path {
			t.Fatalf("byte %d changed: %v, want a CursorError", at, err)
		}
		if s := j.Stats(); s.PinnedBy != path {
			t.Errorf("pinned by %q, want the damaged cursor", s.PinnedBy)
		}
		mustClose(t, j)
	}
}
