package session

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"

	"estream/wire"
)

// linger is how long a closing session waits for its last words to be heard.
const linger = time.Second

// A Client is the receiving half of one session.
//
// ReadBatch and Ack are for one goroutine; all other methods may be called by
// any goroutine at any time.
type Client struct {
	cfg  ClientConfig
	addr string
	raw  net.Conn // the network
	tr   *transport
	conn net.Conn // where messages are read and written: TLS over tr, or tr

	readLimit, writeLimit deadline

	// reading guards the reader's state; Close takes it to be alone.
	reading sync.Mutex
	reader

	writing sync.Mutex // one write at a time

	stats    clientStats
	closing  sync.Once
	closeErr error
}

// Dial connects to a server, completes the TLS handshake and makes the request:
// an event stream request, and when its flags hold FlagExtendedRequest (the
// default ones do), a streaming request for service 6667 after the server's
// streaming information. addr is as for [Address]. ctx bounds Dial only. Its
// errors are *DialError; in them are *ServerError, *ProtocolError,
// *TimeoutError, ErrNoService, the errors of TLS, and of ctx.
//
// Without FlagExtendedRequest servers do not answer a request: a rejection
// then shows at the first ReadBatch.
func Dial(ctx context.Context, addr string, cfg ClientConfig) (*Client, error) {
	addr, err := Address(addr)
	if err != nil {
		return nil, err
	}
	if err := cfg.setDefaults(); err != nil {
		return nil, fmt.Errorf("session with %s: %w", addr, err)
	}
	if cfg.TLS != nil && cfg.TLS.ServerName == "" {
		host, _, _ := net.SplitHostPort(addr)
		cfg.TLS = cfg.TLS.Clone()
		cfg.TLS.ServerName = host
	}
	ctx, cancel := within(ctx, cfg.HandshakeTimeout, "session not established")
	defer cancel()
	conn, err := cfg.DialContext(ctx, cfg.Network, addr)
	if err != nil {
		if ctx.Err() != nil {
			err = fmt.Errorf("%w (%w)", context.Cause(ctx), err)
		}
		return nil, &DialError{StageConnect, addr, err}
	}
	return newClient(ctx, conn, addr, cfg)
}

// NewClient is Dial on a connection that exists, which it closes when it fails.
// With cfg.TLS the connection is not TLS yet; a *tls.Conn completes its
// handshake here.
func NewClient(ctx context.Context, conn net.Conn, cfg ClientConfig) (*Client, error) {
	if err := cfg.setDefaults(); err != nil {
		return nil, errors.Join(fmt.Errorf("session with %s: %w", conn.RemoteAddr(), err), conn.Close())
	}
	ctx, cancel := within(ctx, cfg.HandshakeTimeout, "session not established")
	defer cancel()
	return newClient(ctx, conn, conn.RemoteAddr().String(), cfg)
}

// within limits ctx to d; 0 is no limit. Its cause is then a TimeoutError.
func within(ctx context.Context, d time.Duration, what string) (context.Context, context.CancelFunc) {
	if d <= 0 {
		return context.WithCancel(ctx)
	}
	return context.WithTimeoutCause(ctx, d, &TimeoutError{What: what, After: d})
}

func newClient(ctx context.Context, conn net.Conn, addr string, cfg ClientConfig) (*Client, error) {
	c := &Client{cfg: cfg, addr: addr, raw: conn, tr: &transport{Conn: conn}}
	c.readLimit.set, c.writeLimit.set = conn.SetReadDeadline, conn.SetWriteDeadline
	c.conn = c.tr
	// The handshake passes through tr; only then tr starts to buffer.
	handshake, _ := conn.(*tls.Conn)
	if cfg.TLS != nil {
		handshake = tls.Client(c.tr, cfg.TLS)
		c.conn = handshake
	}
	if handshake != nil {
		if err := handshake.HandshakeContext(ctx); err != nil {
			if ctx.Err() != nil {
				err = context.Cause(ctx)
			}
			_ = conn.Close() // the first error is the one to tell
			return nil, &DialError{StageTLS, addr, err}
		}
	}
	c.tr.poll(cfg.BatchBytes, cfg.TLS != nil)
	c.reader.buf = make([]byte, cfg.BatchBytes)
	c.stats.connected = time.Now()

	if stage, err := c.negotiate(ctx); err != nil {
		reason := ""
		if p := (*ProtocolError)(nil); errors.As(err, &p) || errors.Is(err, ErrNoService) {
			reason = err.Error()
		}
		// The first error is the one to tell; closing after it fails often.
		_ = c.Close(context.WithoutCancel(ctx), reason)
		return nil, &DialError{stage, addr, err}
	}
	c.readLimit.release()
	c.writeLimit.release()
	return c, nil
}

