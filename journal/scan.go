package journal

import (
	"bytes"
	"errors"
	"hash/crc32"
	"io"
)

// windowBytes is how much a scan that verifies payloads reads at once;
// headerBytes suffices for one that only looks at headers.
const (
	windowBytes = 1 << 20
	headerBytes = 4 << 10
)

// A window gives access to pieces of a file through one buffer.
type window struct {
	r    io.ReaderAt
	size int64
	buf  []byte
	off  int64 // offset in the file of buf[0]
	n    int   // bytes of buf that are filled
}

func newWindow(r io.ReaderAt, size int64, bytes int64) *window {
	return &window{r: r, size: size, buf: make([]byte, min(bytes, size))}
}

// at returns up to n bytes at off, fewer only where the file ends or the
// buffer is smaller. They are valid until the next call.
func (w *window) at(off int64, n int) ([]byte, error) {
	n = int(min(int64(n), w.size-off, int64(len(w.buf))))
	if n <= 0 {
		return nil, nil
	}
	if off < w.off || off+int64(n) > w.off+int64(w.n) {
		fill := int(min(int64(len(w.buf)), w.size-off))
		w.off, w.n = off, 0
		if k, err := w.r.ReadAt(w.buf[:fill], off); k < fill {
			if err == nil || err == io.EOF {
				err = io.ErrUnexpectedEOF // the file is shorter than it was said to be
			}
			return nil, err
		}
		w.n = fill
	}
	return w.buf[off-w.off:][:n], nil
}

// sum returns the checksum of n bytes at off.
func (w *window) sum(off, n int64) (uint32, error) {
	var sum uint32
	for n > 0 {
		b, err := w.at(off, int(min(n, int64(len(w.buf)))))
		if err != nil {
			return 0, err
		}
		if len(b) == 0 {
			return 0, io.ErrUnexpectedEOF
		}
		sum = crc32.Update(sum, castagnoli, b)
		off, n = off+int64(len(b)), n-int64(len(b))
	}
	return sum, nil
}

// find returns the offset of the next batch magic at or behind off; size when there is none.
func (w *window) find(off int64) (int64, error) {
	for off+int64(len(magicBytes)) <= w.size {
		b, err := w.at(off, len(w.buf))
		if err != nil {
			return 0, err
		}
		if i := bytes.Index(b, magicBytes); i >= 0 {
			return off + int64(i), nil
		}
		if len(b) < len(magicBytes) {
			break
		}
		off += int64(len(b) - len(magicBytes) + 1)
	}
	return w.size, nil
}

// A scanner goes through the batches of a segment and says what lies between
// them. It needs memory for its window only, whatever the file holds, and
// passes over each byte a bounded number of times.
type scanner struct {
	w       *window
	off     int64  // of the next batch
	salt    uint64 // of the segment
	anySalt bool   // the segment's header is damaged: the first good batch tells the salt
	verify  bool   // check payloads, too
	expect  uint64 // sequence number of the next batch
	limit   uint64 // first sequence number of the next segment
}

// An item is what scanner.next found: a good batch, or a region without one.
type item struct {
	off    int64
	length int64
	header batchHeader // of a batch; its mark is valid until the next call
	bad    error       // of a region: what is wrong with its first byte
	from   uint64      // of a region: sequence numbers lost; to is
	to     uint64      // limit (which may be noSeq) when no good batch follows
	last   bool        // of a region: no good batch follows
}

// next returns the next item; io.EOF at the end of the file and before the
// first batch that the next segment supersedes, which is then at s.off. Other
// errors are those of reading the file.
func (s *scanner) next() (item, error) {
	start, bad := s.off, error(nil)
	for s.off < s.w.size {
		h, err := s.check()
		if isRead(err) {
			return item{}, err
		}
		if err == nil && h.seq >= s.limit && !h.snapshot() {
			if bad == nil {
				return item{}, io.EOF
			}
			return item{off: start, length: s.off - start, bad: bad, from: s.expect, to: s.limit, last: true}, nil
		}
		if err == nil && bad == nil && h.seq == s.expect {
			s.expect = h.end()
			s.off += h.size()
			s.salt, s.anySalt = h.salt, false
			return item{off: start, length: h.size(), header: h}, nil
		}
		if err == nil {
			// A good batch behind a region, which is empty when batches are
			// missing without a trace. The next call returns the batch.
			it := item{off: start, length: s.off - start, bad: bad, from: s.expect, to: h.seq}
			if bad == nil {
				it.bad = errMissing
			}
			s.expect = h.seq
			return it, nil
		}
		if bad == nil {
			bad = err
		}
		if err := s.skip(h, err); err != nil {
			return item{}, err
		}
	}
	if bad == nil {
		return item{}, io.EOF
	}
	return item{off: start, length: s.off - start, bad: bad, from: s.expect, to: s.limit, last: true}, nil
}

// readError marks an error of the file, as opposed to one of its content.
type readError struct{ error }

func (e readError) Unwrap() error { return e.error }

func isRead(err error) bool {
	if err == nil {
		return false // without allocating, for each batch read
	}
	var r readError
	return errors.As(err, &r)
}

// check reads the batch at s.off and returns what is wrong with it.
func (s *scanner) check() (batchHeader, error) {
	b, err := s.w.at(s.off, batchFixed+MaxMark)
	if err != nil {
		return batchHeader{}, readError{err}
	}
	h, err := parseBatch(b)
	switch {
	case err != nil:
		return batchHeader{}, err
	case !s.anySalt && h.salt != s.salt:
		return batchHeader{}, errSalt
	case h.size() > s.w.size-s.off:
		return batchHeader{}, errShort
	case h.seq < s.expect:
		return h, errRepeated
	case !s.verify || h.seq >= s.limit:
		return h, nil
	}
	// Reading the payload moves the window, from which the mark is borrowed.
	h.mark = bytes.Clone(h.mark)
	sum, err := s.w.sum(s.off+int64(h.headerLen()), int64(h.payloadLen))
	if err != nil {
		return batchHeader{}, readError{err}
	}
	if sum != h.payloadSum {
		return h, errPayloadSum
	}
	return h, nil
}

// skip moves s.off to where the next batch may start after a bad one: behind
// it when its header is intact, else to the next magic.
func (s *scanner) skip(h batchHeader, bad error) error {
	if bad == errRepeated || bad == errPayloadSum {
		s.off += h.size()
		return nil
	}
	off, err := s.w.find(s.off + 1)
	s.off = off
	return err
}
