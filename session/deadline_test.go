package session

import (
	"context"
	"errors"
	"os"
	"testing"
	"time"
)

// TestDeadlineReleased: a context that ends just before it is released must not
// end what follows. Bug: the operation that was cut short asked a context that
// was gone for its cause, and the process panicked.
func TestDeadlineReleased(t *testing.T) {
	var last time.Time
	set := make(chan struct{}, 4)
	d := &deadline{set: func(at time.Time) error {
		last = at
		set <- struct{}{}
		return nil
	}}
	ctx, cancel := context.WithCancel(context.Background())
	if err := d.watch(ctx); err != nil {
		t.Fatal(err)
	}
	cancel()
	<-set // the deadline in the past is set
	d.release()
	if !last.IsZero() {
		t.Errorf("the deadline stays at %v", last)
	}
	var timeout *TimeoutError
	if err := d.explain(os.ErrDeadlineExceeded, "something", time.Second); !errors.As(err, &timeout) {
		t.Errorf("explained as %v", err)
	}
	if err := d.watch(context.Background()); err != nil {
		t.Errorf("the next operation: %v", err)
	}
}
