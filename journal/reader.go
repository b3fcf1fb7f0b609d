package journal

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
)

// ReaderOptions say what a reader wants to see.
type ReaderOptions struct {
	// DurableOnly holds batches back until they are durable. For consumers
	// whose effects must not be ahead of the journal after a crash.
	DurableOnly bool
	// Snapshots delivers the snapshot of each segment, too, before its first
	// batch; not that of the segment the reader starts in the middle of.
	Snapshots bool
	// NoWait makes Next return io.EOF where it would wait for more data.
	NoWait bool
}

// A Reader goes through the journal from a position on. Any number of readers
// may exist; each belongs to one goroutine at a time. A reader that keeps up
// is served from memory, others from large reads of the segments. It is not
// a cursor: retention does not wait for it.
type Reader struct {
	j      *Journal
	opt    ReaderOptions
	pos    uint64
	closed bool
	waiter chan struct{}

	// The bytes the last view borrows: a chunk of the journal's ring, or one
	// that was filled from the file. off is where the batch of sequence
	// number at begins, if it is in there.
	chunk *chunk
	off   int
	at    uint64

	snapped uint64 // 1 + sequence number whose snapshot was delivered

	disk diskReader
}

// NewReader returns a reader that starts at pos. Close gives its memory back.
func (j *Journal) NewReader(pos Position, opt ReaderOptions) *Reader {
	opt.NoWait = opt.NoWait || j.readOnly
	return &Reader{j: j, opt: opt, pos: pos.Seq, waiter: newWaiter()}
}

// Position returns the position of the next message Next will return.
func (r *Reader) Position() Position { return Position{r.pos} }

// Next returns the next batch, waiting for one if need be. When the reader's
// position lies inside a batch, the view has that batch with Skip set. The
// view is valid until the next call of Next or Close; see [View].
//
// A *GoneError or *DamageError says what could not be read; the next call goes
// on behind it. ErrClosed means the journal or the reader was closed, io.EOF
// that there is no more (see NoWait), the error of ctx that it ended. After
// any other error, which is one of the file system, the position is where it
// was, and Next may be called again.
func (r *Reader) Next(ctx context.Context) (View, error) {
	for {
		if err := ctx.Err(); err != nil {
			return View{}, err
		}
		r.j.mu.Lock()
		src, err := r.locate()
		if err == errNothingYet {
			err = r.await(ctx)
			r.j.mu.Unlock()
			if err != nil {
				return View{}, err
			}
			continue
		}
		if err != nil {
			r.j.mu.Unlock()
			return View{}, err
		}
		if src.chunk != nil && src.chunk != r.chunk {
			src.chunk.retain() // while mu keeps it in the ring
		}
		r.j.mu.Unlock()

		v, err := r.from(src)
		if err == errAgain {
			continue
		}
		return v, err
	}
}

// Internal outcomes of looking for the next batch.
var (
	errNothingYet = errors.New("nothing to read yet")
	errAgain      = errors.New("look again")
)

// await waits until there may be something to read. The caller holds mu.
func (r *Reader) await(ctx context.Context) error {
	if r.opt.NoWait {
		return io.EOF
	}
	list := &r.j.appended
	if r.opt.DurableOnly {
		list = &r.j.synced
	}
	return r.j.wait(ctx, list, r.waiter)
}

// from reads the batch at the place that locate found.
func (r *Reader) from(at location) (View, error) {
	if at.chunk != nil && at.chunk != r.chunk {
		r.hold(at.chunk)
		r.at = noSeq
	}
	if r.opt.Snapshots && at.starts && r.snapped != r.pos+1 {
		v, ok, err := r.snapshot(&at)
		if err != nil || ok {
			return v, err
		}
	}
	if at.chunk == nil {
		return r.disk.next(r, &at)
	}
	r.disk.close()
	return r.memory(at.chunk)
}

// hold takes over a reference to c and gives up that to the last chunk.
func (r *Reader) hold(c *chunk) {
	if r.chunk != nil {
		r.chunk.release()
	}
	r.chunk = c
}

// memory returns the batch at the reader's position from a chunk of the ring,
// which is known to contain it. Below what locate saw bytes do not change.
func (r *Reader) memory(c *chunk) (View, error) {
	at := 0
	if r.at == r.pos {
		at = r.off
	}
	for {
		h := decodeBatch(c.buf[at:])
		next := at + int(h.size())
		if h.end() > r.pos {
			return r.deliver(&h, c.buf[at:next], next), nil
		}
		at = next
	}
}

// deliver makes a view of a batch and moves the position behind it, where the
// chunk goes on at off.
func (r *Reader) deliver(h *batchHeader, b []byte, off int) View {
	v := h.view(b, r.chunk)
	if r.pos > h.seq {
		v.Skip = uint32(r.pos - h.seq)
	}
	r.pos = h.end()
	r.off, r.at = off, r.pos
	return v
}

// snapshot returns the snapshot at the start of a segment, once; ok is false
// when there is none.
func (r *Reader) snapshot(at *location) (v View, ok bool, err error) {
	if at.head != nil {
		if int64(len(at.head)) == at.headLen {
			return View{}, false, nil
		}
		b := at.head[at.headLen:]
		h := decodeBatch(b)
		r.snapped = r.pos + 1
		return h.view(b, nil), true, nil // the head is not reused, only let go of
	}
	payload, err := r.j.snapshotIn(at.path, at.headLen, at.size, at.seg.first)
	if errors.Is(err, fs.ErrNotExist) {
		return View{}, false, nil // the next step finds out why
	}
	if err != nil {
		return View{}, false, fmt.Errorf("read snapshot of journal segment %s: %w", at.path, err)
	}
	r.snapped = r.pos + 1
	if payload == nil {
		return View{}, false, nil
	}
	return View{Snapshot: true, Seq: r.pos, Payload: payload}, true, nil
}

// Close gives back what the reader holds. Views that were retained stay valid.
func (r *Reader) Close() error {
	if r.closed {
		return ErrClosed
	}
	r.j.mu.Lock()
	r.closed = true
	r.j.mu.Unlock()
	if r.chunk != nil {
		r.chunk.release()
		r.chunk = nil
	}
	return r.disk.close()
}
