package admin

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

// lockWait bounds the wait for the lock. Its holders write one small file.
const lockWait = 30 * time.Second

// lock takes the settings' lock, against other processes as well as against other
// callers in this one. The system releases it when the process ends.
func (s *Store) lock(ctx context.Context) (io.Closer, error) {
	ctx, cancel := context.WithTimeout(ctx, lockWait)
	defer cancel()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		lock, err := s.fs.Lock(filepath.Join(s.dir, lockFile))
		if err == nil {
			return lock, nil
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

// sameFile reports whether two descriptions are of one file. Of a file system that is
// not the machine's nothing is known, and the answer is no.
func sameFile(a, b fs.FileInfo) bool { return os.SameFile(a, b) }
