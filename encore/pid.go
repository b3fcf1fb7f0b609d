package encore

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"time"

	"estream/internal/durable"
)

// ErrRunning says that a client works in the directory already.
var ErrRunning = errors.New("PID file already exists")

// readPID returns the number in a pid file, 0 if there is none to be had.
func readPID(fsys durable.FS, path string) (int, error) {
	data, err := readSmall(fsys, path)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("pid file: %w", err)
	}
	n, err := strconv.Atoi(strings.TrimSpace(string(data)))
	if err != nil || n <= 0 {
		return 0, nil // stale: no process has such a number
	}
	return n, nil
}

// claim makes this process the client of the directory: it takes the lock beside
// the journal and writes the pid file. A pid file whose process is gone is
// replaced. The error is ErrRunning when somebody else is at work, eNcore itself
// included. release gives both back.
func claim(fsys durable.FS, f *Files) (release func() error, err error) {
	if err := durable.MkdirAll(fsys, f.State, 0o700); err != nil {
		return nil, fmt.Errorf("state directory: %w", err)
	}
	lock, err := fsys.Lock(f.lock())
	// Who asks whether we run holds the lock for a moment.
	for range 20 {
		if !errors.Is(err, durable.ErrLocked) {
			break
		}
		time.Sleep(10 * time.Millisecond)
		lock, err = fsys.Lock(f.lock())
	}
	if locked := (*durable.LockedError)(nil); errors.As(err, &locked) {
		return nil, fmt.Errorf("%w: process %d works in this directory; stop it first", ErrRunning, locked.PID)
	}
	if err != nil {
		return nil, fmt.Errorf("state directory: %w", err)
	}
	pid, err := readPID(fsys, f.PID)
	if err == nil && pid != 0 && pid != os.Getpid() && alive(pid) {
		err = fmt.Errorf("%w: %s names process %d, which is at work; stop it first", ErrRunning, f.PID, pid)
	}
	if err == nil {
		err = durable.ReplaceFile(fsys, f.PID, strconv.AppendInt(nil, int64(os.Getpid()), 10), 0o644)
	}
	if err == nil {
		err = removeIfThere(fsys, f.request()) // meant for somebody before us
	}
	if err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	return func() error { return errors.Join(removeIfThere(fsys, f.PID), lock.Close()) }, nil
}

// running returns the process that works in the directory, 0 if there is none. A
// pid file that outlived its process is removed.
func running(fsys durable.FS, f *Files) (int, error) {
	pid, err := readPID(fsys, f.PID)
	if err != nil {
		return 0, err
	}
	held, err := lockedBy(fsys, f)
	switch {
	case err != nil:
		return 0, err
	case held != 0:
		return held, nil
	case pid != 0 && alive(pid):
		return pid, nil
	}
	return 0, removeIfThere(fsys, f.PID)
}

// lockedBy returns the process of ours that works in the directory.
func lockedBy(fsys durable.FS, f *Files) (int, error) {
	if _, err := fsys.Stat(f.lock()); errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	lock, err := fsys.Lock(f.lock())
	if locked := (*durable.LockedError)(nil); errors.As(err, &locked) {
		if locked.PID <= 0 {
			return 0, fmt.Errorf("%s is locked by a process that cannot be named: %w", f.lock(), err)
		}
		return locked.PID, nil
	}
	if err != nil {
		return 0, err
	}
	return 0, lock.Close()
}
