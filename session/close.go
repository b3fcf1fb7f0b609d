package session

import (
	"context"
	"errors"
	"net"
	"time"

	"estream/wire"
)

// linger is how long a closing session waits for its last words to be heard.
const linger = time.Second

// Close ends the session and everything that waits in it, which then returns
// ErrClosed. With a reason the server is told it in an error message first, and
// given up to a second, less if ctx ends before, to take it. Events that were
// not read are lost to this session. Close may be called more than once; the
// first call counts. Its error is that of telling the reason.
func (c *Client) Close(ctx context.Context, reason string) error {
	c.closing.Do(func() {
		stop := time.Now().Add(linger)
		if d, ok := ctx.Deadline(); ok && d.Before(stop) {
			stop = d
		}
		c.readLimit.close(ErrClosed, longAgo)
		c.writeLimit.close(ErrClosed, stop)
		c.reading.wait() // not for long: the deadlines of its holders have come
		defer c.reading.give()
		c.writing.wait()
		defer c.writing.give()
		var said error
		if c.torn {
			// After a write that failed TLS has lost count: even its good-bye would be
			// noise, and the server's log would call it an attack.
			_ = c.raw.Close()
		}
		if reason != "" {
			p := wire.AppendErrorMessage(nil, wire.ErrorMessage{Code: wire.Unnumbered, Text: reason})
			if _, said = c.conn.Write(p); said == nil {
				drain(ctx, c.raw, c.conn, stop)
			}
		}
		// What matters has been said; the peer may well be gone.
		_ = c.conn.Close()
		c.closeErr = said
	})
	return c.closeErr
}

// drain closes the sending direction and throws away what still comes until the
// peer closes its own. Closing a socket with unread bytes in it would reset the
// connection and could destroy what the peer has not read yet. It reports
// nothing: a peer that is gone needs no courtesy, and the Read then ends.
func drain(ctx context.Context, raw, conn net.Conn, stop time.Time) {
	for _, c := range [2]net.Conn{conn, raw} { // TLS, also below what Wrap made of it; then TCP
		if h, ok := c.(interface{ CloseWrite() error }); ok {
			_ = h.CloseWrite()
		}
	}
	_ = raw.SetReadDeadline(stop)
	defer context.AfterFunc(ctx, func() { _ = raw.SetReadDeadline(longAgo) })()
	var sink [4096]byte
	for {
		if _, err := raw.Read(sink[:]); err != nil {
			return
		}
	}
}

// lastWords returns what the client should be told when the session ends with
// err: something it did wrong, or nothing.
func lastWords(err error) (words wire.ErrorMessage, ok bool) {
	var protocol *ProtocolError
	var request *RequestError
	var timeout *TimeoutError
	if errors.As(err, &protocol) || errors.As(err, &request) || errors.As(err, &timeout) {
		words = wire.ErrorMessage{Code: wire.Unnumbered, Text: err.Error()}
		if request != nil && request.Code != 0 {
			words.Code = request.Code
		}
		return words, true
	}
	return words, false
}

// End ends the session and closes the connection. With a reason the client is
// told it in an error message; with nil it is told the protocol error, refusal
// or time-out that ended the session, and nothing after a plain end: servers
// shut down without a word. What was sent before is given up to a second to
// arrive, less if ctx ends before. A Send under way in another goroutine is cut
// short. End waits for the session's goroutines; it may be called more than
// once, the first call counts. Its error is that of the last words.
func (s *Server) End(ctx context.Context, reason *wire.ErrorMessage) error {
	s.ending.Do(func() {
		stop := time.Now().Add(linger)
		if d, ok := ctx.Deadline(); ok && d.Before(stop) {
			stop = d
		}
		s.fail(ErrClosed)
		// Writes first: listen, once its read has ended, closes them at once, and the
		// first to close them counts.
		s.writeLimit.close(ErrClosed, stop)
		s.readLimit.close(ErrClosed, longAgo)
		s.wait.Wait()
		s.writing.wait() // not for long: the deadline of its holder has come
		defer s.writing.give()
		if words, ok := lastWords(s.Err()); reason == nil && ok {
			reason = &words
		}
		if s.reachable() {
			if reason != nil {
				_, s.endErr = s.conn.Write(wire.AppendErrorMessage(nil, *reason))
			}
			if s.endErr == nil {
				drain(ctx, s.raw, s.conn, stop)
			}
		}
		if s.torn {
			_ = s.raw.Close() // see Client.Close
		}
		// What matters has been said; the peer may well be gone.
		_ = s.conn.Close()
	})
	return s.endErr
}

// reachable reports whether last words can arrive: the client has not left, and
// the stream stands between two messages.
func (s *Server) reachable() bool {
	err := s.Err()
	_, ok := lastWords(err)
	return !s.torn && (err == ErrClosed || ok)
}
