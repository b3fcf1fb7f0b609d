package pki

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// requestSize is what clients send without waiting for anything: much more than a
// handshake, so that a server that reads it can be told.
const requestSize = 256 << 10

// A countingConn counts the bytes that the server takes from the network.
type countingConn struct {
	net.Conn
	n atomic.Int64
}

func (c *countingConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.n.Add(int64(n))
	return n, err
}

type outcome struct {
	client Client
	err    error
	read   int64 // bytes that had left the socket when Accept returned
}

// serveOne accepts one connection on loopback. From an admitted client it reads a
// request of that many bytes, all of it, since closing a connection with unread bytes
// could take the answer with it; then it answers with a greeting.
func serveOne(t *testing.T, a *Authority, network, listen string, request int, checkHost bool) (addr string, result chan outcome) {
	t.Helper()
	l, err := net.Listen(network, listen)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	result = make(chan outcome, 1)
	go func() {
		accepted, err := l.Accept()
		if err != nil {
			result <- outcome{err: err}
			return
		}
		conn := &countingConn{Conn: accepted}
		secure, client, err := a.Accept(context.Background(), conn, checkHost)
		o := outcome{client, err, conn.n.Load()}
		if err == nil {
			_, rerr := io.ReadFull(secure, make([]byte, request))
			_, werr := io.WriteString(secure, "hello\n")
			o.err = errors.Join(rerr, werr, secure.Close())
		}
		result <- o
	}()
	return l.Addr().String(), result
}

// A matrixCase has one fault, or none, and otherwise everything right: where it is
// about the certificate, the serial is registered for this host.
type matrixCase struct {
	name      string
	pair      *keyPair // nil: no certificate
	noCheck   bool
	want      Reason // 0: admitted
	wantWords string
}

const loopbackName = "loopback.example"

