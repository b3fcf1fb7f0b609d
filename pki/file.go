package pki

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// tempPrefix marks files that were never finished. They are ignored, and removed
// when the directory is opened next.
const tempPrefix = ".tmp-"

// writeFile replaces path with data so that after a crash either the old or the new
// content is there. It has reached the disk when writeFile returns nil: the file is
// synced before it gets its name, the directory after.
func writeFile(path string, data []byte, perm fs.FileMode) error {
	temp, err := writeTemp(filepath.Dir(path), data, perm)
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	if err := rename(temp, path); err != nil {
		return errors.Join(fmt.Errorf("write %s: %w", path, err), os.Remove(temp))
	}
	if err := syncDir(filepath.Dir(path)); err != nil {
		return fmt.Errorf("write %s: sync directory: %w", path, err)
	}
	return nil
}

// writeTemp stores data in a new synced file of dir and returns its path.
func writeTemp(dir string, data []byte, perm fs.FileMode) (path string, err error) {
	f, err := os.CreateTemp(dir, tempPrefix+"*")
	if err != nil {
		return "", err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(f.Name()))
		}
	}()
	defer func() { err = errors.Join(err, f.Close()) }()
	if err := f.Chmod(perm); err != nil {
		return "", err
	}
	// An administrator's "client add" must not leave files behind that the service,
	// which runs as somebody else, cannot read.
	if err := adopt(f, dir); err != nil {
		return "", err
	}
	if _, err := f.Write(data); err != nil {
		return "", err
	}
	return f.Name(), f.Sync()
}

// readFile reads a file of at most limit bytes.
func readFile(path string, limit int64) ([]byte, fs.FileInfo, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, nil, err
	}
	defer f.Close() // opened for reading: closing cannot lose anything
	info, err := f.Stat()
	if err != nil {
		return nil, nil, err
	}
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return nil, nil, err
	}
	if int64(len(data)) > limit {
		return nil, nil, fmt.Errorf("%s: larger than %d bytes", path, limit)
	}
	return data, info, nil
}

// makeDir creates dir for its owner alone and leaves an existing one as it is.
func makeDir(dir string) error {
	switch err := os.Mkdir(dir, 0o700); {
	case errors.Is(err, fs.ErrExist):
		return nil
	case err != nil:
		return err
	}
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	if err := errors.Join(adopt(f, filepath.Dir(dir)), f.Close()); err != nil {
		return err
	}
	return syncDir(filepath.Dir(dir))
}

// sweep removes from dir the files that stale names. The caller holds the lock, so
// nobody is still writing them.
func sweep(dir string, stale func(name string) bool) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	var errs []error
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), tempPrefix) || stale(e.Name()) {
			errs = append(errs, os.Remove(filepath.Join(dir, e.Name())))
		}
	}
	return errors.Join(errs...)
}

// errLocked is returned by tryLock while somebody else holds the lock.
var errLocked = errors.New("locked")

// lockWait bounds the wait for the lock. Its holders write a few small files.
const lockWait = 30 * time.Second

// lockDir takes the lock of dir, against other processes as well as against other
// callers in this one. The system releases it when the process ends.
func lockDir(ctx context.Context, dir string) (unlock func() error, err error) {
	path := filepath.Join(dir, "lock")
	ctx, cancel := context.WithTimeout(ctx, lockWait)
	defer cancel()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		unlock, err := tryLock(path)
		if !errors.Is(err, errLocked) {
			return unlock, err
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("%s is held by another process: %w", path, ctx.Err())
		case <-tick.C:
		}
	}
}
