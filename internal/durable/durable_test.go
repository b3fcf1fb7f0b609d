package durable_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"estream/internal/durable"
	"estream/internal/durable/faultfs"
)

func read(t *testing.T, fsys durable.FS, name string) string {
	t.Helper()
	f, err := fsys.OpenFile(name, os.O_RDONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	b := make([]byte, 1000)
	n, _ := f.ReadAt(b, 0)
	return string(b[:n])
}

// After a fault or a crash at any operation the file has the old or the new
// content; the new one for certain when ReplaceFile said so.
func TestReplaceFileMatrix(t *testing.T) {
	const name = "/dir/file"
	prepare := func() *faultfs.FS {
		fsys := faultfs.New()
		if err := durable.MkdirAll(fsys, "/dir", 0o700); err != nil {
			t.Fatal(err)
		}
		if err := durable.ReplaceFile(fsys, name, []byte("old content"), 0o600); err != nil {
			t.Fatal(err)
		}
		return fsys
	}
	fsys := prepare()
	before := fsys.Ops()
	if err := durable.ReplaceFile(fsys, name, []byte("new"), 0o600); err != nil {
		t.Fatal(err)
	}
	ops := fsys.Ops() - before
	if ops < 5 {
		t.Fatalf("%d operations counted, want open, write, sync, rename and syncdir", ops)
	}
	for k := 1; k <= ops+1; k++ {
		for _, effect := range []faultfs.Effect{faultfs.None, faultfs.Half, faultfs.Full} {
			for _, mode := range []faultfs.Mode{faultfs.Lose, faultfs.Keep} {
				fsys := prepare()
				fsys.FailNth(k, faultfs.Fault{Effect: effect})
				err := durable.ReplaceFile(fsys, name, []byte("new"), 0o600)
				if (err == nil) != (k > ops) || err != nil && !errors.Is(err, faultfs.ErrInjected) {
					t.Errorf("operation %d fails: %v", k, err)
				}
				fsys.SetHook(nil)
				if entries, err := fsys.ReadDir("/dir"); err != nil || len(entries) != 1 {
					t.Errorf("operation %d: %d files left, %v; want no temporary one", k, len(entries), err)
				}
				got := read(t, fsys.Crash(mode, nil), name)
				if got != "new" && (err == nil || got != "old content") {
					t.Errorf("operation %d, effect %d, mode %d: file holds %q, ReplaceFile said %v", k, effect, mode, got, err)
				}
			}
		}
	}
}

// WriteTemp leaves one file that has reached the disk, or an error and none.
func TestWriteTemp(t *testing.T) {
	for k := 1; ; k++ {
		fsys := faultfs.New()
		if err := durable.MkdirAll(fsys, "/dir", 0o700); err != nil {
			t.Fatal(err)
		}
		fsys.FailNth(k, faultfs.Fault{Effect: faultfs.Full})
		tmp, err := durable.WriteTemp(fsys, "/dir/file", []byte("new"), 0o600)
		fsys.SetHook(nil)
		if err == nil {
			if k < 4 {
				t.Errorf("%d operations, want open, write and sync", k-1)
			}
			if err := fsys.Rename(tmp, "/dir/file"); err != nil {
				t.Fatal(err)
			}
			if err := fsys.SyncDir("/dir"); err != nil {
				t.Fatal(err)
			}
			if got := read(t, fsys.Crash(faultfs.Lose, nil), "/dir/file"); got != "new" {
				t.Errorf("file holds %q after a crash", got)
			}
			return
		}
		if entries, derr := fsys.ReadDir("/dir"); derr != nil || len(entries) != 0 || tmp != "" {
			t.Errorf("operation %d fails with %v: %d files left, %v; path %q", k, err, len(entries), derr, tmp)
		}
	}
}

func TestReplaceFileOS(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "key")
	if err := os.WriteFile(name, []byte("old"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, content := range []string{"new", ""} {
		if err := durable.ReplaceFile(durable.OS{}, name, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if got := read(t, durable.OS{}, name); got != content {
			t.Errorf("file holds %q, want %q", got, content)
		}
	}
	fi, err := os.Stat(name)
	if err != nil {
		t.Fatal(err)
	}
	if os.PathSeparator == '/' && fi.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, want 0600", fi.Mode().Perm())
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 1 {
		t.Errorf("%d files, want one", len(entries))
	}
	err = durable.ReplaceFile(durable.OS{}, filepath.Join(dir, "none", "key"), nil, 0o600)
	if !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "none") {
		t.Errorf("in a missing directory: %v, want that it does not exist", err)
	}
}

// A crash during ReplaceFile leaves at most a temporary file, which RemoveTemps finds.
func TestRemoveTemps(t *testing.T) {
	fsys := faultfs.New()
	if err := durable.MkdirAll(fsys, "/dir/sub.tmp-1", 0o700); err != nil {
		t.Fatal(err)
	}
	target := fsys.Ops() + 2 // the write
	fsys.SetHook(func(op faultfs.Op) faultfs.Fault {
		if op.N >= target {
			return faultfs.Fault{Err: faultfs.ErrCrashed}
		}
		return faultfs.Fault{}
	})
	if err := durable.ReplaceFile(fsys, "/dir/file", []byte("new"), 0o600); !errors.Is(err, faultfs.ErrCrashed) {
		t.Fatalf("ReplaceFile: %v, want the crash", err)
	}
	fsys = fsys.Crash(faultfs.Keep, nil)
	for _, want := range []int{2, 1} { // the temporary file and a directory; then the directory
		entries, err := fsys.ReadDir("/dir")
		if err != nil || len(entries) != want {
			t.Fatalf("%d entries, %v; want %d", len(entries), err, want)
		}
		if err := durable.RemoveTemps(fsys, "/dir"); err != nil {
			t.Fatal(err)
		}
	}
}

// A directory that MkdirAll reported survives, also when an earlier process
// was killed in the middle of making it.
func TestMkdirAll(t *testing.T) {
	for k := 1; ; k++ {
		fsys := faultfs.New()
		target := fsys.Ops() + k
		fsys.SetHook(func(op faultfs.Op) faultfs.Fault {
			if op.N >= target {
				return faultfs.Fault{Err: faultfs.ErrCrashed}
			}
			return faultfs.Fault{}
		})
		err := durable.MkdirAll(fsys, "/a/b/c", 0o700)
		fsys = fsys.Crash(faultfs.Keep, nil)
		if err := durable.MkdirAll(fsys, "/a/b/c", 0o700); err != nil {
			t.Fatal(err)
		}
		if _, err := fsys.Crash(faultfs.Lose, nil).Stat("/a/b/c"); err != nil {
			t.Errorf("killed before operation %d: %v", k, err)
		}
		if err == nil {
			if k < 8 {
				t.Errorf("%d operations, want more", k-1)
			}
			return
		}
	}
}

func TestLockOS(t *testing.T) {
	name := filepath.Join(t.TempDir(), "LOCK")
	l, err := durable.OS{}.Lock(name)
	if err != nil {
		t.Fatal(err)
	}
	var locked *durable.LockedError
	_, err = durable.OS{}.Lock(name)
	if !errors.As(err, &locked) || !errors.Is(err, durable.ErrLocked) || locked.PID != os.Getpid() || locked.Path != name {
		t.Errorf("second lock: %v, want a LockedError of process %d", err, os.Getpid())
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if l, err = (durable.OS{}).Lock(name); err != nil {
		t.Fatalf("after it was given back: %v", err)
	}
	if err := l.Close(); err != nil {
		t.Error(err)
	}
}

// Root may lock something in a directory of somebody who would like to have the
// process id written over another file.
func TestLockRefusesALink(t *testing.T) {
	dir := t.TempDir()
	victim, name := filepath.Join(dir, "victim"), filepath.Join(dir, "LOCK")
	if err := os.WriteFile(victim, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(victim, name); err != nil {
		t.Skip(err) // Windows wants a privilege for it
	}
	if _, err := (durable.OS{}).Lock(name); err == nil && os.PathSeparator == '/' {
		t.Error("a lock that is a symbolic link was taken")
	}
	if got := read(t, durable.OS{}, victim); got != "precious" && os.PathSeparator == '/' {
		t.Errorf("the file behind the link holds %q", got)
	}
}
