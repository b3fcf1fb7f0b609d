package journal

import (
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"

	"estream/internal/durable"
)

const (
	indexMagic   = "estrmidx"
	indexFixed   = 80
	indexEntry   = 20
	indexSpacing = 512 << 10 // bytes of a segment per entry
)

// A segmentIndex finds places in a segment by sequence number and by archive
// time. It covers durable batches only and is sparse: an entry stands for all
// batches up to the next.
type segmentIndex struct {
	batches     uint64
	maxArchive  uint32
	lastArrival int64 // highest arrival time
	entries     []place
}

type place struct {
	seq        uint64
	off        int64
	maxArchive uint32 // of the batches from here to the next entry
}

// add takes in the batch at off.
func (x *segmentIndex) add(h *batchHeader, off int64) {
	if h.snapshot() {
		return
	}
	x.batches++
	x.maxArchive = max(x.maxArchive, h.maxArchive)
	x.lastArrival = max(x.lastArrival, h.arrival)
	if n := len(x.entries); n == 0 || off-x.entries[n-1].off >= indexSpacing {
		x.entries = append(x.entries, place{h.seq, off, h.maxArchive})
		return
	}
	e := &x.entries[len(x.entries)-1]
	e.maxArchive = max(e.maxArchive, h.maxArchive)
}

// before returns the last entry whose first message is not behind seq, else fallback.
func (x *segmentIndex) before(seq uint64, fallback place) place {
	for i := len(x.entries) - 1; i >= 0; i-- {
		if x.entries[i].seq <= seq {
			return x.entries[i]
		}
	}
	return fallback
}

// An index file is an optimization only: the file of a closed segment in few
// bytes. It holds, behind magic and version,
//
//	12  uint32  checksum of the file, this field left out
//	16  uint64  first sequence number of the segment
//	24  uint64  sequence number behind its last batch
//	32  int64   length of the header of the segment
//	40  int64   length up to the end of the last batch that counts
//	48  int64   length of the file
//	56  uint64  number of batches
//	64  int64   highest arrival time
//	72  uint32  highest archive time
//	76  uint32  number of entries
//
// and entries of sequence number, offset and highest archive time.
func (s *segment) appendIndex(b []byte, fileSize int64) []byte {
	b = append(b, indexMagic...)
	b = be.AppendUint32(b, formatVersion)
	b = be.AppendUint32(b, 0)
	b = be.AppendUint64(b, s.first)
	b = be.AppendUint64(b, s.end)
	b = be.AppendUint64(b, uint64(s.headLen))
	b = be.AppendUint64(b, uint64(s.durable))
	b = be.AppendUint64(b, uint64(fileSize))
	b = be.AppendUint64(b, s.index.batches)
	b = be.AppendUint64(b, uint64(s.index.lastArrival))
	b = be.AppendUint32(b, s.index.maxArchive)
	b = be.AppendUint32(b, uint32(len(s.index.entries)))
	for _, e := range s.index.entries {
		b = be.AppendUint64(b, e.seq)
		b = be.AppendUint64(b, uint64(e.off))
		b = be.AppendUint32(b, e.maxArchive)
	}
	be.PutUint32(b[12:], indexSum(b))
	return b
}

func indexSum(b []byte) uint32 {
	return crc32.Update(crc32.Update(0, castagnoli, b[:12]), castagnoli, b[16:])
}

// loadIndex fills in a segment from its index file, provided that is intact
// and made for a file of this size that ends where the next segment begins.
func (s *segment) loadIndex(b []byte, fileSize int64, limit uint64) bool {
	if len(b) < indexFixed || string(b[:8]) != indexMagic || be.Uint32(b[8:]) != formatVersion || be.Uint32(b[12:]) != indexSum(b) {
		return false
	}
	n := int64(be.Uint32(b[76:]))
	if n*indexEntry != int64(len(b)-indexFixed) {
		return false
	}
	first, end := be.Uint64(b[16:]), be.Uint64(b[24:])
	size := int64(be.Uint64(b[40:]))
	if first != s.first || end != limit || end < first || int64(be.Uint64(b[48:])) != fileSize || size > fileSize || size < 0 {
		return false
	}
	s.end, s.headLen, s.size, s.durable = end, int64(be.Uint64(b[32:])), size, size
	s.index = segmentIndex{batches: be.Uint64(b[56:]), lastArrival: int64(be.Uint64(b[64:])), maxArchive: be.Uint32(b[72:])}
	for b = b[indexFixed:]; len(b) > 0; b = b[indexEntry:] {
		s.index.entries = append(s.index.entries, place{be.Uint64(b), int64(be.Uint64(b[8:])), be.Uint32(b[16:])})
	}
	return true
}

// writeIndex writes the index file of a closed segment.
func (j *Journal) writeIndex(s *segment) error {
	path := s.path
	fi, err := j.fs.Stat(path)
	if err != nil {
		return err
	}
	j.mu.Lock()
	b := s.appendIndex(nil, fi.Size())
	j.mu.Unlock()
	return durable.ReplaceFile(j.fs, indexPath(path), b, 0o600)
}

// readIndex reads the index file of a segment; false when it has to be made again.
func (j *Journal) readIndex(s *segment, fileSize int64, limit uint64) bool {
	b, err := readFile(j.fs, indexPath(s.path), indexFixed+(fileSize/indexSpacing+1)*indexEntry)
	return err == nil && s.loadIndex(b, fileSize, limit)
}

// readFile reads a small file whose length must not be above most bytes.
func readFile(fsys durable.FS, path string, most int64) (b []byte, err error) {
	f, err := fsys.OpenFile(path, os.O_RDONLY, 0)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	fi, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if fi.Size() > most {
		return nil, fmt.Errorf("%s has %d bytes, expected at most %d", path, fi.Size(), most)
	}
	b = make([]byte, fi.Size())
	if _, err := io.ReadFull(f, b); err != nil {
		return nil, err
	}
	return b, nil
}
