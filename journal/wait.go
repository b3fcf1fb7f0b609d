package journal

import (
	"context"
	"slices"
)

// A waitList holds those who wait for a change of what Journal.mu guards. It
// is a condition variable that can be waited for together with a context and
// whose waiters bring their own channel, so that waking allocates nothing.
type waitList struct{ waiters []chan struct{} }

// wake wakes everybody. The caller holds Journal.mu.
func (w *waitList) wake() {
	for i, ch := range w.waiters {
		select {
		case ch <- struct{}{}:
		default: // already woken
		}
		w.waiters[i] = nil
	}
	w.waiters = w.waiters[:0]
}

// wait gives Journal.mu back, waits for wake or the end of ctx, and takes mu
// again. ch has room for one value and belongs to the caller. The error is
// the context's.
func (j *Journal) wait(ctx context.Context, w *waitList, ch chan struct{}) error {
	w.waiters = append(w.waiters, ch)
	j.mu.Unlock()
	select {
	case <-ch:
		j.mu.Lock()
		return nil
	case <-ctx.Done():
	}
	j.mu.Lock()
	if i := slices.Index(w.waiters, ch); i >= 0 {
		w.waiters = slices.Delete(w.waiters, i, i+1)
	}
	select {
	case <-ch: // woken at the same time; the value must not be there next time
	default:
	}
	return ctx.Err()
}

func newWaiter() chan struct{} { return make(chan struct{}, 1) }
