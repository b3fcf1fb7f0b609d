package unified2

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// maxMark is the largest mark in bytes that a journal takes.
const maxMark = 512

// markVersion is the first byte of a mark.
const markVersion = 1

var errMark = errors.New("mark is damaged")

// A lanePosition is where reading of a lane goes on. In a mark it is
//
//	uint8    length of the lane's name
//	...      the lane's name
//	uvarint  stamp, number of the current file
//	uvarint  stamp, number of the newest file that was ever current
//	uvarint  offset of the next record
//	8 bytes  hash of the file's first bytes (min(64, offset) of them)
//
// The hash stands for the file's identity: unlike an inode it survives copying
// and exists everywhere, and the first record of a file carries the time in
// microseconds and the event number, so no two files begin alike.
type lanePosition struct {
	Name   string
	Cur    fileKey
	High   fileKey
	Offset int64
	Hash   [8]byte
}

// maxPosition is the largest size of an encoded position without the name.
const maxPosition = 1 + 2*(6+5) + 10 + 8

func appendPosition(dst []byte, p *lanePosition) []byte {
	dst = append(dst, byte(len(p.Name)))
	dst = append(dst, p.Name...)
	for _, v := range [...]uint64{p.Cur.Stamp, p.Cur.N, p.High.Stamp, p.High.N, uint64(p.Offset)} {
		dst = binary.AppendUvarint(dst, v)
	}
	return append(dst, p.Hash[:]...)
}

// decodeMark returns the positions in a mark. An empty mark has none.
func decodeMark(mark []byte) ([]lanePosition, error) {
	if len(mark) == 0 {
		return nil, nil
	}
	if len(mark) > maxMark {
		return nil, fmt.Errorf("%w: %d bytes, at most %d expected", errMark, len(mark), maxMark)
	}
	if mark[0] != markVersion {
		return nil, fmt.Errorf("mark has version %d, this program knows %d: written by a newer release?", mark[0], markVersion)
	}
	var all []lanePosition
	for b := mark[1:]; len(b) > 0; {
		n := int(b[0])
		if n == 0 || len(b) < 1+n {
			return nil, fmt.Errorf("%w: lane name of %d bytes at offset %d of %d", errMark, n, len(mark)-len(b), len(mark))
		}
		p := lanePosition{Name: string(b[1 : 1+n])}
		b = b[1+n:]
		var v [5]uint64
		for i := range v {
			u, k := binary.Uvarint(b)
			if k <= 0 || u > 1<<62 {
				return nil, fmt.Errorf("%w: number %d of lane %s is cut short or too large", errMark, i+1, p.Name)
			}
			v[i], b = u, b[k:]
		}
		if len(b) < len(p.Hash) {
			return nil, fmt.Errorf("%w: hash of lane %s is cut short", errMark, p.Name)
		}
		p.Cur, p.High, p.Offset = fileKey{v[0], v[1]}, fileKey{v[2], v[3]}, int64(v[4])
		b = b[copy(p.Hash[:], b):]
		all = append(all, p)
	}
	return all, nil
}
