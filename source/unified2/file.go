package unified2

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

var (
	// errRewritten: the file begins otherwise than when it was read.
	errRewritten = errors.New("file was rewritten in place")
	// errTruncated: the file ends before the position, and begins as before.
	errTruncated = errors.New("file was truncated")
	errNotFile   = errors.New("not a regular file")
)

// headSize is how many bytes at the start of a file tell it from others.
const headSize = 64

// A spoolFile is an open file of a spool. Every read checks that the file still
// begins as it did, because a writer that restarts may truncate the file and
// begin anew under the same name and inode; a record at the old offset would be
// garbage.
type spoolFile struct {
	f    *os.File
	rd   *Reader
	head []byte // the first min(64, offset of the next record) bytes
	tmp  [headSize]byte
}

// openFile opens the file at path, which must be a regular file: opening a pipe
// would block.
func openFile(path string) (*spoolFile, error) {
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
	s := &spoolFile{f: f, head: make([]byte, 0, headSize)}
	s.rd = NewReaderAt(s, path, 0)
	return s, nil
}

// resume moves to a position from a mark. It reports false, and stays at the
// start, if the file is not the one in which the position was taken.
func (s *spoolFile) resume(off int64, hash [8]byte) (bool, error) {
	n := min(off, headSize)
	if _, err := s.f.ReadAt(s.tmp[:n], 0); err != nil {
		if errors.Is(err, io.EOF) {
			return n == 0, nil
		}
		return false, err
	}
	if headHash(s.tmp[:n]) != hash {
		return false, nil
	}
	s.head = append(s.head[:0], s.tmp[:n]...)
	s.rd = NewReaderAt(s, s.rd.name, off)
	return true, nil
}

// restart goes back to the start of a file that was rewritten.
func (s *spoolFile) restart() {
	s.head = s.head[:0]
	s.rd = NewReaderAt(s, s.rd.name, 0)
}

// next returns the next record. Errors are those of Reader.Next, errRewritten
// and errTruncated.
func (s *spoolFile) next() (Record, error) {
	rec, err := s.rd.Next()
	if err == nil && rec.Offset == int64(len(s.head)) && len(s.head) < headSize {
		s.head = append(s.head, rec.Raw[:min(len(rec.Raw), headSize-len(s.head))]...)
	}
	return rec, err
}

// ReadAt reads for the Reader. The check comes after the read: if the data is
// already that of a rewritten file, so is its beginning.
func (s *spoolFile) ReadAt(p []byte, off int64) (int, error) {
	n, err := s.f.ReadAt(p, off)
	if cerr := s.check(off, n == 0); cerr != nil {
		return 0, cerr
	}
	return n, err
}

func (s *spoolFile) check(off int64, atEnd bool) error {
	if len(s.head) > 0 {
		n, err := s.f.ReadAt(s.tmp[:len(s.head)], 0)
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		if !bytes.Equal(s.tmp[:n], s.head[:n]) {
			return errRewritten
		}
	}
	if atEnd {
		fi, err := s.f.Stat()
		if err != nil {
			return err
		}
		if fi.Size() < off {
			return errTruncated
		}
	}
	return nil
}

// replaced reports whether path now leads to another file than the open one.
// A path that leads nowhere, or cannot be looked at, does not count.
func (s *spoolFile) replaced(path string) bool {
	a, err := s.f.Stat()
	if err != nil {
		return false
	}
	b, err := os.Stat(path)
	return err == nil && !os.SameFile(a, b)
}

// left reports whether path does not lead to the open file any more.
func (s *spoolFile) left(path string) bool {
	_, err := os.Stat(path)
	return errors.Is(err, fs.ErrNotExist) || s.replaced(path)
}

func (s *spoolFile) position() (off int64, hash [8]byte) {
	return s.rd.Offset(), headHash(s.head)
}

func (s *spoolFile) close() error { return s.f.Close() }

func headHash(head []byte) (h [8]byte) {
	sum := sha256.Sum256(head)
	copy(h[:], sum[:])
	return h
}
