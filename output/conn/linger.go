package conn

import (
	"context"
	"time"
)

const grace = 3 * time.Second // of Linger

// Linger returns a context that ends three seconds after ctx, so that a healthy
// destination is left between two batches and not in the middle of a line. stop
// frees what it holds.
func Linger(ctx context.Context) (lingering context.Context, stop func()) {
	if ctx.Done() == nil {
		return ctx, func() {}
	}
	lingering, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	var timer *time.Timer
	ran := make(chan struct{})
	unhook := context.AfterFunc(ctx, func() {
		defer close(ran)
		timer = time.AfterFunc(grace, func() { cancel(context.Cause(ctx)) })
	})
	return lingering, func() {
		if !unhook() {
			<-ran
			timer.Stop()
		}
		cancel(nil)
	}
}