func matrix(t *testing.T) (*Authority, []matrixCase) {
	a := open(t, newDir(t), Options{Resolver: resolver{
		loopbackName:      {netip.MustParseAddr("2001:db8::7"), netip.MustParseAddr("127.0.0.1")},
		"moved.example":   {netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("2001:db8::1")},
		"client2.example": {netip.MustParseAddr("127.0.0.1")},
		"client3.example": {netip.MustParseAddr("127.0.0.1")},
	}})
	const local = "127.0.0.1"
	before := a.ca()
	retired := signed(t, a, "retired.example", nil)
	enter(t, a, retired, "retired.example", "retired.example")
	a.resolver.(resolver)["retired.example"] = loopback
	if err := a.Rotate(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	// known returns a certificate whose serial is registered under a host of its
	// own that resolves to loopback.
	n := 0
	known := func(change func(*x509.Certificate)) *keyPair {
		n++
		host := fmt.Sprintf("known-%d.example", n)
		a.resolver.(resolver)[host] = []netip.Addr{netip.MustParseAddr(local)}
		pair := signed(t, a, host, change)
		enter(t, a, pair, host, host)
		return pair
	}
	// Two CAs with a key of their own, one of which has our CA's name and key id.
	sameName := *a.ca().cert
	sameName.PublicKey = nil
	foreign, err := sign(&sameName, testKey(), &keyPair{cert: &sameName, key: testKey()})
	if err != nil {
		t.Fatal(err)
	}
	otherName := sameName
	otherName.Subject, otherName.RawSubject = pkix.Name{CommonName: "Other Internal CA"}, nil
	other, err := sign(&otherName, testKey(), &keyPair{cert: &otherName, key: testKey()})
	if err != nil {
		t.Fatal(err)
	}
	asForeign := func(ca *keyPair) *keyPair {
		pair := signedBy(t, a, ca, local, nil)
		n++
		host := fmt.Sprintf("known-%d.example", n)
		enter(t, a, pair, host, local)
		return pair
	}
	selfSigned := signed(t, a, local, nil)
	if selfSigned, err = sign(selfSigned.cert, testKey(), &keyPair{cert: selfSigned.cert, key: testKey()}); err != nil {
		t.Fatal(err)
	}
	atLocal := signed(t, a, local, nil)
	enter(t, a, atLocal, local, local)
	byName := signed(t, a, loopbackName, nil)
	enter(t, a, byName, loopbackName, loopbackName)
	elsewhere := signed(t, a, "192.0.2.77", nil)
	enter(t, a, elsewhere, "192.0.2.77", "192.0.2.77")
	moved := signed(t, a, "moved.example", nil)
	enter(t, a, moved, "moved.example", "moved.example")
	lost := signed(t, a, "lost.example", nil)
	enter(t, a, lost, "lost.example", "lost.example")
	revoked := signed(t, a, "client2.example", nil)
	enter(t, a, revoked, "client2.example", "client2.example")
	if _, err := a.Remove(context.Background(), "client2.example"); err != nil {
		t.Fatal(err)
	}
	// The same host again, with a new certificate: the old one stays out.
	renewed := signed(t, a, "client2.example", nil)
	enter(t, a, renewed, "client2.example", "client2.example")
	otherCN := signed(t, a, local, nil)
	enter(t, a, otherCN, "client3.example", "client3.example")
	hour := time.Hour
	return a, []matrixCase{
		{name: "address", pair: atLocal},
		{name: "name with several addresses", pair: byName},
		{name: "registered again", pair: renewed},
		{name: "other host, check off", pair: elsewhere, noCheck: true},
		{name: "unresolvable, check off", pair: lost, noCheck: true},
		{name: "none", want: NoCertificate, wantWords: "presented no certificate"},
		{name: "none, check off", noCheck: true, want: NoCertificate},
		{name: "other CA", pair: asForeign(other), want: ForeignCA, wantWords: "not issued by this server's Internal CA"},
		{name: "other CA of the same name", pair: asForeign(foreign), want: ForeignCA},
		{name: "CA before", pair: retired, want: RetiredCA, wantWords: "is not accepted since"},
		{name: "CA before, unregistered", pair: signedBy(t, a, before, local, nil), want: RetiredCA},
		{name: "self-signed", pair: selfSigned, want: ForeignCA},
		{name: "expired", pair: known(func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-hour) }), want: Expired, wantWords: "expired at"},
		{name: "not yet valid", pair: known(func(c *x509.Certificate) { c.NotBefore = time.Now().Add(hour / 2) }), want: NotYetValid, wantWords: "not valid before"},
		{name: "for servers only", pair: known(func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth} }), want: WrongPurpose, wantWords: "not meant for TLS clients"},
		{name: "without purpose", pair: known(func(c *x509.Certificate) { c.ExtKeyUsage = nil }), want: WrongPurpose},
		{name: "SHA-1", pair: known(func(c *x509.Certificate) { c.SignatureAlgorithm = x509.SHA1WithRSA }), want: WeakSignature, wantWords: "SHA1-RSA"},
		{name: "unknown critical extension", pair: known(func(c *x509.Certificate) {
			c.ExtraExtensions = []pkix.Extension{{Id: asn1.ObjectIdentifier{1, 2, 3, 4}, Critical: true, Value: []byte{5, 0}}}
		}), want: InvalidCertificate},
		{name: "unregistered", pair: signed(t, a, local, nil), want: Unregistered, wantWords: "is not registered"},
		{name: "unregistered, check off", pair: signed(t, a, local, nil), noCheck: true, want: Unregistered},
		{name: "other CN", pair: otherCN, want: CNMismatch, wantWords: "is for client3.example"},
		{name: "revoked", pair: revoked, want: Revoked, wantWords: "was revoked at"},
		{name: "revoked, check off", pair: revoked, noCheck: true, want: Revoked},
		{name: "other host", pair: elsewhere, want: WrongHost,
			wantWords: "Certificate Common Name 192.0.2.77 does not match remote host: 127.0.0.1. It was issued to a different client."},
		{name: "name elsewhere", pair: moved, want: WrongHost},
		{name: "unresolvable", pair: lost, want: HostUnresolved, wantWords: "no such host"},
	}
}

