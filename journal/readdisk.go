package journal

import (
	"fmt"
	"hash/crc32"
	"io"
)

// next returns the batch at the reader's position from the file of at.seg.
func (d *diskReader) next(r *Reader, at *location) (View, error) {
	if d.seg != at.seg || d.path != at.path || !d.ours(r) {
		if err := d.open(r, at); err != nil {
			return View{}, err
		}
	} else if r.at != r.pos {
		d.seek(r, at.entry)
	}
	for {
		h, err := d.header(r, at)
		if isRead(err) {
			return View{}, fmt.Errorf("read journal segment %s: %w", at.path, err)
		}
		if err != nil {
			return View{}, d.damaged(r, at, err)
		}
		if h.snapshot() || h.end() <= r.pos {
			d.skip(r, h.size())
			d.expect = max(d.expect, h.end())
			continue
		}
		if h.seq > d.expect {
			return View{}, d.damaged(r, at, errMissing)
		}
		if h.seq < d.expect {
			return View{}, d.damaged(r, at, errRepeated)
		}
		b, err := d.fill(r, at, int(h.size()))
		if err != nil {
			return View{}, fmt.Errorf("read journal segment %s: %w", at.path, err)
		}
		h.mark = b[batchFixed:h.headerLen()] // the bytes may have moved
		if crc32.Checksum(b[h.headerLen():], castagnoli) != h.payloadSum {
			return View{}, d.damaged(r, at, errPayloadSum)
		}
		d.expect = h.end()
		return r.deliver(&h, b, r.off+int(h.size())), nil
	}
}

// ours reports whether the reader's chunk was filled by d, and not by the ring.
func (d *diskReader) ours(r *Reader) bool { return r.chunk == nil || r.chunk.seg == nil }

// offset returns the offset in the file of the next byte.
func (d *diskReader) offset(r *Reader) int64 { return d.off - int64(d.have-r.off) }

// header reads the header of the next batch and checks all of it but the payload.
func (d *diskReader) header(r *Reader, at *location) (batchHeader, error) {
	b, err := d.fill(r, at, batchFixed+MaxMark)
	if err != nil {
		return batchHeader{}, readError{err}
	}
	h, err := parseBatch(b)
	switch {
	case err != nil:
		return h, err
	case h.salt != r.j.salt:
		return h, errSalt
	case h.size() > at.size-d.offset(r):
		return h, errShort
	}
	return h, nil
}

// skip moves over n bytes, most of which may not have been read.
func (d *diskReader) skip(r *Reader, n int64) {
	if n > int64(d.have-r.off) {
		d.jump(r, d.offset(r)+n)
		return
	}
	r.off += int(n)
}

// fill returns the next n bytes, fewer where the segment ends. It reads as
// much as fits into a chunk; what is left of the last one moves along.
func (d *diskReader) fill(r *Reader, at *location, n int) ([]byte, error) {
	left := d.have - r.off
	if rest := at.size - d.off; left < n && rest > 0 {
		need := int(min(int64(n), int64(left)+rest))
		c := r.chunk
		if c == nil || !d.ours(r) || c.refs.Load() > 1 || len(c.buf) < need {
			c = r.j.pool.get(need)
		}
		if left > 0 {
			copy(c.buf, r.chunk.buf[r.off:d.have])
		}
		if c != r.chunk {
			r.hold(c)
		}
		r.off, d.have = 0, left
		want := int(min(int64(len(c.buf)-left), rest))
		k, err := d.file.ReadAt(c.buf[left:left+want], d.off)
		if k < want {
			r.at = noSeq
			if err == nil || err == io.EOF {
				err = io.ErrUnexpectedEOF // the bytes were there when the segment was listed
			}
			return nil, err
		}
		d.have += k
		d.off += int64(k)
	}
	if r.chunk == nil {
		return nil, nil
	}
	return r.chunk.buf[r.off:min(d.have, r.off+n)], nil
}

// damaged finds the next good batch and moves the reader there. It returns
// what that passed, or errAgain when it was nothing the reader wanted.
func (d *diskReader) damaged(r *Reader, at *location, bad error) error {
	start := d.offset(r)
	s := &scanner{w: newWindow(d.file, at.size, windowBytes), off: start, salt: r.j.salt, verify: true, expect: d.expect, limit: at.end}
	lost := &DamageError{File: at.path, Offset: start, Length: at.size - start, From: r.pos, To: at.end, Err: bad}
	next := at.size
	for {
		it, err := s.next()
		if err == io.EOF {
			break
		}
		if err != nil {
			r.at = noSeq
			return fmt.Errorf("read journal segment %s: %w", at.path, err)
		}
		if it.bad == nil && it.header.snapshot() {
			continue
		}
		if it.bad == nil { // the file reads differently this time
			lost.Length, lost.To, next = it.off-start, it.header.seq, it.off
		} else {
			lost.Length, lost.To, next = it.length, it.to, s.off
		}
		break
	}
	d.jump(r, next)
	d.expect = lost.To
	if lost.To <= r.pos {
		r.at = r.pos
		return errAgain
	}
	r.pos = lost.To
	r.at = r.pos
	r.j.countDamage(lost)
	return lost
}

// countDamage adds damage that a reader met to the statistics.
func (j *Journal) countDamage(d *DamageError) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.counters.damaged++
	j.counters.damagedMessages += d.Lost()
}
