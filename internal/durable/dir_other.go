//go:build !unix

package durable

import (
	"errors"
	"syscall"
)

// SyncDir implements [FS]. Windows has no fsync for directories: NTFS writes
// changes of names to its log in order, and that is all there is.
func (OS) SyncDir(string) error { return nil }

// Error numbers of Windows for a full volume.
const (
	errorHandleDiskFull = syscall.Errno(39)
	errorDiskFull       = syscall.Errno(112)
)

func isNoSpace(err error) bool {
	return errors.Is(err, errorDiskFull) || errors.Is(err, errorHandleDiskFull) || errors.Is(err, syscall.ENOSPC)
}
