package exec

import (
	"context"
	"sync"
	"time"
)

const (
	pauseFirst = 500 * time.Millisecond
	pauseMost  = time.Minute
	// A program that ran for so long is not one that fails at its start.
	ranWell = time.Minute
)

// A Backoff makes the pauses between starts of a program grow from half a second
// to a minute while it ends within a minute each time. The zero value is
// ready for use. It is safe for concurrent use.
type Backoff struct {
	mu    sync.Mutex
	pause time.Duration
	until time.Time
}

// ended says that the program ran for so long.
func (b *Backoff) ended(ran time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.pause = min(max(2*b.pause, pauseFirst), pauseMost)
	if ran >= ranWell {
		b.pause = pauseFirst
	}
	b.until = time.Now().Add(b.pause)
}

// wait returns when the program may be started.
func (b *Backoff) wait(ctx context.Context) error {
	b.mu.Lock()
	left := time.Until(b.until)
	b.mu.Unlock()
	if left <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(left)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
