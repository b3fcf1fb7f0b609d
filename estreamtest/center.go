// Package estreamtest is a Management Center for tests: it listens on loopback
// with TLS and certificates of its own, and does to each client what a script
// says. Scripts are lists of [Step]; most steps are one thing a real server
// does (answer a request, send events or a bundle, a keep-alive, an error
// message) or one thing it should not do (lie about a length, stop in the
// middle of a message, send noise, vanish).
//
//	center := estreamtest.Start(t,
//		estreamtest.Negotiate(),
//		estreamtest.Send(messages),
//		estreamtest.ExpectAcks(100),
//		estreamtest.Close(),
//	)
//	client := connect(center.Addr(), center.ClientTLS())
//
// A script that fails, because the client did not do what a step expects, ends
// its connection and fails the test.
package estreamtest

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"
)

// TB is the part of testing.TB that Start needs.
type TB interface {
	Helper()
	Fatalf(format string, args ...any)
	Errorf(format string, args ...any)
	Cleanup(func())
}

// Options say how a Center listens. The zero value is complete.
type Options struct {
	Addr       string        // "127.0.0.1:0" by default; "[::1]:0" for IPv6
	MinVersion uint16        // of TLS; as in tls.Config
	MaxVersion uint16        // of TLS; as in tls.Config
	Timeout    time.Duration // what a step that expects something waits; default 10 s
}

// A Center is a listening test server. Its methods may be called by any
// goroutine.
type Center struct {
	opts     Options
	id       *identity
	listener net.Listener
	ctx      context.Context
	cancel   context.CancelFunc
	wait     sync.WaitGroup

	mu     sync.Mutex
	script []Step
	next   [][]Step
	open   int           // connections whose script has not ended
	served int           // connections whose script has ended
	ended  chan struct{} // closed and replaced when a script ends
	errs   []error
}

// New listens and serves. Every connection runs the script; see also
// Center.Next. Close it.
func New(opts Options, script ...Step) (*Center, error) {
	if opts.Addr == "" {
		opts.Addr = "127.0.0.1:0"
	}
	if opts.Timeout == 0 {
		opts.Timeout = 10 * time.Second
	}
	id, err := newIdentity()
	if err != nil {
		return nil, fmt.Errorf("test center: %w", err)
	}
	listener, err := net.Listen("tcp", opts.Addr)
	if err != nil {
		return nil, fmt.Errorf("test center: %w", err)
	}
	c := &Center{opts: opts, id: id, listener: listener, script: script, ended: make(chan struct{})}
	c.ctx, c.cancel = context.WithCancel(context.Background())
	c.wait.Go(c.accept)
	return c, nil
}

// Start is New for a test: the Center is closed when the test ends, and errors
// of scripts fail the test.
func Start(t TB, script ...Step) *Center {
	t.Helper()
	return StartWith(t, Options{}, script...)
}

// StartWith is Start with options.
func StartWith(t TB, opts Options, script ...Step) *Center {
	t.Helper()
	c, err := New(opts, script...)
	if err != nil {
		t.Fatalf("%v", err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Errorf("test center: %v", err)
		}
	})
	return c
}

// Addr returns the address to connect to, with its port.
func (c *Center) Addr() string { return c.listener.Addr().String() }

// ClientTLS returns a configuration with the client certificate, which verifies
// the Center.
func (c *Center) ClientTLS() *tls.Config { return c.id.clientTLS() }

// ServerTLS returns the Center's own configuration, for a server under test.
func (c *Center) ServerTLS() *tls.Config {
	cfg := c.id.serverTLS()
	cfg.MinVersion, cfg.MaxVersion = c.opts.MinVersion, c.opts.MaxVersion
	return cfg
}

// PKCS12 returns the client's credentials as a PKCS#12 file, as an
// administrator downloads it: key, certificate, and the certificate of the
// authority.
func (c *Center) PKCS12(password string) ([]byte, error) { return c.id.pkcs12(password) }

// CA returns the certificate of the throw-away authority in PEM form.
func (c *Center) CA() []byte { return c.id.caPEM() }

// Next queues a script for one connection. Queued scripts go before the one
// given to New, in order.
func (c *Center) Next(script ...Step) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.next = append(c.next, script)
}

func (c *Center) take() []Step {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.open++
	if len(c.next) == 0 {
		return c.script
	}
	script := c.next[0]
	c.next = c.next[1:]
	return script
}

func (c *Center) accept() {
	for {
		conn, err := c.listener.Accept()
		if err != nil {
			if c.ctx.Err() == nil {
				c.report(fmt.Errorf("accept: %w", err))
			}
			return
		}
		script := c.take()
		c.wait.Go(func() {
			err := c.serve(conn, script)
			c.mu.Lock()
			c.open--
			c.served++
			close(c.ended)
			c.ended = make(chan struct{})
			c.mu.Unlock()
			c.report(err)
		})
	}
}

func (c *Center) serve(raw net.Conn, script []Step) error {
	conn := tls.Server(raw, c.ServerTLS())
	if err := conn.HandshakeContext(c.ctx); err != nil {
		_ = raw.Close() // a client that is refused is for the client's test to judge
		return nil
	}
	return run(c.ctx, conn, c.opts.Timeout, script)
}

func (c *Center) report(err error) {
	if err == nil || c.ctx.Err() != nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.errs = append(c.errs, err)
}

// Wait waits until n connections have ended their scripts, counted from the
// start, and returns the errors of all so far.
func (c *Center) Wait(ctx context.Context, n int) error {
	for {
		c.mu.Lock()
		served, ended, err := c.served, c.ended, errors.Join(c.errs...)
		c.mu.Unlock()
		if served >= n {
			return err
		}
		select {
		case <-ended:
		case <-ctx.Done():
			return fmt.Errorf("%d of %d scripts ended: %w", served, n, errors.Join(context.Cause(ctx), err))
		}
	}
}

// Close stops listening, ends connections that are still open, and returns the
// errors of all scripts. Scripts cut short by Close are no errors.
func (c *Center) Close() error {
	c.cancel()
	err := c.listener.Close()
	c.wait.Wait()
	if errors.Is(err, net.ErrClosed) {
		err = nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return errors.Join(append(c.errs, err)...)
}
