package pki

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"
)

func TestHandshakeRefusals(t *testing.T) {
	a := open(t, newDir(t), Options{})
	expired, cancel := context.WithDeadline(context.Background(), time.Now().Add(-time.Second))
	defer cancel()
	tests := []struct {
		name   string
		ctx    context.Context
		client func(net.Conn)
		want   Reason
	}{
		{"plain text", context.Background(), func(c net.Conn) { io.WriteString(c, "GET / HTTP/1.1\r\n\r\n"); io.Copy(io.Discard, c) }, NotTLS},
		{"event stream request in the clear", context.Background(), func(c net.Conn) { c.Write(make([]byte, 64)); io.Copy(io.Discard, c) }, NotTLS},
		{"TLS 1.1", context.Background(), func(c net.Conn) {
			tls.Client(c, &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}).Handshake()
		}, ProtocolVersion},
		{"hangs up", context.Background(), func(c net.Conn) { c.Write([]byte{22, 3, 1, 2}) }, HandshakeAborted},
		{"does not trust the server", context.Background(), func(c net.Conn) {
			tls.Client(c, &tls.Config{RootCAs: x509.NewCertPool(), ServerName: "x"}).Handshake()
		}, RefusedByClient},
		{"silent", expired, func(c net.Conn) { io.Copy(io.Discard, c) }, HandshakeTimeout},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close()
			done := make(chan struct{})
			go func() {
				defer close(done)
				c, err := net.Dial("tcp", l.Addr().String())
				if err != nil {
					t.Error(err)
					return
				}
				test.client(c)
				c.Close()
			}()
			conn, err := l.Accept()
			if err != nil {
				t.Fatal(err)
			}
			_, _, err = a.Accept(test.ctx, conn, true)
			<-done // ends only because Accept has closed the connection
			if got := reason(err); got != test.want {
				t.Errorf("got %v (%v), want %v", got, err, test.want)
			}
			if !strings.Contains(err.Error(), "127.0.0.1") {
				t.Errorf("%q lacks the peer's address", err)
			}
		})
	}
}

// A server may do the handshake itself; it gets the same refusals.
func TestTLSConfigRefusesCertificates(t *testing.T) {
	a := open(t, newDir(t), Options{})
	for _, test := range []struct {
		pair *keyPair
		want Reason
	}{
		{signed(t, a, "127.0.0.1", nil), 0}, // a matter for Admit
		{signed(t, a, "127.0.0.1", func(c *x509.Certificate) { c.ExtKeyUsage = nil }), WrongPurpose},
	} {
		ours, theirs := net.Pipe()
		client := tls.Client(theirs, &tls.Config{InsecureSkipVerify: true, Certificates: []tls.Certificate{
			{Certificate: [][]byte{test.pair.cert.Raw}, PrivateKey: test.pair.key}}})
		done := make(chan struct{})
		go func() {
			defer close(done)
			client.Handshake() // its outcome is the server's
			io.Copy(io.Discard, client)
		}()
		server := tls.Server(ours, a.TLSConfig())
		if err := server.Handshake(); reason(err) != test.want || (test.want == 0 && err != nil) {
			t.Errorf("handshake: %v, want %v", err, test.want)
		}
		if test.want == 0 {
			if _, err := a.Admit(context.Background(), server.ConnectionState(), netip.Addr{}, false); reason(err) != Unregistered {
				t.Errorf("admit: %v, want %v", err, Unregistered)
			}
		}
		ours.Close()
		<-done
	}
}

func TestAcceptOverIPv6(t *testing.T) {
	probe, err := net.Listen("tcp6", "[::1]:0")
	if err != nil {
		t.Skip("this machine has no IPv6 loopback: ", err)
	}
	probe.Close()
	a := open(t, newDir(t), Options{Resolver: resolver{"six.example": {netip.MustParseAddr("::1")}}})
	// "tcp" listens for both families; IPv4 peers then show up as IPv4-mapped.
	for host, listen := range map[string][2]string{
		"::1": {"tcp6", "[::1]:0"}, "six.example": {"tcp6", "[::1]:0"}, "127.0.0.1": {"tcp", "[::]:0"},
	} {
		pair := signed(t, a, host, nil)
		client := enter(t, a, pair, host, host)
		addr, result := serveOne(t, a, listen[0], listen[1], 0, true)
		if host == "127.0.0.1" {
			addr = "127.0.0.1:" + addr[len("[::]:"):]
		}
		conn, err := tls.Dial("tcp", addr, &tls.Config{InsecureSkipVerify: true, Certificates: []tls.Certificate{
			{Certificate: [][]byte{pair.cert.Raw}, PrivateKey: pair.key}}})
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(conn)
		conn.Close()
		if o := <-result; o.err != nil || !same(o.client, client) || string(got) != "hello\n" || err != nil {
			t.Errorf("%s: server %+v, client %q, %v", host, o, got, err)
		}
	}
}
