package follow

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"
)

var errNotFile = errors.New("not a regular file")

// A fault is what is wrong with the file that is being read.
type fault struct {
	why Reason // ReasonGone: it begins otherwise than it did
	err error
}

func (f *fault) Error() string { return f.err.Error() }
func (f *fault) Unwrap() error { return f.err }

// A file is an open file that is read. Every read checks that the file still
// begins as it did: a writer that restarts, or a tool that truncates, goes on
// under the same name and inode, and whatever stands at the old offset then
// belongs to another line.
type file struct {
	path     string
	f        *os.File
	info     fs.FileInfo // when it was opened
	modified time.Time   // when it was last looked at
	zip      *unpacked   // nil for a plain file
	head     []byte      // the first bytes, up to headSize of what was read

	off   int64 // where the next line begins
	scan  int64 // bytes from there that belong to a line that is too long
	chunk int   // how much to read so that it holds the next line
	lost  bool  // there is no more to read, whatever is in the file
	tmp   [headSize]byte
}

// openFile opens a regular file: opening a pipe would block.
func openFile(path string) (*file, error) {
	fi, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !fi.Mode().IsRegular() {
		return nil, fmt.Errorf("open %s: %w but %v", path, errNotFile, fi.Mode().Type())
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	if fi, err = f.Stat(); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	zip, err := unpack(path, f)
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return &file{path: path, f: f, info: fi, modified: fi.ModTime(), zip: zip, chunk: batchSize}, nil
}

func (f *file) close() { f.f.Close() } // opened for reading: nothing to lose

// same reports whether fi describes this file.
func (f *file) same(fi fs.FileInfo) bool { return os.SameFile(f.info, fi) }

// resume moves to a position if the file begins as head says and can hold the
// position. It reads the beginning into f.head.
func (f *file) resume(off int64, h head) (bool, error) {
	b := make([]byte, h.n)
	n, err := f.readAt(b, 0)
	if err != nil || n < h.n || headOf(b) != h {
		return false, err
	}
	f.head, f.off, f.scan = b, off, 0
	return true, nil
}

// restart goes to the start of a file that has new content.
func (f *file) restart() {
	f.head, f.off, f.scan, f.chunk, f.lost = nil, 0, 0, batchSize, false
}

// position returns the position at an offset up to which the file was read.
func (f *file) position(off int64) position {
	p := position{offset: off, modified: f.modified.UnixNano(), head: headOf(f.head[:min(off, int64(len(f.head)))])}
	if f.zip == nil {
		p.dev, p.ino = inode(f.info)
	}
	return p
}

// learn takes the beginning of the file from b, which was read at offset off.
func (f *file) learn(b []byte, off int64) {
	if have := int64(len(f.head)); off <= have && have < headSize && off+int64(len(b)) > have {
		f.head = append(f.head, b[have-off:min(int64(len(b)), headSize-off)]...)
	}
}

// readAt reads into p as much as there is from offset off, and nothing at the
// end. The error is a *fault.
func (f *file) readAt(p []byte, off int64) (int, error) {
	if f.zip != nil {
		n, err := f.zip.readAt(p, off)
		if err != nil {
			return 0, &fault{ReasonUnreadable, fmt.Errorf("read %s: %w", f.path, err)}
		}
		return n, nil
	}
	n, err := f.f.ReadAt(p, off)
	if err != nil && !errors.Is(err, io.EOF) {
		return 0, &fault{ReasonUnreadable, err}
	}
	// The check comes after the read: if the data is already that of a rewritten
	// file, so is its beginning.
	if err := f.check(off, n == 0); err != nil {
		return 0, err
	}
	return n, nil
}

// check returns a *fault if the file does not begin as it did or, at its end, is
// shorter than off.
func (f *file) check(off int64, atEnd bool) error {
	b := f.tmp[:len(f.head)]
	n, err := f.f.ReadAt(b, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return &fault{ReasonUnreadable, err}
	}
	if n > 0 && !bytes.Equal(b[:n], f.head[:n]) {
		return &fault{ReasonGone, fmt.Errorf("%s was rewritten in place", f.path)}
	}
	if !atEnd {
		return nil
	}
	fi, err := f.f.Stat()
	switch {
	case err != nil:
		return &fault{ReasonUnreadable, err}
	case fi.Size() == 0 && off > 0:
		return &fault{ReasonTruncated, fmt.Errorf("%s was truncated", f.path)}
	case fi.Size() < off:
		return &fault{ReasonShorter, fmt.Errorf("%s has %d bytes, %d were read", f.path, fi.Size(), off)}
	}
	f.modified = fi.ModTime()
	return nil
}
