package backup

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"

	"estream/internal/durable"
)

// CreateFile writes a backup of the data directory dir to the file name, with mode
// 0600, then reads it back and compares it with what was written. Until all of that is
// done and durable, what had the name before keeps it; after an error it still has.
func CreateFile(ctx context.Context, dir, name string, o Options) (_ *Manifest, err error) {
	o.setDefaults()
	unlock, err := lock(o.FS, dir)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	if err := removeStale(o.FS, name); err != nil {
		return nil, fmt.Errorf("backup %s: %w", name, err)
	}
	tmp := fmt.Sprintf("%s.tmp-%016x", name, rand.Uint64())
	defer func() {
		if err != nil {
			err = errors.Join(err, discard(o.FS, tmp))
		}
	}()
	m, err := writeFile(ctx, dir, tmp, o)
	if err != nil {
		return nil, err
	}
	if err := compare(ctx, tmp, m, o); err != nil {
		return nil, fmt.Errorf("backup %s: reading it back: %w", name, err)
	}
	if err := o.FS.Rename(tmp, name); err != nil {
		return nil, fmt.Errorf("backup: %w", err)
	}
	if err := o.FS.SyncDir(filepath.Dir(name)); err != nil {
		return nil, fmt.Errorf("backup %s: %w", name, err)
	}
	return m, nil
}

// writeFile writes a backup into a new file and makes its content durable.
func writeFile(ctx context.Context, dir, name string, o Options) (_ *Manifest, err error) {
	f, err := o.FS.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, fmt.Errorf("backup: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	w := bufio.NewWriterSize(f, 1<<20)
	m, err := create(ctx, dir, w, o)
	if err != nil {
		return nil, err
	}
	if err := w.Flush(); err != nil {
		return nil, fmt.Errorf("write backup: %w", err)
	}
	if err := f.Sync(); err != nil {
		return nil, fmt.Errorf("write backup: %w", err)
	}
	return m, nil
}

// compare reads a backup that was just written.
func compare(ctx context.Context, name string, want *Manifest, o Options) (err error) {
	f, err := o.FS.OpenFile(name, os.O_RDONLY, 0)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	got, err := Verify(ctx, f)
	if err != nil {
		return err
	}
	if len(got.Files) != len(want.Files) || got.Bytes() != want.Bytes() {
		return fmt.Errorf("%w: it has %d files with %d bytes, %d with %d were written", ErrDamaged, len(got.Files), got.Bytes(), len(want.Files), want.Bytes())
	}
	return nil
}

// removeStale removes what backups to the same file left behind when they were
// killed. The lock of the data directory says that none is at work.
func removeStale(fsys durable.FS, name string) error {
	dir, base := filepath.Split(name)
	if dir == "" {
		dir = "."
	}
	entries, err := fsys.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), base+".tmp-") && e.Type().IsRegular() {
			if err := discard(fsys, filepath.Join(dir, e.Name())); err != nil {
				return err
			}
		}
	}
	return nil
}

// discard removes a file that may not be there.
func discard(fsys durable.FS, name string) error {
	if err := fsys.Remove(name); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}
