package follow

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"estream/internal/syncbuf"
)

func TestGrows(t *testing.T) {
	path := tempPath(t)
	x := newReader(t, path, nil)
	x.want("no file yet")
	put(t, path, "")
	x.want("empty")
	add(t, path, "line 1\nli")
	x.want("one and a half", "1")
	add(t, path, "ne 2\r\n\n\nline 3\n")
	x.want("with empty lines", "2", "3")
	x = x.restart()
	x.want("resumed")
	add(t, path, "line 4\n")
	x.want("more", "4")
	x.skipped()
}

// TestEveryRestart resumes behind every line, and the mark of each line is where
// the next begins.
func TestEveryRestart(t *testing.T) {
	path := put(t, tempPath(t), lines(1, 2, 3, 4, 5))
	var marks [][]byte
	f := &Follower{Path: path, Log: quiet(), Once: true}
	err := f.Run(t.Context(), func(_ context.Context, lines [][]byte, _ []byte) error {
		for i := range lines {
			marks = append(marks, f.MarkAt(nil, i))
			if at := f.Where(i); at.Name != path || at.Offset != int64(7*i) {
				t.Errorf("line %d is at %v", i, at)
			}
		}
		return nil
	})
	if err != nil || len(marks) != 5 {
		t.Fatalf("%d lines, %v", len(marks), err)
	}
	for i, mark := range marks {
		newReader(t, path, mark).want("resumed", strings.Fields("2 3 4 5")[i:]...)
	}
}

// TestRenamed: rotation by renaming, at all moments.
func TestRenamed(t *testing.T) {
	path := tempPath(t)
	put(t, path+".2", lines(-2)) // older than the first line to be read
	put(t, path+".1", lines(-1))
	put(t, path, lines(1, 2))
	x := newReader(t, path, nil)
	x.want("start", "1", "2")
	rotate := func() {
		move(t, path+".2", path+".3")
		move(t, path+".1", path+".2")
		move(t, path, path+".1")
	}
	rotate()
	add(t, path+".1", lines(3))
	x.want("renamed, no successor", "3")
	put(t, path, "")
	add(t, path+".1", lines(4))
	x.want("successor without content", "4")
	add(t, path+".1", "line 5")
	x.want("half a line")
	add(t, path, lines(6))
	x.want("the last line without end, and the successor", "5", "6")
	x.skipped(ReasonTorn)

	add(t, path, lines(7))
	rotate()
	put(t, path, lines(8))
	move(t, path+".1", path+".1a")
	move(t, path+".1a", path+".1")
	rotate()
	put(t, path, lines(9))
	x.want("twice between two looks", "7", "8", "9")

	x = x.restart()
	add(t, path, lines(10))
	rotate()
	put(t, path, lines(11))
	rotate()
	put(t, path, lines(12))
	x.want("twice while nobody read", "10", "11", "12")
	x.skipped()

	x = x.restart()
	add(t, path, lines(13))
	rotate()
	put(t, path, lines(14))
	for _, name := range []string{path + ".1", path + ".2"} {
		if err := pack(name); err != nil {
			t.Fatal(err)
		}
	}
	x.want("compressed while nobody read", "13", "14")
	x.skipped()
}

// TestDates: names with dates, and with a stamp as Snort 3 makes them.
func TestDates(t *testing.T) {
	path := tempPath(t)
	dir := filepath.Dir(path)
	put(t, path, lines(1))
	x := newReader(t, path, nil)
	x.want("start", "1")
	x = x.restart()
	put(t, filepath.Join(dir, "eve.1.json"), lines(99)) // another thread's
	put(t, path+".offset", lines(98))
	id := 2
	var want []string
	for _, to := range []string{"eve.json-20240130", "eve-20240131.json", "eve.json.1700000000", "eve.json-2024-02-01T00:00:00Z", "eve.json.old"} {
		add(t, path, lines(id))
		to = filepath.Join(dir, to)
		move(t, path, to)
		// Names of different kinds say nothing about the order.
		if err := os.Chtimes(to, time.Time{}, time.Now().Add(time.Duration(id)*time.Millisecond)); err != nil {
			t.Fatal(err)
		}
		want = append(want, strings.TrimSuffix(strings.TrimPrefix(lines(id), "line "), "\n"))
		id++
	}
	put(t, path, lines(50))
	x.want("five rotations", append(want, "50")...)
	x.skipped()
}

