package estreamtest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"time"

	pkcs12 "software.sslmate.com/src/go-pkcs12"
)

// An identity is an authority with one server and one client, made for a test.
type identity struct {
	ca     *x509.Certificate
	server tls.Certificate
	client tls.Certificate
}

// newIdentity makes them. The server's certificate ends when expires has passed, or
// has ended so long ago.
func newIdentity(expires time.Duration) (*identity, error) {
	caKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make key: %w", err)
	}
	now := time.Now()
	template := &x509.Certificate{
		SerialNumber:          big.NewInt(1),
		Subject:               pkix.Name{CommonName: "Internal CA", Organization: []string{"estreamtest"}},
		NotBefore:             now.Add(min(expires, 0) - time.Hour),
		NotAfter:              now.Add(max(expires, 24*time.Hour)),
		IsCA:                  true,
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, caKey.Public(), caKey)
	if err != nil {
		return nil, fmt.Errorf("make authority: %w", err)
	}
	id := new(identity)
	if id.ca, err = x509.ParseCertificate(der); err != nil {
		return nil, fmt.Errorf("make authority: %w", err)
	}
	if id.server, err = id.issue(caKey, 2, "eStreamer test server", x509.ExtKeyUsageServerAuth, now.Add(expires)); err != nil {
		return nil, err
	}
	id.client, err = id.issue(caKey, 3, "127.0.0.1", x509.ExtKeyUsageClientAuth, id.ca.NotAfter)
	return id, err
}

func (id *identity) issue(caKey *ecdsa.PrivateKey, serial int64, name string, use x509.ExtKeyUsage, end time.Time) (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("make key for %s: %w", name, err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(serial),
		Subject:      pkix.Name{CommonName: name},
		NotBefore:    id.ca.NotBefore,
		NotAfter:     end,
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{use},
		IPAddresses:  []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback},
		DNSNames:     []string{"localhost"},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, id.ca, key.Public(), caKey)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("make certificate for %s: %w", name, err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("make certificate for %s: %w", name, err)
	}
	return tls.Certificate{Certificate: [][]byte{der, id.ca.Raw}, PrivateKey: key, Leaf: leaf}, nil
}

func (id *identity) pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(id.ca)
	return pool
}

func (id *identity) serverTLS() *tls.Config {
	return &tls.Config{
		Certificates:                []tls.Certificate{id.server},
		ClientAuth:                  tls.RequireAndVerifyClientCert,
		ClientCAs:                   id.pool(),
		DynamicRecordSizingDisabled: true,
	}
}

func (id *identity) clientTLS() *tls.Config {
	return &tls.Config{Certificates: []tls.Certificate{id.client}, RootCAs: id.pool()}
}

func (id *identity) pkcs12(password string) ([]byte, error) {
	p, err := pkcs12.Modern.Encode(id.client.PrivateKey, id.client.Leaf, []*x509.Certificate{id.ca}, password)
	if err != nil {
		return nil, fmt.Errorf("make PKCS#12 file: %w", err)
	}
	return p, nil
}

func (id *identity) caPEM() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: id.ca.Raw})
}
