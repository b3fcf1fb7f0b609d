package session

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"estream/wire"
)

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
	c := &Client{cfg: cfg, addr: addr, raw: conn, tr: &transport{Conn: conn}, reading: newTurn(), writing: newTurn()}
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
	c.tls = handshake
	c.tr.poll(cfg.BatchBytes, cfg.TLS != nil)
	if cfg.Wrap != nil {
		c.conn = cfg.Wrap(c.conn)
	}
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
