// Package server is the eStreamer service: it admits clients and streams them
// what the journal holds, each from a position of its own.
//
// Guarantees: a client is heard only after its certificate, registration and
// host were checked. It is sent durable events only, in journal order, so that a
// crash of the server never takes back what a client has seen. Every session has
// a reader of its own: a slow client holds back nobody else. Revoking a client
// ends its sessions at once. Limits on sessions, handshakes and requests are
// constants; what exceeds them is closed and counted.
package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"estream/internal/mute"
	"estream/pki"
	"estream/session"
	"estream/source"
)

const (
	// MaxSessions is how many clients are served at a time.
	MaxSessions = 1024
	// MaxHandshakes is how many connections may be on their way to a session.
	MaxHandshakes = 64
)

// A Server serves one journal. Its fields are not changed after Serve began.
type Server struct {
	Authority *pki.Authority
	Journal   *source.Journal
	NoHost    bool // admit registered clients from any address
	// AsIs sends every record of the journal as it is, whatever a request asks
	// for; only the start time counts.
	AsIs    bool
	Session session.ServerConfig
	Log     *slog.Logger

	// Fault, in tests, sees each piece before it is sent and may alter it.
	Fault func(data []byte, count int) ([]byte, int)

	stats    Stats
	refusals refusalLog
}

// Stats counts what a server did. Its fields may be read at any time.
type Stats struct {
	Accepted atomic.Uint64 // connections
	Refused  atomic.Uint64 // by certificate, registration or host check
	Failed   atomic.Uint64 // sessions that ended before they streamed
	Busy     atomic.Uint64 // closed because of MaxSessions or MaxHandshakes
	Sessions atomic.Int64  // running now
	Sent     atomic.Uint64 // messages, to all clients together
	Bytes    atomic.Uint64 // of them
}

// Stats returns the counters.
func (s *Server) Stats() *Stats { return &s.stats }

// Serve accepts clients on ln until ctx ends; then it closes ln, ends all
// sessions and returns nil. Another error is one of the listener.
func (s *Server) Serve(ctx context.Context, ln net.Listener) error {
	ctx, cancel := context.WithCancel(ctx)
	var wg sync.WaitGroup
	defer wg.Wait()
	defer cancel()
	defer context.AfterFunc(ctx, func() { _ = ln.Close() })()
	handshakes := make(chan struct{}, MaxHandshakes)
	sessions := make(chan struct{}, MaxSessions)
	busy := mute.New(10 * time.Second)
	for pause := 5 * time.Millisecond; ; {
		conn, err := ln.Accept()
		if err != nil {
			if ctx.Err() != nil {
				return nil
			}
			if errors.Is(err, net.ErrClosed) {
				return fmt.Errorf("accept: %w", err)
			}
			// Out of file descriptors, for example: what is served goes on.
			s.Log.Error("accept failed", "error", err, "retry", pause)
			select {
			case <-time.After(pause):
			case <-ctx.Done():
				return nil
			}
			pause = min(2*pause, time.Second)
			continue
		}
		pause = 5 * time.Millisecond
		s.stats.Accepted.Add(1)
		if !acquire(sessions) {
			s.turnAway(conn, busy, "sessions", MaxSessions)
			continue
		}
		if !acquire(handshakes) {
			<-sessions
			s.turnAway(conn, busy, "handshakes", MaxHandshakes)
			continue
		}
		wg.Go(func() {
			defer func() { <-sessions }()
			s.serve(ctx, conn, sync.OnceFunc(func() { <-handshakes }))
		})
	}
}

func acquire(sem chan struct{}) bool {
	select {
	case sem <- struct{}{}:
		return true
	default:
		return false
	}
}

func (s *Server) turnAway(conn net.Conn, m *mute.Mute, what string, limit int) {
	s.stats.Busy.Add(1)
	_ = conn.Close()
	if held, ok := m.Held(); ok {
		s.Log.Warn("connection closed: too many "+what, "limit", limit, "peer", conn.RemoteAddr().String(), "others", held)
	}
}

// serve takes one connection from handshake to its end. admitted is called once
// the connection no longer counts as a handshake.
func (s *Server) serve(ctx context.Context, conn net.Conn, admitted func()) {
	defer admitted()
	peer := conn.RemoteAddr().String()
	log := s.Log.With("peer", peer)
	log.Debug("accepted connection")
	secure, client, err := s.Authority.Accept(ctx, session.NewConn(conn), !s.NoHost)
	if err != nil {
		s.stats.Refused.Add(1)
		if ctx.Err() == nil { // else it is our own end that cut the handshake short
			s.refusals.warn(log, err)
		}
		return
	}
	ctx, stop := s.Authority.SessionContext(ctx, client)
	defer stop()
	log = log.With("client", client.Host)
	cfg := s.Session
	cfg.Log = log
	sess, err := session.Accept(ctx, secure, cfg)
	admitted()
	if err != nil {
		s.stats.Failed.Add(1)
		log.Warn("session did not come about", "error", err)
		return
	}
	s.stats.Sessions.Add(1)
	defer s.stats.Sessions.Add(-1)
	log.Info("session began", "request", sess.Request())
	began := time.Now()
	st := &sender{Server: s, sess: sess, log: log}
	err = st.run(ctx)
	endErr := sess.End(context.WithoutCancel(ctx), nil)
	log = log.With("sent", st.sent, "duration", time.Since(began).Round(time.Millisecond))
	switch {
	case errors.Is(err, io.EOF):
		log.Info("client closed the session")
	case context.Cause(ctx) != nil:
		log.Info("session ended", "reason", context.Cause(ctx))
	default:
		log.Warn("session broke", "error", err)
	}
	if endErr != nil {
		log.Debug("last words were not heard", "error", endErr)
	}
}
