package estreamtest

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"estream/wire"
)

// LieLength sends a message whose header announces length bytes while body
// follows.
func LieLength(t wire.MessageType, length uint32, body []byte) Step {
	return Send(append(wire.AppendHeader(nil, t, length), body...))
}

// Garbage sends n bytes of noise, the same for the same seed.
func Garbage(n int, seed uint64) Step {
	r := rand.NewChaCha8([32]byte{byte(seed), byte(seed >> 8), byte(seed >> 16), byte(seed >> 24)})
	p := make([]byte, n)
	_, _ = r.Read(p) // documented never to fail
	return Send(p)
}

// Split sends the first at bytes of p, runs between, and sends the rest.
func Split(p []byte, at int, between ...Step) Step {
	return Steps(Send(p[:at]), Steps(between...), Send(p[at:]))
}

// Pause waits for d.
func Pause(d time.Duration) Step {
	return func(c *Conn) error {
		timer := time.NewTimer(d)
		defer timer.Stop()
		select {
		case <-timer.C:
			return nil
		case <-c.Context.Done():
			return context.Cause(c.Context)
		}
	}
}

// Stall does nothing until ch is closed or sends. With nil it waits for the end
// of the Center.
func Stall(ch <-chan struct{}) Step {
	return func(c *Conn) error {
		select {
		case <-ch:
			return nil
		case <-c.Context.Done():
			return context.Cause(c.Context)
		}
	}
}

// Signal closes ch, to tell the test how far the script is.
func Signal(ch chan<- struct{}) Step {
	return func(*Conn) error {
		close(ch)
		return nil
	}
}

// Close closes the connection in an orderly way: it says that nothing more will
// come and waits until the client, having read everything, closes too. A client
// that was faster is no error. The end of a script without it closes at once, and
// what the client has not received by then may be lost.
func Close() Step {
	return func(c *Conn) error {
		h, ok := c.Conn.(interface{ CloseWrite() error })
		if !ok {
			return c.Conn.Close()
		}
		err := h.CloseWrite() // fails, too, when the client has closed
		if closed := ExpectClose()(c); closed != nil {
			return errors.Join(closed, err)
		}
		return nil
	}
}

// Drop closes the connection with a reset, as a crash or a firewall does. What
// the client has not received yet may be lost.
func Drop() Step {
	return func(c *Conn) error { return c.reset() }
}
