package session

import "context"

// A turn is a lock whose wait ends with a context. Unlike a sync.Mutex it may
// be held while something blocks, in tests with a simulated clock too.
type turn chan struct{}

func newTurn() turn { return make(turn, 1) }

func (t turn) take(ctx context.Context) error {
	select {
	case t <- struct{}{}:
		return nil
	default:
	}
	select {
	case t <- struct{}{}:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// wait takes the turn without a context: for holders known to be ending.
func (t turn) wait() { t <- struct{}{} }

func (t turn) try() bool {
	select {
	case t <- struct{}{}:
		return true
	default:
		return false
	}
}

func (t turn) give() { <-t }