func (c *matrixCase) judge(t *testing.T, o outcome, received string) {
	t.Helper()
	if c.want == 0 {
		if o.err != nil || o.client.CN != c.pair.cert.Subject.CommonName {
			t.Errorf("admitted as %+v, %v; want %s", o.client, o.err, c.pair.cert.Subject.CommonName)
		}
		if received != "hello\n" {
			t.Errorf("client received %q, want a greeting", received)
		}
		return
	}
	var refusal *Refusal
	if !errors.As(o.err, &refusal) || refusal.Reason != c.want {
		t.Fatalf("got %v, want %v", o.err, c.want)
	}
	t.Logf("%v: %v", refusal.Reason, refusal)
	if !strings.Contains(refusal.Error(), c.wantWords) || !strings.Contains(refusal.Error(), "127.0.0.1") {
		t.Errorf("log text %q, want %q and the peer's address in it", refusal, c.wantWords)
	}
	if received != "" {
		t.Errorf("client received %q, want nothing", received)
	}
	// A handshake takes 3 kB from the client, and crypto/tls may have taken some bytes
	// more that came with it. The request's first record has 16 kB.
	if o.read > 8<<10 {
		t.Errorf("%d bytes were read from the connection, more than a handshake", o.read)
	}
}

func TestAdmissionOfGoClients(t *testing.T) {
	a, cases := matrix(t)
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		for _, c := range cases {
			t.Run(tls.VersionName(version)+"/"+c.name, func(t *testing.T) {
				addr, result := serveOne(t, a, "tcp4", "127.0.0.1:0", requestSize, !c.noCheck)
				conn, err := net.Dial("tcp", addr)
				if err != nil {
					t.Fatal(err)
				}
				defer conn.Close()
				config := &tls.Config{InsecureSkipVerify: true, MinVersion: version, MaxVersion: version, DynamicRecordSizingDisabled: true}
				if c.pair != nil {
					config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
						return &tls.Certificate{Certificate: [][]byte{c.pair.cert.Raw}, PrivateKey: c.pair.key}, nil
					}
				} else {
					config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &tls.Certificate{}, nil }
				}
				client := tls.Client(conn, config)
				// Neither the handshake nor the write has to succeed on a refused connection.
				written := make(chan struct{})
				received := new(bytes.Buffer)
				if client.Handshake() == nil {
					go func() {
						defer close(written)
						client.Write(make([]byte, requestSize))
					}()
					io.Copy(received, client)
					client.Close()
					<-written
				}
				c.judge(t, <-result, received.String())
			})
		}
	}
}

// The openssl command is an independent client, and the one inside most others.
func TestAdmissionOfOpenSSLClients(t *testing.T) {
	a, cases := matrix(t)
	dir := t.TempDir()
	keyFile := filepath.Join(dir, "key.pem")
	key, err := x509.MarshalPKCS8PrivateKey(testKey())
	if err != nil {
		t.Fatal(err)
	}
	write(t, keyFile, string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key})))
	request := strings.Repeat("x", requestSize)
	for _, version := range []string{"-tls1_2", "-tls1_3"} {
		for _, c := range cases {
			t.Run(version[1:]+"/"+c.name, func(t *testing.T) {
				addr, result := serveOne(t, a, "tcp4", "127.0.0.1:0", requestSize, !c.noCheck)
				// Security level 0 lets it present a SHA-1 certificate.
				args := []string{"s_client", "-connect", addr, version, "-quiet", "-cipher", "DEFAULT@SECLEVEL=0",
					"-CAfile", a.path(caCertFile), "-verify_return_error"}
				if c.pair != nil {
					certFile := filepath.Join(t.TempDir(), "cert.pem")
					write(t, certFile, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.pair.cert.Raw})))
					args = append(args, "-cert", certFile, "-key", keyFile)
				}
				out, err := openssl(t, request, args...)
				o := <-result
				c.judge(t, o, out)
				if t.Failed() {
					t.Log(err)
				}
			})
		}
	}
}

