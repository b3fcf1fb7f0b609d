package pki

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// A clock is the time of several authorities of one test.
type clock struct{ at atomic.Int64 }

func newClock() *clock {
	c := &clock{}
	c.at.Store(time.Now().UnixNano())
	return c
}

func (c *clock) now() time.Time          { return time.Unix(0, c.at.Load()) }
func (c *clock) advance(d time.Duration) { c.at.Add(int64(d)) }

// meet has a client with these credentials connect to a, over loopback, and returns
// the errors of both sides. The client verifies the server as ours does.
func meet(t *testing.T, a *Authority, reg *Registration, opts ClientOptions) (client, server error) {
	t.Helper()
	cred, err := LoadPKCS12(reg.PKCS12, "")
	if err != nil {
		t.Fatal(err)
	}
	opts.Now = a.now
	config, err := ClientTLSConfig(cred, opts)
	if err != nil {
		t.Fatal(err)
	}
	addr, result := serveOne(t, a, "tcp4", "127.0.0.1:0", 0, true)
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	secure := tls.Client(conn, config)
	if err := secure.Handshake(); err != nil {
		conn.Close()
		return err, (<-result).err
	}
	_, err = io.ReadFull(secure, make([]byte, len("hello\n")))
	return err, (<-result).err
}

// opensslVerifies asks openssl whether it verifies the server by one CA certificate.
func opensslVerifies(t *testing.T, a *Authority, ca *x509.Certificate, reg *Registration) error {
	t.Helper()
	dir := t.TempDir()
	cert, file := filepath.Join(dir, "client.pem"), filepath.Join(dir, "ca.pem")
	write(t, file, string(certPEM(ca)))
	write(t, cert+".p12", string(reg.PKCS12))
	if _, err := openssl(t, "", "pkcs12", "-in", cert+".p12", "-passin", "pass:", "-nodes", "-out", cert); err != nil {
		t.Fatal(err)
	}
	addr, result := serveOne(t, a, "tcp4", "127.0.0.1:0", 0, true)
	out, err := openssl(t, "", "s_client", "-connect", addr, "-quiet", "-cert", cert, "-key", cert, "-CAfile", file, "-verify_return_error")
	o := <-result
	if err == nil && (o.err != nil || out != "hello\n") {
		t.Errorf("openssl got %q, server %v", out, o.err)
	}
	return err
}

