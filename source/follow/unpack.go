package follow

import (
	"bufio"
	"compress/bzip2"
	"compress/gzip"
	"errors"
	"io"
	"os"
	"strings"
)

// unreadable are the endings of compressed files that cannot be read here.
var unreadable = []string{".xz", ".zst", ".lz4", ".Z", ".zip"}

// unpacker returns what unpacks a file of this name, nil for a plain file.
func unpacker(name string) func(io.Reader) (io.Reader, error) {
	switch {
	case strings.HasSuffix(name, ".gz"):
		return func(r io.Reader) (io.Reader, error) { return gzip.NewReader(r) }
	case strings.HasSuffix(name, ".bz2"):
		return func(r io.Reader) (io.Reader, error) { return bzip2.NewReader(r), nil }
	}
	return nil
}

// An unpacked file is the content of a compressed one. It is read from front to
// back, and the last piece is kept, since the next begins with its last line.
type unpacked struct {
	f    *os.File
	open func(io.Reader) (io.Reader, error)
	r    io.Reader // nil at the start
	pos  int64     // unpacked bytes read from r
	last []byte    // the last of these
}

// unpack returns nil for a plain file.
func unpack(name string, f *os.File) (*unpacked, error) {
	open := unpacker(name)
	if open == nil {
		return nil, nil
	}
	return &unpacked{f: f, open: open}, nil
}

// readAt reads into p as much as there is from offset off.
func (u *unpacked) readAt(p []byte, off int64) (int, error) {
	if u.r == nil || off < u.pos-int64(len(u.last)) {
		if _, err := u.f.Seek(0, io.SeekStart); err != nil {
			return 0, err
		}
		r, err := u.open(bufio.NewReaderSize(u.f, 64<<10))
		if err != nil {
			return 0, err
		}
		u.r, u.pos, u.last = r, 0, u.last[:0]
	}
	if off > u.pos {
		n, err := io.CopyN(io.Discard, u.r, off-u.pos)
		u.pos += n
		u.last = u.last[:0]
		if errors.Is(err, io.EOF) {
			return 0, nil
		}
		if err != nil {
			return 0, err
		}
	}
	n := copy(p, u.last[int64(len(u.last))-(u.pos-off):])
	var err error
	for n < len(p) && err == nil {
		var k int
		k, err = u.r.Read(p[n:])
		n += k
		u.pos += int64(k)
	}
	// p ends at u.pos unless it was filled from what was kept alone.
	if int64(n) >= u.pos-off {
		u.last = append(u.last[:0], p[:n]...)
	}
	if err != nil && !errors.Is(err, io.EOF) && n == 0 {
		return 0, err
	}
	return n, nil
}
