package journal

// abandon gives up the open segment, of which the durable part stays as it is,
// and assigns what is not durable to a new segment, to be written again from
// memory. Batches planned for later segments are not affected: the new one
// sorts before them.
func (j *Journal) abandon() error {
	seg := j.open
	j.open = nil
	// Best effort: what can't be cut off is superseded by the new segment.
	err := also(seg.file.Truncate(seg.durable), seg.file.Close())
	seg.file = nil

	j.mu.Lock()
	generation := 0
	if seg.end == seg.first {
		generation = seg.generation + 1
	}
	next := j.newSegment(seg.end, generation)
	h, safe := j.headerFor(next.first, true), j.durable
	j.mu.Unlock()
	if herr := j.makeHead(next, h, safe); herr != nil {
		// The snapshot function broke its contract; a segment without one is better than none.
		j.log.Error("journal segment has no snapshot", "segment", next.name(), "error", herr)
		next.head = h.appendTo(nil)
		next.headLen = int64(len(next.head))
		next.size = next.headLen
	}

	j.mu.Lock()
	defer j.mu.Unlock()
	last := j.ring.last()
	for _, c := range j.ring.chunks {
		if c.seg == seg && (c.done < c.filled || c == last) {
			c.seg, c.off, c.written = next, next.size-int64(c.done), c.done
			next.size += int64(c.filled - c.done)
		}
	}
	seg.size, seg.closed = seg.durable, true
	j.replace(seg, next)
	return err
}

// replace lists next behind seg, and seg no longer when none of it is durable. The caller holds mu.
func (j *Journal) replace(seg, next *segment) {
	if j.active == seg {
		j.active = next
	}
	var segs []*segment
	for _, s := range j.segs {
		if s != seg || seg.end > seg.first {
			segs = append(segs, s)
		} else {
			j.doomed = append(j.doomed, seg.path)
		}
		if s == seg {
			segs = append(segs, next)
		}
	}
	j.segs = segs
}