func TestRotation(t *testing.T) {
	clock := newClock()
	options := Options{Now: clock.now, Resolver: resolver{}}
	dir := newDir(t)
	server := open(t, dir, options)
	before := register(t, server, "127.0.0.1", RegisterOptions{})
	oldCA := server.CACertificate()
	pin := ClientOptions{PinOnly: true, Pin: &Pin{File: filepath.Join(t.TempDir(), "pin")}}
	if c, s := meet(t, server, before, pin); c != nil || s != nil {
		t.Fatalf("before: client %v, server %v", c, s)
	}
	session, stop := server.SessionContext(t.Context(), before.Client)
	defer stop()

	// Another process rotates, as the command does.
	admin := open(t, dir, options)
	if err := admin.Rotate(t.Context(), 90*24*time.Hour); err != nil {
		t.Fatal(err)
	}
	if err := admin.Rotate(t.Context(), time.Hour); !errors.Is(err, ErrRotating) {
		t.Errorf("second rotation: %v, want ErrRotating", err)
	}
	newCA := admin.CACertificate()
	if newCA.Equal(oldCA) {
		t.Fatal("the CA is the same")
	}
	shown, next, err := admin.ServerCertificates()
	if err != nil || next == nil || next.CheckSignatureFrom(newCA) != nil || shown.CheckSignatureFrom(oldCA) != nil {
		t.Fatalf("server certificates %v, %v, %v", shown, next, err)
	}
	// One host has one registration, so that the new client comes by a name.
	server.resolver.(resolver)["new.example"] = loopback
	after := register(t, admin, "new.example", RegisterOptions{})
	if cred, err := LoadPKCS12(after.PKCS12, ""); err != nil || len(cred.CACertificates) != 1 || !cred.CACertificates[0].Equal(newCA) {
		t.Errorf("new file: CAs %v, %v", cred.CACertificates, err)
	}
	for name, reg := range map[string]*Registration{"old": before, "new": after} {
		if c, s := meet(t, server, reg, ClientOptions{}); c != nil || s != nil {
			t.Errorf("grace, %s client: client %v, server %v", name, c, s)
		}
		for ca, cert := range map[string]*x509.Certificate{"old": oldCA, "new": newCA} {
			if err := opensslVerifies(t, server, cert, reg); err != nil {
				t.Errorf("grace, %s client, openssl with the %s CA: %v", name, ca, err)
			}
		}
	}
	if c, s := meet(t, server, before, pin); c != nil || s != nil {
		t.Errorf("grace, pinned: client %v, server %v", c, s)
	}
	cas, err := server.CAs()
	if err != nil || len(cas) != 2 || strings.Join(cas[0].Clients, " ") != "new.example" || strings.Join(cas[1].Clients, " ") != "127.0.0.1" {
		t.Errorf("CAs %+v, %v", cas, err)
	}

	clock.advance(91 * 24 * time.Hour)
	if c, s := meet(t, server, before, ClientOptions{}); !errors.Is(c, ErrServerCertificate) || reason(s) == 0 {
		t.Errorf("afterwards, old client: client %v, server %v", c, s)
	}
	if c, s := meet(t, server, before, ClientOptions{PinOnly: true, Pin: &Pin{File: filepath.Join(t.TempDir(), "pin")}}); c == nil || reason(s) != RetiredCA {
		t.Errorf("afterwards, old client that trusts anybody: client %v, server %v, want %v", c, s, RetiredCA)
	}
	if c, s := meet(t, server, after, ClientOptions{}); c != nil || s != nil {
		t.Errorf("afterwards, new client: client %v, server %v", c, s)
	}
	if got, _, err := server.ServerCertificates(); err != nil || !got.Equal(next) {
		t.Errorf("another certificate is shown than the one announced: %v", err)
	}
	checkPinned(t, server, after, shown, next)
	if err := server.settle(t.Context()); err != nil {
		t.Fatal(err)
	}
	server.mu.Lock()
	server.endRevoked()
	server.mu.Unlock()
	if reason(context.Cause(session)) != RetiredCA {
		t.Errorf("old session: %v, want it ended", context.Cause(session))
	}
	if text, err := os.ReadFile(filepath.Join(dir, caFile)); err != nil || strings.Count(string(text), "PRIVATE KEY-----\n") != 2 {
		t.Errorf("%d lines about keys in ca.pem, want one key: %v", strings.Count(string(text), "PRIVATE KEY-----\n"), err)
	}
	if text, err := os.ReadFile(filepath.Join(dir, caCertFile)); err != nil || string(text) != string(certPEM(newCA)) {
		t.Errorf("ca.crt is not the new CA alone: %v", err)
	}
	if _, _, err := server.Export("127.0.0.1"); err == nil || !strings.Contains(err.Error(), "retired") {
		t.Errorf("export of an old client: %v", err)
	}
	// A restart makes no difference.
	if c, s := meet(t, open(t, dir, options), after, ClientOptions{}); c != nil || s != nil {
		t.Errorf("after a restart: client %v, server %v", c, s)
	}
}

// checkPinned: a pin file with the announced digest beside the old one accepts both.
func checkPinned(t *testing.T, a *Authority, reg *Registration, shown, next *x509.Certificate) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "pin")
	old := &Pin{File: file}
	if err := old.check(shown, a.now()); err != nil {
		t.Fatal(err)
	}
	if c, _ := meet(t, a, reg, ClientOptions{PinOnly: true, Pin: old}); !errors.Is(c, ErrPinMismatch) {
		t.Errorf("pin of the old certificate: %v", c)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	other := &Pin{File: file + ".next"}
	if err := other.check(next, a.now()); err != nil {
		t.Fatal(err)
	}
	more, err := os.ReadFile(other.File)
	if err != nil {
		t.Fatal(err)
	}
	write(t, file, string(text)+string(more))
	if c, s := meet(t, a, reg, ClientOptions{PinOnly: true, Pin: old}); c != nil || s != nil {
		t.Errorf("pin of both: client %v, server %v", c, s)
	}
}

