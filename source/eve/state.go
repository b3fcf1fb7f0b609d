package eve

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"

	"estream/internal/durable"
)

// The file of open flows is, integers big-endian:
//
//	 0  8 bytes  "eveflows"
//	 8  uint32   version, 1
//	12  uint32   CRC-32C of everything behind it
//	16  uint32   length of the position, then the position as in a mark
//	    varints  clock, time of the last flow, time of the last netflow, lines behind the clock
//	    uvarint  number of ended flows, then those, then the same for open ones
//
// Flows are in the order of their last lines, each a fixed run of varints and
// texts (flowState).
const (
	stateMagic   = "eveflows"
	stateVersion = 1
	stateHeader  = 16
)

// maxState bounds the file in bytes when it is read: what the table may hold, and
// some.
const maxState = 512 << 20

var (
	castagnoli = crc32.MakeTable(crc32.Castagnoli)
	errState   = errors.New("file of open flows is damaged")
)

// appendState appends the file of open flows.
func appendState(dst []byte, p *position, t *table) []byte {
	dst = append(dst, stateMagic...)
	dst = binary.BigEndian.AppendUint32(dst, stateVersion)
	dst = binary.BigEndian.AppendUint32(dst, 0)
	mark := p.append(nil)
	dst = binary.BigEndian.AppendUint32(dst, uint32(len(mark)))
	c := codec{b: append(dst, mark...)}
	c.table(t)
	binary.BigEndian.PutUint32(c.b[12:], crc32.Checksum(c.b[stateHeader:], castagnoli))
	return c.b
}

// readPosition returns the position in the file of open flows, and what follows it.
func readPosition(data []byte) (*position, []byte, error) {
	if len(data) < stateHeader+4 || string(data[:8]) != stateMagic {
		return nil, nil, fmt.Errorf("%w: it does not begin like one", errState)
	}
	if v := binary.BigEndian.Uint32(data[8:]); v != stateVersion {
		return nil, nil, fmt.Errorf("file of open flows has version %d, this program knows %d: written by a newer release?", v, stateVersion)
	}
	if crc32.Checksum(data[stateHeader:], castagnoli) != binary.BigEndian.Uint32(data[12:]) {
		return nil, nil, fmt.Errorf("%w: checksum does not fit", errState)
	}
	n := binary.BigEndian.Uint32(data[stateHeader:])
	rest := data[stateHeader+4:]
	if uint64(n) > uint64(len(rest)) {
		return nil, nil, fmt.Errorf("%w: position of %d bytes", errState, n)
	}
	p, err := decodeMark(rest[:n])
	if err == nil && p == nil {
		err = fmt.Errorf("%w: no position", errState)
	}
	return p, rest[n:], err
}

// stateNames returns the names of the two files: they are written in turn, so that
// one is older than what the journal has made durable.
func (s *Source) stateNames() [2]string { return [2]string{s.State + ".flows.0", s.State + ".flows.1"} }

// A savedState is what a file of open flows holds; at is nil if there is none.
type savedState struct {
	at    *position
	table []byte
	slot  int // which of the two files
}

// loadState returns the newest state of open flows that the journal's mark has
// caught up with.
func (s *Source) loadState(mark *position) (best savedState) {
	if s.State == "" {
		return best
	}
	for slot, name := range s.stateNames() {
		data, err := durable.ReadFile(s.fs(), name, maxState)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		var p *position
		var table []byte
		if err == nil {
			p, table, err = readPosition(data)
		}
		switch {
		case err != nil:
			s.Log.Warn("eve: file of open flows not used", "file", name, "error", err)
		case p.lineage != mark.lineage || p.batches > mark.batches:
			// Of an earlier run, or the journal has lost what was handed on before.
		case best.at == nil || p.batches > best.at.batches || p.batches == best.at.batches && p.lines > best.at.lines:
			best = savedState{p, table, slot}
		}
	}
	return best
}
