package pki

import (
	"bytes"
	"context"
	"crypto"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

// dial does a client's handshake with a server that shows this certificate, and
// returns the client's error.
func dial(t *testing.T, server *keyPair, client *tls.Config, change func(*tls.Config)) error {
	t.Helper()
	config := &tls.Config{
		Certificates: []tls.Certificate{{Certificate: [][]byte{server.cert.Raw}, PrivateKey: server.key}},
		ClientAuth:   tls.RequireAnyClientCert,
	}
	if change != nil {
		change(config)
	}
	ours, theirs := net.Pipe()
	done := make(chan struct{})
	go func() {
		defer close(done)
		conn := tls.Server(theirs, config)
		// It fails where the client refuses; the client's side is what is tested.
		if conn.Handshake() == nil {
			io.WriteString(conn, "x")
		}
		theirs.Close()
	}()
	conn := tls.Client(ours, client)
	err := conn.Handshake()
	if err == nil {
		// With TLS 1.3 only now the server has judged our certificate.
		_, err = io.ReadFull(conn, make([]byte, 1))
	}
	ours.Close()
	<-done
	return err
}

func TestClientVerifiesServerChain(t *testing.T) {
	a := open(t, newDir(t), Options{})
	cred, err := LoadPKCS12(quick(t, signed(t, a, "10.0.0.1", nil), a.ca().cert), "secret")
	if err != nil {
		t.Fatal(err)
	}
	config, err := ClientTLSConfig(cred, ClientOptions{})
	if err != nil {
		t.Fatal(err)
	}
	usage := func(u ...x509.ExtKeyUsage) func(*x509.Certificate) {
		return func(c *x509.Certificate) { c.ExtKeyUsage = u }
	}
	server := usage(x509.ExtKeyUsageServerAuth)
	foreign := *a.ca().cert
	foreign.PublicKey = nil
	tests := []struct {
		name   string
		server *keyPair
		words  string // "" for accepted
	}{
		{"right", &keyPair{a.server.Leaf, a.server.PrivateKey.(crypto.Signer)}, ""},
		{"any name", signed(t, a, "192.0.2.99", server), ""},
		{"without purpose", signed(t, a, "192.0.2.99", usage()), ""},
		{"another client", signed(t, a, "192.0.2.99", nil), "not meant for a server"},
		{"foreign", signedBy(t, a, &keyPair{&foreign, testKey()}, "192.0.2.99", server), "download a new one"},
		{"expired", signed(t, a, "192.0.2.99", func(c *x509.Certificate) { server(c); c.NotAfter = time.Now().Add(-time.Hour) }), "clock"},
		{"not yet valid", signed(t, a, "192.0.2.99", func(c *x509.Certificate) { server(c); c.NotBefore = time.Now().Add(time.Minute) }), "clock"},
		{"SHA-1", signed(t, a, "192.0.2.99", func(c *x509.Certificate) { server(c); c.SignatureAlgorithm = x509.SHA1WithRSA }), "SHA1-RSA"},
	}
	for _, test := range tests {
		for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
			t.Run(test.name+"/"+tls.VersionName(version), func(t *testing.T) {
				err := dial(t, test.server, config, func(c *tls.Config) { c.MinVersion, c.MaxVersion = version, version })
				if test.words == "" {
					if err != nil {
						t.Errorf("refused: %v", err)
					}
				} else if !errors.Is(err, ErrServerCertificate) || !strings.Contains(err.Error(), test.words) {
					t.Errorf("got %v, want ErrServerCertificate with %q", err, test.words)
				}
			})
		}
	}
	t.Run("TLS 1.1", func(t *testing.T) {
		if err := dial(t, tests[0].server, config, func(c *tls.Config) { c.MinVersion, c.MaxVersion = tls.VersionTLS10, tls.VersionTLS11 }); err == nil {
			t.Error("accepted")
		}
	})
	t.Run("RSA key exchange", func(t *testing.T) {
		if err := dial(t, tests[0].server, config, func(c *tls.Config) {
			c.MaxVersion, c.CipherSuites = tls.VersionTLS12, []uint16{tls.TLS_RSA_WITH_AES_256_GCM_SHA384}
		}); err != nil {
			t.Errorf("refused: %v", err)
		}
	})
}

