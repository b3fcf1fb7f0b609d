package file

import (
	"errors"
	"io"
	"log/slog"
	"os"
	"strings"
	"syscall"
	"testing"

	"estream/internal/durable/faultfs"
	"estream/output"
)

const path = "/events.json"

func open(t *testing.T, fsys *faultfs.FS, saved []byte) *Output {
	t.Helper()
	o, err := Open(fsys, path, saved, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func write(t *testing.T, o *Output, lines string) {
	t.Helper()
	if err := o.Write(t.Context(), []byte(lines)); err != nil {
		t.Fatal(err)
	}
}

func commit(t *testing.T, o *Output) []byte {
	t.Helper()
	state, err := o.Commit(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return state
}

func content(t *testing.T, fsys *faultfs.FS) string {
	t.Helper()
	f, err := fsys.OpenFile(path, os.O_RDONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(f)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// wantFile compares what the file holds.
func wantFile(t *testing.T, fsys *faultfs.FS, want string) {
	t.Helper()
	if got := content(t, fsys); got != want {
		t.Errorf("the file holds %q, want %q", got, want)
	}
}

// TestReopen: what was committed stays, what was not is cut off, and a file
// that somebody moved away is begun anew.
func TestReopen(t *testing.T) {
	fsys := faultfs.New()
	o := open(t, fsys, nil)
	write(t, o, "one\n")
	state := commit(t, o)
	write(t, o, "two\n")
	o = open(t, fsys, state)
	wantFile(t, fsys, "one\n")
	write(t, o, "three\n")
	state = commit(t, o)
	after := fsys.Crash(faultfs.Lose, nil)
	wantFile(t, after, "one\nthree\n")
	if err := after.Rename(path, "/events.json.1"); err != nil {
		t.Fatal(err)
	}
	write(t, open(t, after, state), "four\n")
	wantFile(t, after, "four\n")
}

// TestExisting: without a state a file that exists is continued, not overwritten.
func TestExisting(t *testing.T) {
	fsys := faultfs.New()
	write(t, open(t, fsys, nil), "before\n")
	write(t, open(t, fsys, nil), "after\n")
	wantFile(t, fsys, "before\nafter\n")
}

// TestFailedWrite: half of a write is cut off before the lines are written again.
func TestFailedWrite(t *testing.T) {
	fsys := faultfs.New()
	o := open(t, fsys, nil)
	write(t, o, "one\n")
	fsys.FailNth(1, faultfs.Fault{Err: syscall.ENOSPC, Effect: faultfs.Half})
	if err := o.Write(t.Context(), []byte("two\n")); !errors.Is(err, syscall.ENOSPC) {
		t.Fatalf("got error %v", err)
	}
	write(t, o, "two\n")
	commit(t, o)
	wantFile(t, fsys.Crash(faultfs.Lose, nil), "one\ntwo\n")
}

// TestFailedSync: after an fsync that failed the next one succeeds and proves
// nothing. The output must not vouch for what was written in between; a collector
// once did, and a crash left a hole in its file.
func TestFailedSync(t *testing.T) {
	fsys := faultfs.New()
	o := open(t, fsys, nil)
	write(t, o, "one\n")
	state := commit(t, o)
	write(t, o, "two\n")
	fsys.FailNth(1, faultfs.Fault{Err: syscall.EIO})
	for range 2 {
		if _, err := o.Commit(t.Context()); !errors.Is(err, output.ErrUncommitted) || !errors.Is(err, syscall.EIO) {
			t.Fatalf("got error %v", err)
		}
	}
	if err := o.Write(t.Context(), []byte("three\n")); !errors.Is(err, output.ErrUncommitted) {
		t.Fatalf("got error %v", err)
	}
	if err := o.Close(); err != nil {
		t.Fatal(err)
	}
	o = open(t, fsys, state)
	write(t, o, "two\nthree\n")
	commit(t, o)
	wantFile(t, fsys.Crash(faultfs.Lose, nil), "one\ntwo\nthree\n")
}

// TestOpenErrors name the cause and the cure.
func TestOpenErrors(t *testing.T) {
	fsys := faultfs.New()
	_, err := Open(fsys, "/nowhere/events.json", nil, slog.New(slog.DiscardHandler))
	if err == nil || !strings.Contains(err.Error(), "create the directory /nowhere first") {
		t.Errorf("missing directory: %v", err)
	}
	_, err = Open(fsys, path, []byte("{}"), slog.New(slog.DiscardHandler))
	if err == nil || !strings.Contains(err.Error(), "a state this program does not know") {
		t.Errorf("foreign state: %v", err)
	}
}
