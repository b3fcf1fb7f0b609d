package journal

// recoverClosed takes in a segment that another one follows, which begins at
// limit. The index file spares reading it, unless its sources are needed.
func (j *Journal) recoverClosed(f *found, limit uint64, sources bool) error {
	f.closed = true
	if f.header != nil && !sources && j.readIndex(f.segment, f.size, limit) {
		j.accept(f)
		return nil
	}
	if f.header != nil && sources {
		j.takeSources(f.header)
	}
	var bad damages
	f.end = f.first
	end, err := j.scan(f, limit, f.size, false, func(it item) bool {
		if it.bad == nil {
			j.takeBatch(f, &it, sources)
		} else if it.from < it.to || !it.last {
			bad.add(f, &it) // else it is what the next segment supersedes
		}
		return true
	})
	if err != nil {
		return err
	}
	f.segment.size, f.durable = end, end
	if f.end == f.first && len(bad) == 0 && f.first == limit {
		if j.readOnly {
			return nil
		}
		return j.remove(f.path) // superseded as a whole
	}
	if len(bad) == 0 && f.end < limit {
		bad.add(f, &item{off: end, bad: errMissing, from: f.end, to: limit})
	}
	if err := j.report(f, bad); err != nil {
		return err
	}
	if len(bad) == 0 && f.bad == nil && !j.readOnly {
		if err := j.writeIndex(f.segment); err != nil {
			j.log.Warn("journal index not written, opening the journal will take longer", "segment", f.name(), "error", err)
		}
	}
	j.accept(f)
	return nil
}

// takeBatch adds a batch to the index of its segment and the state of its source.
func (j *Journal) takeBatch(f *found, it *item, sources bool) {
	f.index.add(&it.header, it.off)
	f.end = it.header.end()
	if sources && !it.header.snapshot() {
		s := j.sourceFor(it.header.source)
		s.append(&it.header)
		s.commit(&it.header)
	}
}

// takeSources takes over what a segment header says of the sources.
func (j *Journal) takeSources(h *segmentHeader) {
	for _, row := range h.sources {
		b := batchHeader{mark: row.mark, maxArchive: row.maxArchive}
		s := j.sourceFor(row.source)
		s.append(&b)
		s.commit(&b)
	}
}

// accept lists a segment.
func (j *Journal) accept(f *found) {
	j.segs = append(j.segs, f.segment)
	j.next = max(j.next, f.end)
}
