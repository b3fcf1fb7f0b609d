package server

import (
	"context"
	"errors"
	"fmt"
	"sync"
)

// Why sessions end while a server shuts down. Clients are told nothing.
var (
	errDraining = errors.New("server is draining")
	errCut      = errors.New("server is shutting down: the client did not take everything in time")
)

// A drain ends a server's sessions in good order.
type drain struct {
	begun context.Context // ends when draining begins
	begin context.CancelFunc
	cut   context.Context // ends when the time is over
	stop  context.CancelFunc

	mu    sync.Mutex
	open  int           // connections
	idle  chan struct{} // has a value after the last one left
	until uint64        // sequence number behind the last event that is sent
}

func (d *drain) init() {
	d.begun, d.begin = context.WithCancel(context.Background())
	d.cut, d.stop = context.WithCancel(context.Background())
	d.idle = make(chan struct{}, 1)
}

func (d *drain) enter() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.open++
}

func (d *drain) leave() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.open--; d.open == 0 {
		select {
		case d.idle <- struct{}{}:
		default:
		}
	}
}

func (d *drain) connections() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.open
}

// target returns up to where events are sent.
func (d *drain) target() uint64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.until
}

// Drain shuts the server down so that nobody misses anything: no new session begins;
// those that run are sent what is durable now, are waited for until they have
// acknowledged it, and are closed. Drain returns when all have ended. When ctx ends
// before, it ends the others and returns an error that says how many. Serve returns nil
// then. A server that was drained serves nobody any more.
func (s *Server) Drain(ctx context.Context) error {
	s.init()
	d := &s.drain
	if s.Journal != nil {
		d.mu.Lock()
		d.until = max(d.until, s.Journal.Durable().Seq)
		d.mu.Unlock()
	}
	d.begin()
	for {
		n := d.connections()
		if n == 0 {
			return nil
		}
		select {
		case <-d.idle:
		case <-ctx.Done():
			d.stop()
			return fmt.Errorf("drain: %d sessions had not taken everything: %w", n, context.Cause(ctx))
		}
	}
}
