// Package durable is the small part of a file system that estream relies on
// when it promises that something survives a crash: the journal, cursors,
// keys and outputs go through it.
//
// The promises it is built on, which hold for local Unix file systems:
//
//   - bytes written to a file survive a power cut once [File].Sync has
//     returned nil, and not before;
//   - a name that was created, renamed or removed survives once [FS].SyncDir
//     of its directory has returned nil, and not before;
//   - a rename over an existing name shows either the old or the new file;
//   - after Sync has returned an error nothing is known about the bytes
//     written since the last good Sync, even if a later Sync returns nil:
//     the kernel may have dropped them from its cache as "tried". They have
//     to be written again, preferably elsewhere.
//
// [FS] is an interface so that tests can break every one of these operations
// (package faultfs). Production code uses [OS].
package durable

import (
	"fmt"
	"io"
	"io/fs"
	"os"
)

// File is an open file of an [FS]. It is safe for concurrent use as far as
// ReadAt and WriteAt are concerned; Read, Write and Seek share one offset.
type File interface {
	io.Reader
	io.ReaderAt
	io.Writer
	io.WriterAt
	io.Seeker
	io.Closer

	// Truncate sets the length of the file in bytes; a longer file is filled with zeros.
	Truncate(size int64) error
	// Sync returns once the content and length of the file are on the
	// device. See the package comment for what an error means.
	Sync() error
	// Stat describes the file.
	Stat() (fs.FileInfo, error)
}

// FS is the set of file system operations estream needs. Names are paths as
// package os takes them. Implementations are safe for concurrent use.
type FS interface {
	// OpenFile opens name with the flags of package os (os.O_RDWR, ...).
	// perm is used for a file that is created, less the umask.
	OpenFile(name string, flag int, perm fs.FileMode) (File, error)
	// Rename gives a file a new name and replaces what had that name. It is
	// durable after SyncDir of the directory.
	Rename(oldname, newname string) error
	// Remove removes a file or an empty directory.
	Remove(name string) error
	// ReadDir lists a directory in the order of names.
	ReadDir(name string) ([]fs.DirEntry, error)
	// Stat describes a file or directory.
	Stat(name string) (fs.FileInfo, error)
	// MkdirAll creates a directory and its missing parents; see the function
	// [MkdirAll] for the durable form.
	MkdirAll(name string, perm fs.FileMode) error
	// Truncate sets the length of a file that is not open.
	Truncate(name string, size int64) error
	// SyncDir makes creations, renames and removals in a directory durable.
	SyncDir(name string) error
	// Lock takes the lock that the file name stands for, creating the file
	// when it is missing, and writes the process id into it. A lock that
	// somebody else holds, in this or another process, is a *LockedError.
	// Closing the result, or the end of the process, gives the lock back.
	Lock(name string) (io.Closer, error)
}

// OS is the file system of the machine. The zero value is ready for use.
type OS struct{}

var _ FS = OS{}

// OpenFile implements [FS].
func (OS) OpenFile(name string, flag int, perm fs.FileMode) (File, error) {
	f, err := os.OpenFile(name, flag, perm)
	if err != nil {
		return nil, err // a nil *os.File must not become a non-nil File
	}
	return f, nil
}

// Remove implements [FS].
func (OS) Remove(name string) error { return os.Remove(name) }

// ReadDir implements [FS].
func (OS) ReadDir(name string) ([]fs.DirEntry, error) { return os.ReadDir(name) }

// Stat implements [FS].
func (OS) Stat(name string) (fs.FileInfo, error) { return os.Stat(name) }

// MkdirAll implements [FS].
func (OS) MkdirAll(name string, perm fs.FileMode) error { return os.MkdirAll(name, perm) }

// Truncate implements [FS].
func (OS) Truncate(name string, size int64) error { return os.Truncate(name, size) }

// ReadFile reads a whole file of at most limit bytes; a longer one is an error.
func ReadFile(fsys FS, name string, limit int64) ([]byte, error) {
	f, err := fsys.OpenFile(name, os.O_RDONLY, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return nil, err
	}
	if int64(len(data)) > limit {
		return nil, fmt.Errorf("%s has more than %d bytes", name, limit)
	}
	return data, nil
}
