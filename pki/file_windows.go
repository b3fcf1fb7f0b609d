package pki

import (
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"
)

// errSharingViolation is ERROR_SHARING_VIOLATION, which package syscall lacks.
const errSharingViolation = syscall.Errno(32)

// tryLock opens the file at path for this process alone. It returns errLocked when
// somebody else has it open.
func tryLock(path string) (unlock func() error, err error) {
	name, err := syscall.UTF16PtrFromString(path)
	if err != nil {
		return nil, fmt.Errorf("lock %s: %w", path, err)
	}
	h, err := syscall.CreateFile(name, syscall.GENERIC_READ|syscall.GENERIC_WRITE, 0, nil,
		syscall.OPEN_ALWAYS, syscall.FILE_ATTRIBUTE_NORMAL, 0)
	switch {
	case err == nil:
		return func() error { return syscall.CloseHandle(h) }, nil
	case errors.Is(err, errSharingViolation):
		return nil, errLocked
	}
	return nil, fmt.Errorf("lock %s: %w", path, err)
}

// adopt does nothing: files inherit the access rights of their directory.
func adopt(*os.File, string) error { return nil }

// rename replaces to. Windows refuses that while somebody reads the file, and
// readers of ours are done in a moment.
func rename(from, to string) error {
	for try := 0; ; try++ {
		err := os.Rename(from, to)
		busy := errors.Is(err, errSharingViolation) || errors.Is(err, syscall.ERROR_ACCESS_DENIED)
		if !busy || try == 100 {
			return err
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// syncDir does nothing: a directory cannot be synced here, NTFS journals the rename.
func syncDir(string) error { return nil }

// openToOthers cannot tell from the mode bits who may read a file.
func openToOthers(os.FileInfo) bool { return false }
