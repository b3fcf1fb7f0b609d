package fault

import (
	"net"
	"os"
	"time"
)

// SetDeadline sets both.
func (c *faulty) SetDeadline(t time.Time) error {
	c.limit(t)
	return c.Conn.SetDeadline(t)
}

// SetWriteDeadline ends a stall, too, when t comes.
func (c *faulty) SetWriteDeadline(t time.Time) error {
	c.limit(t)
	return c.Conn.SetWriteDeadline(t)
}

func (c *faulty) limit(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.deadline = t
	c.wake()
}

// wake tells a stall that something changed. The caller holds mu.
func (c *faulty) wake() {
	close(c.limited)
	c.limited = make(chan struct{})
}

// stall waits for d, or for ever with 0. A deadline that was set before is put
// off by as much: it was meant for a client that takes nothing, and here it is us
// who send nothing. One that comes while it waits counts.
func (c *faulty) stall(d time.Duration) error {
	began := time.Now()
	var over <-chan time.Time
	if d > 0 {
		t := time.NewTimer(d)
		defer t.Stop()
		over = t.C
	}
	c.mu.Lock()
	before, closed, limited := c.deadline, c.closed, c.limited
	c.mu.Unlock()
	if !before.IsZero() && !before.After(began) {
		return os.ErrDeadlineExceeded
	}
	var late <-chan time.Time
	for !closed {
		select {
		case <-over:
			c.mu.Lock()
			defer c.mu.Unlock()
			if c.deadline.IsZero() || late != nil {
				return nil // none, or one that is to be kept
			}
			c.deadline = before.Add(time.Since(began))
			return c.Conn.SetWriteDeadline(c.deadline)
		case <-late:
			return os.ErrDeadlineExceeded
		case <-c.left:
			return net.ErrClosed
		case <-limited:
		}
		c.mu.Lock()
		closed, limited = c.closed, c.limited
		until := c.deadline
		c.mu.Unlock()
		late = nil
		if !until.IsZero() {
			t := time.NewTimer(time.Until(until))
			defer t.Stop()
			late = t.C
		}
	}
	return net.ErrClosed
}

func closeWrite(conn net.Conn) error {
	if t, ok := conn.(interface{ CloseWrite() error }); ok {
		return t.CloseWrite()
	}
	return nil
}

// below returns the connections under conn, the network's last.
func below(conn net.Conn) net.Conn {
	for {
		t, ok := conn.(interface{ NetConn() net.Conn })
		if !ok {
			return conn
		}
		conn = t.NetConn()
	}
}
