package journal

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"estream/internal/durable"
)

const (
	retryFirst  = 50 * time.Millisecond // pause after a commit that failed; doubles
	retryMost   = 5 * time.Second
	logInterval = 30 * time.Second // between two log lines about the same trouble
	writeTries  = 3                // failures of a write, other than a full disk, before the file is given up
)

// run is the committer: the one goroutine that writes to segments, from Open
// until Close. A commit covers whatever has come in when it begins, so the
// slower the disk the larger the groups.
func (j *Journal) run() {
	defer close(j.done)
	timer := time.NewTimer(j.opt.CommitInterval)
	defer timer.Stop()
	for closing := false; !closing; {
		for !closing && j.pendingBytes() == 0 {
			select {
			case <-j.dirty:
			case <-j.now:
			case <-j.tidy:
				j.retain()
			case <-j.closing:
				closing = true
			}
		}
		if !closing && j.pendingBytes() < j.opt.CommitBytes {
			timer.Reset(j.opt.CommitInterval)
			select {
			case <-timer.C:
			case <-j.now:
			case <-j.closing:
				closing = true
			}
		}
		if err := j.commitRetrying(timer); err != nil {
			j.mu.Lock()
			lost, bytes := j.next-j.durable, j.pending
			j.mu.Unlock()
			j.closeErr = fmt.Errorf("close journal %s: %d messages (%d bytes) are not durable: %w", j.dir, lost, bytes, err)
			break
		}
		j.retain()
	}
	j.closeErr = also(j.closeErr, j.closeFiles())
}

// also returns an error that says both; either may be nil.
func also(err, more error) error {
	if err == nil || more == nil {
		return errors.Join(err, more)
	}
	return fmt.Errorf("%w; %w", err, more)
}

func (j *Journal) pendingBytes() int64 {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.pending
}

// commitRetrying commits until that succeeds. It gives up only when Close does.
func (j *Journal) commitRetrying(timer *time.Timer) error {
	pause := retryFirst
	for {
		err := j.commit()
		j.setStall(err)
		if err == nil {
			return nil
		}
		timer.Reset(pause)
		pause = min(2*pause, retryMost)
		select {
		case <-timer.C:
		case <-j.abort:
			return err
		}
	}
}

// setStall publishes why nothing can be written, or that it can be again.
func (j *Journal) setStall(err error) {
	now := j.opt.Now()
	j.mu.Lock()
	before, since := j.stall, j.stalledAt
	j.stall = err
	if err != nil {
		j.counters.writeErrors++
		if before == nil {
			j.stalledAt = now
		}
	}
	pending := j.pending
	j.mu.Unlock()
	switch {
	case err == nil && before != nil:
		j.log.Info("journal can write again", "stalled", now.Sub(since))
		j.stallLogged = time.Time{}
	case err != nil && now.Sub(j.stallLogged) >= logInterval:
		j.log.Error("journal can't write, keeps what came in and tries again", "pending_bytes", pending, "error", err)
		j.stallLogged = now
	}
}

// commit writes and syncs everything appended so far. After an error some of
// it may be durable; the rest is where the next commit finds it.
func (j *Journal) commit() error {
	var err error
	for err == nil {
		c, seg, at, data := j.unwritten()
		if c == nil {
			break
		}
		if seg != j.open {
			err = j.begin(seg)
		} else {
			err = j.write(c, at, data)
		}
	}
	if j.open != nil && j.open.written > j.open.durable {
		err = also(err, j.sync())
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.counters.commits++
	return err
}

// unwritten returns the oldest bytes that were not handed to the kernel, the
// segment they belong to and their offset in it; no chunk when there are none.
func (j *Journal) unwritten() (c *chunk, seg *segment, at int64, data []byte) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, c := range j.ring.chunks {
		if c.written < c.filled {
			return c, c.seg, c.off + int64(c.written), c.buf[c.written:c.filled]
		}
	}
	return nil, nil, 0, nil
}

