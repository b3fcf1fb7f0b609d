package session

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"sync"

	"estream/wire"
)

// A Client is the receiving half of one session.
//
// ReadBatch and Ack are for one goroutine; all other methods may be called by
// any goroutine at any time.
type Client struct {
	cfg  ClientConfig
	addr string
	raw  net.Conn // the network
	tr   *transport
	conn net.Conn  // where messages are read and written: TLS over tr, or tr; or what Wrap made of it
	tls  *tls.Conn // nil without TLS

	readLimit, writeLimit deadline

	// reading guards the reader's state; Close takes it to be alone.
	reading turn
	reader

	writing turn // one write at a time
	torn    bool // a write has failed; guarded by writing

	stats    clientStats
	closing  sync.Once
	closeErr error
}

// Information returns the services the server published, nil before that or in
// a session without extended request.
func (c *Client) Information() []wire.Service {
	if p := c.information.Load(); p != nil {
		return *p
	}
	return nil
}

// TLS returns the state of the TLS connection, and false when there is none.
func (c *Client) TLS() (tls.ConnectionState, bool) {
	if c.tls == nil {
		return tls.ConnectionState{}, false
	}
	return c.tls.ConnectionState(), true
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

// write writes p, as one write on the connection when it has at most 16 KiB. A
// write that failed leaves TLS unusable, so the session is over.
func (c *Client) write(ctx context.Context, p []byte) error {
	if err := c.writing.take(ctx); err != nil {
		return err
	}
	defer c.writing.give()
	if err := c.writeLimit.watch(ctx); err != nil {
		return err
	}
	c.writeLimit.limit(c.cfg.WriteTimeout)
	_, err := c.conn.Write(p)
	c.torn = c.torn || err != nil
	return c.writeLimit.explain(err, "server did not take a write", c.cfg.WriteTimeout)
}
