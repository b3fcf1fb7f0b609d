package follow

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
)

// MaxMark is the largest size of a mark in bytes.
const MaxMark = 192

// markVersion is the first byte of a mark.
const markVersion = 1

var errMark = errors.New("mark of a followed file is damaged")

// headSize is how many bytes at the start of a file tell it from others.
const headSize = 1 << 10

// maxDone is how many files that were read are remembered.
const maxDone = 8

// A position is where reading goes on. In a mark it is
//
//	uint8    version
//	uvarint  device, inode; 0 where the system has none
//	uvarint  offset of the next line
//	uint64   modification time of the file, Unix nanoseconds
//	head     of the file
//	heads    of files that were read before, the oldest first
//
// where a head is the number of bytes (uvarint, at most 1024) and the first 8
// bytes of their SHA-256.
type position struct {
	dev, ino uint64
	offset   int64
	modified int64
	head     head
	done     []head
}

// A head stands for the beginning of a file: how many bytes, and their hash.
type head struct {
	n    int
	hash [8]byte
}

func headOf(b []byte) head {
	h := head{n: len(b)}
	sum := sha256.Sum256(b)
	copy(h.hash[:], sum[:])
	return h
}

func appendHead(dst []byte, h head) []byte {
	dst = binary.AppendUvarint(dst, uint64(h.n))
	return append(dst, h.hash[:]...)
}

func (p *position) append(dst []byte) []byte {
	dst = append(dst, markVersion)
	dst = binary.AppendUvarint(dst, p.dev)
	dst = binary.AppendUvarint(dst, p.ino)
	dst = binary.AppendUvarint(dst, uint64(p.offset))
	dst = binary.BigEndian.AppendUint64(dst, uint64(p.modified))
	dst = appendHead(dst, p.head)
	for _, h := range p.done {
		dst = appendHead(dst, h)
	}
	return dst
}

// decodeMark returns the position in a mark, nil for an empty mark.
func decodeMark(mark []byte) (*position, error) {
	if len(mark) == 0 {
		return nil, nil
	}
	if len(mark) > MaxMark {
		return nil, fmt.Errorf("%w: %d bytes, at most %d expected", errMark, len(mark), MaxMark)
	}
	if mark[0] != markVersion {
		return nil, fmt.Errorf("mark of a followed file has version %d, this program knows %d: written by a newer release?", mark[0], markVersion)
	}
	b := mark[1:]
	var p position
	for _, v := range []*uint64{&p.dev, &p.ino} {
		u, k := binary.Uvarint(b)
		if k <= 0 {
			return nil, fmt.Errorf("%w: device or inode is cut short", errMark)
		}
		*v, b = u, b[k:]
	}
	off, k := binary.Uvarint(b)
	if k <= 0 || off > 1<<62 || len(b) < k+8 {
		return nil, fmt.Errorf("%w: offset or time is cut short or too large", errMark)
	}
	p.offset, p.modified, b = int64(off), int64(binary.BigEndian.Uint64(b[k:])), b[k+8:]
	for len(b) > 0 {
		n, k := binary.Uvarint(b)
		if k <= 0 || n > headSize || len(b) < k+8 {
			return nil, fmt.Errorf("%w: beginning of a file is cut short or has more than %d bytes", errMark, headSize)
		}
		h := head{n: int(n)}
		copy(h.hash[:], b[k:])
		p.done, b = append(p.done, h), b[k+8:]
	}
	if len(p.done) == 0 || len(p.done) > 1+maxDone || int64(p.done[0].n) > p.offset {
		return nil, fmt.Errorf("%w: %d beginnings of files, 1 to %d expected", errMark, len(p.done), 1+maxDone)
	}
	p.head, p.done = p.done[0], p.done[1:]
	return &p, nil
}

// remember notes a file that was read, and forgets the oldest of too many.
func (p *position) remember(h head) {
	if h.n == 0 || slices.Contains(p.done, h) {
		return
	}
	if len(p.done) >= maxDone {
		p.done = slices.Delete(p.done, 0, len(p.done)-maxDone+1)
	}
	p.done = append(p.done, h)
}
