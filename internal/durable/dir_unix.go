//go:build unix

package durable

import (
	"errors"
	"os"
	"syscall"
)

// SyncDir implements [FS] with open, fsync and close of the directory. File
// systems that have no fsync for directories answer EINVAL or ENOTSUP; there
// is nothing more to be had from them, so that is not an error.
func (OS) SyncDir(name string) error {
	d, err := os.Open(name)
	if err != nil {
		return err
	}
	err = d.Sync()
	if errors.Is(err, syscall.EINVAL) || errors.Is(err, syscall.ENOTSUP) {
		err = nil
	}
	return errors.Join(err, d.Close())
}

func isNoSpace(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)
}
