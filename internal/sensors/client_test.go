package sensors

import (
	"context"
	"errors"
	"io"
	"sync"
	"testing"

	"estream/session"
	"estream/wire"
)

// A client reads all that a server sends until the session ends.
type client struct {
	*session.Client
	mu     sync.Mutex
	stream []byte
	counts *tally
	done   chan struct{}
	err    error // valid after done
}

// connect asks for everything from the beginning, in the newest versions.
func (w *world) connect(t *testing.T, onMessage func(wire.MessageType, []byte)) *client {
	t.Helper()
	s, err := session.Dial(t.Context(), w.addr, session.ClientConfig{TLS: w.tls, Start: wire.StartOldest, OnMessage: onMessage})
	if err != nil {
		t.Fatal(err)
	}
	c := &client{Client: s, counts: newTally(), done: make(chan struct{})}
	ctx := context.WithoutCancel(t.Context())
	go func() {
		defer close(c.done)
		for {
			b, err := s.ReadBatch(ctx)
			if err == nil {
				for rest := b.Data; len(rest) > 0 && err == nil; {
					var m []byte
					if m, rest, err = wire.NextMessage(rest); err == nil {
						c.counts.add(m)
					}
				}
				c.mu.Lock()
				c.stream = append(c.stream, b.Data...)
				c.mu.Unlock()
				err = errors.Join(err, s.Ack(ctx, b))
			}
			if err != nil {
				c.err = errors.Join(err, s.Close(ctx, "")) // so that the server need not wait for it
				return
			}
		}
	}()
	t.Cleanup(func() { c.leave(t) })
	return c
}

// leave ends the session.
func (c *client) leave(t *testing.T) {
	if err := c.Close(context.WithoutCancel(t.Context()), ""); err != nil {
		t.Logf("close: %v", err)
	}
	<-c.done
}

// all returns what the client got until the server ended the session.
func (c *client) all(t *testing.T) []byte {
	t.Helper()
	<-c.done
	if !errors.Is(c.err, io.EOF) {
		t.Errorf("the session ended with %v, want an orderly end", c.err)
	}
	return c.stream
}
