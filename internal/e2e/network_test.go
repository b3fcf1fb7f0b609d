package e2e

import (
	"context"
	"errors"
	"net"
	"sync"
)

// A network connects clients with the listener there is, in memory.
type network struct {
	mu sync.Mutex
	ln *memListener
}

func (n *network) listen() *memListener {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.ln = &memListener{conns: make(chan net.Conn), closed: make(chan struct{})}
	return n.ln
}

func (n *network) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	n.mu.Lock()
	ln := n.ln
	n.mu.Unlock()
	if ln == nil {
		return nil, errRefused
	}
	client, server := net.Pipe()
	select {
	case ln.conns <- server:
		return client, nil
	case <-ln.closed:
		return nil, errRefused
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

var errRefused = errors.New("connection refused")

type memListener struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func (l *memListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *memListener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

func (l *memListener) Addr() net.Addr { return memAddr{} }

type memAddr struct{}

func (memAddr) Network() string { return "memory" }
func (memAddr) String() string  { return "memory" }