func TestCopyTruncate(t *testing.T) {
	path := tempPath(t)
	put(t, path, lines(1, 2))
	x := newReader(t, path, nil)
	x.want("start", "1", "2")
	rotate := func() {
		if _, err := os.Stat(path + ".1"); err == nil {
			move(t, path+".1", path+".2")
		}
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		put(t, path+".1", string(data))
		if err := os.Truncate(path, 0); err != nil {
			t.Fatal(err)
		}
	}
	add(t, path, lines(3))
	rotate()
	x.want("the rest of the copy", "3")
	add(t, path, lines(4))
	x.want("the new content", "4")
	add(t, path, lines(5))
	rotate()
	add(t, path, lines(6, 7, 8, 9)) // longer than before
	x.want("grown again before anybody looked", "5", "6", "7", "8", "9")
	x = x.restart()
	add(t, path, lines(10))
	rotate()
	add(t, path, lines(11))
	rotate()
	add(t, path, lines(12))
	x.want("twice while nobody read", "10", "11", "12")
	x.skipped()

	if err := os.Truncate(path, 0); err != nil {
		t.Fatal(err)
	}
	x.want("truncated without a copy")
	add(t, path, strings.Repeat("\x00", 40)+lines(13))
	x.want("written at the old offset", "13")
	x.skipped(ReasonTruncated)
}

// TestIncidents: what is lost is counted.
func TestIncidents(t *testing.T) {
	path := tempPath(t)
	put(t, path, lines(1, 2))
	x := newReader(t, path, nil)
	x.want("start", "1", "2")
	add(t, path, lines(3))
	remove(t, path)
	x.want("deleted while open", "3")
	put(t, path, lines(4))
	x.want("created anew", "4")
	x.skipped()

	x = x.restart()
	remove(t, path)
	x.want("gone while nobody read")
	put(t, path, lines(5, 6))
	x.want("another file", "5", "6")
	x.skipped(ReasonGone)

	if err := os.Truncate(path, 7); err != nil {
		t.Fatal(err)
	}
	x.want("made shorter")
	x.skipped(ReasonGone, ReasonShorter)
	add(t, path, lines(6, 7))
	x.want("grown beyond the position again", "7")

	put(t, path, "other content\n")
	x.want("rewritten in place", "other content")
	x.skipped(ReasonGone, ReasonGone, ReasonShorter)
}

// TestReplacedByCopy: an editor writes a new file with the old content and more.
func TestReplacedByCopy(t *testing.T) {
	path := put(t, tempPath(t), lines(1, 2))
	x := newReader(t, path, nil)
	x.want("start", "1", "2")
	move(t, put(t, path+"~", lines(1, 2, 3)), path)
	x.want("the same and more", "3")
	x.skipped()
}

func TestLongLines(t *testing.T) {
	for _, size := range []int{1023, 1024, 1025, 5000, batchSize - 1, batchSize, batchSize + 1, 3 * batchSize} {
		path := put(t, tempPath(t), "line 1\n"+strings.Repeat("x", size)+"\nline 2\n"+strings.Repeat("y", size))
		x := newReader(t, path, nil)
		got := x.all()
		long := size > 1024
		if want := map[bool]int{false: 3, true: 2}[long]; len(got) != want || got[0] != "1" || got[want-1] != "2" {
			t.Errorf("%d bytes: %d lines", size, len(got))
		}
		x = x.restart()
		add(t, path, "\nline 3\n")
		got = x.all()
		if got[len(got)-1] != "3" || len(got) != map[bool]int{false: 2, true: 1}[long] {
			t.Errorf("%d bytes: %d lines after a restart", size, len(got))
		}
		if long {
			x.skipped(ReasonLong)
		}
	}
	// A line of any length up to MaxLine gets room, and no more than that.
	path := put(t, tempPath(t), strings.Repeat("x", DefaultMaxLine)+"\n"+strings.Repeat("y", DefaultMaxLine+1)+"\n")
	f := &Follower{Path: path, Log: quiet(), Once: true}
	total := 0
	if err := f.Run(t.Context(), func(_ context.Context, lines [][]byte, _ []byte) error { total += len(lines[0]); return nil }); err != nil {
		t.Fatal(err)
	}
	if total != DefaultMaxLine || f.Stats().Skipped[ReasonLong] != 1 {
		t.Errorf("%d bytes in lines, skipped %v", total, f.Stats().Skipped)
	}
}

