//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package durable

import (
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"
)

// Lock implements [FS] with flock(2): the lock belongs to the open file, so a
// second open in the same process is refused too, and the kernel gives it
// back when the process ends, however it ends. The file stays; removing it
// would let two processes lock two files of the same name. A symbolic link is
// refused: root may take a lock in a directory of another user, and the
// process id must not be written to a file of that user's choice.
func (OS) Lock(name string) (io.Closer, error) {
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE|syscall.O_NOFOLLOW, 0o600)
	if err != nil {
		return nil, err
	}
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	for errors.Is(err, syscall.EINTR) {
		err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	}
	if errors.Is(err, syscall.EWOULDBLOCK) {
		pid := readPID(f)
		return nil, errors.Join(&LockedError{Path: name, PID: pid}, f.Close())
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("lock %s: %w", name, err), f.Close())
	}
	if err := writePID(f); err != nil {
		return nil, errors.Join(fmt.Errorf("write process id to %s: %w", name, err), f.Close())
	}
	return f, nil
}
