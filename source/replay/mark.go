package replay

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
)

// A position is what a mark holds: a place in a file, and what later rounds have
// to know about the first one. Encoded it is at most 62 bytes:
//
//	uint8    version, 1
//	16 bytes hash, uint64 size: identity of the file
//	uint32   earliest archive second seen in the first round, 0 for none
//	uint32   latest
//	uvarint  round
//	uvarint  offset of the next message, after decompression
type position struct {
	File     identity
	Min, Max uint32
	Round    uint64
	Offset   int64
}

const markVersion = 1

var errMark = errors.New("mark is damaged")

// span returns by how many seconds times move from one round to the next.
func (p *position) span() uint64 { return uint64(p.Max) - uint64(p.Min) + 1 }

// include widens the span of the first round.
func (p *position) include(low, high uint32) {
	if low == 0 {
		return
	}
	if p.Min == 0 || low < p.Min {
		p.Min = low
	}
	p.Max = max(p.Max, high)
}

func (p *position) appendMark(dst []byte) []byte {
	dst = append(append(dst, markVersion), p.File.Hash[:]...)
	dst = binary.BigEndian.AppendUint64(dst, p.File.Size)
	dst = binary.BigEndian.AppendUint32(dst, p.Min)
	dst = binary.BigEndian.AppendUint32(dst, p.Max)
	dst = binary.AppendUvarint(dst, p.Round)
	return binary.AppendUvarint(dst, uint64(p.Offset))
}

func decodeMark(mark []byte) (position, error) {
	var p position
	const fixed = 1 + 16 + 8 + 4 + 4
	if len(mark) > 0 && mark[0] != markVersion {
		return p, fmt.Errorf("mark has version %d, this program knows %d: written by a newer release?", mark[0], markVersion)
	}
	if len(mark) < fixed+2 {
		return p, fmt.Errorf("%w: %d bytes found, at least %d expected", errMark, len(mark), fixed+2)
	}
	copy(p.File.Hash[:], mark[1:])
	p.File.Size = binary.BigEndian.Uint64(mark[17:])
	p.Min, p.Max = binary.BigEndian.Uint32(mark[25:]), binary.BigEndian.Uint32(mark[29:])
	round, n := binary.Uvarint(mark[fixed:])
	if n <= 0 {
		return p, fmt.Errorf("%w: round is cut short or too large", errMark)
	}
	offset, m := binary.Uvarint(mark[fixed+n:])
	if m <= 0 || offset > math.MaxInt64 || fixed+n+m != len(mark) {
		return p, fmt.Errorf("%w: offset is cut short, too large or not the last field", errMark)
	}
	if p.Min > p.Max || p.Min == 0 && p.Max != 0 {
		return p, fmt.Errorf("%w: archive seconds from %d to %d", errMark, p.Min, p.Max)
	}
	p.Round, p.Offset = round, int64(offset)
	return p, nil
}
