package rsyslogtest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// A PKI is a CA with a certificate for the server, and one for the client.
type PKI struct {
	Roots  *x509.CertPool
	Client tls.Certificate
	Server tls.Certificate
	ca     *x509.Certificate
	key    *ecdsa.PrivateKey
}

// Config returns a client's configuration that the server accepts.
func (p *PKI) Config() *tls.Config {
	return &tls.Config{RootCAs: p.Roots, Certificates: []tls.Certificate{p.Client}}
}

// NewPKI makes one for a server on loopback.
func NewPKI(t testing.TB) *PKI { return newPKI(t, t.TempDir()) }

// newPKI leaves what rsyslogd needs in dir.
func newPKI(t testing.TB, dir string) *PKI {
	t.Helper()
	p := &PKI{Roots: x509.NewCertPool()}
	p.ca = &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "CA of a test"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	var der []byte
	der, p.key = p.issue(t, p.ca)
	var err error
	if p.ca, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	p.Roots.AddCert(p.ca)
	save(t, filepath.Join(dir, "ca.pem"), "CERTIFICATE", der)
	for i, name := range []string{"server", "client"} {
		der, key := p.issue(t, &x509.Certificate{
			SerialNumber: big.NewInt(int64(i + 2)), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name + ".test"},
			NotBefore: p.ca.NotBefore, NotAfter: p.ca.NotAfter, IPAddresses: []net.IP{net.ParseIP(loopback()), net.IPv4(127, 0, 0, 1), net.IPv6loopback},
			KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
		})
		save(t, filepath.Join(dir, name+".pem"), "CERTIFICATE", der)
		private, err := x509.MarshalPKCS8PrivateKey(key)
		if err != nil {
			t.Fatal(err)
		}
		save(t, filepath.Join(dir, name+".key"), "PRIVATE KEY", private)
		pair := tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
		if name == "client" {
			p.Client = pair
		} else {
			p.Server = pair
		}
	}
	return p
}

// issue signs template with the CA's key, or with its own if there is none yet.
func (p *PKI) issue(t testing.TB, template *x509.Certificate) ([]byte, *ecdsa.PrivateKey) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	signer := p.key
	if signer == nil {
		signer = key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, p.ca, &key.PublicKey, signer)
	if err != nil {
		t.Fatal(err)
	}
	return der, key
}

func save(t testing.TB, path, kind string, der []byte) {
	t.Helper()
	if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
}
