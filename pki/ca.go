package pki

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"
)

// Names inside the directory.
const (
	caFile       = "ca.pem"
	caCertFile   = "ca.crt"
	serverFile   = "server.pem"
	registryFile = "clients.json"
	clientsDir   = "clients"
)

// Key sizes in bits; the package comment says why RSA.
const (
	caKeyBits   = 3072
	leafKeyBits = 2048
)

// Validity. Certificates start a day in the past, because clients' clocks are
// wrong more often than not.
const (
	caValidFor      = 20 * 365 * 24 * time.Hour
	defaultValidFor = 10 * 365 * 24 * time.Hour
	backdate        = 24 * time.Hour
	renewBefore     = 30 * 24 * time.Hour
)

// A keyPair is a certificate with its private key.
type keyPair struct {
	cert *x509.Certificate
	key  crypto.Signer
}

// createCA writes a new authority. Its name holds a part of its serial number, so
// that two authorities can be told apart by name.
func (a *Authority) createCA() error {
	serial, err := newSerial()
	if err != nil {
		return err
	}
	now := a.now()
	tmpl := &x509.Certificate{
		SerialNumber: serial,
		Subject: pkix.Name{
			Organization: []string{"estream"},
			CommonName:   "estream Internal CA " + formatSerial(serial)[:8],
		},
		NotBefore:             now.Add(-backdate),
		NotAfter:              now.Add(caValidFor),
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
		BasicConstraintsValid: true,
		IsCA:                  true,
		MaxPathLenZero:        true,
		SignatureAlgorithm:    x509.SHA256WithRSA,
	}
	key, err := rsa.GenerateKey(rand.Reader, caKeyBits)
	if err != nil {
		return err
	}
	pair, err := sign(tmpl, key, &keyPair{cert: tmpl, key: key})
	if err != nil {
		return fmt.Errorf("create CA: %w", err)
	}
	return writeKeyPair(a.path(caFile), pair)
}

// loadCA reads the authority and puts its public half beside it.
func (a *Authority) loadCA() error {
	path := a.path(caFile)
	pair, err := readKeyPair(path)
	if err != nil {
		return fmt.Errorf("%w; restore it from a backup", err)
	}
	if !pair.cert.IsCA {
		return fmt.Errorf("%s: the certificate is not a CA's; restore the file from a backup", path)
	}
	if a.now().After(pair.cert.NotAfter) {
		return fmt.Errorf("%s: the CA expired at %s: move the directory away and register every client anew",
			path, stamp(pair.cert.NotAfter))
	}
	a.ca, a.roots = pair, x509.NewCertPool()
	a.roots.AddCert(pair.cert)
	public := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: pair.cert.Raw})
	if have, err := os.ReadFile(a.path(caCertFile)); err == nil && bytes.Equal(have, public) {
		return nil
	} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return writeFile(a.path(caCertFile), public, 0o644)
}

// CACertificate returns the certificate of the internal CA. Do not alter it.
func (a *Authority) CACertificate() *x509.Certificate { return a.ca.cert }

// loadServer returns the server's certificate, and first issues one if there is
// none, if it ends soon, or if it is from another CA. The caller holds the lock.
func (a *Authority) loadServer() (*tls.Certificate, error) {
	path := a.path(serverFile)
	pair, err := readKeyPair(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		pair = nil
	case err != nil:
		return nil, fmt.Errorf("%w; delete it to get a new one, and clients that pinned the old one have to accept it", err)
	case pair.cert.CheckSignatureFrom(a.ca.cert) != nil:
		a.log.Warn("server certificate is from another CA, issuing a new one", "file", path)
		pair = nil
	case a.renewalDue(pair.cert):
		a.log.Info("server certificate ends soon, issuing a new one", "file", path, "not_after", pair.cert.NotAfter)
		pair = nil
	}
	if pair == nil {
		if pair, err = a.issueServer(); err != nil {
			return nil, fmt.Errorf("issue server certificate: %w", err)
		}
		if err := writeKeyPair(path, pair); err != nil {
			return nil, err
		}
	}
	// The CA goes along: a client without it can see who issued the certificate.
	return &tls.Certificate{
		Certificate: [][]byte{pair.cert.Raw, a.ca.cert.Raw},
		PrivateKey:  pair.key,
		Leaf:        pair.cert,
	}, nil
}

// renewalDue reports whether little is left of cert. A certificate that ends with
// its CA cannot be had for longer and is not due.
func (a *Authority) renewalDue(cert *x509.Certificate) bool {
	return a.now().Add(renewBefore).After(cert.NotAfter) && cert.NotAfter.Before(a.ca.cert.NotAfter)
}

func (a *Authority) issueServer() (*keyPair, error) {
	// Clients of this protocol do not compare names, so any will do; but a person
	// who looks at the certificate wants to see which machine it is.
	name, err := os.Hostname()
	if err != nil || name == "" || len(name) > maxHost {
		name = "estream"
	}
	tmpl, err := a.template(name, defaultValidFor)
	if err != nil {
		return nil, err
	}
	tmpl.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	return a.issue(tmpl)
}

func writeKeyPair(path string, pair *keyPair) error {
	der, err := x509.MarshalPKCS8PrivateKey(pair.key)
	if err != nil {
		return err
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
	text = append(text, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: pair.cert.Raw})...)
	return writeFile(path, text, 0o600)
}

func readKeyPair(path string) (*keyPair, error) {
	text, _, err := readFile(path, 1<<20)
	if err != nil {
		return nil, err
	}
	pair, err := tls.X509KeyPair(text, text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	key, ok := pair.PrivateKey.(crypto.Signer)
	if !ok {
		return nil, fmt.Errorf("%s: a %T cannot sign", path, pair.PrivateKey)
	}
	return &keyPair{cert: pair.Leaf, key: key}, nil
}
