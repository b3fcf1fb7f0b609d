package service

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"estream/admin"
	"estream/hosts"
	"estream/server"
	"estream/server/access"
	"estream/wire"
)

// drainTime is how long clients get to take what is durable when the service stops.
const drainTime = 3 * time.Second

// listenPause is how long an address that is in use is left alone.
const listenPause = 5 * time.Second

// A Server is the eStreamer service of a Service.
type Server struct {
	// Server does it. Its Journal, Rights and what it is to know of devices and hosts are
	// set by the Service.
	*server.Server
	// Listeners are where clients connect; Addresses are opened beside them when the
	// server starts.
	Listeners []net.Listener
	Addresses []string
	// Admin, if not nil, decides on rights, and on what of a feed's data is captured.
	// What comes from a Management Center is captured as a whole: it was asked for.
	Admin *admin.Service
	// AdminAddress is where the HTTP API of Admin is offered; "": nowhere.
	AdminAddress string

	mu     sync.Mutex
	open   []string // addresses that are listened on
	closed error    // why they are not
}

// serve starts the server, or exchanges it; nil: there is none.
func (r *collection) serve(s *Server) error {
	if s == r.server {
		return nil
	}
	if r.serving != nil {
		r.serving.end()
	}
	r.setServer(nil, nil)
	if s == nil {
		return nil
	}
	api, err := s.listen(r.srcCtx)
	if err != nil && !r.begun {
		return err
	}
	s.Journal = r.journal
	s.SourceDomain, s.Identify, s.Hosts = r.sourceDomain, r.identify, r.answerHosts(s)
	if a := s.Admin; a != nil {
		s.Rights, s.DomainOf, a.Reconsider = a.Rights, a.Store.DomainOf, s.Reconsider
	}
	failed := err // in a reload: the sources and outputs go on, and it is tried again
	r.setServer(s, start(r.outCtx, func(ctx context.Context) {
		for err != nil {
			select {
			case <-time.After(listenPause):
				api, err = s.listen(ctx)
			case <-ctx.Done():
				return
			}
		}
		if err := s.run(ctx, api); err != nil {
			r.fail(err)
		}
	}))
	return failed
}

func (r *collection) setServer(s *Server, t *task) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.server, r.serving = s, t
}

// listen opens what is not open yet. api is nil if none is wanted.
func (s *Server) listen(ctx context.Context) (api net.Listener, err error) {
	config := new(net.ListenConfig)
	opened := s.Listeners
	defer func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.closed = err
		if err != nil {
			for _, ln := range opened {
				err = errors.Join(err, ln.Close())
			}
			return
		}
		for _, ln := range opened {
			s.open = append(s.open, ln.Addr().String())
		}
	}()
	for _, address := range s.Addresses {
		ln, err := config.Listen(ctx, "tcp", address)
		if err != nil {
			return nil, fmt.Errorf("server: listen on %s: %w", address, err)
		}
		opened = append(opened, ln)
	}
	if s.Admin != nil && s.AdminAddress != "" {
		if api, err = config.Listen(ctx, "tcp", s.AdminAddress); err != nil {
			return nil, fmt.Errorf("administration: listen on %s: %w", s.AdminAddress, err)
		}
	}
	s.Listeners, s.Addresses = opened, nil
	return api, nil
}

// run serves on all listeners until ctx ends; then clients may take what is durable.
// The first task that fails ends them all.
func (s *Server) run(ctx context.Context, api net.Listener) error {
	ctx, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	// Sessions outlive ctx for a while.
	sessions, cut := context.WithCancelCause(context.WithoutCancel(ctx))
	defer cut(nil)
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
	task("registrations", func() error { return s.Authority.Run(sessions) })
	if s.Admin != nil {
		task("administration", func() error { return s.Admin.Run(sessions) })
	}
	if api != nil {
		s.Log.Info("administration", "address", api.Addr().String())
		task("administration on "+api.Addr().String(), func() error { return s.Admin.Serve(ctx, api) })
	}
	for _, ln := range s.Listeners {
		s.Log.Info("listening", "address", ln.Addr().String())
		task("listener "+ln.Addr().String(), func() error { return s.Serve(sessions, ln) })
	}
	<-ctx.Done()
	drain, cancel := context.WithTimeout(sessions, drainTime)
	defer cancel()
	if err := s.Drain(drain); err != nil {
		s.Log.Warn("clients did not take everything that is durable; they get it when they come back", "error", err)
	}
	cut(context.Cause(ctx))
	wg.Wait()
	return errors.Join(errs...)
}

// capture returns what of a feed's batch is to be journaled.
func (r *collection) capture(s *Source, data []byte, count int) ([]byte, int) {
	r.mu.Lock()
	srv := r.server
	r.mu.Unlock()
	if srv == nil || srv.Admin == nil {
		return data, count
	}
	if s.filter == nil {
		s.filter = access.NewFilter(r.Layouts)
	}
	boxes := srv.Admin.Store.Boxes()
	if s.boxes != boxes {
		s.boxes = boxes
		r.hosts.Forget() // what was not captured until now may be made again
	}
	data, count, dropped := s.filter.Apply(boxes, data, count)
	s.Feed.stats.unchecked.Add(uint64(dropped))
	return data, count
}

// feed returns the feed with a number in the journal, nil if there is none now.
func (r *collection) feed(number uint32) *Feed {
	r.mu.Lock()
	defer r.mu.Unlock()
	for s := range r.sources {
		if s.Feed != nil && s.number == number {
			return s.Feed
		}
	}
	return nil
}

// sourceDomain is the domain of a sensor's device; see server.Server.
func (r *collection) sourceDomain(source uint32) string {
	if f := r.feed(source); f != nil && f.Device != nil {
		return f.Device.Domain
	}
	return ""
}

// identify names a sensor's device by its UUID; see server.Server.
func (r *collection) identify(source, device uint32) []string {
	if f := r.feed(source); f != nil && f.Device != nil && f.Device.Number() == device {
		return []string{uuidText(f.Device.Identifier())}
	}
	return nil
}

func uuidText(u [16]byte) string {
	text := hex.EncodeToString(u[:])
	return text[:8] + "-" + text[8:12] + "-" + text[12:16] + "-" + text[16:20] + "-" + text[20:]
}

// answerHosts answers host data requests from the network map.
func (r *collection) answerHosts(s *Server) func(context.Context, wire.HostDataRequest, access.Rights, func([]byte) error) error {
	return func(_ context.Context, req wire.HostDataRequest, rights access.Rights, yield func([]byte) error) error {
		q := hosts.QueryOf(req)
		q.Visible = s.Visible(rights)
		return r.hosts.Profiles(q, yield)
	}
}
