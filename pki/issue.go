package pki

import (
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"net"
	"time"
)

// template returns what server and client certificates by one CA have in common. name
// is a host name or an address.
func (a *Authority) template(name string, validFor time.Duration, by *issuer) (*x509.Certificate, error) {
	serial, err := newSerial()
	if err != nil {
		return nil, err
	}
	now := a.now()
	if now.After(by.cert.NotAfter) {
		return nil, fmt.Errorf("the CA expired at %s: rotate it and register every client anew", stamp(by.cert.NotAfter))
	}
	tmpl := &x509.Certificate{
		SerialNumber:          serial,
		Subject:               pkix.Name{Organization: []string{"estream"}, CommonName: name},
		NotBefore:             now.Add(-backdate),
		NotAfter:              now.Add(validFor),
		KeyUsage:              x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment,
		BasicConstraintsValid: true,
		SignatureAlgorithm:    x509.SHA256WithRSA,
	}
	if tmpl.NotAfter.After(by.cert.NotAfter) {
		tmpl.NotAfter = by.cert.NotAfter
	}
	if ip := net.ParseIP(name); ip != nil {
		tmpl.IPAddresses = []net.IP{ip}
	} else if _, err := ParseHost(name); err == nil {
		tmpl.DNSNames = []string{name}
	}
	return tmpl, nil
}

// issue makes a key and has a CA sign a certificate for it.
func (a *Authority) issue(tmpl *x509.Certificate, by *issuer) (*keyPair, error) {
	key, err := newKey(leafKeyBits)
	if err != nil {
		return nil, err
	}
	return sign(tmpl, key, by.pair())
}

func sign(tmpl *x509.Certificate, key crypto.Signer, by *keyPair) (*keyPair, error) {
	der, err := x509.CreateCertificate(rand.Reader, tmpl, by.cert, key.Public(), by.key)
	if err != nil {
		return nil, err
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, err
	}
	return &keyPair{cert: cert, key: key}, nil
}

// newSerial returns a random positive number of 127 bits, 16 bytes in DER (RFC
// 5280 section 4.1.2.2 allows 20). Its top bits are 01, which makes every serial
// number 32 digits long.
func newSerial() (*big.Int, error) {
	var b [16]byte
	if _, err := rand.Read(b[:]); err != nil {
		return nil, err
	}
	b[0] = b[0]&0x3f | 0x40
	return new(big.Int).SetBytes(b[:]), nil
}

func formatSerial(serial *big.Int) string { return fmt.Sprintf("%032x", serial) }
