package server

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"estream/pki"
	"estream/server/access"
	"estream/session"
	"estream/wire"
)

// errRights ends sessions whose client has other rights by now.
var errRights = errors.New("the client's rights were changed")

// errTooMany ends a session above Limits.SessionsPerClient.
var errTooMany = errors.New("the client has too many sessions")

// A live is an admitted connection.
type live struct {
	number uint64
	remote netip.AddrPort
	client pki.Client
	rights access.Rights
	since  time.Time
	cancel context.CancelCauseFunc

	sess     atomic.Pointer[session.Server] // nil before its request is complete
	sent     atomic.Uint64                  // messages
	position atomic.Uint64                  // sequence number of the next message in the journal
}

// serve takes one connection from handshake to its end.
func (s *Server) serve(ctx context.Context, conn net.Conn, remote netip.AddrPort) {
	n := s.number.Add(1)
	settled := sync.OnceFunc(func() { s.gate.settle(remote.Addr()) })
	defer settled()
	if f := s.trace.Accepted; f != nil {
		f(n, remote)
	}
	err := s.admit(ctx, n, conn, remote, settled)
	if f := s.trace.Ended; f != nil {
		f(n, err)
	}
}

// admit checks who is there and runs the session. The error is why it ended, nil when
// the client left.
func (s *Server) admit(ctx context.Context, n uint64, conn net.Conn, remote netip.AddrPort, settled func()) error {
	log := s.Log.With("peer", remote.String())
	if s.Trace == nil {
		log.Debug("accepted connection")
	}
	checking := ctx
	var addrs []netip.Addr
	if s.Trace != nil {
		checking = pki.WithTrace(ctx, &pki.Trace{Found: func(_ string, addr netip.Addr) { addrs = append(addrs, addr) }})
	}
	secure, client, err := s.Authority.Accept(checking, session.NewConn(conn), !s.NoHost)
	if err != nil {
		s.refused(ctx, n, log, err)
		return err
	}
	l := &live{number: n, remote: remote, client: client, rights: access.All(), since: time.Now()}
	if s.Rights != nil {
		l.rights = s.Rights(client)
	}
	ctx, stop := s.Authority.SessionContext(ctx, client)
	defer stop()
	ctx, l.cancel = context.WithCancelCause(ctx)
	defer l.cancel(nil)
	defer context.AfterFunc(s.drain.cut, func() { l.cancel(errCut) })()
	if f := s.trace.Admitted; f != nil {
		f(n, client, addrs, !s.NoHost)
	}
	log = log.With("client", client.Host)
	if !s.add(l) {
		s.stats.Busy.Add(1)
		log.Warn("connection closed: "+errTooMany.Error(), "limit", s.gate.limits.SessionsPerClient)
		turnDown(secure, "No space: "+errTooMany.Error())
		return errTooMany
	}
	defer s.remove(l)
	return s.run(ctx, l, s.wrap(l, secure), log, settled)
}

func (s *Server) refused(ctx context.Context, n uint64, log *slog.Logger, err error) {
	s.stats.Refused.Add(1)
	var refusal *pki.Refusal
	if errors.As(err, &refusal) {
		s.stats.reasons[refusal.Reason].Add(1)
	}
	if f := s.trace.Refused; f != nil {
		f(n, err)
	}
	if s.Trace == nil && ctx.Err() == nil { // else it is our own end that cut the handshake short
		s.refusals.warn(log, err)
	}
}

func (s *Server) wrap(l *live, secure *tls.Conn) net.Conn {
	if s.Wrap == nil {
		return secure
	}
	return s.Wrap(l.number, l.client, secure)
}

// add lists an admitted connection; false if its client has too many.
func (s *Server) add(l *live) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	same := 1
	for _, o := range s.sessions {
		if o.client.Serial == l.client.Serial {
			same++
		}
	}
	if exceeds(same, s.gate.limits.SessionsPerClient) {
		return false
	}
	s.sessions[l.number] = l
	return true
}

