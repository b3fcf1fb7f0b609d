package replay

import (
	"bufio"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// An identity tells whether a position belongs to the file at hand: the start of
// the SHA-256 of its name without directory, a zero byte and its first 4 KiB,
// together with its size. It outlives copying to another place, as inode numbers
// would not.
type identity struct {
	Hash [16]byte
	Size uint64 // bytes on disk
}

// headSize is how much of the file goes into its identity.
const headSize = 4096

type file struct {
	*os.File
	identity identity
	zipped   bool
}

func openFile(path string) (*file, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	opened, err := identify(f, path)
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return opened, nil
}

func identify(f *os.File, path string) (*file, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		// Positions need a file that can be read twice.
		return nil, fmt.Errorf("%s is no regular file", path)
	}
	head := make([]byte, headSize)
	n, err := io.ReadFull(f, head)
	if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
		return nil, err
	}
	head = head[:n]
	h := sha256.New()
	io.WriteString(h, filepath.Base(path)+"\x00") // a hash never fails
	h.Write(head)
	opened := &file{File: f, identity: identity{Size: uint64(info.Size())}}
	copy(opened.identity.Hash[:], h.Sum(nil))
	// Messages start with their version, 0 and 1.
	opened.zipped = len(head) >= 2 && head[0] == 0x1f && head[1] == 0x8b
	return opened, nil
}

// at returns the content of the file from offset on, after decompression.
func (f *file) at(ctx context.Context, offset int64) (io.Reader, error) {
	if !f.zipped {
		if uint64(offset) > f.identity.Size {
			return nil, fmt.Errorf("position %d lies behind the end, %d", offset, f.identity.Size)
		}
		_, err := f.Seek(offset, io.SeekStart)
		return f.File, err
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	z, err := gzip.NewReader(bufio.NewReaderSize(f.File, 64<<10))
	if err != nil {
		return nil, fmt.Errorf("decompress: %w", err)
	}
	for left := offset; left > 0; {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		n, err := io.CopyN(io.Discard, z, min(left, 4<<20))
		if left -= n; err != nil {
			return nil, fmt.Errorf("decompress up to position %d: %w at %d", offset, err, offset-left)
		}
	}
	return z, nil
}
