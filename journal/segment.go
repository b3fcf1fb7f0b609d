package journal

import (
	"bytes"
	"cmp"
	"fmt"
	"hash/crc32"
	"io"
	"math"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"estream/internal/durable"
)

const (
	formatVersion = 1
	segmentMagic  = "estrmjnl"
	segmentFixed  = 48 // length of a segment header without its table of sources
	sourceFixed   = 10 // length of a row of that table without its mark
	segmentSuffix = ".seg"
	indexSuffix   = ".idx"
	damagedSuffix = ".damaged"
	noSeq         = math.MaxUint64
)

// A segment is one file. The fields below mu are guarded by Journal.mu once
// the journal is open; those above do not change after the segment is listed,
// except that the committer renames a segment whose file name is taken.
type segment struct {
	first      uint64 // sequence number of its first message
	generation int
	path       string
	headLen    int64 // offset of its first batch, which is the snapshot if there is one

	// mu

	size    int64  // length with all batches assigned to it, in memory or in the file
	durable int64  // length that is known to be on the device; only this much is read from the file
	end     uint64 // sequence number behind its last durable batch
	closed  bool   // nothing will be appended to it
	head    []byte // header and snapshot while they are not durable
	index   segmentIndex

	// Only the committer uses these.

	file     durable.File // open for writing
	written  int64        // length handed to the kernel
	linked   bool         // its name is durable
	failures int          // writes to it that failed in a row, a full disk left out
}

func (s *segment) name() string {
	return fmt.Sprintf("%020d-%04d%s", s.first, s.generation, segmentSuffix)
}

// parseSegmentName is the inverse of name.
func parseSegmentName(name string) (first uint64, generation int, ok bool) {
	base, ok := strings.CutSuffix(name, segmentSuffix)
	a, b, dash := strings.Cut(base, "-")
	if !ok || !dash || len(a) != 20 || len(b) < 4 {
		return 0, 0, false
	}
	first, err := strconv.ParseUint(a, 10, 64)
	if err != nil {
		return 0, 0, false
	}
	g, err := strconv.ParseUint(b, 10, 31)
	if err != nil {
		return 0, 0, false
	}
	return first, int(g), true
}

func indexPath(segment string) string {
	return strings.TrimSuffix(segment, segmentSuffix) + indexSuffix
}

// compareSegments orders segments as their batches are ordered.
func compareSegments(a, b *segment) int {
	return cmp.Or(cmp.Compare(a.first, b.first), cmp.Compare(a.generation, b.generation))
}

// newSegment returns a segment of this directory that begins at first.
func (j *Journal) newSegment(first uint64, generation int) *segment {
	s := &segment{first: first, end: first, generation: generation}
	s.path = filepath.Join(j.dir, s.name())
	return s
}

// segmentHeader is the header of a segment; see the package comment.
type segmentHeader struct {
	length  int64
	salt    uint64
	first   uint64
	created int64
	sources []sourceRow
}

// A sourceRow is what a segment header says of a source.
type sourceRow struct {
	source     uint32
	maxArchive uint32
	mark       []byte
}

// appendTo appends the encoded header to dst.
func (h *segmentHeader) appendTo(dst []byte) []byte {
	at := len(dst)
	dst = append(dst, make([]byte, segmentFixed)...)
	for _, r := range h.sources {
		dst = be.AppendUint32(dst, r.source)
		dst = be.AppendUint32(dst, r.maxArchive)
		dst = be.AppendUint16(dst, uint16(len(r.mark)))
		dst = append(dst, r.mark...)
	}
	b := dst[at:]
	copy(b, segmentMagic)
	be.PutUint32(b[8:], formatVersion)
	be.PutUint32(b[12:], uint32(len(b)))
	be.PutUint32(b[20:], uint32(len(h.sources)))
	be.PutUint64(b[24:], h.salt)
	be.PutUint64(b[32:], h.first)
	be.PutUint64(b[40:], uint64(h.created))
	be.PutUint32(b[16:], segmentSum(b))
	return dst
}

