package estreamtest

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"sync"
	"time"

	"estream/layouts"
	"estream/server/fault"
	"estream/server/release"
	"estream/transcript"
	"estream/wire"
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

	// Faults are applied to what scripts send, in the words of package
	// estream/server/fault: "drop:after=1000". Connections are numbered from 1.
	Faults []string
	// Release is the Management Center whose services Negotiate publishes, such as
	// "5.4"; default: the newest.
	Release string
	// Record is a directory that gets a file for each session, as package
	// estream/transcript describes them; default: none are made.
	Record string
}

// A Center is a listening test server. Its methods may be called by any
// goroutine.
type Center struct {
	opts     Options
	id       *identity
	faults   *fault.Plan
	services []uint32
	record   *transcript.Dir // nil without Options.Record
	listener net.Listener
	ctx      context.Context
	cancel   context.CancelFunc
	wait     sync.WaitGroup

	mu     sync.Mutex
	script []Step
	next   [][]Step
	served []Served
	number uint64        // of the last connection
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
	c := &Center{opts: opts, script: script, services: allServices, ended: make(chan struct{})}
	if err := c.prepare(); err != nil {
		return nil, fmt.Errorf("test center: %w", err)
	}
	var err error
	if c.listener, err = net.Listen("tcp", opts.Addr); err != nil {
		return nil, fmt.Errorf("test center: %w", err)
	}
	c.ctx, c.cancel = context.WithCancel(context.Background())
	c.wait.Go(c.accept)
	return c, nil
}

var allServices = []uint32{wire.Service5001, wire.Service5000, wire.ServiceEStreamer}

// prepare turns the options into what does them.
func (c *Center) prepare() (err error) {
	if c.faults, err = fault.NewPlan(c.opts.Faults, nil); err != nil {
		return err
	}
	expires, ok := c.faults.Certificate()
	if !ok {
		expires = 24 * time.Hour
	}
	if c.opts.Release != "" {
		r, err := release.Parse(c.opts.Release)
		if err != nil {
			return err
		}
		c.services = r.Services
	}
	if c.opts.Record != "" {
		c.record = &transcript.Dir{Path: c.opts.Record, Layouts: layouts.Default(), Log: slog.New(slog.DiscardHandler), Failed: c.report}
	}
	c.id, err = newIdentity(expires)
	return err
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

func (c *Center) take() (number uint64, script []Step) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.number++
	if len(c.next) == 0 {
		return c.number, c.script
	}
	script = c.next[0]
	c.next = c.next[1:]
	return c.number, script
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
		number, script := c.take()
		c.wait.Go(func() {
			done := c.serve(number, conn, script)
			c.report(done.Err) // before Wait learns of the end
			c.mu.Lock()
			c.served = append(c.served, done)
			close(c.ended)
			c.ended = make(chan struct{})
			c.mu.Unlock()
		})
	}
}

// A Served is what a Center knows of a connection whose script has ended.
type Served struct {
	Number    uint64                  // of the connection, from 1
	Request   wire.EventStreamRequest // the last one that a step has read
	Streaming wire.StreamingRequest   // likewise
	Acks      int                     // null messages that came in all
	// Err says which step failed and why. It is nil, too, for a connection that never
	// came past TLS: a client that is refused is for the client's test to judge.
	Err error
	// Handshake is why a connection did not come past TLS.
	Handshake error
}

func (c *Center) serve(number uint64, raw net.Conn, script []Step) Served {
	secure := tls.Server(raw, c.ServerTLS())
	if err := secure.HandshakeContext(c.ctx); err != nil {
		_ = raw.Close() // the first error is the one to tell
		return Served{Number: number, Handshake: err}
	}
	client := secure.ConnectionState().PeerCertificates[0].Subject.CommonName
	conn := net.Conn(secure)
	if c.record != nil {
		conn = c.record.Wrap(number, client, conn)
	}
	done := run(c.ctx, c.faults.Wrap(number, client, conn), c.opts.Timeout, c.services, script)
	done.Number = number
	return done
}

// Served returns what is known of the connections whose scripts have ended, by their
// numbers.
func (c *Center) Served() []Served {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.SortedFunc(slices.Values(c.served), func(a, b Served) int { return cmp.Compare(a.Number, b.Number) })
}

// FaultStrikes returns how often each of Options.Faults has struck so far.
func (c *Center) FaultStrikes() []uint64 { return c.faults.Strikes() }

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
		served, ended, err := len(c.served), c.ended, errors.Join(c.errs...)
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
