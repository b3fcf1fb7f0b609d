package durable

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
)

// ErrLocked is what errors.Is finds in a *LockedError.
var ErrLocked = errors.New("locked by another user")

// A LockedError says that a lock is held by somebody else. [FS].Lock returns it.
type LockedError struct {
	Path string // the lock file
	PID  int    // process that holds the lock; 0 when it is not known
}

// Error implements error.
func (e *LockedError) Error() string {
	if e.PID == 0 {
		return fmt.Sprintf("%s is locked by another process", e.Path)
	}
	if e.PID == os.Getpid() {
		return fmt.Sprintf("%s is locked by this process (%d)", e.Path, e.PID)
	}
	return fmt.Sprintf("%s is locked by process %d", e.Path, e.PID)
}

// Is reports whether target is [ErrLocked].
func (e *LockedError) Is(target error) bool { return target == ErrLocked }

// writePID leaves the process id in a lock file for whoever comes second. It
// is only a hint, the lock itself does not depend on it.
func writePID(f *os.File) error {
	if err := f.Truncate(0); err != nil {
		return err
	}
	_, err := f.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0)
	return err
}

// readPID reads what writePID wrote; 0 when there is nothing to be read.
func readPID(r io.Reader) int {
	b, err := io.ReadAll(io.LimitReader(r, 32))
	if err != nil {
		return 0
	}
	pid, err := strconv.Atoi(string(bytes.TrimSpace(b)))
	if err != nil || pid < 0 {
		return 0
	}
	return pid
}
