package backup_test

import (
	"bytes"
	"errors"
	"maps"
	"math/rand/v2"
	"strings"
	"testing"

	"estream/backup"
	"estream/internal/durable"
	"estream/internal/durable/faultfs"
)

// faults calls run with every single operation failing in every way, and with the
// process killed or the power cut there, until it succeeds. after looks at what is left.
func faults(t *testing.T, prepare func() *faultfs.FS, run func(*faultfs.FS) error, after func(what string, fsys *faultfs.FS, err error)) {
	t.Helper()
	rng := rand.New(rand.NewPCG(1, 2))
	for k := 1; ; k++ {
		succeeded := false
		for _, effect := range []faultfs.Effect{faultfs.None, faultfs.Half, faultfs.Full} {
			fsys := prepare()
			fsys.FailNth(k, faultfs.Fault{Effect: effect})
			err := run(fsys)
			fsys.SetHook(nil)
			succeeded = err == nil
			if err != nil && !errors.Is(err, faultfs.ErrInjected) {
				t.Errorf("operation %d fails: %v", k, err)
			}
			after("fault", fsys, err)
			after("power cut after a fault", fsys.Crash(faultfs.Lose, nil), err)
		}
		for _, mode := range []faultfs.Mode{faultfs.Lose, faultfs.Torn, faultfs.Keep} {
			fsys := prepare()
			target := fsys.Ops() + k
			fsys.SetHook(func(op faultfs.Op) faultfs.Fault {
				if op.N >= target {
					return faultfs.Fault{Err: faultfs.ErrCrashed}
				}
				return faultfs.Fault{}
			})
			err := run(fsys)
			if err != nil && !errors.Is(err, faultfs.ErrCrashed) {
				t.Errorf("killed before operation %d: %v", k, err)
			}
			after("kill", fsys.Crash(mode, rng), err)
		}
		if succeeded {
			if k < 30 {
				t.Errorf("%d operations, more expected", k)
			}
			return
		}
	}
}

// TestCreateFaults: whatever fails, and whenever the process ends, the file holds the
// old backup or the new one, whole; the new one for certain once CreateFile said so.
func TestCreateFaults(t *testing.T) {
	const old = "an old backup"
	prepare := func() *faultfs.FS {
		fsys := faultfs.New()
		server(t, fsys, "/data", 12)
		put(t, fsys, "/backups/file", old)
		if err := durable.MkdirAll(fsys, "/tmp", 0o700); err != nil {
			t.Fatal(err)
		}
		return fsys
	}
	create := func(fsys *faultfs.FS) error {
		_, err := backup.CreateFile(t.Context(), "/data", "/backups/file", backup.Options{FS: fsys, Temp: "/tmp"})
		return err
	}
	faults(t, prepare, create, func(what string, fsys *faultfs.FS, err error) {
		t.Helper()
		got := tree(t, fsys, "/backups")["file"]
		if got == old && err == nil || got != old && !complete(t, got) {
			t.Errorf("%s: file has %d bytes, CreateFile said %v", what, len(got), err)
		}
		if what == "kill" {
			// The next one removes what was left behind.
			if err := durable.MkdirAll(fsys, "/tmp", 0o700); err != nil {
				t.Fatal(err)
			}
			if err := create(fsys); err != nil {
				t.Errorf("next backup: %v", err)
			}
			if got := tree(t, fsys, "/backups"); len(got) != 1 || !complete(t, got["file"]) {
				t.Errorf("after the next backup there are %q", names(got))
			}
		}
	})
}

func complete(t *testing.T, data string) bool {
	m, err := backup.Verify(t.Context(), strings.NewReader(data))
	return err == nil && m.Journal.End == 12
}

// TestRestoreFaults: whatever fails, and whenever the process ends, the directory is
// what it was, or it is complete.
func TestRestoreFaults(t *testing.T) {
	source := faultfs.New()
	server(t, source, "/data", 12)
	if err := durable.MkdirAll(source, "/tmp", 0o700); err != nil {
		t.Fatal(err)
	}
	var archive bytes.Buffer
	m, err := backup.Create(t.Context(), "/data", &archive, backup.Options{FS: source, Temp: "/tmp"})
	if err != nil {
		t.Fatal(err)
	}
	want := tree(t, source, "/data")
	maps.DeleteFunc(want, func(name, _ string) bool {
		for _, f := range m.Files {
			if f.Name == name {
				return false
			}
		}
		return true
	})
	prepare := func() *faultfs.FS {
		fsys := faultfs.New()
		if err := durable.MkdirAll(fsys, "/var/copy", 0o700); err != nil {
			t.Fatal(err)
		}
		return fsys
	}
	restore := func(fsys *faultfs.FS) error {
		_, err := backup.Restore(t.Context(), bytes.NewReader(archive.Bytes()), "/var/copy", backup.RestoreOptions{FS: fsys})
		return err
	}
	faults(t, prepare, restore, func(what string, fsys *faultfs.FS, err error) {
		t.Helper()
		got := tree(t, fsys, "/var/copy")
		if len(got) > 0 && !maps.Equal(got, want) || err == nil && len(got) == 0 {
			t.Errorf("%s: %d files, Restore said %v", what, len(got), err)
		}
		if entries, rerr := fsys.ReadDir("/var"); what == "fault" && err != nil && (rerr != nil || len(entries) > 1) {
			t.Errorf("after a fault there are %d directories, %v, %v", len(entries), rerr, err)
		}
	})
}
