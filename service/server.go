package service

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"

	"estream/server"
)

// A Server is the eStreamer service of a Service.
type Server struct {
	*server.Server // its Journal is set by the Service
	Listeners      []net.Listener
	// Capture, if not nil, returns what of a feed's batch is to be journaled, in the
	// memory of the batch: event types that are switched off are not captured. What
	// comes from a Management Center is: it was asked for.
	Capture func(batch []byte, count int) ([]byte, int)
}

// serve starts the server, or exchanges it; nil: there is none.
func (r *collection) serve(s *Server) {
	if s == r.server {
		return
	}
	if r.serving != nil {
		r.serving.end()
	}
	r.server, r.serving = s, nil
	if s == nil {
		return
	}
	s.Journal = r.journal
	// It ends after the sources, so that clients get the last that they read.
	r.serving = start(r.outCtx, func(ctx context.Context) {
		if err := s.run(ctx); err != nil {
			r.fail(err)
		}
	})
}

// run serves on all listeners until ctx ends. The first that fails ends them all.
func (s *Server) run(ctx context.Context) error {
	ctx, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	var (
		wg   sync.WaitGroup
		mu   sync.Mutex
		errs []error
	)
	task := func(name string, f func() error) {
		wg.Go(func() {
			if err := f(); err != nil && ctx.Err() == nil {
				mu.Lock()
				errs = append(errs, fmt.Errorf("%s: %w", name, err))
				mu.Unlock()
				fail(err)
			}
		})
	}
	task("registrations", func() error { return s.Authority.Run(ctx) })
	for _, ln := range s.Listeners {
		s.Log.Info("listening", "address", ln.Addr().String())
		task("listener "+ln.Addr().String(), func() error { return s.Serve(ctx, ln) })
	}
	wg.Wait()
	return errors.Join(errs...)
}
