package pki

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"os"
	"time"
)

// Names inside the directory.
const (
	caFile       = "ca.pem"
	caCertFile   = "ca.crt"
	serverFile   = "server.pem"
	nextFile     = "server-next.pem"
	registryFile = "clients.json"
	clientsDir   = "clients"
	p12Suffix    = ".p12"
)

// Key sizes in bits; the package comment says why RSA.
var (
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

// newKey makes a key; tests have a stock of them.
var newKey = func(bits int) (crypto.Signer, error) { return rsa.GenerateKey(rand.Reader, bits) }

// newCA makes a CA. Its name holds a part of its serial number, so that two CAs can be
// told apart by name. There may be one certificate between it and those of clients
// and servers: the link from the CA that it follows.
func (a *Authority) newCA() (*keyPair, error) {
	serial, err := newSerial()
	if err != nil {
		return nil, err
	}
	now := a.now()
	tmpl := caTemplate(serial, pkix.Name{
		Organization: []string{"estream"},
		CommonName:   "estream Internal CA " + formatSerial(serial)[:8],
	}, now.Add(-backdate), now.Add(caValidFor))
	tmpl.MaxPathLen = 1
	key, err := newKey(caKeyBits)
	if err != nil {
		return nil, err
	}
	pair, err := sign(tmpl, key, &keyPair{cert: tmpl, key: key})
	if err != nil {
		return nil, fmt.Errorf("create CA: %w", err)
	}
	return pair, nil
}

func caTemplate(serial *big.Int, name pkix.Name, from, to time.Time) *x509.Certificate {
	return &x509.Certificate{
		SerialNumber:          serial,
		Subject:               name,
		NotBefore:             from,
		NotAfter:              to,
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
		BasicConstraintsValid: true,
		IsCA:                  true,
		SignatureAlgorithm:    x509.SHA256WithRSA,
	}
}

// createCA writes the first CA of a directory, encrypted if there is a password.
func (a *Authority) createCA(password *keyPassword) error {
	pair, err := a.newCA()
	if err != nil {
		return err
	}
	text := ""
	if password.ask != nil {
		if text, err = password.ask(); err != nil {
			return fmt.Errorf("password of the keys: %w", err)
		}
		if text != "" {
			if err := checkKeyPassword(text); err != nil {
				return err
			}
		}
		password.text, password.asked = text, text != ""
	}
	return writeKeyPair(a.path(caFile), pair, text)
}

// writePublic puts the public half of the CAs beside them, for handing out.
func (a *Authority) writePublic(s *authorities) error {
	public := s.publicPEM(a.now())
	have, err := os.ReadFile(a.path(caCertFile))
	if err == nil && bytes.Equal(have, public) {
		return nil
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return writeFile(a.path(caCertFile), public, 0o644)
}

// CACertificate returns the certificate of the current internal CA. Do not alter it.
func (a *Authority) CACertificate() *x509.Certificate { return a.authorities().current().cert }

// signing returns the CA that signs from now on. The error wraps ErrKeyPassword when
// its key is not at hand.
func (s *authorities) signing() (*issuer, error) { return s.current().signing() }

func (i *issuer) signing() (*issuer, error) {
	if i.key == nil {
		return nil, fmt.Errorf("%w and the password for that of %s was not at hand when it was last needed",
			ErrKeyPassword, printable(i.cert.Subject.CommonName))
	}
	return i, nil
}

func (i *issuer) pair() *keyPair { return &keyPair{cert: i.cert, key: i.key} }

// writeKeyPair writes key and certificate into one file, because one file can be
// replaced atomically and two cannot.
func writeKeyPair(path string, pair *keyPair, password string) error {
	block, err := sealKey(pair.key, password)
	if err != nil {
		return err
	}
	return writeFile(path, formatPEM([]pemEntry{{key: block, cert: pair.cert}}), 0o600)
}

// readKeyPair reads what writeKeyPair wrote. Known, if it holds the same certificate,
// saves the decryption of the key.
func readKeyPair(path string, password *keyPassword, known *keyPair) (*keyPair, seen, error) {
	text, seen, err := readSeen(path, maxPEM)
	if err != nil {
		return nil, seen, err
	}
	entries, err := parsePEM(text)
	switch {
	case err != nil:
		return nil, seen, fmt.Errorf("%s: %w", path, err)
	case entries[0].key == nil:
		return nil, seen, fmt.Errorf("%s: it does not begin with a private key", path)
	case known != nil && known.cert.Equal(entries[0].cert):
		return known, seen, nil
	}
	key, err := openKey(entries[0].key, password, entries[0].cert)
	if err != nil {
		return nil, seen, fmt.Errorf("%s: %w", path, err)
	}
	return &keyPair{cert: entries[0].cert, key: key}, seen, nil
}