func TestClientPinsWithoutCA(t *testing.T) {
	a := open(t, newDir(t), Options{})
	pair := signed(t, a, "10.0.0.1", nil)
	cred, err := LoadPKCS12(quick(t, pair), "secret")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ClientTLSConfig(cred, ClientOptions{}); err == nil || !strings.Contains(err.Error(), "pin file") {
		t.Errorf("neither CA nor pin: %v, want a refusal", err)
	}
	anybody, err := ClientTLSConfig(cred, ClientOptions{Pin: new(Pin)})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"192.0.2.8", "192.0.2.9"} {
		if err := dial(t, signed(t, a, name, nil), anybody, nil); err != nil {
			t.Errorf("with nothing pinned: %v", err)
		}
	}
	file := filepath.Join(t.TempDir(), "server.pin")
	pin := &Pin{File: file}
	if _, err := pin.Fingerprint(); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no pin yet: %v", err)
	}
	config, err := ClientTLSConfig(cred, ClientOptions{Pin: pin})
	if err != nil {
		t.Fatal(err)
	}
	first, second := signed(t, a, "192.0.2.1", nil), signed(t, a, "192.0.2.2", nil)
	for range 2 {
		if err := dial(t, first, config, nil); err != nil {
			t.Fatal(err)
		}
	}
	info, err := os.Stat(file)
	if err != nil {
		t.Fatal(err)
	}
	if runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("mode %#o, want 0600", info.Mode().Perm())
	}
	sum := sha256.Sum256(first.cert.Raw)
	if got, err := pin.Fingerprint(); err != nil || got != hex.EncodeToString(sum[:]) {
		t.Errorf("pinned %s, %v, want %x", got, err, sum)
	}
	before, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	err = dial(t, second, config, nil)
	if !errors.Is(err, ErrServerCertificate) || !errors.Is(err, ErrPinMismatch) || !strings.Contains(err.Error(), "delete the pin file") || !strings.Contains(err.Error(), file) {
		t.Errorf("other certificate: %v, want ErrPinMismatch with cause and cure", err)
	}
	if after, err := os.ReadFile(file); err != nil || !bytes.Equal(before, after) {
		t.Errorf("the pin changed: %q, %v", after, err)
	}
	if left, err := filepath.Glob(file + "?*"); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}

	// The digest as openssl prints it may be put there by hand.
	certFile := filepath.Join(t.TempDir(), "cert.pem")
	write(t, certFile, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: second.cert.Raw})))
	out, err := openssl(t, "", "x509", "-in", certFile, "-noout", "-fingerprint", "-sha256")
	if err != nil {
		t.Fatal(err)
	}
	_, digest, _ := strings.Cut(strings.TrimSpace(out), "=")
	write(t, file, "# by hand\n\nsha256:"+digest+"\n")
	if err := dial(t, second, config, nil); err != nil {
		t.Errorf("digest of openssl: %v", err)
	}
	for _, bad := range []string{"", "sha256:", "sha256:abcd\n", "md5:" + digest, "sha256:" + strings.Repeat("zz", 32), strings.Repeat("#", maxPin+1)} {
		write(t, file, bad)
		if err := dial(t, second, config, nil); !errors.Is(err, ErrServerCertificate) {
			t.Errorf("pin file %.20q: %v, want a refusal", bad, err)
		}
	}
}

func TestPinOnlyOverridesCA(t *testing.T) {
	a := open(t, newDir(t), Options{})
	cred, err := LoadPKCS12(quick(t, signed(t, a, "10.0.0.1", nil), a.ca().cert), "secret")
	if err != nil {
		t.Fatal(err)
	}
	config, err := ClientTLSConfig(cred, ClientOptions{PinOnly: true, Pin: &Pin{File: filepath.Join(t.TempDir(), "pin")}})
	if err != nil {
		t.Fatal(err)
	}
	sha1 := signed(t, a, "192.0.2.1", func(c *x509.Certificate) { c.SignatureAlgorithm = x509.SHA1WithRSA })
	if err := dial(t, sha1, config, nil); err != nil {
		t.Errorf("first use: %v", err)
	}
	if err := dial(t, signed(t, a, "192.0.2.1", nil), config, nil); !errors.Is(err, ErrPinMismatch) {
		t.Errorf("other certificate: %v, want ErrPinMismatch", err)
	}
}

// Of many first connections at the same moment one pins, and the others agree or
// are refused.
func TestPinRace(t *testing.T) {
	a := open(t, newDir(t), Options{})
	pin := &Pin{File: filepath.Join(t.TempDir(), "pin")}
	certs := []*x509.Certificate{signed(t, a, "192.0.2.1", nil).cert, signed(t, a, "192.0.2.2", nil).cert}
	errs := make([]error, 20)
	var wg sync.WaitGroup
	for i := range errs {
		wg.Go(func() { errs[i] = pin.check(certs[i%2], time.Now()) })
	}
	wg.Wait()
	accepted := make(map[bool]bool)
	for i, err := range errs {
		if err != nil && !errors.Is(err, ErrPinMismatch) {
			t.Error(err)
		}
		accepted[i%2 == 0] = accepted[i%2 == 0] || err == nil
	}
	if accepted[true] == accepted[false] {
		t.Errorf("accepted the one: %v, the other: %v; want exactly one", accepted[true], accepted[false])
	}
}

// The client of one's own package against the server of one's own: a certificate
// that was revoked ends in a closed connection, without a message.
func TestClientSeesClosedConnectionWhenRevoked(t *testing.T) {
	a := open(t, newDir(t), Options{})
	reg := register(t, a, "127.0.0.1", RegisterOptions{})
	if _, err := a.Remove(context.Background(), "127.0.0.1"); err != nil {
		t.Fatal(err)
	}
	cred, err := LoadPKCS12(reg.PKCS12, "")
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
	defer conn.Close()
	if n, err := conn.Read(make([]byte, 1)); n != 0 || err != io.EOF {
		t.Errorf("read %d, %v, want EOF", n, err)
	}
	if o := <-result; reason(o.err) != Revoked {
		t.Errorf("server: %v, want revoked", o.err)
	}
}
