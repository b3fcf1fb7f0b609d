package journal

import (
	"errors"
	"fmt"
)

// retain deletes the oldest segments while the limits say so and no required
// cursor needs them. Only the committer calls it. A segment is unlisted before
// its file goes, so readers learn of it first; a file that can't be removed
// (on Windows, while a reader has it open) is tried again next time.
func (j *Journal) retain() {
	j.mu.Lock()
	for j.expired(j.segs) {
		seg := j.segs[0]
		if j.pinned(seg) {
			break
		}
		j.segs = append([]*segment(nil), j.segs[1:]...)
		path := seg.path
		j.doomed = append(j.doomed, path, indexPath(path))
		j.counters.deletedMessages += seg.end - seg.first
	}
	doomed := j.doomed
	j.doomed = nil
	j.mu.Unlock()
	if len(doomed) == 0 {
		return
	}
	var left []string
	var first error
	for _, path := range doomed {
		if err := j.remove(path); err != nil {
			left = append(left, path)
			first = errors.Join(first, err)
		}
	}
	if err := j.syncDir(); err != nil && first == nil {
		first = fmt.Errorf("sync directory: %w", err)
	}
	if first != nil {
		j.log.Warn("journal can't remove deleted segments yet", "files", len(left), "error", first)
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.doomed = append(j.doomed, left...)
}

// expired reports whether the oldest of segs may be deleted as far as the
// limits go. The last segment stays, and the one before it until the last
// holds something durable: the sources' marks must be somewhere. The caller holds mu.
func (j *Journal) expired(segs []*segment) bool {
	if len(segs) < 2 || !segs[0].closed || segs[1].end == segs[1].first {
		return false
	}
	if j.opt.RetainBytes > 0 && sizeOf(segs) > j.opt.RetainBytes {
		return true
	}
	age := j.opt.Now().UnixNano() - segs[0].index.lastArrival
	return j.opt.RetainAge > 0 && age > int64(j.opt.RetainAge)
}

func sizeOf(segs []*segment) (total int64) {
	for _, s := range segs {
		total += s.size
	}
	return total
}

// pinned reports whether a required cursor needs a segment, and says so in
// the log now and then. The caller holds mu.
func (j *Journal) pinned(seg *segment) bool {
	name, seq := j.slowest()
	if seq >= seg.end {
		return false
	}
	if now := j.opt.Now(); now.Sub(j.pinLogged) >= logInterval {
		j.pinLogged = now
		j.log.Warn("journal is above its limits because a required cursor still needs old segments",
			"cursor", name, "cursor_seq", seq, "journal_end", j.next, "bytes", sizeOf(j.segs), "retain_bytes", j.opt.RetainBytes)
	}
	return true
}

// slowest returns the required cursor that is furthest behind; noSeq when
// there is none. The caller holds mu.
func (j *Journal) slowest() (name string, seq uint64) {
	for path := range j.badCursors {
		return path, 0
	}
	seq = noSeq
	for n, p := range j.pins {
		if p.required && p.seq < seq {
			name, seq = n, p.seq
		}
	}
	return name, seq
}
