//go:build unix

package encore

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

// ShowSignals returns a channel that receives when the process gets SIGUSR1, until
// ctx ends. It is for [Client].Show.
func ShowSignals(ctx context.Context) <-chan struct{} {
	signals, show := make(chan os.Signal, 1), make(chan struct{})
	signal.Notify(signals, syscall.SIGUSR1)
	go func() {
		defer signal.Stop(signals)
		for {
			select {
			case <-signals:
				select {
				case show <- struct{}{}:
				case <-ctx.Done():
				}
			case <-ctx.Done():
				return
			}
		}
	}()
	return show
}
