package service

import (
	"bytes"
	"context"
	"sync"
	"sync/atomic"

	"estream/output"
)

// tapQueue is how many writes a tap may be behind; it is a look, and never slows
// an output down.
const tapQueue = 64

// taps are the listeners of an output.
type taps struct {
	count atomic.Int32 // so that an output without listeners takes no lock
	mu    sync.Mutex
	list  map[*tap]struct{}
}

type tap struct {
	lines  chan []byte
	missed atomic.Uint64
}

// Tap calls f with copies of what the output has handed to its destination from
// now on, until ctx ends or f fails. It never holds the output back: missed is how
// many writes came too fast and were left out before this one.
func (o *Output) Tap(ctx context.Context, f func(lines []byte, missed uint64) error) error {
	t := &tap{lines: make(chan []byte, tapQueue)}
	o.taps.mu.Lock()
	if o.taps.list == nil {
		o.taps.list = map[*tap]struct{}{}
	}
	o.taps.list[t] = struct{}{}
	o.taps.mu.Unlock()
	o.taps.count.Add(1)
	defer func() {
		o.taps.count.Add(-1)
		o.taps.mu.Lock()
		delete(o.taps.list, t)
		o.taps.mu.Unlock()
	}()
	for {
		select {
		case lines := <-t.lines:
			if err := f(lines, t.missed.Swap(0)); err != nil {
				return err
			}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// tapped is a destination with listeners.
type tapped struct {
	output.Output
	taps *taps
}

func (t tapped) Write(ctx context.Context, lines []byte) error {
	if err := t.Output.Write(ctx, lines); err != nil {
		return err
	}
	if t.taps.count.Load() == 0 {
		return nil
	}
	copied := bytes.Clone(lines)
	t.taps.mu.Lock()
	defer t.taps.mu.Unlock()
	for l := range t.taps.list {
		select {
		case l.lines <- copied:
		default:
			l.missed.Add(1)
		}
	}
	return nil
}
