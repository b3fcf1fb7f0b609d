package service

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"

	"estream/internal/durable"
	"estream/journal"
	"estream/pki"
	"estream/server"
	"estream/session"
	"estream/source"
	"estream/wire"
)

// A Server is any number of sources, one journal and the eStreamer service:
//
//	sensors ──► journal ──► sessions
type Server struct {
	Data      string // directory of certificates, registrations and journal
	FS        durable.FS
	Layouts   *wire.Layouts
	Authority *pki.Authority
	Listeners []net.Listener
	Sources   []Feed
	NoHost    bool // see server.Server
	AsIs      bool
	Session   session.ServerConfig
	Journal   journal.Options
	Log       *slog.Logger

	// Fault, in tests: see server.Server.
	Fault func(data []byte, count int) ([]byte, int)

	// Core is the running server, for its counters. Set by Run before Ready.
	Core *server.Server
	// Ready, if not nil, is closed once clients can connect.
	Ready chan struct{}
}

// A Feed is one source of a Server.
type Feed struct {
	Number uint32 // of the source in the journal; keep it over restarts
	Name   string
	// Run appends batches until ctx ends or the source has no more, both without
	// error. mark is that of the source's last batch in the journal, nil at first.
	// known reports whether an equal metadata record is in the journal already.
	Run func(ctx context.Context, mark []byte, known func(message []byte) bool, take func(context.Context, source.Batch) error) error
}

// Run serves until ctx ends, which is no error, or something fails for good.
func (s *Server) Run(ctx context.Context) (err error) {
	j, closeJournal, err := openJournal(ctx, s.Data, s.FS, s.Layouts, s.Journal, s.Log)
	if err != nil {
		return ended(ctx, err)
	}
	defer func() { err = errors.Join(err, closeJournal()) }()
	s.Core = &server.Server{
		Authority: s.Authority, Journal: j, NoHost: s.NoHost, AsIs: s.AsIs, Session: s.Session, Log: s.Log, Fault: s.Fault,
	}
	parent := ctx
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var wg sync.WaitGroup
	defer wg.Wait()
	// The first task that fails ends all of them.
	start := func(name string, f func() error) {
		wg.Go(func() {
			if err := f(); err != nil && ctx.Err() == nil {
				cancel(fmt.Errorf("%s: %w", name, err))
			}
		})
	}
	start("registrations", func() error { return s.Authority.Run(ctx) })
	for _, ln := range s.Listeners {
		s.Log.Info("listening", "address", ln.Addr().String())
		start("listener "+ln.Addr().String(), func() error { return s.Core.Serve(ctx, ln) })
	}
	for _, f := range s.Sources {
		start(f.Name, func() error {
			err := f.Run(ctx, j.LastMark(f.Number), j.Names.Of(f.Number).Has, func(ctx context.Context, b source.Batch) error {
				return j.AppendFrom(ctx, f.Number, b)
			})
			if err == nil && ctx.Err() == nil {
				s.Log.Info("source has been read to its end", "source", f.Name)
			}
			return err
		})
	}
	if s.Ready != nil {
		close(s.Ready)
	}
	<-ctx.Done()
	if parent.Err() != nil {
		return nil
	}
	return context.Cause(ctx)
}
