package journal

import (
	"context"
	"fmt"
	"hash/crc32"
)

// size returns the encoded length of a batch, or what is wrong with it.
func (b *Batch) size() (payload, total int, err error) {
	for _, p := range b.Payload {
		if len(p) > MaxPayload-payload {
			return 0, 0, fmt.Errorf("payload of more than %d bytes: %w", MaxPayload, ErrTooLarge)
		}
		payload += len(p)
	}
	switch {
	case len(b.Mark) > MaxMark:
		return 0, 0, fmt.Errorf("mark of %d bytes, at most %d are possible: %w", len(b.Mark), MaxMark, ErrTooLarge)
	case payload == 0 || b.Count == 0:
		return 0, 0, fmt.Errorf("batch of %d messages in %d bytes, expected at least one message", b.Count, payload)
	case b.MinArchive > b.MaxArchive:
		return 0, 0, fmt.Errorf("batch with lowest archive time %d above its highest %d", b.MinArchive, b.MaxArchive)
	}
	return payload, batchFixed + len(b.Mark) + payload, nil
}

// Append takes a batch into memory, from where the journal writes it within
// CommitInterval, and returns the position behind it. Readers see it at once,
// readers of durable data when [Journal.WaitDurable] of that position returns.
// The caller may use the batch's memory again.
//
// Append blocks while PendingBytes are waiting to become durable, which is the
// back-pressure of a slow, full or failing disk, and then ends with ctx; the
// batch was not taken in that case. It copies the payload once.
func (j *Journal) Append(ctx context.Context, b Batch) (Position, error) {
	payload, size, err := b.size()
	if err != nil {
		return Position{}, fmt.Errorf("append to journal: %w", err)
	}
	if j.readOnly {
		return Position{}, ErrReadOnly
	}
	if err := ctx.Err(); err != nil { // select would choose at random
		return Position{}, j.appendError(err)
	}
	select {
	case j.appending <- struct{}{}:
	case <-j.closing:
		return Position{}, ErrClosed
	case <-ctx.Done():
		return Position{}, j.appendError(ctx.Err())
	}
	defer func() { <-j.appending }()

	j.mu.Lock()
	c, err := j.reserve(ctx, size, b.Count)
	if err != nil {
		j.mu.Unlock()
		return Position{}, err
	}
	at := c.filled
	h := batchHeader{
		salt: j.salt, seq: j.next, durable: j.durable, count: b.Count, source: b.Source,
		minArchive: b.MinArchive, maxArchive: b.MaxArchive, mark: b.Mark, payloadLen: uint32(payload),
	}
	j.mu.Unlock()

	// Nobody else writes behind filled, so the copy needs no lock.
	h.arrival = j.opt.Now().UnixNano()
	h.payloadSum = copySum(c.buf[at+h.headerLen():at+size], b.Payload)
	h.encode(c.buf[at:])

	j.mu.Lock()
	defer j.mu.Unlock()
	if j.closed {
		return Position{}, ErrClosed
	}
	c.filled += size
	c.end = h.end()
	c.seg.size += int64(size)
	j.next = h.end()
	j.sourceFor(h.source).append(&h)
	j.appended.wake()
	if j.pending == 0 {
		kick(j.dirty)
	}
	if j.pending += int64(size); j.pending >= j.opt.CommitBytes {
		kick(j.now)
	}
	return Position{j.next}, nil
}

// reserve waits for room for size bytes and returns the last chunk of the
// ring with that much space behind filled. The caller holds mu, which is given
// back in between, and appending.
func (j *Journal) reserve(ctx context.Context, size int, count uint32) (*chunk, error) {
	for !j.closed && j.pending > 0 && j.pending+int64(size) > j.opt.PendingBytes {
		if err := j.wait(ctx, &j.room, j.appendWaiter); err != nil {
			j.mu.Unlock()
			err = j.appendError(err)
			j.mu.Lock()
			return nil, err
		}
	}
	if j.next+uint64(count) < j.next {
		return nil, fmt.Errorf("append to journal %s: sequence numbers are used up at %d", j.dir, j.next)
	}
	if !j.closed && (j.active == nil || j.active.size+int64(size) > j.opt.SegmentBytes && j.next > j.active.first) {
		if err := j.rotate(); err != nil {
			return nil, err
		}
	}
	if j.closed {
		return nil, ErrClosed
	}
	c, seg := j.ring.last(), j.active
	if c == nil || c.seg != seg || len(c.buf)-c.filled < size {
		j.ring.evict(int64(max(size, j.pool.bytes)))
		c = j.pool.get(size)
		c.seg, c.off, c.first, c.end = seg, seg.size, j.next, j.next
		c.starts = j.next == seg.first
		j.ring.push(c)
	}
	return c, nil
}

