package conn

import (
	"crypto/tls"
	"strings"
	"testing"
	"time"

	"estream/output/conn/rsyslogtest"
)

// TestErrorsNameCures: each cause, produced for real, with what to do about it.
func TestErrorsNameCures(t *testing.T) {
	pki := rsyslogtest.NewPKI(t)
	// serve answers connections as TLS servers do, with config; without it says something else.
	serve := func(config *tls.Config) string {
		l, address := listen(t, "127.0.0.1:0")
		go func() {
			for {
				c, err := l.Accept()
				if err != nil {
					return
				}
				if config == nil {
					_, _ = c.Write([]byte("220 mail.example ESMTP\r\n")) // the client hangs up on it
				} else {
					_, _ = tls.Server(c, config).Read(make([]byte, 100)) // so does this one
				}
				_ = c.Close()
			}
		}()
		return address
	}
	server := func(change func(*tls.Config)) string {
		config := &tls.Config{Certificates: []tls.Certificate{pki.Server}, ClientCAs: pki.Roots}
		change(config)
		return serve(config)
	}
	refusing := server(func(c *tls.Config) { c.ClientAuth = tls.RequireAndVerifyClientCert })
	refusing12 := server(func(c *tls.Config) { c.ClientAuth, c.MaxVersion = tls.RequireAndVerifyClientCert, tls.VersionTLS12 })
	open := server(func(*tls.Config) {})
	dead, closed := listen(t, "127.0.0.1:0")
	if err := dead.Close(); err != nil {
		t.Fatal(err)
	}
	hangUp, hanging := listen(t, "127.0.0.1:0")
	go func() {
		for c, err := hangUp.Accept(); err == nil; c, err = hangUp.Accept() {
			_, _ = c.Read(make([]byte, 1<<14)) // all of it, or closing would reset the connection
			_ = c.Close()
		}
	}()
	_, silent := listen(t, "127.0.0.1:0")
	trusting := &tls.Config{RootCAs: pki.Roots}
	for _, test := range []struct {
		name    string
		address string
		tls     *tls.Config
		want    string
	}{
		{"closed port", closed, nil, "nothing listens there"},
		{"no such host", "receiver.invalid:514", nil, "correct the host name"},
		{"no TLS", serve(nil), trusting, "does not speak TLS"},
		{"hung up", hanging, trusting, "the receiver hung up"},
		{"no answer", silent, trusting, "is this the receiver's port for TLS"},
		{"unknown CA", open, &tls.Config{}, "configure the CA"},
		{"other name", open, &tls.Config{RootCAs: pki.Roots, ServerName: "other.test"}, "a name that is in the receiver's certificate"},
		{"expired", open, &tls.Config{RootCAs: pki.Roots, Time: func() time.Time { return time.Now().Add(9 * time.Hour) }}, "renew the receiver's certificate"},
		{"certificate wanted", refusing12, trusting, "it may want a client certificate"},
		{"certificate wanted, told after the handshake", refusing, trusting, "does not accept our certificate"},
	} {
		t.Run(test.name, func(t *testing.T) {
			o := Options{Address: test.address, TLS: test.tls}
			if test.address == silent {
				o.Connect = 300 * time.Millisecond
			}
			s, _ := stream(t, o)
			err := s.Write(t.Context(), []byte("one\n"))
			for err == nil { // with TLS 1.3 the refusal comes later
				err = s.Write(t.Context(), []byte("one\n"))
			}
			if !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), test.address) {
				t.Errorf("got %v\nexpected %q and the address", err, test.want)
			}
		})
	}
}

func TestAddress(t *testing.T) {
	for _, test := range []struct{ in, port, want string }{
		{"siem.example.net:514", "", "siem.example.net:514"},
		{"siem.example.net", "6514", "siem.example.net:6514"},
		{"192.0.2.1:1", "6514", "192.0.2.1:1"},
		{"[2001:db8::1]:514", "", "[2001:db8::1]:514"},
		{"[2001:db8::1]", "514", "[2001:db8::1]:514"},
		{"[fe80::1%eth0]:514", "", "[fe80::1%eth0]:514"},
	} {
		if got, err := Address(test.in, test.port); got != test.want || err != nil {
			t.Errorf("%q: got %q, %v, expected %q", test.in, got, err, test.want)
		}
	}
	for _, in := range []string{"", "host", ":514", "host:", "host:0", "host:65536", "host:no-such-service", "2001:db8::1:514", "host:514/path", "a b:514", "[::1"} {
		if got, err := Address(in, ""); err == nil {
			t.Errorf("%q: got %q, expected an error", in, got)
		}
	}
	if _, err := Address("user:secret@host:514", ""); err == nil || strings.Contains(err.Error(), "secret") {
		t.Errorf("an address with a password: %v", err)
	}
}
