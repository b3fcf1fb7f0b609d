package session

import (
	"context"
	"errors"
	"os"
	"sync"
	"time"
)

// A deadline ends the reads, or the writes, of a connection when their context
// ends, and keeps time limits from undoing that. Registering with a context
// costs allocations, so a registration lasts until another context comes.
type deadline struct {
	// set is SetReadDeadline or SetWriteDeadline. Its error is ignored: a
	// connection that refuses a deadline is closed, and the read or write that
	// follows says so better.
	set func(time.Time) error

	mu       sync.Mutex
	ctx      context.Context // the context watched, nil at first
	stop     func() bool
	canceled bool  // ctx has ended; no time limit may be set any more
	closed   error // set for good by close
}

var longAgo = time.Unix(1, 0)

// watch makes ctx the context of the operations that follow.
func (d *deadline) watch(ctx context.Context) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed != nil {
		return d.closed
	}
	if d.ctx != nil && d.ctx.Done() == ctx.Done() {
		return nil
	}
	if d.stop != nil {
		d.stop()
	}
	d.ctx, d.stop = ctx, nil
	if d.canceled {
		d.canceled = false
		_ = d.set(time.Time{})
	}
	if ctx.Done() == nil {
		return nil
	}
	d.stop = context.AfterFunc(ctx, func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		if d.closed != nil || d.ctx == nil || d.ctx.Done() != ctx.Done() {
			return // another context has taken over
		}
		d.canceled = true
		_ = d.set(longAgo)
	})
	return nil
}

// limit gives the operation that follows at most timeout; 0 means no limit.
func (d *deadline) limit(timeout time.Duration) {
	var at time.Time
	if timeout > 0 {
		at = time.Now().Add(timeout)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.canceled && d.closed == nil { // else the deadline that is set stays
		_ = d.set(at)
	}
}

// explain turns the time-out of an operation into its cause: the end of the
// context where that was it, else what. Other errors stay as they are.
func (d *deadline) explain(err error, what string, timeout time.Duration) error {
	if !errors.Is(err, os.ErrDeadlineExceeded) {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed != nil {
		return d.closed
	}
	if d.canceled {
		return context.Cause(d.ctx)
	}
	return &TimeoutError{What: what, After: timeout}
}

// release lets go of the context, before its owner ends it without meaning us.
func (d *deadline) release() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.releaseLocked()
	if d.canceled && d.closed == nil {
		// It ended in this very moment; what follows is none of its business.
		d.canceled = false
		_ = d.set(time.Time{})
	}
}

func (d *deadline) releaseLocked() {
	if d.stop != nil {
		d.stop()
	}
	d.ctx, d.stop = nil, nil
}

// close gives what is under way until at, and makes every later operation end
// with err.
func (d *deadline) close(err error, at time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed != nil {
		return
	}
	d.closed = err
	d.releaseLocked()
	_ = d.set(at)
}
