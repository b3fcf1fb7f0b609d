package durable

import (
	"errors"
	"os"
	"syscall"
	"time"
)

// Rename implements [FS]. Windows refuses to replace a file while somebody has
// it open, and readers of ours are done in a moment, so it waits for up to a
// second before it gives up.
func (OS) Rename(oldname, newname string) error {
	for try := 0; ; try++ {
		err := os.Rename(oldname, newname)
		busy := errors.Is(err, errorSharingViolation) || errors.Is(err, syscall.ERROR_ACCESS_DENIED)
		if !busy || try == 100 {
			return err
		}
		time.Sleep(10 * time.Millisecond)
	}
}
