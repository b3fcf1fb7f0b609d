package server

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"estream/pki"
	"estream/session"
	"estream/wire"
)

type testAuthority struct {
	*pki.Authority
	configs map[string]*tls.Config // of clients, by registered host
}

// hostnames resolves what the tests register.
type hostnames map[string]string

func (n hostnames) LookupNetIP(_ context.Context, _, host string) ([]netip.Addr, error) {
	if a, ok := n[host]; ok {
		return []netip.Addr{netip.MustParseAddr("198.51.100.9"), netip.MustParseAddr(a)}, nil
	}
	return nil, fmt.Errorf("no such host %s", host)
}

func newAuthority(t *testing.T, hosts ...string) *testAuthority {
	t.Helper()
	a, err := pki.Open(t.TempDir(), pki.Options{Resolver: hostnames{"client.example": "127.0.0.1", "other.example": "192.0.2.1"}})
	if err != nil {
		t.Fatal(err)
	}
	out := &testAuthority{Authority: a, configs: map[string]*tls.Config{}}
	for _, host := range hosts {
		reg, err := a.Register(t.Context(), host, pki.RegisterOptions{})
		if err != nil {
			t.Fatal(err)
		}
		cred, err := pki.LoadPKCS12(reg.PKCS12, "")
		if err != nil {
			t.Fatal(err)
		}
		if out.configs[host], err = pki.ClientTLSConfig(cred, pki.ClientOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	return out
}

// A diary is what a Trace was told, by connection.
type diary struct {
	mu    sync.Mutex
	lines map[uint64][]string
	ended chan uint64
}

func (d *diary) add(n uint64, format string, args ...any) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.lines[n] = append(d.lines[n], fmt.Sprintf(format, args...))
}

func (d *diary) of(n uint64) []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.lines[n])
}

// reason is what kind of error an error is.
func reason(err error) string {
	var refusal *pki.Refusal
	if errors.As(err, &refusal) {
		return refusal.Reason.String()
	}
	return fmt.Sprint(err)
}

func (d *diary) trace() *Trace {
	d.lines, d.ended = map[uint64][]string{}, make(chan uint64, 100)
	return &Trace{
		Accepted: func(n uint64, remote netip.AddrPort) { d.add(n, "accepted %v", remote.Addr()) },
		Refused:  func(n uint64, err error) { d.add(n, "refused %s", reason(err)) },
		Admitted: func(n uint64, client pki.Client, addrs []netip.Addr, checked bool) {
			d.add(n, "admitted %s %v %v", client.Host, addrs, checked)
		},
		Request: func(n uint64, length int, start uint32, flags wire.RequestFlags) {
			d.add(n, "request %d %d %#x", length, start, uint32(flags))
		},
		Published: func(n uint64, services []wire.Service, size int) { d.add(n, "published %d %d", len(services), size) },
		StreamRequest: func(n uint64, length int, service wire.Service) {
			d.add(n, "stream request %d %d %v", length, service.ID, service.Pairs)
		},
		Overruled: func(n uint64, what string) { d.add(n, "overruled %s", what) },
		Streaming: func(n uint64, request session.Request) { d.add(n, "streaming %d pairs", len(request.Pairs)) },
		Opened: func(n uint64, service, start uint32, _ string, stamp uint32) {
			d.add(n, "opened %d %d %d", service, start, stamp)
		},
		HostRequest: func(n uint64, r wire.HostDataRequest) { d.add(n, "host request %d", r.DataType) },
		Failed:      func(n uint64, err error) { d.add(n, "failed") },
		Ended: func(n uint64, err error) {
			d.add(n, "ended %s", reason(err))
			d.ended <- n
		},
	}
}