// Without grace nothing of the old CA counts, from the call on.
func TestRotationWithoutGrace(t *testing.T) {
	dir := newDir(t)
	a := open(t, dir, Options{})
	old := register(t, a, "127.0.0.1", RegisterOptions{})
	session, stop := a.SessionContext(t.Context(), old.Client)
	defer stop()
	other := open(t, dir, Options{})
	if err := a.Rotate(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	if reason(context.Cause(session)) != RetiredCA {
		t.Errorf("session: %v, want it ended", context.Cause(session))
	}
	for name, server := range map[string]*Authority{"own": a, "other process": other} {
		if _, s := meet(t, server, old, ClientOptions{PinOnly: true, Pin: &Pin{File: filepath.Join(t.TempDir(), "pin")}}); reason(s) != RetiredCA {
			t.Errorf("%s: %v, want %v", name, s, RetiredCA)
		}
	}
	if _, err := a.Remove(t.Context(), "127.0.0.1"); err != nil {
		t.Fatal(err)
	}
	again := register(t, a, "127.0.0.1", RegisterOptions{})
	if c, s := meet(t, other, again, ClientOptions{}); c != nil || s != nil {
		t.Errorf("registered again: client %v, server %v", c, s)
	}
	if err := a.Rotate(t.Context(), -time.Second); err == nil {
		t.Error("a negative grace is accepted")
	}
}

func TestRetire(t *testing.T) {
	a := open(t, newDir(t), Options{})
	if retired, err := a.Retire(t.Context()); retired || err != nil {
		t.Errorf("nothing to retire: %v, %v", retired, err)
	}
	old := register(t, a, "127.0.0.1", RegisterOptions{})
	for range maxRetired + 2 {
		if err := a.Rotate(t.Context(), time.Hour); err != nil {
			t.Fatal(err)
		}
		if retired, err := a.Retire(t.Context()); !retired || err != nil {
			t.Fatalf("retire: %v, %v", retired, err)
		}
	}
	if cas, err := a.CAs(); err != nil || len(cas) != maxRetired+1 {
		t.Errorf("%d CAs are remembered, %v, want %d", len(cas), err, maxRetired+1)
	}
	if _, s := meet(t, a, old, ClientOptions{PinOnly: true, Pin: &Pin{File: filepath.Join(t.TempDir(), "pin")}}); reason(s) != ForeignCA {
		t.Errorf("client of a forgotten CA: %v, want %v", s, ForeignCA)
	}
	again := open(t, a.dir, Options{})
	if len(again.authorities().issuers) != maxRetired+1 {
		t.Error("a restart finds other CAs")
	}
}

// An expired CA can still be replaced.
func TestRotationOfAnExpiredCA(t *testing.T) {
	later := func() time.Time { return time.Now().Add(caValidFor + time.Hour) }
	dir := newDir(t)
	a, err := Open(dir, Options{Now: later, Expired: true})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.serverCertificate(nil); err == nil {
		t.Error("it has a server certificate")
	}
	if err := a.Rotate(t.Context(), time.Hour); err != nil {
		t.Fatal(err)
	}
	b := open(t, dir, Options{Now: later})
	reg := register(t, b, "127.0.0.1", RegisterOptions{})
	if c, s := meet(t, b, reg, ClientOptions{}); c != nil || s != nil {
		t.Errorf("client %v, server %v", c, s)
	}
}

func TestServerCertificateIsReplacedByAnotherProcess(t *testing.T) {
	dir := newDir(t)
	a, other := open(t, dir, Options{}), open(t, dir, Options{})
	first := a.server.Leaf
	if err := other.RenewServer(t.Context()); err != nil {
		t.Fatal(err)
	}
	got, err := a.serverCertificate(nil)
	if err != nil || got.Leaf.Equal(first) || !got.Leaf.Equal(other.server.Leaf) {
		t.Errorf("serves %v, %v, want the new certificate", got.Leaf.SerialNumber, err)
	}
	config := a.ServerTLSConfig()
	if config.ClientAuth != tls.NoClientCert {
		t.Error("clients are asked for certificates")
	}
	if cert, err := config.GetCertificate(nil); err != nil || !cert.Leaf.Equal(got.Leaf) {
		t.Errorf("the configuration for other servers shows %v, %v", cert, err)
	}
}

// A test service shows certificates that end; the one on disk stays as it is.
func TestShowCertificate(t *testing.T) {
	a := open(t, newDir(t), Options{})
	reg := register(t, a, "127.0.0.1", RegisterOptions{})
	for _, test := range []struct {
		left time.Duration
		good bool
	}{{time.Hour, true}, {-time.Minute, false}} {
		end := a.now().Add(test.left)
		if err := a.ShowCertificate(end); err != nil {
			t.Fatal(err)
		}
		if c, _ := meet(t, a, reg, ClientOptions{}); (c == nil) != test.good || !test.good && !errors.Is(c, ErrServerCertificate) {
			t.Errorf("until %v: client %v", test.left, c)
		}
		if got, _, err := a.ServerCertificates(); err != nil || !got.NotAfter.Equal(end.Truncate(time.Second)) {
			t.Errorf("shows one until %v, %v, want %v", got.NotAfter, err, end)
		}
	}
	if err := a.ShowCertificate(time.Time{}); err != nil {
		t.Fatal(err)
	}
	if got, _, err := a.ServerCertificates(); err != nil || !got.Equal(a.server.Leaf) {
		t.Errorf("shows %v, %v, want the real one", got.NotAfter, err)
	}
}
