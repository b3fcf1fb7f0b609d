// Package conn holds what outputs over sockets share: connections whose end is
// noticed while they are idle, whose writes and waits have limits, and whose
// errors name the address and the cure; streams of lines on top of them; and
// datagrams.
//
// Guarantee: none of its own; it belongs to the outputs that use it.
package conn

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"syscall"
	"time"
)

const (
	// lastWords is how long a broken connection is read for the reason, which a peer
	// with TLS sends last.
	lastWords = 200 * time.Millisecond
	// writeBytes is what one deadline covers: a slow link makes progress often enough.
	writeBytes = 64 << 10
)

// A Conn is a connection over TCP or TLS. One goroutine uses it at a time; what
// the peer sends is read by a goroutine of its own, which Close ends.
type Conn struct {
	o     Options
	tcp   *net.TCPConn
	rw    net.Conn // tcp, or TLS on it
	raw   syscall.RawConn
	done  chan struct{} // closed when the reading goroutine has ended
	cause error         // why it ended; written before done is closed
	probe probe
}

func discard(r io.Reader) error {
	if _, err := io.Copy(io.Discard, r); err != nil {
		return err
	}
	return io.EOF
}

func (c *Conn) read(read func(io.Reader) error) {
	c.cause = read(c.rw)
	close(c.done)
	// Nothing is sent to a peer that has hung up, or that nobody listens to any more. What stands
	// in the send queue still goes out. The error of closing says nothing that cause does not.
	_ = c.tcp.Close()
}

// Done is closed when the peer has hung up, or the reading function has returned.
func (c *Conn) Done() <-chan struct{} { return c.done }

// Alive returns nil as long as the connection is open in both directions,
// otherwise the reason. A connection that the peer has half closed counts as
// closed: it cannot be told from one that nobody reads any more.
func (c *Conn) Alive() error {
	select {
	case <-c.done:
		return c.broken(nil)
	default:
	}
	if c.peerGone() {
		return c.broken(nil) // the reading goroutine is about to learn it
	}
	return nil
}

// Write sends p or returns an error, after which the connection is closed.
func (c *Conn) Write(ctx context.Context, p []byte) error {
	defer c.Attach(ctx)()
	return c.Send(ctx, p)
}

// Attach makes the end of ctx end calls of Send, until release is called.
func (c *Conn) Attach(ctx context.Context) (release func()) {
	if ctx.Done() == nil {
		return func() {}
	}
	ran := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(ran)
		_ = c.rw.SetWriteDeadline(time.Unix(1, 0)) // fails only on a closed connection
	})
	return func() {
		if !stop() {
			<-ran // or it would end a later write
		}
	}
}

// Send is Write for callers that have attached ctx for several calls.
func (c *Conn) Send(ctx context.Context, p []byte) error {
	if err := c.Alive(); err != nil {
		return err
	}
	for len(p) > 0 {
		if err := c.rw.SetWriteDeadline(time.Now().Add(c.o.Stall)); err != nil {
			return c.broken(err)
		}
		// Looked at after the deadline was set: whoever ends ctx from here on sets it anew.
		if ctx.Err() != nil {
			return c.broken(fmt.Errorf("write given up: %w", context.Cause(ctx)))
		}
		n, err := c.rw.Write(p[:min(len(p), writeBytes)])
		switch {
		case err == nil:
		case ctx.Err() != nil:
			return c.broken(fmt.Errorf("write given up: %w", context.Cause(ctx)))
		case errors.Is(err, os.ErrDeadlineExceeded):
			return c.broken(fmt.Errorf("the receiver took nothing for %v: it hangs, is overloaded, or is gone: %w", c.o.Stall, err))
		default:
			return c.broken(err)
		}
		p = p[n:]
	}
	return nil
}

// Flush returns once the peer's kernel has acknowledged every byte, which only
// Linux can tell; elsewhere it looks whether the connection is open. Unlike any
// other error, the end of ctx leaves the connection as it is.
func (c *Conn) Flush(ctx context.Context) error {
	const longest = 20 * time.Millisecond
	var timer *time.Timer
	least, since := -1, time.Now()
	for pause := 50 * time.Microsecond; ; pause = min(2*pause, longest) {
		// First the queue, then the state: a reset empties the queue as well.
		n, known := c.Unsent()
		if err := c.Alive(); err != nil {
			return err
		}
		if n == 0 || !known {
			return nil
		}
		if now := time.Now(); least < 0 || n < least {
			least, since = n, now
		} else if now.Sub(since) > c.o.Stall {
			return c.broken(fmt.Errorf("the receiver acknowledged none of %d bytes for %v: it hangs, is overloaded, or is gone", n, c.o.Stall))
		}
		if timer == nil {
			timer = time.NewTimer(pause)
			defer timer.Stop()
		} else {
			timer.Reset(pause)
		}
		select {
		case <-timer.C:
		case <-c.done:
		case <-ctx.Done():
			return fmt.Errorf("%s: %d bytes wait for the receiver's acknowledgement: %w", c.o.Name, n, context.Cause(ctx))
		}
	}
}

// broken closes the connection and returns why: what the peer said last, or err.
func (c *Conn) broken(err error) error {
	_ = c.tcp.SetReadDeadline(time.Now().Add(lastWords)) // fails only on a closed connection, whose reader ends anyway
	<-c.done
	switch cause := c.cause; {
	case errors.Is(cause, io.EOF) && err == nil:
		err = errClosed
	case errors.Is(cause, net.ErrClosed), errors.Is(cause, os.ErrDeadlineExceeded), errors.Is(cause, io.EOF):
	default:
		err = cause
	}
	if err == nil {
		err = errClosed
	}
	return explain(c.o, err)
}

var errClosed = errors.New("the receiver closed the connection")

// Close ends the connection and the goroutine that reads from it. With TLS the
// peer is told, unless bytes stand in the send queue and the farewell would wait.
func (c *Conn) Close() error {
	if n, _ := c.Unsent(); c.o.TLS != nil && n == 0 {
		// The peer may be gone already; there is nothing to do about a farewell that fails.
		_ = c.rw.Close()
	}
	err := closeQuietly(c.tcp)
	<-c.done
	if err != nil {
		return explain(c.o, err)
	}
	return nil
}

// closeQuietly takes it for granted that somebody closed c before.
func closeQuietly(c net.Conn) error {
	if err := c.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
		return err
	}
	return nil
}