// negotiate makes the request. It returns as soon as the session runs, or the
// server has started to send events without streaming information.
func (c *Client) negotiate(ctx context.Context) (Stage, error) {
	if err := c.readLimit.watch(ctx); err != nil {
		return StageRequest, err
	}
	request := wire.EventStreamRequest{Start: c.cfg.Start, Flags: c.cfg.Flags}
	if err := c.write(ctx, wire.AppendEventStreamRequest(nil, request)); err != nil {
		// A server that rejects us may have said why before it closed.
		if c.receive(ctx, true) == nil {
			c.scan()
		}
		if c.err != nil && !errors.Is(c.err, io.EOF) {
			err = fmt.Errorf("%w (%w)", c.err, err)
		}
		return StageRequest, err
	}
	c.awaiting = c.cfg.Flags.Has(wire.FlagExtendedRequest)
	for c.awaiting && c.w == 0 {
		if err := c.advance(ctx); err != nil {
			return StageInformation, err
		}
		if c.reply != nil {
			if err := c.answer(ctx); err != nil {
				return StageStreaming, err
			}
			break
		}
		if c.w > 0 {
			break
		}
		if err := c.receive(ctx, true); err != nil {
			return StageInformation, err
		}
	}
	return "", nil
}

// advance scans what was received and returns the error that the session ended
// with, unless there are events to deliver before it.
func (c *Client) advance(ctx context.Context) error {
	c.scan()
	if c.err != nil && c.w == 0 {
		return c.err
	}
	return nil
}

// answer sends the streaming request prepared by the reader, and the null
// message for the streaming information behind it: a server that expects the
// request sees it first.
func (c *Client) answer(ctx context.Context) error {
	reply := wire.AppendNull(c.reply)
	c.reply = nil
	c.acks--
	c.stats.acks.Add(1)
	return c.write(ctx, reply)
}

// Information returns the services the server published, nil before that or in
// a session without extended request.
func (c *Client) Information() []wire.Service {
	c.reading.Lock()
	defer c.reading.Unlock()
	return c.information
}

// TLS returns the state of the TLS connection, and false when there is none.
func (c *Client) TLS() (tls.ConnectionState, bool) {
	for _, conn := range [2]net.Conn{c.conn, c.raw} {
		if t, ok := conn.(*tls.Conn); ok {
			return t.ConnectionState(), true
		}
	}
	return tls.ConnectionState{}, false
}

// LocalAddr and RemoteAddr are the ends of the connection.
func (c *Client) LocalAddr() net.Addr { return c.raw.LocalAddr() }

// RemoteAddr returns the server's address.
func (c *Client) RemoteAddr() net.Addr { return c.raw.RemoteAddr() }

// Ack tells the server that the batch was taken: one null message for each
// single message and each bundle, all in one write. Call it once the data is in
// memory that is bounded; withholding it is how a client that cannot keep up
// slows the server down. A batch that is not acknowledged is so together with the
// next one.
func (c *Client) Ack(ctx context.Context, b *Batch) error {
	for b.acks > 0 {
		n := min(b.acks, len(nulls)/wire.HeaderSize)
		if err := c.write(ctx, nulls[:n*wire.HeaderSize]); err != nil {
			return fmt.Errorf("acknowledge: %w", err)
		}
		b.acks -= n
		c.stats.acks.Add(uint64(n))
	}
	return nil
}

// RequestHosts asks for stored host profiles. The answers come to OnMessage
// during ReadBatch: messages of type single or multiple host data. The last of
// several has no body.
func (c *Client) RequestHosts(ctx context.Context, r wire.HostDataRequest) error {
	p, err := wire.AppendHostDataRequest(nil, r)
	if err != nil {
		return err
	}
	if err := c.write(ctx, p); err != nil {
		return fmt.Errorf("host data request: %w", err)
	}
	return nil
}

// write writes p, as one write on the connection when it has at most 16 KiB. A write that
// failed leaves TLS unusable, so the session is over.
func (c *Client) write(ctx context.Context, p []byte) error {
	c.writing.Lock()
	defer c.writing.Unlock()
	if err := c.writeLimit.watch(ctx); err != nil {
		return err
	}
	c.writeLimit.limit(c.cfg.WriteTimeout)
	_, err := c.conn.Write(p)
	return c.writeLimit.explain(err, "server did not take a write", c.cfg.WriteTimeout)
}

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
		c.reading.Lock() // ends soon: its deadline has passed
		defer c.reading.Unlock()
		c.writing.Lock()
		defer c.writing.Unlock()
		var said error
		if reason != "" {
			p := wire.AppendErrorMessage(nil, wire.ErrorMessage{Code: wire.Unnumbered, Text: reason})
			if _, said = c.conn.Write(p); said == nil {
				said = drain(ctx, c.raw, c.conn, stop)
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
// connection and could destroy what the peer has not read yet.
func drain(ctx context.Context, raw, conn net.Conn, stop time.Time) error {
	if t, ok := conn.(*tls.Conn); ok {
		if err := t.CloseWrite(); err != nil {
			return err
		}
	}
	if h, ok := raw.(interface{ CloseWrite() error }); ok {
		if err := h.CloseWrite(); err != nil {
			return err
		}
	}
	if err := raw.SetReadDeadline(stop); err != nil {
		return err
	}
	defer context.AfterFunc(ctx, func() { _ = raw.SetReadDeadline(longAgo) })()
	var sink [4096]byte
	for {
		if _, err := raw.Read(sink[:]); err != nil {
			return nil // EOF, reset or time-out: the peer has heard us or never will
		}
	}
}
