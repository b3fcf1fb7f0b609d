package journal

import "sort"

// A place where the reader's next batch is.
type location struct {
	chunk *chunk // in memory, if not nil
	seg   *segment
	// Copies of what mu guards.
	path    string
	starts  bool   // the batch is the first of seg
	head    []byte // of seg, while it is not durable
	headLen int64
	size    int64 // of seg, as far as it may be read
	end     uint64
	entry   place // of seg's index, at or before the position
}

// locate finds the reader's next batch. The caller holds mu.
func (r *Reader) locate() (location, error) {
	j := r.j
	if r.closed || j.closed {
		return location{}, ErrClosed
	}
	if first := j.firstSeq(); r.pos < first {
		gone := &GoneError{From: r.pos, To: first}
		r.pos = first
		return location{}, gone
	}
	limit := j.next
	if r.opt.DurableOnly {
		limit = j.durable
	}
	if r.pos >= limit {
		return location{}, errNothingYet
	}
	if c := j.ring.find(r.pos); c != nil {
		at := location{chunk: c, seg: c.seg, starts: c.starts && c.first == r.pos}
		at.fill(j, r.pos)
		return at, nil
	}
	if i := sort.Search(len(j.segs), func(i int) bool { return j.segs[i].end > r.pos }); i < len(j.segs) {
		seg := j.segs[i]
		if seg.first > r.pos {
			return location{}, r.missing(seg, seg.first)
		}
		at := location{seg: seg, starts: seg.first == r.pos}
		at.fill(j, r.pos)
		return at, nil
	}
	// Recovery left numbers out, and what came after them is not durable yet.
	if c := j.ring.after(r.pos); c != nil {
		return location{}, r.missing(c.seg, c.first)
	}
	return location{}, errNothingYet
}

// missing reports that there is nothing before to, where seg has something.
// The caller holds mu.
func (r *Reader) missing(seg *segment, to uint64) error {
	lost := &DamageError{File: seg.path, From: r.pos, To: to, Err: errMissing}
	r.pos = to
	return lost
}

// fill copies what the reader needs to know of the segment. The caller holds mu.
func (at *location) fill(j *Journal, pos uint64) {
	seg := at.seg
	if at.chunk != nil && !at.starts {
		return // served without the file
	}
	at.path = seg.path
	at.head, at.headLen = seg.head, seg.headLen
	at.size, at.end = seg.durable, seg.end
	at.entry = seg.index.before(pos, place{seq: seg.first, off: seg.headLen})
}
