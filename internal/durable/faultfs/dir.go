package faultfs

import (
	"errors"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"estream/internal/durable"
)

var _ durable.FS = (*FS)(nil)

// OpenFile implements [durable.FS].
func (f *FS) OpenFile(name string, flag int, perm fs.FileMode) (durable.File, error) {
	var opened *file
	err := f.do(KindOpen, name, func() error {
		dir, base, err := f.parent(name)
		if err != nil {
			return err
		}
		n := dir.entries[base]
		switch {
		case n == nil && flag&os.O_CREATE == 0:
			return fs.ErrNotExist
		case n == nil:
			n = &node{mode: perm.Perm()}
			dir.apply(change{set: map[string]*node{base: n}})
		case flag&os.O_CREATE != 0 && flag&os.O_EXCL != 0:
			return fs.ErrExist
		case n.dir:
			return errors.New("is a directory")
		case flag&os.O_TRUNC != 0:
			f.truncate(n, 0)
		}
		opened = &file{fs: f, node: n, name: name, flag: flag}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return opened, nil
}

// Rename implements [durable.FS] for two names in one directory.
func (f *FS) Rename(oldname, newname string) error {
	return f.do(KindRename, oldname, func() error {
		dir, from, err := f.parent(oldname)
		if err != nil {
			return err
		}
		todir, to, err := f.parent(newname)
		if err != nil {
			return err
		}
		n := dir.entries[from]
		switch {
		case n == nil:
			return fs.ErrNotExist
		case dir != todir:
			return errors.New("faultfs renames within one directory only")
		case from == to:
			return nil
		}
		if old := dir.entries[to]; old != nil {
			f.used -= old.bytes()
		}
		dir.apply(change{set: map[string]*node{to: n}, unset: from})
		return nil
	})
}

// Remove implements [durable.FS].
func (f *FS) Remove(name string) error {
	return f.do(KindRemove, name, func() error {
		dir, base, err := f.parent(name)
		if err != nil {
			return err
		}
		n := dir.entries[base]
		if n == nil {
			return fs.ErrNotExist
		}
		if len(n.entries) > 0 {
			return errors.New("directory is not empty")
		}
		f.used -= n.bytes()
		dir.apply(change{unset: base})
		return nil
	})
}

// ReadDir implements [durable.FS].
func (f *FS) ReadDir(name string) (entries []fs.DirEntry, err error) {
	err = f.do(KindReadDir, name, func() error {
		n, err := f.find(name)
		if err != nil {
			return err
		}
		if !n.dir {
			return errors.New("not a directory")
		}
		for _, base := range slices.Sorted(maps.Keys(n.entries)) {
			child := n.entries[base]
			entries = append(entries, info{base, child, int64(len(child.data))})
		}
		return nil
	})
	return entries, err
}

// Stat implements [durable.FS].
func (f *FS) Stat(name string) (fi fs.FileInfo, err error) {
	err = f.do(KindStat, name, func() error {
		n, err := f.find(name)
		if err == nil {
			fi = info{filepath.Base(name), n, int64(len(n.data))}
		}
		return err
	})
	return fi, err
}

// MkdirAll implements [durable.FS].
func (f *FS) MkdirAll(name string, perm fs.FileMode) error {
	return f.do(KindMkdir, name, func() error {
		n := f.root
		for _, part := range split(name) {
			next := n.entries[part]
			if next == nil {
				next = newDir(perm.Perm())
				n.apply(change{set: map[string]*node{part: next}})
			}
			if !next.dir {
				return errors.New("not a directory")
			}
			n = next
		}
		return nil
	})
}

// Truncate implements [durable.FS].
func (f *FS) Truncate(name string, size int64) error {
	return f.do(KindTruncate, name, func() error {
		n, err := f.find(name)
		if err != nil {
			return err
		}
		f.truncate(n, size)
		return nil
	})
}

// SyncDir implements [durable.FS]. Unlike File.Sync it can be repeated after a failure.
func (f *FS) SyncDir(name string) error {
	return f.do(KindSyncDir, name, func() error {
		n, err := f.find(name)
		if err != nil {
			return err
		}
		n.durable = maps.Clone(n.entries)
		n.changes = nil
		return nil
	})
}

// Lock implements [durable.FS].
func (f *FS) Lock(name string) (io.Closer, error) {
	err := f.do(KindLock, name, func() error {
		dir, base, err := f.parent(name)
		if err != nil {
			return err
		}
		if dir.entries[base] == nil {
			dir.apply(change{set: map[string]*node{base: {mode: 0o600}}})
		}
		if f.locks[name] {
			return &durable.LockedError{Path: name, PID: os.Getpid()}
		}
		f.locks[name] = true
		return nil
	})
	if err != nil {
		if !errors.Is(err, durable.ErrLocked) {
			f.unlock(name) // a fault after the effect: the caller has nothing to close
		}
		return nil, err
	}
	return &lock{fs: f, name: name}, nil
}

func (f *FS) unlock(name string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.locks, name)
}

type lock struct {
	fs   *FS
	name string
}

func (l *lock) Close() error {
	l.fs.unlock(l.name)
	return nil
}
