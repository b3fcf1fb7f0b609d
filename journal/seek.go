package journal

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
)

// First returns the position of the oldest message there is; End in an empty journal.
func (j *Journal) First() Position {
	j.mu.Lock()
	defer j.mu.Unlock()
	return Position{j.firstSeq()}
}

// End returns the position behind the newest message, durable or not.
func (j *Journal) End() Position {
	j.mu.Lock()
	defer j.mu.Unlock()
	return Position{j.next}
}

// firstSeq returns the oldest sequence number there is. The caller holds mu.
func (j *Journal) firstSeq() uint64 {
	if len(j.segs) == 0 {
		return j.next
	}
	return j.segs[0].first
}

// LastMark returns a copy of the mark of the newest batch of a source,
// durable or not; nil when there is none. It is what a source goes on from
// after Open, and after it lost its connection.
func (j *Journal) LastMark(source uint32) []byte {
	j.mu.Lock()
	defer j.mu.Unlock()
	if s := j.sources[source]; s != nil {
		return append([]byte(nil), s.mark...)
	}
	return nil
}

// DurableMark returns a copy of the mark of the newest durable batch of a
// source; nil when there is none. It is what may be told to the outside as
// received.
func (j *Journal) DurableMark(source uint32) []byte {
	j.mu.Lock()
	defer j.mu.Unlock()
	if s := j.sources[source]; s != nil {
		return append([]byte(nil), s.durableMark...)
	}
	return nil
}

// MaxArchive returns the highest archive time of a source in seconds since
// 1970, durable or not; 0 for none. It includes batches that retention has deleted.
func (j *Journal) MaxArchive(source uint32) uint32 {
	j.mu.Lock()
	defer j.mu.Unlock()
	if s := j.sources[source]; s != nil {
		return s.maxArchive
	}
	return 0
}

// SeekArchive returns the position of the first batch that holds, or may hold,
// a message with an archive time of sec (seconds since 1970) or later; End
// when there is none. Archive times need not be in order: nothing from sec on
// lies before the position, earlier times may lie behind it. It reads at most
// a few headers from one file; where that fails the position is somewhat early.
func (j *Journal) SeekArchive(sec uint32) Position {
	j.mu.Lock()
	for _, seg := range j.segs {
		if seg.index.maxArchive < sec || seg.index.batches == 0 {
			continue
		}
		for _, e := range seg.index.entries {
			if e.maxArchive >= sec {
				end, path := seg.durable, seg.path
				j.mu.Unlock()
				return Position{j.refine(path, e, end, sec)}
			}
		}
	}
	defer j.mu.Unlock()
	for _, c := range j.ring.chunks {
		for at := c.done; at < c.filled; {
			h := decodeBatch(c.buf[at:])
			if h.maxArchive >= sec {
				return Position{h.seq}
			}
			at += int(h.size())
		}
	}
	return Position{j.next}
}

// refine goes through the batches that an index entry stands for.
func (j *Journal) refine(path string, e place, end int64, sec uint32) uint64 {
	f, err := j.fs.OpenFile(path, os.O_RDONLY, 0)
	if err != nil {
		return e.seq
	}
	s := &scanner{w: newWindow(f, end, headerBytes), off: e.off, salt: j.salt, expect: e.seq, limit: noSeq}
	seq := e.seq
	for {
		it, err := s.next()
		if err != nil || it.bad != nil {
			break // the damage may hide it
		}
		if it.header.maxArchive >= sec && !it.header.snapshot() {
			seq = it.header.seq
			break
		}
		seq = it.header.end()
	}
	if f.Close() != nil {
		return e.seq
	}
	return seq
}

// SegmentStart returns the start of the segment that contains pos, and the
// snapshot taken there. A consumer that wants to begin at pos with all names
// known takes in the snapshot, then everything from start on, of which it uses
// only what is from pos on. Where a snapshot is missing or damaged start is
// that of an earlier segment; with none intact it is the start of the journal
// and the snapshot nil. A pos that retention has deleted counts as the start
// of the journal, one behind the end as the end.
func (j *Journal) SegmentStart(pos Position) (start Position, snapshot []byte, err error) {
	for {
		j.mu.Lock()
		i := len(j.segs) - 1
		for i > 0 && j.segs[i].first > pos.Seq {
			i--
		}
		if i < 0 {
			defer j.mu.Unlock()
			return Position{j.next}, nil, nil
		}
		seg := j.segs[i]
		first, head, headLen := seg.first, seg.head, seg.headLen
		end, path := seg.durable, seg.path
		j.mu.Unlock()
		if head != nil {
			snapshot, err = snapshotAt(newWindow(bytes.NewReader(head), int64(len(head)), int64(len(head))), headLen, j.salt, first)
		} else {
			snapshot, err = j.snapshotIn(path, headLen, end, first)
		}
		if err == nil && snapshot != nil {
			return Position{first}, snapshot, nil
		}
		if err != nil && j.firstIs(first) {
			return Position{}, nil, fmt.Errorf("read snapshot of journal segment %s: %w", path, err)
		}
		if i == 0 {
			return Position{first}, nil, nil
		}
		pos.Seq = first - 1
	}
}

// firstIs reports whether a segment that begins at seq is still listed.
func (j *Journal) firstIs(seq uint64) bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, s := range j.segs {
		if s.first == seq {
			return true
		}
	}
	return false
}

// snapshotIn reads the snapshot of a segment file; nil when there is none that is intact.
func (j *Journal) snapshotIn(path string, headLen, end int64, first uint64) (snapshot []byte, err error) {
	f, err := j.fs.OpenFile(path, os.O_RDONLY, 0)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	return snapshotAt(newWindow(f, end, windowBytes), headLen, j.salt, first)
}

// snapshotAt reads the first batch at or behind off, provided it is a snapshot.
func snapshotAt(w *window, off int64, salt, first uint64) ([]byte, error) {
	s := &scanner{w: w, off: off, salt: salt, verify: true, expect: first, limit: noSeq}
	it, err := s.next()
	for err == nil && it.bad != nil {
		it, err = s.next()
	}
	if err == io.EOF || err == nil && !it.header.snapshot() {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	b := make([]byte, it.header.payloadLen)
	n, err := w.r.ReadAt(b, it.off+int64(it.header.headerLen()))
	if n < len(b) {
		return nil, errors.Join(io.ErrUnexpectedEOF, err)
	}
	return b, nil
}