// rotate plans the next segment; the committer will create its file. The
// snapshot is taken here, where it is known which batches lie before it. The
// caller holds mu, which is given back in between, and appending.
func (j *Journal) rotate() error {
	seg, h := j.newSegment(j.next, 0), j.headerFor(j.next, false)
	durable := j.durable
	j.mu.Unlock()
	err := j.makeHead(seg, h, durable)
	j.mu.Lock()
	if err != nil {
		return fmt.Errorf("begin segment of journal %s: %w", j.dir, err)
	}
	j.segs = append(j.segs, seg)
	j.active = seg
	return nil
}

// headerFor returns the header of a segment that begins at first: with the
// sources' state behind the last batch appended, or behind the last durable
// one. The caller holds mu; the header has its own memory.
func (j *Journal) headerFor(first uint64, durable bool) *segmentHeader {
	h := &segmentHeader{salt: j.salt, first: first, created: j.opt.Now().UnixNano()}
	for number, s := range j.sources {
		row := sourceRow{source: number, maxArchive: s.maxArchive, mark: s.mark}
		if durable {
			row.maxArchive, row.mark = s.durableMaxArchive, s.durableMark
		}
		row.mark = append([]byte(nil), row.mark...)
		h.sources = append(h.sources, row)
	}
	return h
}

// makeHead fills in the head of a new segment. The caller does not hold mu.
func (j *Journal) makeHead(seg *segment, h *segmentHeader, durable uint64) error {
	j.snapshots.Lock()
	head, headLen, err := buildHead(h, durable, j.opt.Snapshot)
	j.snapshots.Unlock()
	if head == nil {
		return err
	}
	if err != nil {
		// Events go first: without its snapshot the segment's consumers start at an earlier one.
		j.log.Error("journal segment has no snapshot", "segment", seg.name(), "error", err)
	}
	seg.head, seg.headLen, seg.size = head, headLen, int64(len(head))
	return nil
}

// append takes over what a batch that was appended says of its source. The caller holds mu.
func (s *source) append(h *batchHeader) {
	s.mark = append(s.mark[:0], h.mark...)
	s.maxArchive = max(s.maxArchive, h.maxArchive)
}

// commit does the same for a batch that is durable now.
func (s *source) commit(h *batchHeader) {
	s.durableMark = append(s.durableMark[:0], h.mark...)
	s.durableMaxArchive = max(s.durableMaxArchive, h.maxArchive)
}

// sourceFor returns the state of a source. The caller holds mu.
func (j *Journal) sourceFor(number uint32) *source {
	s := j.sources[number]
	if s == nil {
		s = &source{}
		j.sources[number] = s
	}
	return s
}

// appendError explains why Append gave up.
func (j *Journal) appendError(err error) error {
	if stall := j.Err(); stall != nil {
		return fmt.Errorf("append to journal: %w while it can't write (%w)", err, stall)
	}
	return fmt.Errorf("append to journal: %w", err)
}

// copySum copies the pieces to dst, which has their length, and returns the
// checksum. It goes in steps that stay in the processor's cache, so memory is
// read once.
func copySum(dst []byte, pieces [][]byte) uint32 {
	const step = 16 << 10
	var sum uint32
	for _, p := range pieces {
		for len(p) > 0 {
			n := copy(dst, p[:min(step, len(p))])
			sum = crc32.Update(sum, castagnoli, dst[:n])
			dst, p = dst[n:], p[n:]
		}
	}
	return sum
}
