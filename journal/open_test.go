package journal

import (
	"errors"
	"estream/internal/durable"
	"estream/internal/durable/faultfs"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// The lock holds against another process, which learns who has it.
func TestLock(t *testing.T) {
	if dir := os.Getenv("ESTREAM_TEST_JOURNAL"); dir != "" {
		_, err := Open(dir, Options{})
		fmt.Printf("second process: locked %v: %v\n", errors.Is(err, ErrLocked), err)
		return
	}
	dir := filepath.Join(t.TempDir(), "j")
	j := mustOpen(t, dir, Options{})
	if _, err := Open(dir, Options{}); !errors.Is(err, ErrLocked) || !strings.Contains(err.Error(), dir) {
		t.Errorf("second Open in this process: %v, want ErrLocked", err)
	}
	second := func() string {
		cmd := exec.Command(os.Args[0], "-test.run", "^TestLock$", "-test.v")
		cmd.Env = append(os.Environ(), "ESTREAM_TEST_JOURNAL="+dir)
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("second process: %v: %s", err, out)
		}
		return string(out)
	}
	out := second()
	for _, want := range []string{"second process: locked true", dir, fmt.Sprintf("process %d", os.Getpid()), "stop that one"} {
		if !strings.Contains(out, want) {
			t.Errorf("second process: %s, want %q", out, want)
		}
	}
	mustAppend(t, j, 2, 0)
	ro, err := OpenReadOnly(dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	seqs, _ := readAll(t, ro, Position{}, 0)
	wantSeqs(t, seqs, 0, 4)
	mustClose(t, ro)
	for path, want := range map[string]os.FileMode{dir: 0o700, filepath.Join(dir, "LOCK"): 0o600, segmentFiles(t, durable.OS{}, dir)[0]: 0o600} {
		fi, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if os.PathSeparator == '/' && fi.Mode().Perm() != want {
			t.Errorf("%s has mode %v, want %v", path, fi.Mode().Perm(), want)
		}
	}
	mustClose(t, j)
	if out := second(); !strings.Contains(out, "locked false: <nil>") {
		t.Errorf("second process after Close: %s", out)
	}
}

func TestReadOnly(t *testing.T) {
	fsys := faultfs.New()
	if _, err := OpenReadOnly("/nowhere", Options{FS: fsys}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("OpenReadOnly of nothing: %v, want that it does not exist", err)
	}
	j := mustOpen(t, testDir, testOptions(fsys))
	mustAppend(t, j, 40, 300)
	if _, err := j.Append(t.Context(), testBatch(80, 2, 300)); err != nil { // not in the file
		t.Fatal(err)
	}
	before := fsys.Used()
	ro, err := OpenReadOnly(testDir, Options{FS: fsys})
	if err != nil {
		t.Fatal(err)
	}
	defer mustClose(t, ro)
	if _, err := ro.Append(t.Context(), testBatch(80, 2, 300)); !errors.Is(err, ErrReadOnly) {
		t.Errorf("Append: %v, want ErrReadOnly", err)
	}
	if _, err := ro.OpenCursor("x", false); !errors.Is(err, ErrReadOnly) {
		t.Errorf("OpenCursor: %v, want ErrReadOnly", err)
	}
	seqs, losses := readAll(t, ro, Position{3}, 300)
	if losses != nil || ro.End().Seq != 80 {
		t.Errorf("losses %v, end %v; want none, 80", losses, ro.End())
	}
	wantSeqs(t, seqs, 3, 80)
	if fsys.Used() != before {
		t.Errorf("%d bytes in files after reading, want %d", fsys.Used(), before)
	}
	// The owner deletes what the reader has not come to.
	if err := fsys.Remove(segmentFiles(t, fsys, testDir)[0]); err != nil {
		t.Fatal(err)
	}
	r := ro.NewReader(Position{}, ReaderOptions{})
	defer r.Close()
	var gone *GoneError
	if _, err := r.Next(t.Context()); !errors.As(err, &gone) || gone.To != ro.segs[0].end {
		t.Errorf("Next: %v, want a GoneError up to %d", err, ro.segs[0].end)
	}
	if _, err := r.Next(t.Context()); err != nil {
		t.Errorf("Next after that: %v", err)
	}
}
