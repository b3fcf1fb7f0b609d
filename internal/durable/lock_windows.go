package durable

import (
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"
)

// errorSharingViolation is what a second open for writing gets.
const errorSharingViolation = syscall.Errno(32)

// Lock implements [FS] by opening the file for writing while allowing others
// only to read it (for the process id). Windows closes it when the process ends.
func (OS) Lock(name string) (io.Closer, error) {
	p, err := syscall.UTF16PtrFromString(name)
	if err != nil {
		return nil, fmt.Errorf("lock %s: %w", name, err)
	}
	h, err := syscall.CreateFile(p, syscall.GENERIC_READ|syscall.GENERIC_WRITE, syscall.FILE_SHARE_READ,
		nil, syscall.OPEN_ALWAYS, syscall.FILE_ATTRIBUTE_NORMAL, 0)
	if errors.Is(err, errorSharingViolation) {
		return nil, &LockedError{Path: name, PID: lockedBy(name)}
	}
	if err != nil {
		return nil, fmt.Errorf("lock %s: %w", name, err)
	}
	f := os.NewFile(uintptr(h), name)
	if err := writePID(f); err != nil {
		return nil, errors.Join(fmt.Errorf("write process id to %s: %w", name, err), f.Close())
	}
	return f, nil
}

func lockedBy(name string) int {
	f, err := os.Open(name)
	if err != nil {
		return 0
	}
	pid := readPID(f)
	if f.Close() != nil {
		return 0
	}
	return pid
}