func (s *Server) remove(l *live) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.sessions, l.number)
}

// turnDown tells an admitted client why it is not served, and closes the connection.
// It takes a second at most.
func turnDown(conn net.Conn, text string) {
	// A connection that refuses a deadline or a write is closed all the same.
	_ = conn.SetDeadline(time.Now().Add(time.Second))
	_, _ = conn.Write(wire.AppendErrorMessage(nil, wire.ErrorMessage{Code: session.NoSpace, Text: text}))
	_ = conn.Close()
}

// run negotiates with an admitted client and streams to it.
func (s *Server) run(ctx context.Context, l *live, conn net.Conn, log *slog.Logger, settled func()) error {
	cfg := s.Session
	cfg.Log = log
	cfg.Trace = s.negotiation(l.number, cfg.Trace)
	if s.Hosts != nil && l.rights.Boxes.Has("discovery") {
		cfg.HostRequests = max(cfg.HostRequests, maxHostRequests)
	} else {
		cfg.HostRequests = 0
	}
	sess, err := session.Accept(ctx, conn, cfg)
	settled()
	if err != nil {
		s.stats.Failed.Add(1)
		return s.ended(ctx, l, log, "session did not come about", err)
	}
	l.sess.Store(sess)
	s.stats.Sessions.Add(1)
	defer s.stats.Sessions.Add(-1)
	st := &sender{Server: s, live: l, sess: sess, log: log}
	err = st.run(ctx)
	endErr := sess.End(context.WithoutCancel(ctx), st.lastWords)
	if endErr != nil {
		log.Debug("last words were not heard", "error", endErr)
	}
	return s.ended(ctx, l, log.With("sent", l.sent.Load(), "duration", time.Since(l.since).Round(time.Millisecond)), "session broke", err)
}

// negotiation adds what Trace wants to know to what the session's owner does.
func (s *Server) negotiation(n uint64, t session.ServerTrace) session.ServerTrace {
	next := t
	t.Request = func(length int, r wire.EventStreamRequest) {
		if next.Request != nil {
			next.Request(length, r)
		}
		if f := s.trace.Request; f != nil {
			f(n, length, r.Start, r.Flags)
		}
	}
	t.Published = func(services []wire.Service, size int) {
		if next.Published != nil {
			next.Published(services, size)
		}
		if f := s.trace.Published; f != nil {
			f(n, services, size)
		}
	}
	t.StreamRequest = func(length int, services []wire.Service) {
		if next.StreamRequest != nil {
			next.StreamRequest(length, services)
		}
		if f := s.trace.StreamRequest; f != nil {
			for _, service := range services {
				f(n, length, service)
			}
		}
	}
	return t
}

// ended says in the log how a session ended, and returns what Trace.Ended is told.
func (s *Server) ended(ctx context.Context, l *live, log *slog.Logger, what string, err error) error {
	cause := context.Cause(ctx)
	switch {
	case cause != nil:
		err = cause
		if s.Trace == nil {
			log.Info("session ended", "reason", cause)
		}
	case errors.Is(err, errDraining):
		if s.Trace == nil {
			log.Info("session ended", "reason", err)
		}
	case left(err):
		if s.Trace == nil {
			log.Info("client closed the session")
		}
		err = nil
	default:
		if f := s.trace.Failed; f != nil {
			f(l.number, err)
		}
		if s.Trace == nil {
			log.Warn(what, "error", err)
		}
	}
	return err
}

// left reports whether a session ended because its client went away: closed, or reset,
// as clients do that leave with messages unread. Tools that only look whether the
// service answers do that all the time.
func left(err error) bool {
	var op *net.OpError
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrClosedPipe) || errors.As(err, &op) && !errors.Is(err, os.ErrDeadlineExceeded) && (op.Op == "read" || op.Op == "write")
}
