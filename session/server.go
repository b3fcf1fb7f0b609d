package session

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"sync"
	"time"

	"estream/wire"
)

// A Server is the sending half of one session.
//
// All methods may be called by any goroutine at any time; messages of
// concurrent Sends do not mix. From Accept to End, a goroutine reads what the
// client says, and another sends a null message whenever nothing else was sent
// for the KeepAlive interval. So a client that leaves is noticed while the
// caller waits for events: the session's Context ends.
type Server struct {
	cfg     ServerConfig
	raw     net.Conn // the network
	tr      *transport
	conn    net.Conn // where messages are read and written
	corks   bool     // TLS records are to be gathered
	in      inbox
	request Request

	readLimit, writeLimit deadline

	ctx    context.Context // ends with the session
	cancel context.CancelCauseFunc
	wait   sync.WaitGroup
	hosts  chan wire.HostDataRequest
	window window
	ending sync.Once
	endErr error

	sending  turn   // one Send at a time; taken before writing
	sequence uint32 // of the last bundle; guarded by sending

	writing  turn      // whole messages only
	lastSent time.Time // guarded by writing
	torn     bool      // a write failed, maybe inside a message; guarded by writing

	stats serverStats
}

func newServer(ctx context.Context, conn net.Conn, cfg ServerConfig) *Server {
	s := &Server{cfg: cfg, raw: conn, window: newWindow(), sending: newTurn(), writing: newTurn(), hosts: make(chan wire.HostDataRequest, cfg.HostRequests)}
	s.stats.connected = time.Now()
	s.ctx, s.cancel = context.WithCancelCause(context.WithoutCancel(ctx))
	s.tr, s.conn = transportOf(conn)
	if t, ok := s.conn.(*tls.Conn); ok && t.NetConn() == s.tr {
		s.corks, s.raw = true, s.tr.Conn
	}
	s.in = inbox{conn: s.conn, max: cfg.MaxRequest}
	s.readLimit.set, s.writeLimit.set = conn.SetReadDeadline, conn.SetWriteDeadline
	return s
}

// start begins the part of the session that has no end of its own.
func (s *Server) start() {
	s.readLimit.release()
	s.writeLimit.release()
	s.readLimit.limit(0)
	s.wait.Go(s.listen)
	if s.cfg.KeepAlive > 0 {
		s.wait.Go(s.keepAlive)
	}
}

// Request returns what the client asked for.
func (s *Server) Request() Request { return s.request }

// RemoteAddr returns the client's address.
func (s *Server) RemoteAddr() net.Addr { return s.raw.RemoteAddr() }

// Context ends when the session does, for whatever reason; context.Cause gives
// that reason, as Err does. Values are those of Accept's context.
func (s *Server) Context() context.Context { return s.ctx }

// Err returns nil while the session runs, then why it ended: io.EOF when the
// client closed the connection, *ClientError when it said so in an error
// message, *ProtocolError, *RequestError, *TimeoutError, the error of the
// connection, or ErrClosed after End.
func (s *Server) Err() error { return context.Cause(s.ctx) }

// HostRequests returns the host data requests of the client, answered with
// SendHostData. The channel is never closed; select on Context().Done() as
// well. A client that sends more of them than ServerConfig.HostRequests before
// they are taken is ended.
func (s *Server) HostRequests() <-chan wire.HostDataRequest { return s.hosts }

// fail ends the session; the first reason counts.
func (s *Server) fail(err error) { s.cancel(err) }

// listen reads what the client says until it says something final.
func (s *Server) listen() {
	for {
		h, body, err := s.in.next()
		if err == nil {
			err = s.hear(h, body)
		}
		if err == nil {
			continue
		}
		s.fail(s.readLimit.explain(err, "client was silent", 0))
		if _, ok := lastWords(err); !ok {
			// Nobody listens any more: let a Send that is under way end now.
			s.writeLimit.close(err, longAgo)
		}
		return
	}
}

// hear handles one message of the client.
func (s *Server) hear(h wire.Header, body []byte) error {
	switch h.Type {
	case wire.TypeNull:
		if h.Length > 0 {
			return s.in.unexpected(h, "a null message without a body")
		}
		n := 1 + s.in.nulls()
		s.stats.acks.Add(uint64(n))
		s.window.release(n)
		return nil
	case wire.TypeError:
		return clientError(body)
	case wire.TypeHostDataRequest:
		r, err := wire.ParseHostDataRequest(body)
		if err != nil {
			return s.in.malformed(err)
		}
		if s.cfg.HostRequests == 0 {
			return &RequestError{Reason: "host data is not served here"}
		}
		select {
		case s.hosts <- r:
			return nil
		default:
			return &RequestError{Reason: "No space: too many host data requests at once", Code: NoSpace}
		}
	}
	return s.in.unexpected(h, "a null message; another request needs another session")
}

// keepAlive sends a null message when nothing was sent for the interval.
func (s *Server) keepAlive() {
	timer := time.NewTimer(s.cfg.KeepAlive)
	defer timer.Stop()
	for {
		select {
		case <-s.ctx.Done():
			return
		case <-timer.C:
		}
		next := s.cfg.KeepAlive
		if s.writing.try() { // else something is being sent right now
			idle := time.Since(s.lastSent)
			if idle >= s.cfg.KeepAlive {
				if err := s.writeLocked(s.ctx, nulls[:wire.HeaderSize]); err != nil {
					s.writing.give()
					return
				}
				s.stats.keepAlives.Add(1)
			} else {
				next -= idle
			}
			s.writing.give()
		}
		timer.Reset(next)
	}
}

// write writes p, which holds whole messages.
func (s *Server) write(ctx context.Context, p []byte) error {
	if err := s.writing.take(ctx); err != nil {
		return err
	}
	defer s.writing.give()
	return s.writeLocked(ctx, p)
}

// writeLocked writes p, giving each piece of it WriteTimeout. After an error
// the stream may end inside a message, so the session is over.
func (s *Server) writeLocked(ctx context.Context, p []byte) error {
	if err := s.writeLimit.watch(ctx); err != nil {
		return err
	}
	s.stats.bytes.Add(uint64(len(p)))
	for len(p) > 0 {
		piece := p[:min(len(p), writeSize)]
		p = p[len(piece):]
		s.writeLimit.limit(s.cfg.WriteTimeout)
		if err := s.writePiece(piece); err != nil {
			s.torn = true
			s.fail(s.writeLimit.explain(err, "client did not take a write", s.cfg.WriteTimeout))
			return s.Err()
		}
	}
	s.lastSent = time.Now()
	s.stats.lastSent.Store(s.lastSent.UnixNano())
	return nil
}

func (s *Server) writePiece(p []byte) error {
	if !s.corks {
		_, err := s.conn.Write(p)
		return err
	}
	s.tr.cork()
	_, err := s.conn.Write(p)
	return errors.Join(err, s.tr.uncork())
}
