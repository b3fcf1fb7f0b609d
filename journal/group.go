package journal

import (
	"errors"
	"estream/internal/durable"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// commit writes and syncs everything appended so far. After an error some of
// it may be durable; the rest is where the next commit finds it.
func (j *Journal) commit() error {
	j.mu.Lock()
	j.counters.commits++ // before readers can see what it makes durable
	j.mu.Unlock()
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
	path := seg.path
	f, err := j.fs.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		// Left over by a failure; whatever it holds is superseded by a later generation.
		j.mu.Lock()
		seg.generation++
		seg.path = filepath.Join(j.dir, seg.name())
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

// syncDir makes changes of names in the journal's directory durable.
func (j *Journal) syncDir() error { return j.fs.SyncDir(j.dir) }
