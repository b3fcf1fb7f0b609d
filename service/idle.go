package service

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"
)

// committed returns the position up to which all outputs have committed.
func (r *collection) committed() uint64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	least := uint64(math.MaxUint64)
	for o := range r.outputs {
		least = min(least, o.Stats.Committed.Load())
	}
	return least
}

var errIdle = errors.New("nothing new came")

// received returns how many messages the sources have received, and whether all
// of them have a session.
func (r *collection) received() (n uint64, connected bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	connected = true
	for s := range r.sources {
		received, works := s.received()
		n += received
		connected = connected && works
	}
	return n, connected
}

// watchIdle ends the collection once nothing new came for Idle in sessions that
// live, and all of it was written.
func (r *collection) watchIdle(ctx context.Context) {
	last, _ := r.received()
	since := time.Now()
	for {
		select {
		case <-time.After(min(r.Idle/10+time.Millisecond, 100*time.Millisecond)):
		case <-ctx.Done():
			return
		}
		n, connected := r.received()
		// A session in which nothing has come yet counts, too: it may have nothing for us.
		if n != last || !connected || r.committed() < r.journal.End().Seq {
			last, since = n, time.Now()
			continue
		}
		if time.Since(since) >= r.Idle {
			r.fail(errIdle)
			return
		}
	}
}

// drained waits until the outputs have committed all that the journal holds, or
// ctx ends. Only an orderly end by idleness insists: after a signal the rest
// waits in the journal for the next start.
func (r *collection) drained(ctx context.Context, insist bool) error {
	end := r.journal.Durable().Seq
	if !insist {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, time.Second)
		defer cancel()
	}
	for r.committed() < end {
		select {
		case <-time.After(5 * time.Millisecond):
		case <-ctx.Done():
			if insist {
				return fmt.Errorf("outputs did not take the last %d messages in time; they stay in the journal", end-r.committed())
			}
			return nil
		}
	}
	return nil
}
