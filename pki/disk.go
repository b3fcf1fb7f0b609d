package pki

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"estream/internal/durable"
)

// disk is the file system of the machine, with one difference: what root creates
// belongs to the owner of the directory it is in. An administrator's "client add"
// must not leave files behind that the service, which runs as somebody else, cannot
// read.
type disk struct{ durable.OS }

// FS returns the file system through which the directory is written: what root
// creates belongs to the owner of the directory it is in, with the exact mode.
func FS() durable.FS { return disk{} }

// OpenFile gives a file that it creates exactly the mode perm, whatever the umask,
// and its directory's owner. Only O_EXCL tells that the file is new; any other may
// be somebody else's and stays as it is.
func (d disk) OpenFile(name string, flag int, perm fs.FileMode) (durable.File, error) {
	const create = os.O_CREATE | os.O_EXCL
	if flag&create != create {
		return d.OS.OpenFile(name, flag, perm)
	}
	f, err := os.OpenFile(name, flag, perm)
	if err != nil {
		return nil, err
	}
	if err := errors.Join(f.Chmod(perm), adopt(filepath.Dir(name), f.Chown)); err != nil {
		return nil, errors.Join(err, f.Close(), os.Remove(name))
	}
	return f, nil
}

// MkdirAll gives the directory, but not parents that it lacked, its parent's owner:
// durable.MkdirAll calls it for one level after the other.
func (d disk) MkdirAll(name string, perm fs.FileMode) error {
	if os.Mkdir(name, perm) != nil {
		return d.OS.MkdirAll(name, perm) // it exists and is not ours to give away, or this says what is wrong
	}
	// Not by way of an open file: a link that took its place meanwhile must not be followed.
	return adopt(filepath.Dir(name), func(uid, gid int) error { return os.Lchown(name, uid, gid) })
}

// Lock creates the lock file with OpenFile, for its owner, before it is locked.
func (d disk) Lock(name string) (io.Closer, error) {
	f, err := d.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err == nil {
		err = f.Close()
	}
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, err
	}
	return d.OS.Lock(name)
}
