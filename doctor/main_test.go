package doctor

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"log/slog"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"estream/estreamtest"
	"estream/pki"
	"estream/server"

	pkcs12 "software.sslmate.com/src/go-pkcs12"
)

// The test binary is also the process in another network namespace: see agent.
const agentEnv = "ESTREAM_DOCTOR_AGENT"

func TestMain(m *testing.M) {
	if os.Getenv(agentEnv) != "" {
		if err := agent(os.Stdin, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// A lab makes certificates with any dates, and servers that show them.
type lab struct {
	*testing.T
	dir string
	now time.Time
	ca  tls.Certificate
}

func newLab(t *testing.T) *lab {
	l := &lab{T: t, dir: t.TempDir(), now: time.Now()}
	l.ca = l.authority("Internal CA")
	return l
}

func (l *lab) sign(template *x509.Certificate, by *tls.Certificate) tls.Certificate {
	l.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		l.Fatal(err)
	}
	parent, signer := template, any(key)
	if by != nil {
		parent, signer = by.Leaf, by.PrivateKey
	}
	template.SerialNumber = big.NewInt(time.Now().UnixNano())
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), signer)
	if err != nil {
		l.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		l.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}
}

func (l *lab) authority(name string) tls.Certificate {
	return l.sign(&x509.Certificate{
		Subject: pkix.Name{CommonName: name}, NotBefore: l.now.AddDate(-10, 0, 0), NotAfter: l.now.AddDate(10, 0, 0),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}, nil)
}

// cert issues a certificate that is valid from one day to another, counted from today.
func (l *lab) cert(by tls.Certificate, name string, use x509.ExtKeyUsage, from, to int) tls.Certificate {
	return l.sign(&x509.Certificate{
		Subject: pkix.Name{CommonName: name}, NotBefore: l.now.AddDate(0, 0, from), NotAfter: l.now.AddDate(0, 0, to),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{use},
	}, &by)
}

func (l *lab) client() tls.Certificate {
	return l.cert(l.ca, "127.0.0.1", x509.ExtKeyUsageClientAuth, -1, 365)
}

func (l *lab) server() tls.Certificate {
	return l.cert(l.ca, "fmc.test", x509.ExtKeyUsageServerAuth, -1, 365)
}

// file writes a PKCS#12 file with the certificate and those of authorities.
func (l *lab) file(c tls.Certificate, password string, authorities ...tls.Certificate) string {
	l.Helper()
	var cas []*x509.Certificate
	for _, a := range authorities {
		cas = append(cas, a.Leaf)
	}
	data, err := pkcs12.Modern.Encode(c.PrivateKey, c.Leaf, cas, password)
	if err != nil {
		l.Fatal(err)
	}
	return l.write("client.pkcs12", data)
}

func (l *lab) write(name string, data []byte) string {
	l.Helper()
	path := filepath.Join(l.TempDir(), name)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		l.Fatal(err)
	}
	return path
}

// serverTLS is the configuration of a server in good order.
func (l *lab) serverTLS() *tls.Config {
	pool := x509.NewCertPool()
	pool.AddCert(l.ca.Leaf)
	return &tls.Config{Certificates: []tls.Certificate{l.server()}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: pool}
}

// listen has handle serve each connection to a loopback port until the test ends.
func (l *lab) listen(handle func(ctx context.Context, conn net.Conn)) string {
	l.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		l.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return // closed below
			}
			wg.Go(func() {
				defer conn.Close()
				defer context.AfterFunc(ctx, func() { conn.Close() })()
				handle(ctx, conn)
			})
		}
	})
	l.Cleanup(func() {
		cancel()
		ln.Close()
		wg.Wait()
	})
	return ln.Addr().String()
}

// center serves the script over TLS. What a client does against the script is the
// matter of the report.
func (l *lab) center(cfg *tls.Config, script ...estreamtest.Step) string {
	return l.listen(func(ctx context.Context, conn net.Conn) {
		secure := tls.Server(conn, cfg)
		if secure.HandshakeContext(ctx) == nil {
			_ = estreamtest.Run(ctx, secure, time.Minute, script...)
		}
	})
}

// streaming is the script of a server that has new events of this second.
func (l *lab) streaming() []estreamtest.Step {
	return []estreamtest.Step{estreamtest.Negotiate(), estreamtest.Send(estreamtest.Event(400, uint32(time.Now().Unix()), []byte("body"))), estreamtest.Stall(nil)}
}

// target examines the server at addr with a client that is fine.
func (l *lab) target(addr string) Target {
	return Target{Addr: addr, PKCS12: l.file(l.client(), "", l.ca), Timeout: time.Minute, EventWait: time.Minute}
}

// real runs this project's own server on loopback, with client registered and then,
// if so wanted, removed.
func (l *lab) real(host string, revoke bool) Target {
	l.Helper()
	authority, err := pki.Open(filepath.Join(l.TempDir(), "pki"), pki.Options{})
	if err != nil {
		l.Fatal(err)
	}
	reg, err := authority.Register(l.Context(), host, pki.RegisterOptions{})
	if err != nil {
		l.Fatal(err)
	}
	if revoke {
		if _, err := authority.Remove(l.Context(), host); err != nil {
			l.Fatal(err)
		}
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		l.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	// It turns the client away before it would need a journal.
	srv := &server.Server{Authority: authority, Log: slog.New(slog.DiscardHandler)}
	done := make(chan error, 1)
	go func() { done <- srv.Serve(ctx, ln) }()
	l.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			l.Error(err)
		}
	})
	return Target{Addr: ln.Addr().String(), PKCS12: l.write("client.pkcs12", reg.PKCS12), Timeout: time.Minute}
}

// resolver asks a DNS server of the test for everything: real packets, no network.
func (l *lab) resolver(answer func(query []byte) []byte) *net.Resolver {
	l.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		l.Fatal(err)
	}
	addr := conn.LocalAddr().String()
	l.Cleanup(func() { conn.Close() })
	if answer == nil {
		conn.Close() // nobody answers there
	} else {
		go func() {
			buf := make([]byte, 1500)
			for {
				n, from, err := conn.ReadFrom(buf)
				if err != nil {
					return
				}
				_, _ = conn.WriteTo(answer(buf[:n]), from) // the resolver asks again
			}
		}()
	}
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "udp", addr)
	}}
}

// noSuchName answers a DNS query: response code 3 (RFC 1035 section 4.1.1), with the
// question alone.
func noSuchName(query []byte) []byte {
	end := 12
	for end < len(query) && query[end] != 0 {
		end += 1 + int(query[end])
	}
	p := append([]byte(nil), query[:min(end+5, len(query))]...)
	copy(p[2:12], []byte{0x81, 0x83, 0, 1, 0, 0, 0, 0, 0, 0})
	return p
}
