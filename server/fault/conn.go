package fault

import (
	"errors"
	"log/slog"
	"net"
	"sync"
	"time"

	"estream/wire"
)

// A faulty connection is what a session writes to.
type faulty struct {
	net.Conn
	plan   *Plan
	log    *slog.Logger
	faults []*pending
	buf    []byte // the beginning of a message whose rest was not written yet
	events uint64 // sent so far
	dead   error  // why nothing more is sent

	left     chan struct{} // closed when nothing more can be read
	leftOnce sync.Once

	mu       sync.Mutex
	deadline time.Time     // of writes
	limited  chan struct{} // closed and replaced when deadline or closed is set
	closed   bool
}

// A pending fault is a Spec in one session.
type pending struct {
	*Spec
	next  uint64 // strikes once so many events were sent
	begun bool   // has struck in this session
	done  bool   // will not strike again in it
}

// Write takes bytes of messages, cut anywhere.
func (c *faulty) Write(p []byte) (int, error) {
	if c.dead != nil {
		return 0, c.dead
	}
	n := len(p)
	if len(c.buf) > 0 {
		c.buf = append(c.buf, p...)
		p = c.buf
	}
	run := 0 // start of the messages that go out as they are
	for at := 0; ; {
		m, rest, err := wire.NextMessage(p[at:])
		if bad := (*wire.FrameError)(nil); errors.As(err, &bad) && bad.Bad {
			at = len(p) // no message of ours: an operator's replay holds what it holds
		}
		var due []*pending
		if err == nil {
			due = c.due(m)
		}
		if err == nil && len(due) == 0 {
			at += len(m)
			continue
		}
		// Either a fault strikes at m or no whole message is left.
		if at > run {
			if _, werr := c.Conn.Write(p[run:at]); werr != nil {
				return 0, c.end(werr)
			}
		}
		if err != nil {
			c.keep(p[at:])
			return n, nil
		}
		if serr := c.struck(m, due); serr != nil {
			return 0, c.end(serr)
		}
		at = len(p) - len(rest)
		run = at
	}
}

// keep holds the beginning of a message back, in memory that a single giant one
// does not keep for ever.
func (c *faulty) keep(begin []byte) {
	const usual = 1 << 20
	if cap(c.buf) > usual && len(begin) <= usual {
		c.buf = append([]byte(nil), begin...)
		return
	}
	c.buf = append(c.buf[:0], begin...)
}

func (c *faulty) end(err error) error {
	c.dead = err
	return err
}

// due returns the faults that strike at m, and counts its events.
func (c *faulty) due(m []byte) []*pending {
	h, _ := wire.ParseHeader(m)
	events := eventsOf(h, m)
	var list []*pending
	for _, f := range c.faults {
		if f.fits(h, m, events, c.plan.layouts) && f.strikes(c.plan, c.events, events) {
			list = append(list, f)
		}
	}
	c.events += events
	return list
}

// strikes reports whether a fault that fits a message strikes at it; sent is how many
// events were sent before and carried how many the message has.
func (f *pending) strikes(p *Plan, sent, carried uint64) bool {
	switch {
	case f.done:
		return false
	case f.Kind == "keepalive" && f.begun: // a session without them counts once
		return true
	case f.Kind != "keepalive" && !f.AtInformation && sent+carried <= f.next:
		return false
	case !p.strike(f.Spec):
		f.done = true
		return false
	}
	f.begun = true
	f.done = f.Every == 0 && f.Kind != "keepalive"
	f.next = max(f.next, sent) + f.Every
	return true
}

// eventsOf returns how many records a message carries.
func eventsOf(h wire.Header, m []byte) uint64 {
	switch h.Type {
	case wire.TypeEventData:
		return 1
	case wire.TypeMessageBundle:
		b, err := wire.ParseBundle(m[wire.HeaderSize:])
		n := uint64(0)
		for rest := b.Messages; err == nil && len(rest) > 0; n++ {
			_, _, rest, err = wire.NextBundled(rest)
		}
		return n
	}
	return 0
}

// Read notices that the client has left, which ends a stall.
func (c *faulty) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	var timeout net.Error
	if err != nil && !(errors.As(err, &timeout) && timeout.Timeout()) {
		c.leftOnce.Do(func() { close(c.left) })
	}
	return n, err
}

// Close ends a stall as well.
func (c *faulty) Close() error {
	c.mu.Lock()
	c.closed = true
	c.wake()
	c.mu.Unlock()
	return c.Conn.Close()
}

// CloseWrite lets an orderly end go through to TLS and TCP.
func (c *faulty) CloseWrite() error { return closeWrite(c.Conn) }

// NetConn returns the connection below, as tls.Conn does, for wrappers around this one.
func (c *faulty) NetConn() net.Conn { return c.Conn }
