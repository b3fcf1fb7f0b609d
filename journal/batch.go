package journal

import (
	"encoding/binary"
	"hash/crc32"
	"time"
)

const (
	// MaxPayload is the highest length of a batch's payload in bytes; batches are meant to have about 256 KiB.
	MaxPayload = 64 << 20
	// MaxMark is the highest length of a mark in bytes.
	MaxMark = 512

	batchMagic   = 0x65736a62 // "esjb"
	batchFixed   = 72         // length of a batch header without its mark
	flagSnapshot = 1
)

var (
	castagnoli = crc32.MakeTable(crc32.Castagnoli)
	be         = binary.BigEndian
	magicBytes = []byte("esjb")
)

// A Batch is what a source appends.
type Batch struct {
	// Source is the number of the source. Marks are kept per source.
	Source uint32
	// Payload holds the messages, in one or several pieces that are stored
	// one after the other. Not empty, at most [MaxPayload] bytes together.
	Payload [][]byte
	// Count is the number of messages in Payload, at least 1.
	Count uint32
	// MinArchive and MaxArchive are the lowest and highest archive time of
	// the messages in seconds since 1970; 0 for none.
	MinArchive, MaxArchive uint32
	// Mark is the position from which the source goes on after this batch,
	// in the source's own words, at most [MaxMark] bytes.
	Mark []byte
}

// A View is a batch as a [Reader] returns it. Payload and Mark belong to the
// journal and must not be changed; they are valid until the next call of Next
// or Close, or longer with Retain.
type View struct {
	Source                 uint32
	Count                  uint32 // messages in Payload; 0 for a snapshot
	Skip                   uint32 // leading messages of Payload that lie before the reader's position
	MinArchive, MaxArchive uint32
	Snapshot               bool   // Payload comes from Options.Snapshot
	Seq                    uint64 // sequence number of the first message of Payload
	Arrival                time.Time
	Payload                []byte
	Mark                   []byte

	chunk *chunk
}

// End returns the position behind the batch.
func (v *View) End() Position { return Position{v.Seq + uint64(v.Count)} }

// Retain keeps Payload and Mark valid until Release is called, once for each
// Retain, from any goroutine. A view retained keeps up to 1 MiB (or its own
// size when that is more) from being used again.
func (v *View) Retain() {
	if v.chunk != nil {
		v.chunk.retain()
	}
}

// Release ends a Retain.
func (v *View) Release() {
	if v.chunk != nil {
		v.chunk.release()
	}
}

// batchHeader is the header of a batch; see the package comment.
type batchHeader struct {
	flags      uint16
	salt       uint64
	payloadLen uint32
	payloadSum uint32
	seq        uint64
	count      uint32
	source     uint32
	arrival    int64
	minArchive uint32
	maxArchive uint32
	durable    uint64
	mark       []byte // borrowed
}

func (h *batchHeader) headerLen() int { return batchFixed + len(h.mark) }
func (h *batchHeader) size() int64    { return int64(h.headerLen()) + int64(h.payloadLen) }
func (h *batchHeader) end() uint64    { return h.seq + uint64(h.count) }
func (h *batchHeader) snapshot() bool { return h.flags&flagSnapshot != 0 }

// encode writes the header to the start of b, which has room for headerLen bytes.
func (h *batchHeader) encode(b []byte) {
	b = b[:h.headerLen()]
	be.PutUint32(b, batchMagic)
	be.PutUint16(b[4:], uint16(len(b)))
	be.PutUint16(b[6:], h.flags)
	be.PutUint64(b[8:], h.salt)
	be.PutUint32(b[16:], h.payloadLen)
	be.PutUint32(b[20:], h.payloadSum)
	be.PutUint64(b[24:], h.seq)
	be.PutUint32(b[32:], h.count)
	be.PutUint32(b[36:], h.source)
	be.PutUint64(b[40:], uint64(h.arrival))
	be.PutUint32(b[48:], h.minArchive)
	be.PutUint32(b[52:], h.maxArchive)
	be.PutUint64(b[56:], h.durable)
	be.PutUint32(b[64:], 0)
	copy(b[batchFixed:], h.mark)
	be.PutUint32(b[68:], batchSum(b))
}

// batchSum returns the checksum of a whole header, its own field left out.
func batchSum(b []byte) uint32 {
	return crc32.Update(crc32.Update(0, castagnoli, b[:68]), castagnoli, b[batchFixed:])
}

// parseBatch reads the header at the start of b, which need not hold more
// than that, and checks it. The mark borrows b. The errors are errShort,
// errMagic, errHeaderSum and errHeaderField.
func parseBatch(b []byte) (batchHeader, error) {
	if len(b) < batchFixed {
		if len(b) >= 4 && be.Uint32(b) != batchMagic {
			return batchHeader{}, errMagic
		}
		return batchHeader{}, errShort
	}
	if be.Uint32(b) != batchMagic {
		return batchHeader{}, errMagic
	}
	n := int(be.Uint16(b[4:]))
	if n < batchFixed || n > batchFixed+MaxMark {
		return batchHeader{}, errHeaderField
	}
	if len(b) < n {
		return batchHeader{}, errShort
	}
	b = b[:n]
	if batchSum(b) != be.Uint32(b[68:]) {
		return batchHeader{}, errHeaderSum
	}
	h := decodeBatch(b)
	known := h.flags&^uint16(flagSnapshot) == 0 && be.Uint32(b[64:]) == 0
	if !known || h.payloadLen > MaxPayload || h.end() < h.seq || (h.count == 0) != h.snapshot() {
		return batchHeader{}, errHeaderField
	}
	return h, nil
}

// decodeBatch reads a header that is known to be good, as it is in memory.
func decodeBatch(b []byte) batchHeader {
	return batchHeader{
		flags:      be.Uint16(b[6:]),
		salt:       be.Uint64(b[8:]),
		payloadLen: be.Uint32(b[16:]),
		payloadSum: be.Uint32(b[20:]),
		seq:        be.Uint64(b[24:]),
		count:      be.Uint32(b[32:]),
		source:     be.Uint32(b[36:]),
		arrival:    int64(be.Uint64(b[40:])),
		minArchive: be.Uint32(b[48:]),
		maxArchive: be.Uint32(b[52:]),
		durable:    be.Uint64(b[56:]),
		mark:       b[batchFixed:int(be.Uint16(b[4:]))],
	}
}

// view makes a View of a batch whose header is h and whose bytes b holds.
func (h *batchHeader) view(b []byte, c *chunk) View {
	n := h.headerLen()
	return View{
		Source: h.source, Count: h.count, MinArchive: h.minArchive, MaxArchive: h.maxArchive,
		Snapshot: h.snapshot(), Seq: h.seq, Arrival: time.Unix(0, h.arrival),
		Payload: b[n : n+int(h.payloadLen) : n+int(h.payloadLen)], Mark: h.mark[:len(h.mark):len(h.mark)], chunk: c,
	}
}
