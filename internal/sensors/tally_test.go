package sensors

import (
	"net"
	"sync"
	"testing"

	"estream/internal/recordtest"
	"estream/wire"
)

// A tally counts records by type.
type tally struct {
	mu     sync.Mutex
	counts map[uint16]int
}

func newTally() *tally { return &tally{counts: map[uint16]int{}} }

func (y *tally) add(message []byte) {
	if h, ok := wire.PeekRecord(message); ok {
		y.mu.Lock()
		defer y.mu.Unlock()
		y.counts[h.Type]++
	}
}

func (y *tally) of(record uint16) int {
	y.mu.Lock()
	defer y.mu.Unlock()
	return y.counts[record]
}

// tallyOf counts a stream.
func tallyOf(t *testing.T, stream []byte) *tally {
	t.Helper()
	y := newTally()
	for m := range recordtest.Split(t, stream) {
		y.add(m)
	}
	return y
}

// counted counts the records that a server writes, below the session, above TLS.
type counted struct {
	net.Conn
	tally *tally
	rest  []byte // of a message that a write did not finish
}

func (c *counted) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	c.rest = append(c.rest, p[:n]...)
	for len(c.rest) > 0 {
		m, rest, err := wire.NextMessage(c.rest)
		if err != nil {
			h, ok := wire.ParseHeader(c.rest)
			if whole := wire.HeaderSize + int(h.Length); ok && h.Type != wire.TypeEventData && len(c.rest) >= whole {
				c.rest = c.rest[whole:] // a message of the negotiation, a keep-alive, a host
				continue
			}
			break
		}
		c.tally.add(m)
		c.rest = rest
	}
	return n, err
}

// CloseWrite is used by sessions where there is one.
func (c *counted) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return nil
}