func TestOnce(t *testing.T) {
	path := put(t, tempPath(t), "line 1\nline 2")
	var got []string
	take := func(_ context.Context, lines [][]byte, _ []byte) error {
		for _, l := range lines {
			got = append(got, string(l))
		}
		return nil
	}
	f := &Follower{Path: path, Log: quiet(), Once: true}
	if err := f.Run(t.Context(), take); err != nil || strings.Join(got, "|") != "line 1|line 2" {
		t.Errorf("got %q, %v", got, err)
	}
	f.Path = path + ".none"
	if err := f.Run(t.Context(), take); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
	f.Path = filepath.Dir(path)
	if err := f.Run(t.Context(), take); !errors.Is(err, errNotFile) {
		t.Errorf("a directory: %v", err)
	}
	f.Path, f.Mark = path, []byte{7}
	if err := f.Run(t.Context(), take); err == nil || !strings.Contains(err.Error(), "version 7") {
		t.Errorf("a mark of another version: %v", err)
	}
	full := errors.New("journal is full")
	f.Mark = nil
	if err := f.Run(t.Context(), func(context.Context, [][]byte, []byte) error { return full }); !errors.Is(err, full) {
		t.Errorf("error of take: %v", err)
	}
	if n := f.Stats().Lines; n != 2 {
		t.Errorf("%d lines counted, 2 were taken", n)
	}
}

// TestPolls: a quiet follower finds what appears later, calls Idle while it finds
// nothing, and stops with its context.
func TestPolls(t *testing.T) {
	path := tempPath(t)
	var log syncbuf.Buffer
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		idle := 0
		f := &Follower{Path: path, Log: log.Logger(), Idle: func(context.Context) error { idle++; return nil }}
		got := make(chan string, 10)
		done := make(chan error)
		go func() {
			done <- f.Run(ctx, func(_ context.Context, lines [][]byte, _ []byte) error { got <- string(lines[0]); return nil })
		}()
		synctest.Wait()
		put(t, path, lines(1))
		if l := <-got; l != "line 1" {
			t.Errorf("got %q", l)
		}
		synctest.Wait()
		if idle < 2 {
			t.Errorf("Idle was called %d times", idle)
		}
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run: %v", err)
		}
		stop := errors.New("enough")
		f.Idle = func(context.Context) error { return stop }
		if err := f.Run(t.Context(), func(context.Context, [][]byte, []byte) error { return nil }); !errors.Is(err, stop) {
			t.Errorf("error of Idle: %v", err)
		}
	})
	if log.String() != "" {
		t.Errorf("a quiet follower logged:\n%s", log.String())
	}
}

// TestUnreadable: a rotated file in a form that cannot be read is counted.
func TestUnreadable(t *testing.T) {
	path := put(t, tempPath(t), lines(1))
	var log syncbuf.Buffer
	x := newReader(t, path, nil)
	x.r.log = log.Logger()
	x.want("start", "1")
	put(t, path+".1.xz", "not really")
	move(t, path, path+".old")
	put(t, path, lines(2))
	x.want("what can be read", "2")
	x.skipped(ReasonUnreadable)
	if !strings.Contains(log.String(), "eve.json.1.xz") {
		t.Errorf("the log does not name the file:\n%s", log.String())
	}

	x = x.restart()
	add(t, path, lines(3))
	if err := pack(move2(t, path, path+".1")); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path+".1.gz", 8); err != nil {
		t.Fatal(err)
	}
	remove(t, path+".1.xz")
	put(t, path, lines(4))
	x.want("a damaged one is given up", "4")
	x.skipped(ReasonGone, ReasonUnreadable)
}

func move2(t *testing.T, from, to string) string {
	move(t, from, to)
	return to
}