// segmentSum returns the checksum of a whole header, its own field left out.
func segmentSum(b []byte) uint32 {
	return crc32.Update(crc32.Update(0, castagnoli, b[:16]), castagnoli, b[20:])
}

// readSegmentHeader reads the header of a segment file of the given size. A
// header that is not intact is errSegHeader (wrapped with what is wrong), one
// of a newer format a *VersionError, anything else an error of the file.
func readSegmentHeader(r io.ReaderAt, size int64, file string) (*segmentHeader, error) {
	damaged := func(what string, args ...any) error {
		return fmt.Errorf("%w: %s", errSegHeader, fmt.Sprintf(what, args...))
	}
	if size < 20 {
		return nil, damaged("%d bytes, at least %d expected", size, segmentFixed)
	}
	start := make([]byte, 20)
	if _, err := r.ReadAt(start, 0); err != nil {
		return nil, fmt.Errorf("read header of %s: %w", file, err)
	}
	length := int64(be.Uint32(start[12:]))
	switch {
	case !bytes.HasPrefix(start, []byte(segmentMagic)):
		return nil, damaged("it starts with %q, expected %q", start[:8], segmentMagic)
	case length > size || length < 20 || length > math.MaxInt32:
		return nil, damaged("header of %d bytes in a file of %d", length, size)
	}
	b := make([]byte, length)
	if _, err := r.ReadAt(b, 0); err != nil {
		return nil, fmt.Errorf("read header of %s: %w", file, err)
	}
	if segmentSum(b) != be.Uint32(b[16:]) {
		return nil, damaged("checksum does not match")
	}
	// Only an intact header can say that it is newer.
	if v := be.Uint32(b[8:]); v != formatVersion {
		return nil, &VersionError{File: file, Version: v, Supported: formatVersion}
	}
	if length < segmentFixed {
		return nil, damaged("header of %d bytes, at least %d expected", length, segmentFixed)
	}
	h := &segmentHeader{
		length:  length,
		salt:    be.Uint64(b[24:]),
		first:   be.Uint64(b[32:]),
		created: int64(be.Uint64(b[40:])),
	}
	count, rows := be.Uint32(b[20:]), b[segmentFixed:]
	for range count {
		if len(rows) < sourceFixed || len(rows) < sourceFixed+int(be.Uint16(rows[8:])) {
			return nil, damaged("table of %d sources ends early", count)
		}
		n := sourceFixed + int(be.Uint16(rows[8:]))
		h.sources = append(h.sources, sourceRow{be.Uint32(rows), be.Uint32(rows[4:]), rows[sourceFixed:n:n]})
		rows = rows[n:]
	}
	return h, nil
}

// buildHead makes header and snapshot of a segment that starts at first, with
// what is known of the sources at that point. snapshot appends the snapshot's
// payload and may be nil. A snapshot above MaxPayload is left out and reported by the error.
func buildHead(h *segmentHeader, durable uint64, snapshot func([]byte) []byte) (head []byte, headLen int64, err error) {
	head = h.appendTo(nil)
	n := len(head)
	if snapshot == nil {
		return head, int64(n), nil
	}
	var gap [batchFixed]byte
	head = snapshot(append(head, gap[:]...))
	if len(head) < n+batchFixed {
		return nil, 0, fmt.Errorf("snapshot function returned %d bytes, fewer than it was given to append to (%d)", len(head), n+batchFixed)
	}
	payload := head[n+batchFixed:]
	if len(payload) > MaxPayload {
		err = fmt.Errorf("snapshot of %d bytes left out, at most %d are possible: %w", len(payload), MaxPayload, ErrTooLarge)
		return slices.Clone(head[:n]), int64(n), err
	}
	b := batchHeader{
		flags: flagSnapshot, salt: h.salt, seq: h.first, arrival: h.created, durable: durable,
		payloadLen: uint32(len(payload)), payloadSum: crc32.Checksum(payload, castagnoli),
	}
	b.encode(head[n:])
	return head, int64(n), nil
}