// TestServe: connections over TLS, from the handshake to the end: one that streams, one
// from another host, one without a certificate, one that only looks whether somebody
// listens, one that is revoked. The trace tells them in order, and the log nothing twice.
func TestServe(t *testing.T) {
	a := newAuthority(t, "client.example", "other.example")
	b := newBench(t)
	var d diary
	b.Authority, b.Trace = a.Authority, d.trace()
	var wrapped sync.Map // by number: the client's host
	b.Wrap = func(number uint64, client pki.Client, conn net.Conn) net.Conn {
		wrapped.Store(number, client.Host)
		return conn
	}
	b.put(1, connection(t, 7300))
	b.put(1, device(t, 3, "sensor"))
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	served := make(chan error, 1)
	go func() { served <- b.Serve(ctx, ln) }()
	addr := ln.Addr().String()
	expect := func(n uint64, want ...string) {
		t.Helper()
		if got := <-d.ended; got != n {
			t.Fatalf("connection %d ended, want %d", got, n)
		}
		if got := d.of(n); !slices.Equal(got, want) {
			t.Errorf("connection %d\n got %s\nwant %s", n, strings.Join(got, "\n     "), strings.Join(want, "\n     "))
		}
	}

	cfg := everything
	cfg.TLS = a.configs["client.example"]
	cfg.Pairs = []wire.EventPair{{Version: 17, Code: 71}}
	c, err := session.Dial(t.Context(), addr, cfg)
	if err != nil {
		t.Fatal(err)
	}
	batch, err := c.ReadBatch(t.Context())
	if err != nil || batch.Count == 0 {
		t.Fatal(err)
	}
	if err := c.Close(t.Context(), ""); err != nil {
		t.Error(err)
	}
	expect(1, "accepted 127.0.0.1", "admitted client.example [198.51.100.9 127.0.0.1] true", "request 8 0 0x48900061", "published 3 48", "stream request 24 6667 [71v17]",
		"streaming 1 pairs", "opened 6667 0 7200", "ended <nil>")

	cfg.TLS = a.configs["other.example"]
	if c, err := session.Dial(t.Context(), addr, cfg); err == nil {
		t.Errorf("a client from another host is served: %v", c.Stats())
	}
	expect(2, "accepted 127.0.0.1", "refused wrong_host", "ended wrong_host")

	cfg.TLS = a.configs["client.example"].Clone()
	cfg.TLS.GetClientCertificate = nil
	if _, err := session.Dial(t.Context(), addr, cfg); err == nil {
		t.Error("a client without certificate is served")
	}
	expect(3, "accepted 127.0.0.1", "refused no_certificate", "ended no_certificate")

	conn, err := tls.Dial("tcp", addr, a.configs["client.example"])
	if err != nil {
		t.Fatal(err)
	}
	if err := conn.Close(); err != nil {
		t.Error(err)
	}
	expect(4, "accepted 127.0.0.1", "admitted client.example [198.51.100.9 127.0.0.1] true", "ended <nil>")

	// As eNcore's test does: a request, one message, and away.
	if conn, err = tls.Dial("tcp", addr, a.configs["client.example"]); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Write(wire.AppendEventStreamRequest(nil, wire.EventStreamRequest{Start: wire.StartNow, Flags: wire.DefaultFlags})); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(conn, make([]byte, 8)); err != nil {
		t.Error(err)
	}
	conn.NetConn().(*net.TCPConn).SetLinger(0) // a reset
	conn.NetConn().Close()
	expect(5, "accepted 127.0.0.1", "admitted client.example [198.51.100.9 127.0.0.1] true", "request 8 4294967295 0x48900061", "published 3 48", "ended <nil>")

	cfg.TLS = a.configs["client.example"]
	if c, err = session.Dial(t.Context(), addr, cfg); err != nil {
		t.Fatal(err)
	}
	if _, err = c.ReadBatch(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := a.Remove(t.Context(), "client.example"); err != nil {
		t.Fatal(err)
	}
	for err == nil {
		_, err = c.ReadBatch(t.Context())
	}
	if !errors.Is(err, io.EOF) {
		t.Errorf("a revoked client is told %v, want the end without a word", err)
	}
	if err := c.Close(t.Context(), ""); err != nil {
		t.Error(err)
	}
	<-d.ended
	if got := d.of(6); got[len(got)-1] != "ended revoked" {
		t.Errorf("revoked while streaming: %q", got)
	}
	for n, want := range map[uint64]bool{1: true, 2: false, 3: false, 4: true, 5: true, 6: true} {
		if host, ok := wrapped.Load(n); ok != want || ok && host != "client.example" {
			t.Errorf("connection %d: wrapped for %v", n, host)
		}
	}
	if log := b.log.String(); log != "" {
		t.Errorf("the log repeats what the trace was told:\n%s", log)
	}
	if by := b.Stats().RefusedBy(); by[pki.WrongHost] != 1 || by[pki.NoCertificate] != 1 || len(by) != 2 || b.Stats().Refused.Load() != 2 {
		t.Errorf("refusals: %v", by)
	}
	cancel()
	if err := <-served; err != nil {
		t.Error(err)
	}
}

// TestServeDrain: a server on IPv4 and, where there is one, IPv6 turns away those that
// come while it drains, and Serve returns.
func TestServeDrain(t *testing.T) {
	a := newAuthority(t, "127.0.0.1")
	b := newBench(t)
	b.Authority, b.NoHost, b.Limits.Sessions = a.Authority, true, 2
	b.put(1, connection(t, 100))
	var lns []net.Listener
	for _, addr := range []string{"127.0.0.1:0", "[::1]:0"} {
		ln, err := net.Listen("tcp", addr)
		if err != nil {
			t.Logf("no %s here: %v", addr, err)
			continue
		}
		lns = append(lns, ln)
	}
	served := make(chan error, len(lns))
	var clients []*session.Client
	cfg := everything
	cfg.TLS = a.configs["127.0.0.1"]
	for _, ln := range lns {
		go func() { served <- b.Serve(t.Context(), ln) }()
		c, err := session.Dial(t.Context(), ln.Addr().String(), cfg)
		if err != nil {
			t.Fatal(err)
		}
		clients = append(clients, c)
		batch, err := c.ReadBatch(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Ack(t.Context(), batch); err != nil {
			t.Error(err)
		}
	}
	for range 2 - len(lns) {
		c, err := session.Dial(t.Context(), lns[0].Addr().String(), cfg)
		if err != nil {
			t.Fatal(err)
		}
		clients = append(clients, c)
	}
	if _, err := session.Dial(t.Context(), lns[0].Addr().String(), cfg); err == nil || b.Stats().Busy.Load() != 1 || !strings.Contains(b.log.String(), "too many sessions") {
		t.Errorf("third of two sessions: %v", err)
	}
	go func() {
		for _, c := range clients {
			for {
				batch, err := c.ReadBatch(t.Context())
				if err != nil {
					break
				}
				if c.Ack(t.Context(), batch) != nil {
					break
				}
			}
			c.Close(t.Context(), "")
		}
	}()
	if err := b.Drain(t.Context()); err != nil {
		t.Error(err)
	}
	for range lns {
		if err := <-served; err != nil {
			t.Error(err)
		}
	}
	if _, err := session.Dial(t.Context(), lns[0].Addr().String(), cfg); err == nil {
		t.Error("a client is served after the server was drained")
	}
}

// TestGate: how many connections and handshakes there may be, and how fast an address
// may make them. A flood of addresses fills no memory.
func TestGate(t *testing.T) {
	a, b := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.2")
	six := netip.MustParseAddr("2001:db8::1")
	g := &gate{limits: Limits{Sessions: 6, Handshakes: 4, HandshakesPerAddress: 3, HandshakeRate: 1, HandshakeBurst: 5}}
	g.limits.setDefaults()
	now := time.Unix(1700000000, 0)
	for i, step := range []struct {
		do   string
		addr netip.Addr
		want string
	}{
		{"enter", a, ""}, {"enter", a, ""}, {"enter", a, ""},
		{"enter", a, "handshakes of one address"},
		{"enter", b, ""},
		{"enter", b, "handshakes"},
		{"settle", a, ""}, {"settle", a, ""},
		{"enter", a, ""}, {"enter", a, ""},
		{"enter", b, "sessions"},
		{"leave", a, ""}, {"leave", a, ""}, {"settle", a, ""}, {"settle", a, ""}, {"settle", a, ""},
		{"enter", a, "connections of one address per second"},
		{"second", a, ""},
		{"enter", a, ""},
		{"enter", a, "connections of one address per second"},
		{"enter", six, ""},
	} {
		got := ""
		switch step.do {
		case "enter":
			got, _ = g.enter(step.addr, now)
		case "settle":
			g.settle(step.addr)
		case "leave":
			g.leave()
		case "second":
			now = now.Add(time.Second)
		}
		if got != step.want {
			t.Errorf("step %d, %s %v: %q, want %q", i, step.do, step.addr, got, step.want)
		}
	}
	if network(six) != network(netip.MustParseAddr("2001:db8::ffff")) || network(a) == network(b) || network(netip.MustParseAddr("::ffff:192.0.2.1")) != network(a) {
		t.Error("what counts as one address")
	}
	g = &gate{limits: Limits{Sessions: Off, Handshakes: Off, HandshakesPerAddress: Off, HandshakeRate: 1, HandshakeBurst: 2}}
	g.limits.setDefaults()
	for i := range uint32(3 * maxAddresses) {
		addr := netip.AddrFrom4([4]byte{byte(i >> 24), byte(i >> 16), byte(i >> 8), byte(i)})
		if what, _ := g.enter(addr, now); what == "" {
			g.settle(addr)
		}
	}
	if len(g.addresses) > maxAddresses+1 {
		t.Errorf("%d addresses are remembered", len(g.addresses))
	}
	now = now.Add(time.Hour)
	if what, _ := g.enter(six, now); what != "" || len(g.addresses) > 2 {
		t.Errorf("an hour later: %q, %d addresses", what, len(g.addresses))
	}
	for addr, al := range g.addresses {
		if al.shaking < 0 {
			t.Errorf("%v: %d handshakes", addr, al.shaking)
		}
	}
	unlimited := Limits{Sessions: Off, SessionsPerClient: Off, Handshakes: Off, HandshakesPerAddress: Off, HandshakeRate: Off}
	g = &gate{limits: unlimited}
	g.limits.setDefaults()
	for range 10000 {
		if what, _ := g.enter(a, now); what != "" {
			t.Fatalf("without limits: too many %s", what)
		}
	}
}
