package session

import (
	"sync/atomic"
	"time"
)

// ClientStats counts what a Client has received and sent since it connected.
type ClientStats struct {
	Connected    time.Time // end of the TLS handshake
	LastReceived time.Time // last message of any kind, keep-alives included; zero before
	Bytes        uint64    // of all messages with their headers, without TLS
	Messages     uint64    // events delivered
	Bundles      uint64
	KeepAlives   uint64 // null messages
	Others       uint64 // host data, and messages of unknown type, which were skipped
	Acks         uint64 // null messages sent
}

// clientStats counts without a lock: the reader adds its pending numbers once
// per batch.
type clientStats struct {
	connected    time.Time // set before the Client is shared
	lastReceived atomic.Int64
	bytes        atomic.Uint64
	messages     atomic.Uint64
	bundles      atomic.Uint64
	keepAlives   atomic.Uint64
	others       atomic.Uint64
	acks         atomic.Uint64

	pending pendingStats // the reader's
}

type pendingStats struct{ bytes, bundles, keepAlives, others uint64 }

// flushStats makes the reader's pending numbers visible.
func (c *Client) flushStats() {
	s := &c.stats
	if s.pending.bytes == 0 {
		return
	}
	s.lastReceived.Store(time.Now().UnixNano())
	s.bytes.Add(s.pending.bytes)
	s.bundles.Add(s.pending.bundles)
	s.keepAlives.Add(s.pending.keepAlives)
	s.others.Add(s.pending.others)
	s.pending = pendingStats{}
}

// Stats may be called at any time.
func (c *Client) Stats() ClientStats {
	s := &c.stats
	out := ClientStats{
		Connected:  s.connected,
		Bytes:      s.bytes.Load(),
		Messages:   s.messages.Load(),
		Bundles:    s.bundles.Load(),
		KeepAlives: s.keepAlives.Load(),
		Others:     s.others.Load(),
		Acks:       s.acks.Load(),
	}
	if ns := s.lastReceived.Load(); ns != 0 {
		out.LastReceived = time.Unix(0, ns)
	}
	return out
}

// ServerStats counts what a Server has sent and received since it accepted.
type ServerStats struct {
	Connected  time.Time
	LastSent   time.Time // last write of whole messages, keep-alives included; zero before
	Bytes      uint64    // of all messages with their headers, without TLS
	Messages   uint64    // events
	Bundles    uint64
	KeepAlives uint64
	Acks       uint64 // null messages received
	Waiting    int    // messages, or bundles, sent and not acknowledged
}

type serverStats struct {
	connected  time.Time // set before the Server is shared
	lastSent   atomic.Int64
	bytes      atomic.Uint64
	messages   atomic.Uint64
	bundles    atomic.Uint64
	keepAlives atomic.Uint64
	acks       atomic.Uint64
}

// Stats may be called at any time.
func (s *Server) Stats() ServerStats {
	s.window.mu.Lock()
	open := s.window.open
	s.window.mu.Unlock()
	out := ServerStats{
		Connected:  s.stats.connected,
		Bytes:      s.stats.bytes.Load(),
		Messages:   s.stats.messages.Load(),
		Bundles:    s.stats.bundles.Load(),
		KeepAlives: s.stats.keepAlives.Load(),
		Acks:       s.stats.acks.Load(),
		Waiting:    open,
	}
	if ns := s.stats.lastSent.Load(); ns != 0 {
		out.LastSent = time.Unix(0, ns)
	}
	return out
}
