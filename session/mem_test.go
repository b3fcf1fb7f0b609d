package session_test

import (
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"estream/estreamtest"
	"estream/internal/recordtest"
	"estream/session"
	"estream/wire"
)

// A memConn never waits for a peer: reads give what was put in and then end,
// or with loop start again; writes go nowhere.
type memConn struct {
	in   []byte
	at   int
	loop []byte // what to read again and again after in
	step int    // greatest read, 0 for any
	hold chan struct{}
	once sync.Once
}

func (c *memConn) Read(p []byte) (int, error) {
	if c.at == len(c.in) {
		if c.loop == nil {
			if c.hold != nil {
				<-c.hold
			}
			return 0, io.EOF
		}
		c.in, c.at = c.loop, 0
	}
	if c.step > 0 {
		p = p[:min(len(p), c.step)]
	}
	n := copy(p, c.in[c.at:])
	c.at += n
	return n, nil
}

func (c *memConn) Close() error {
	if c.hold != nil {
		c.once.Do(func() { close(c.hold) })
	}
	return nil
}

func (c *memConn) SetReadDeadline(t time.Time) error {
	if c.hold != nil && !t.IsZero() && t.Before(time.Now()) {
		return c.Close()
	}
	return nil
}

func (c *memConn) Write(p []byte) (int, error)      { return len(p), nil }
func (c *memConn) LocalAddr() net.Addr              { return &net.TCPAddr{} }
func (c *memConn) RemoteAddr() net.Addr             { return &net.TCPAddr{} }
func (c *memConn) SetDeadline(time.Time) error      { return nil }
func (c *memConn) SetWriteDeadline(time.Time) error { return nil }

func TestClientAllocations(t *testing.T) {
	events := estreamtest.Events(300, 800)
	bundle, err := wire.AppendBundle(nil, 1, 1, 0, events)
	if err != nil {
		t.Fatal(err)
	}
	mixed := append(append(append([]byte(nil), events...), wire.AppendNull(nil)...), bundle...)
	ctx := t.Context()
	c, err := session.NewClient(ctx, &memConn{loop: mixed}, session.ClientConfig{Flags: single})
	if err != nil {
		t.Fatal(err)
	}
	count := 0
	if n := testing.AllocsPerRun(200, func() {
		b, err := c.ReadBatch(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Ack(ctx, b); err != nil {
			t.Fatal(err)
		}
		count += b.Count
	}); n != 0 {
		t.Errorf("%v allocations per batch, want 0", n)
	}
	if count < 10000 {
		t.Errorf("only %d events", count)
	}
}

func TestServerAllocations(t *testing.T) {
	events := estreamtest.Events(300, 800)
	for name, cfg := range map[string]session.ServerConfig{
		"single":  {Window: session.Off},
		"bundles": {BundleMessages: 100, BundleWindow: session.Off},
	} {
		in := append(recordtest.Unhex(t, articleRequest), recordtest.Unhex(t, articleStreaming)...)
		ctx := t.Context()
		s, err := session.Accept(ctx, &memConn{in: in, hold: make(chan struct{})}, cfg)
		if err != nil {
			t.Fatal(err)
		}
		if n := testing.AllocsPerRun(200, func() {
			if err := s.Send(ctx, events, 300); err != nil {
				t.Fatal(err)
			}
		}); n != 0 {
			t.Errorf("%s: %v allocations per Send, want 0", name, n)
		}
		if err := s.End(ctx, nil); err != nil {
			t.Error(err)
		}
	}
}
