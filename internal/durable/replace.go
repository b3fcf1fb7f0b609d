package durable

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// tempMark is part of the name of every temporary file of [WriteTemp].
const tempMark = ".tmp-"

// ReplaceFile gives name the content data so that after a crash at any moment
// the file holds either all of the old or all of the new content, and once it
// has returned nil the new. Its system calls, and what each is for:
//
//  1. openat(O_CREAT|O_EXCL) of a temporary file in the same directory: a
//     rename is atomic only within a file system, and a file left over by
//     somebody else is never written into;
//  2. write, fsync: the bytes are on the device before the name points at them,
//     otherwise a crash could leave the name with an empty file;
//  3. close, rename: the one moment at which readers change from old to new;
//  4. fsync of the directory: the rename itself is on the device.
//
// perm (less the umask) are the permissions of the new file, those of the old
// one are not kept. On an error the old content may still or the new content
// may already be there, never a mixture; the temporary file is removed. Of two
// concurrent calls for one name the last to rename wins.
func ReplaceFile(fsys FS, name string, data []byte, perm os.FileMode) error {
	tmp, err := WriteTemp(fsys, name, data, perm)
	if err != nil {
		return fmt.Errorf("replace %s: %w", name, err)
	}
	if err := fsys.Rename(tmp, name); err != nil {
		return fmt.Errorf("replace %s: %w", name, errors.Join(err, discard(fsys, tmp)))
	}
	if err := fsys.SyncDir(filepath.Dir(name)); err != nil {
		return fmt.Errorf("replace %s: %w", name, err)
	}
	return nil
}

// WriteTemp is the first half of [ReplaceFile]: it stores data in a temporary
// file in the directory of name, syncs it, and returns its path. It is for a
// caller that gives the file its name in another way than by replacing, and
// who has to remove it or sync the directory. On an error no file remains.
func WriteTemp(fsys FS, name string, data []byte, perm os.FileMode) (tmp string, err error) {
	f, tmp, err := createTemp(fsys, name, perm)
	if err != nil {
		return "", err
	}
	n, err := f.Write(data)
	if err == nil && n < len(data) {
		err = io.ErrShortWrite
	}
	if err == nil {
		err = f.Sync()
	}
	if err := errors.Join(err, f.Close()); err != nil {
		return "", errors.Join(err, discard(fsys, tmp))
	}
	return tmp, nil
}

// discard removes a temporary file, which a step that failed may have taken away already.
func discard(fsys FS, tmp string) error {
	if err := fsys.Remove(tmp); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// createTemp creates a file beside name that nobody had before.
func createTemp(fsys FS, name string, perm os.FileMode) (File, string, error) {
	const tries = 100
	for i := 0; ; i++ {
		tmp := fmt.Sprintf("%s%s%016x", name, tempMark, rand.Uint64())
		f, err := fsys.OpenFile(tmp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, perm)
		if errors.Is(err, fs.ErrExist) && i < tries {
			continue
		}
		if err != nil {
			// An open that failed after it created the file must not leave it behind.
			return nil, "", errors.Join(err, discard(fsys, tmp))
		}
		return f, tmp, nil
	}
}

// RemoveTemps removes the temporary files that a crash during [ReplaceFile] or
// after [WriteTemp] left in dir. Only the owner of the directory may call it,
// at a time when neither is at work there.
func RemoveTemps(fsys FS, dir string) error {
	entries, err := fsys.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if !strings.Contains(e.Name(), tempMark) || !e.Type().IsRegular() {
			continue
		}
		if err := discard(fsys, filepath.Join(dir, e.Name())); err != nil {
			return err
		}
	}
	return nil
}

// MkdirAll creates dir with its missing parents so that all of them are
// durable when it returns nil: from the top, mkdir and fsync of the parent for
// each level. The name of the lowest level that exists is synced, too, since a
// process that ended between these two steps may have made it; a parent that
// may not be opened is then no error. Whatever lies above had been synced
// before something was created in it.
func MkdirAll(fsys FS, dir string, perm fs.FileMode) error {
	dir = filepath.Clean(dir)
	var missing []string // deepest first
	for {
		_, err := fsys.Stat(dir)
		if err == nil {
			break
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		missing = append(missing, dir)
		up := filepath.Dir(dir)
		if up == dir {
			break
		}
		dir = up
	}
	if err := fsys.SyncDir(filepath.Dir(dir)); err != nil && !errors.Is(err, fs.ErrPermission) {
		return err
	}
	for _, level := range slices.Backward(missing) {
		if err := fsys.MkdirAll(level, perm); err != nil {
			return err
		}
		if err := fsys.SyncDir(filepath.Dir(level)); err != nil {
			return err
		}
	}
	return nil
}

// IsNoSpace reports whether err says that the volume or the user's quota is
// full: something that can be waited for, unlike other write errors.
func IsNoSpace(err error) bool { return isNoSpace(err) }
