package pki

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"estream/internal/durable"
)

// writeFile replaces path with data so that after a crash either the old or the new
// content is there. It has reached the disk when writeFile returns nil.
func writeFile(path string, data []byte, perm fs.FileMode) error {
	return durable.ReplaceFile(disk{}, path, data, perm)
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

// lockWait bounds the wait for the lock. Its holders write a few small files.
const lockWait = 30 * time.Second

// lockDir takes the lock of dir, against other processes as well as against other
// callers in this one. The system releases it when the process ends.
func lockDir(ctx context.Context, dir string) (unlock func() error, err error) {
	ctx, cancel := context.WithTimeout(ctx, lockWait)
	defer cancel()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		lock, err := disk{}.Lock(filepath.Join(dir, "lock"))
		if err == nil {
			return lock.Close, nil
		}
		if !errors.Is(err, durable.ErrLocked) {
			return nil, err
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("wait for another process or call to finish: %w: %w", err, ctx.Err())
		case <-tick.C:
		}
	}
}