// Real files, from registration to greeting, by both kinds of clients.
func TestRegisteredFilesAreAdmitted(t *testing.T) {
	a := open(t, newDir(t), Options{})
	for _, legacy := range []bool{false, true} {
		reg := register(t, a, "127.0.0.1", RegisterOptions{Password: "secret", Legacy: legacy})
		cred, err := LoadPKCS12(reg.PKCS12, "secret")
		if err != nil {
			t.Fatal(err)
		}
		config, err := ClientTLSConfig(cred, ClientOptions{})
		if err != nil {
			t.Fatal(err)
		}
		addr, result := serveOne(t, a, "tcp4", "127.0.0.1:0", 0, true)
		conn, err := tls.Dial("tcp", addr, config)
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(conn)
		conn.Close()
		if o := <-result; o.err != nil || !same(o.client, reg.Client) || string(got) != "hello\n" || err != nil {
			t.Errorf("legacy %v: server %+v, client %q, %v", legacy, o, got, err)
		}

		file := filepath.Join(t.TempDir(), "client.pkcs12")
		write(t, file, string(reg.PKCS12))
		pemFile := file + ".pem"
		if _, err := openssl(t, "", "pkcs12", "-in", file, "-passin", "pass:secret", "-nodes", "-out", pemFile); err != nil {
			t.Fatal(err)
		}
		addr, result = serveOne(t, a, "tcp4", "127.0.0.1:0", len("request"), true)
		out, err := openssl(t, "request", "s_client", "-connect", addr, "-quiet", "-cert", pemFile, "-key", pemFile, "-CAfile", a.path(caCertFile), "-verify_return_error")
		if o := <-result; o.err != nil || !same(o.client, reg.Client) || out != "hello\n" {
			t.Errorf("legacy %v: server %+v, openssl %q, %v", legacy, o, out, err)
		}
		if _, err := a.Remove(context.Background(), "127.0.0.1"); err != nil {
			t.Fatal(err)
		}
	}
}

func TestHostCheckOfAddresses(t *testing.T) {
	var log bytes.Buffer
	a := open(t, newDir(t), Options{
		Logger: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})),
		Resolver: resolver{
			"dual.example": {netip.MustParseAddr("::ffff:192.0.2.5"), netip.MustParseAddr("2001:db8::5")},
			"none.example": {},
		},
	})
	tests := []struct {
		host, remote string
		want         Reason
	}{
		{"192.0.2.5", "192.0.2.5", 0},
		{"192.0.2.5", "::ffff:192.0.2.5", 0},
		{"192.0.2.5", "192.0.2.6", WrongHost},
		{"192.0.2.5", "2001:db8::5", WrongHost},
		{"2001:db8::5", "2001:db8::5", 0},
		{"2001:db8::5", "2001:db8::6", WrongHost},
		{"fe80::1", "fe80::1%eth0", 0},
		{"dual.example", "192.0.2.5", 0},
		{"dual.example", "::ffff:192.0.2.5", 0},
		{"dual.example", "2001:db8::5", 0},
		{"dual.example", "2001:db8::6", WrongHost},
		{"none.example", "192.0.2.5", HostUnresolved},
	}
	states := make(map[string]tls.ConnectionState)
	for _, test := range tests {
		if _, ok := states[test.host]; !ok {
			pair := signed(t, a, test.host, nil)
			enter(t, a, pair, test.host, test.host)
			states[test.host] = tls.ConnectionState{HandshakeComplete: true, PeerCertificates: []*x509.Certificate{pair.cert}}
		}
		client, err := a.Admit(context.Background(), states[test.host], netip.MustParseAddr(test.remote), true)
		if got := reason(err); got != test.want || (got == 0) != (client.Host == test.host) {
			t.Errorf("%s from %s: %v, %v, want %v", test.host, test.remote, client, err, test.want)
		}
	}
	if _, err := a.Admit(context.Background(), states["192.0.2.5"], netip.Addr{}, true); reason(err) != WrongHost {
		t.Errorf("unknown peer: %v, want %v", err, WrongHost)
	}
	for _, want := range []string{
		"Resolved CN dual.example to 192.0.2.5", "Matched Certificate CN:dual.example to 192.0.2.5 (IPv4)",
		"Matched Certificate CN:dual.example to 2001:db8::5 (IPv6)",
	} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("log lacks %q", want)
		}
	}
	incomplete := states["192.0.2.5"]
	incomplete.HandshakeComplete = false
	if _, err := a.Admit(context.Background(), incomplete, netip.MustParseAddr("192.0.2.5"), true); reason(err) != HandshakeFailed {
		t.Errorf("without handshake: %v, want %v", err, HandshakeFailed)
	}
	canceled, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := a.Admit(canceled, states["dual.example"], netip.MustParseAddr("192.0.2.5"), true); reason(err) != HostUnresolved || !errors.Is(err, context.Canceled) {
		t.Errorf("canceled: %v, want %v", err, HostUnresolved)
	}
}

