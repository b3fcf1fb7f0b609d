package doctor

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
)

const (
	// probeBytes are written to find a full disk: more than the last blocks that a
	// file system hands out one by one.
	probeBytes = 256 << 10
	// lowPercent of a file system free is nearly full.
	lowPercent = 5
)

// A space is how much room a file system has, in bytes, for ordinary users.
type space struct{ free, total uint64 }

// stateDir looks at the state directory. One that does not exist yet will be
// created by the collector, so its parent has to be writable then.
func (d *diagnosis) stateDir(_ context.Context, s *Step) {
	s.Tried = "write to " + d.StateDir
	dir, info, err := existing(d.StateDir)
	switch {
	case err != nil:
		d.fail(s, Failed, ReadOnly, err.Error())
		return
	case !info.IsDir():
		d.fail(s, Failed, DirGone, dir+" is not a directory")
		return
	}
	if err := probe(dir); isFull(err) {
		d.fail(s, Failed, DiskFull, err.Error())
		return
	} else if err != nil {
		d.fail(s, Failed, ReadOnly, err.Error())
		return
	}
	room, err := freeSpace(dir)
	if err != nil {
		d.fail(s, Warning, DiskLow, "the free space cannot be read: "+err.Error())
		return
	}
	s.Found = fmt.Sprintf("writable, %s of %s free", bytesText(room.free), bytesText(room.total))
	switch {
	case dir != filepath.Clean(d.StateDir):
		s.Found = "does not exist yet; " + dir + " is " + s.Found
	case runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0:
		d.fail(s, Warning, DirOpen, fmt.Sprintf("mode %04o lets others in, 0700 expected; %s", info.Mode().Perm(), s.Found))
	}
	if low := room.total / 100 * lowPercent; room.free < low || room.free < d.NeedFree {
		d.fail(s, Warning, DiskLow, fmt.Sprintf("%s; at least %s should be free", s.Found, bytesText(max(low, d.NeedFree))))
	}
}

// existing returns the nearest directory above path, or path itself, that is there.
func existing(path string) (string, fs.FileInfo, error) {
	for path = filepath.Clean(path); ; path = filepath.Dir(path) {
		info, err := os.Stat(path)
		if !errors.Is(err, fs.ErrNotExist) || path == filepath.Dir(path) {
			return path, info, err
		}
	}
}

// probe writes a file durably and removes it.
func probe(dir string) (err error) {
	f, err := os.CreateTemp(dir, ".doctor-*")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.Remove(f.Name())) }()
	_, err = f.Write(make([]byte, probeBytes))
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// WritableCheck returns a check for an OutputCheck: whether files can be written in
// dir, or in the nearest directory above it that is there.
func WritableCheck(dir string) func(context.Context) error {
	return func(context.Context) error {
		found, info, err := existing(dir)
		switch {
		case err != nil:
			return err
		case !info.IsDir():
			return fmt.Errorf("%s is not a directory", found)
		}
		return probe(found)
	}
}

// bytesText writes a size with a binary unit.
func bytesText(n uint64) string {
	units := []string{"bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"}
	v, i := float64(n), 0
	for ; v >= 1024 && i < len(units)-1; i++ {
		v /= 1024
	}
	if i == 0 {
		return fmt.Sprintf("%d bytes", n)
	}
	return fmt.Sprintf("%.1f %s", v, units[i])
}
