package journal

import (
	"bytes"
	"cmp"
	"errors"
	"io"
	"io/fs"
	"os"
)

// discardEmpty looks at the newest segment and takes it away when it holds no
// message: the crash came while it was being created. What looks as if it once
// held some is set aside instead.
func (j *Journal) discardEmpty(f *found) (empty bool, err error) {
	empty, simple := true, f.header != nil || f.size < segmentFixed
	bad := f.bad
	_, err = j.scan(f, noSeq, f.size, true, func(it item) bool {
		if it.bad != nil {
			simple = simple && it.bad == errShort
			bad = cmp.Or(bad, it.bad)
			return true
		}
		empty = it.header.snapshot()
		return empty
	})
	if err != nil || !empty || j.readOnly {
		return empty, err
	}
	if !simple {
		if simple, err = j.zeros(f.path, f.headLen); err != nil {
			return false, err
		}
	}
	if simple {
		j.log.Info("journal segment that was being created when the last run ended is removed", "file", f.path, "bytes", f.size)
		j.counters.cut += uint64(f.size)
		return true, j.remove(f.path)
	}
	aside, _, err := j.asidePath(f.path, 0, -1)
	if err != nil {
		return false, err
	}
	j.log.Error("journal segment holds no readable batch and is set aside", "file", f.path, "as", aside, "error", bad)
	j.counters.damaged++
	return true, j.fs.Rename(f.path, aside)
}

// remove removes a file that may be gone already.
func (j *Journal) remove(path string) error {
	if err := j.fs.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// zeros reports whether a file holds nothing but zeros from off on.
func (j *Journal) zeros(path string, off int64) (zero bool, err error) {
	f, err := j.fs.OpenFile(path, os.O_RDONLY, 0)
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	b := make([]byte, 64<<10)
	for {
		n, err := f.ReadAt(b, off)
		if len(bytes.TrimLeft(b[:n], "\x00")) > 0 {
			return false, nil
		}
		if err == io.EOF {
			return true, nil
		}
		if err != nil {
			return false, err
		}
		off += int64(n)
	}
}