// A name server that does not answer must not hold a connection for good.
func TestResolveTimeout(t *testing.T) {
	a := open(t, newDir(t), Options{Resolver: silent{}, ResolveTimeout: time.Millisecond})
	pair := signed(t, a, "slow.example", nil)
	enter(t, a, pair, "slow.example", "slow.example")
	state := tls.ConnectionState{HandshakeComplete: true, PeerCertificates: []*x509.Certificate{pair.cert}}
	_, err := a.Admit(context.Background(), state, netip.MustParseAddr("192.0.2.5"), true)
	if reason(err) != HostUnresolved || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v, want %v after the deadline", err, HostUnresolved)
	}
}

type silent struct{}

func (silent) LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

func TestUnreadableRegistryAdmitsNobody(t *testing.T) {
	a := open(t, newDir(t), Options{})
	pair := signed(t, a, "192.0.2.5", nil)
	enter(t, a, pair, "192.0.2.5", "192.0.2.5")
	state := tls.ConnectionState{HandshakeComplete: true, PeerCertificates: []*x509.Certificate{pair.cert}}
	remote := netip.MustParseAddr("192.0.2.5")
	good, err := os.ReadFile(a.path(registryFile))
	if err != nil {
		t.Fatal(err)
	}
	write(t, a.path(registryFile), "{")
	if _, err := a.Admit(context.Background(), state, remote, true); reason(err) != RegistryUnreadable {
		t.Errorf("damaged: %v, want %v", err, RegistryUnreadable)
	}
	if err := os.Remove(a.path(registryFile)); err != nil {
		t.Fatal(err)
	}
	if _, err := a.Admit(context.Background(), state, remote, true); reason(err) != RegistryUnreadable {
		t.Errorf("missing: %v, want %v", err, RegistryUnreadable)
	}
	write(t, a.path(registryFile), string(good))
	if _, err := a.Admit(context.Background(), state, remote, true); err != nil {
		t.Errorf("restored: %v", err)
	}
}

// A peer chooses the common name in its certificate; the log stays one line.
func TestRefusalTextIsPrintable(t *testing.T) {
	for r := HandshakeTimeout; r <= RetiredCA; r++ {
		refusal := &Refusal{Reason: r, CN: "evil\n\x1b[31mMatched\u202e" + strings.Repeat("x", 1<<16), Err: errors.New("cause")}
		text := refusal.Error()
		if strings.ContainsAny(text, "\n\x1b\u202e") || len(text) > 1000 {
			t.Errorf("%v: %.200q", r, text)
		}
		if strings.HasPrefix(r.String(), "reason_") || strings.Contains(text, "refused: "+r.String()) {
			t.Errorf("reason %d has no words: %q, %q", r, r, text)
		}
	}
}

func reason(err error) Reason {
	var r *Refusal
	if errors.As(err, &r) {
		return r.Reason
	}
	return 0
}

func BenchmarkAdmit(b *testing.B) {
	a := open(b, newDir(b), Options{})
	pair := signed(b, a, "192.0.2.5", nil)
	enter(b, a, pair, "192.0.2.5", "192.0.2.5")
	old := time.Now().Add(-time.Hour)
	if err := os.Chtimes(a.path(registryFile), old, old); err != nil {
		b.Fatal(err)
	}
	state := tls.ConnectionState{HandshakeComplete: true, PeerCertificates: []*x509.Certificate{pair.cert}}
	remote := netip.MustParseAddr("192.0.2.5")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := a.Admit(context.Background(), state, remote, true); err != nil {
			b.Fatal(err)
		}
	}
}

func TestReasonWordsDiffer(t *testing.T) {
	words := slices.Clone(reasonWords[1:])
	slices.Sort(words)
	if got := slices.Compact(words); len(got) != int(RetiredCA) {
		t.Errorf("%d words for %d reasons", len(got), RetiredCA)
	}
}