// begin finishes the open segment, if there is one, and creates the file of
// seg. The name of the new file becomes durable with its first sync, which is
// before anything in it is reported durable.
func (j *Journal) begin(seg *segment) error {
	if j.open != nil {
		if j.open.written > j.open.durable {
			if err := j.sync(); err != nil {
				return err
			}
		}
		j.finish()
	}
	path := j.path(seg)
	f, err := j.fs.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		// Left over by a failure; whatever it holds is superseded by a later generation.
		j.mu.Lock()
		seg.generation++
		j.mu.Unlock()
		return fmt.Errorf("create segment: %w", err)
	}
	if err == nil {
		if _, err = f.WriteAt(seg.head, 0); err == nil {
			seg.file, seg.written = f, int64(len(seg.head))
			j.open = seg
			return nil
		}
		err = also(err, f.Close())
	}
	if rerr := j.fs.Remove(path); rerr != nil && !errors.Is(rerr, fs.ErrNotExist) {
		err = also(err, rerr)
	}
	return fmt.Errorf("create segment: %w", err)
}

// finish closes the open segment, which is durable as a whole.
func (j *Journal) finish() {
	seg := j.open
	j.open = nil
	if err := seg.file.Close(); err != nil {
		j.log.Warn("journal segment did not close", "segment", seg.name(), "error", err) // its bytes are synced
	}
	seg.file = nil
	j.mu.Lock()
	seg.closed = true
	j.mu.Unlock()
	if err := j.writeIndex(seg); err != nil {
		j.log.Warn("journal index not written, opening the journal will take longer", "segment", seg.name(), "error", err)
	}
}

// write hands bytes of a chunk to the kernel. It writes at a fixed offset, so
// a failed write can be repeated whatever part of it took effect; what it did
// write is cut off again, to give a full disk its space back and to leave no
// half batch to a reader in another process.
func (j *Journal) write(c *chunk, at int64, data []byte) error {
	seg := j.open
	_, err := seg.file.WriteAt(data, at)
	if err == nil {
		c.written += len(data)
		seg.written = at + int64(len(data))
		seg.failures = 0
		return nil
	}
	err = fmt.Errorf("write to segment: %w", err)
	if terr := seg.file.Truncate(seg.written); terr != nil {
		err = also(err, fmt.Errorf("cut failed write off: %w", terr))
	}
	if !durable.IsNoSpace(err) {
		if seg.failures++; seg.failures >= writeTries {
			return also(err, j.abandon())
		}
	}
	return err
}

// sync makes what was written to the open segment durable. When that fails the
// segment is abandoned: see package durable for why another try proves nothing.
func (j *Journal) sync() error {
	seg := j.open
	err := seg.file.Sync()
	if err == nil && !seg.linked {
		if err = j.syncDir(); err == nil {
			seg.linked = true
		}
	}
	if err != nil {
		return also(fmt.Errorf("sync segment: %w", err), j.abandon())
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.counters.syncs++
	seg.head = nil
	seg.durable = seg.written
	for _, c := range j.ring.chunks {
		if c.seg != seg {
			continue
		}
		for c.done < c.written {
			h := decodeBatch(c.buf[c.done:])
			seg.index.add(&h, c.off+int64(c.done))
			j.sourceFor(h.source).commit(&h)
			c.done += int(h.size())
			j.pending -= h.size()
			seg.end, j.durable = h.end(), h.end()
		}
	}
	j.ring.evict(0)
	j.synced.wake()
	j.room.wake()
	return nil
}

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
	next := &segment{first: seg.end, end: seg.end}
	if next.first == seg.first {
		next.generation = seg.generation + 1
	}
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
			j.doomed = append(j.doomed, j.path(seg))
		}
		if s == seg {
			segs = append(segs, next)
		}
	}
	j.segs = segs
}

// Durable returns the position below which everything is durable.
func (j *Journal) Durable() Position {
	j.mu.Lock()
	defer j.mu.Unlock()
	return Position{j.durable}
}

// WaitDurable returns nil once everything below pos is durable, also for a
// position that nothing was appended to yet. Otherwise it ends with ctx or
// with ErrClosed.
func (j *Journal) WaitDurable(ctx context.Context, pos Position) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	for ch := newWaiter(); j.durable < pos.Seq; {
		if j.closed {
			return ErrClosed
		}
		if err := j.wait(ctx, &j.synced, ch); err != nil {
			return fmt.Errorf("wait until journal is durable: %w", also(err, j.stall))
		}
	}
	return nil
}

// Sync makes everything appended so far durable without waiting for
// CommitInterval. The errors are those of [Journal.WaitDurable].
func (j *Journal) Sync(ctx context.Context) error {
	pos := j.End()
	kick(j.now)
	return j.WaitDurable(ctx, pos)
}

// syncDir makes changes of names in the journal's directory durable.
func (j *Journal) syncDir() error { return j.fs.SyncDir(j.dir) }
