package eve

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// markVersion is the first byte of a mark.
const markVersion = 1

var errMark = errors.New("mark of an EVE source is damaged")

// A position is how far a source has come. As a mark it is
//
//	uint8    version
//	8 bytes  lineage: a random number, chosen anew by each run
//	uvarint  lines
//	uvarint  CRC-32C of the last line
//	uvarint  batches
//	uvarint  number of the last intrusion event
//	uvarint  clock
//	uvarint  ended, opened
//	...      mark of the followed file; nothing for a socket
//
// which is less than 300 bytes.
type position struct {
	lineage [8]byte
	lines   uint64 // lines taken since reading began
	last    uint32 // CRC-32C of the last of them: that reading again arrives at the same place
	batches uint64 // batches handed on
	event   uint32
	clock   int64 // of the table
	// Flows let go since the last line because time passed without one: of those
	// ended, of those open. See package documentation.
	ended, opened uint64
	file          []byte
}

func (p *position) append(dst []byte) []byte {
	dst = append(dst, markVersion)
	dst = append(dst, p.lineage[:]...)
	for _, v := range [...]uint64{p.lines, uint64(p.last), p.batches, uint64(p.event), uint64(p.clock), p.ended, p.opened} {
		dst = binary.AppendUvarint(dst, v)
	}
	return append(dst, p.file...)
}

// decodeMark returns the position in a mark; nil for an empty one.
func decodeMark(mark []byte) (*position, error) {
	if len(mark) == 0 {
		return nil, nil
	}
	if mark[0] != markVersion {
		return nil, fmt.Errorf("mark of an EVE source has version %d, this program knows %d: written by a newer release, or by a source of another kind?", mark[0], markVersion)
	}
	var p position
	if len(mark) < 1+len(p.lineage) {
		return nil, fmt.Errorf("%w: %d bytes", errMark, len(mark))
	}
	copy(p.lineage[:], mark[1:])
	b := mark[1+len(p.lineage):]
	var v [7]uint64
	for i := range v {
		u, k := binary.Uvarint(b)
		if k <= 0 || u > 1<<62 {
			return nil, fmt.Errorf("%w: number %d is cut short or too large", errMark, i+1)
		}
		v[i], b = u, b[k:]
	}
	p.lines, p.last, p.batches, p.event = v[0], uint32(v[1]), v[2], uint32(v[3])
	p.clock, p.ended, p.opened = int64(v[4]), v[5], v[6]
	p.file = append([]byte(nil), b...)
	return &p, nil
}
