package pki

import (
	"bytes"
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
)

// MaxPKCS12 bounds a PKCS#12 file, in bytes. Real ones have 3 to 10 kB.
const MaxPKCS12 = 1 << 20

// Errors of LoadPKCS12, wrapped with what was found.
var (
	ErrNotPKCS12   = errors.New("not a PKCS#12 file")
	ErrTruncated   = errors.New("PKCS#12 file is cut off")
	ErrTooLarge    = errors.New("PKCS#12 file is too large")
	ErrDamaged     = errors.New("PKCS#12 file is damaged")
	ErrUnsupported = errors.New("PKCS#12 file uses something unsupported")
	ErrTooMuchWork = errors.New("PKCS#12 file asks for too much computation")
	ErrNoMAC       = errors.New("PKCS#12 file has no MAC, so nobody can tell whether it was altered; write it again without -nomac")
	ErrPassword    = errors.New("wrong password for the PKCS#12 file")
	ErrNoKey       = errors.New("PKCS#12 file has no private key; export the certificate together with its key")
	ErrSeveralKeys = errors.New("PKCS#12 file has several private keys; a client's file has one")
	ErrKeyMismatch = errors.New("the private key in the PKCS#12 file belongs to none of its certificates")
)

// Credentials are what a client needs to connect. They are not altered once read
// and may be shared.
type Credentials struct {
	// Certificate is the client's, with its key and with the intermediate
	// certificates of the file, if there are any.
	Certificate tls.Certificate
	// Leaf is the client's certificate, parsed.
	Leaf *x509.Certificate
	// CAs holds every other certificate of the file; nil when it has none. The
	// server's certificate is verified against them.
	CAs *x509.CertPool
	// CACertificates are the certificates in CAs, in the order of the file.
	CACertificates []*x509.Certificate
}

// LoadPKCS12 reads a client's PKCS#12 file (RFC 7292): the DER form with a password
// MAC, encrypted with triple DES, RC2 or AES, as Management Centers, estream and
// every OpenSSL write it. The key may be RSA, ECDSA or Ed25519. It is not
// checked whether the certificates are valid now.
//
// The errors wrap one of the Err values of this package. For [ErrPassword] a
// damaged file looks the same. The work is bounded: 1 MiB, 5 million rounds of
// key derivation, RSA keys up to 8192 bits.
func LoadPKCS12(data []byte, password string) (*Credentials, error) {
	c, err := loadPKCS12(data, password)
	if err != nil {
		return nil, fmt.Errorf("load PKCS#12: %w", err)
	}
	return c, nil
}

func loadPKCS12(data []byte, password string) (*Credentials, error) {
	if err := checkPKCS12(data); err != nil {
		return nil, err
	}
	var p p12Reader
	if err := p.read(data, password); err != nil {
		return nil, err
	}
	switch {
	case len(p.keys) == 0:
		return nil, ErrNoKey
	case len(p.keys) > 1:
		return nil, fmt.Errorf("%w, this one %d", ErrSeveralKeys, len(p.keys))
	}
	key, err := p.privateKey(p.keys[0])
	if err != nil {
		return nil, err
	}
	return newCredentials(key, p.certs)
}

// checkPKCS12 looks at the outermost bytes, where most unsuitable files can be told
// apart.
func checkPKCS12(data []byte) error {
	switch {
	case len(data) > MaxPKCS12:
		return fmt.Errorf("%w: %d bytes, at most %d are read", ErrTooLarge, len(data), MaxPKCS12)
	case len(data) == 0:
		return fmt.Errorf("%w: it is empty", ErrTruncated)
	case bytes.HasPrefix(bytes.TrimLeft(data, " \t\r\n"), []byte("-----BEGIN")), bytes.HasPrefix(data, []byte("Bag Attributes")):
		return fmt.Errorf("%w: it is PEM text; PKCS#12 is binary, and openssl pkcs12 -export makes it from PEM", ErrNotPKCS12)
	case data[0] != 0x30:
		return fmt.Errorf("%w: it begins with byte 0x%02x, expected 0x30 (a DER sequence)", ErrNotPKCS12, data[0])
	case len(data) > 1 && data[1] == 0x80:
		return fmt.Errorf("%w: BER of indefinite length; convert it to PEM and back with openssl pkcs12", ErrUnsupported)
	}
	header, body, ok := derLength(data)
	if !ok {
		return fmt.Errorf("%w: its length field cannot be read", ErrTruncated)
	}
	switch want, have := body, uint64(len(data)-header); {
	case have < want:
		return fmt.Errorf("%w: %d bytes announced, %d are there", ErrTruncated, want+uint64(header), len(data))
	case have > want:
		return fmt.Errorf("%w: %d bytes follow its end", ErrDamaged, have-want)
	}
	return nil
}

// derLength returns the sizes of the header and the content of the first DER
// element in data.
func derLength(data []byte) (header int, content uint64, ok bool) {
	if len(data) < 2 {
		return 0, 0, false
	}
	n := int(data[1])
	if n < 0x80 {
		return 2, uint64(n), true
	}
	n -= 0x80
	if n > 8 || len(data) < 2+n {
		return 0, 0, false
	}
	for _, b := range data[2 : 2+n] {
		content = content<<8 | uint64(b)
	}
	return 2 + n, content, true
}

// newCredentials finds the certificate of key among certs. Its place in the file
// does not matter: tools order them differently.
func newCredentials(key crypto.Signer, certs []*x509.Certificate) (*Credentials, error) {
	public, ok := key.Public().(interface{ Equal(crypto.PublicKey) bool })
	if !ok {
		return nil, fmt.Errorf("%w: private key of type %T", ErrUnsupported, key)
	}
	c := &Credentials{}
	for _, cert := range certs {
		switch {
		case !public.Equal(cert.PublicKey):
			if c.CAs == nil {
				c.CAs = x509.NewCertPool()
			}
			c.CAs.AddCert(cert)
			c.CACertificates = append(c.CACertificates, cert)
		case c.Leaf == nil:
			c.Leaf = cert
		case !c.Leaf.Equal(cert):
			return nil, fmt.Errorf("%w: two certificates for its key, %q and %q",
				ErrUnsupported, printable(c.Leaf.Subject.CommonName), printable(cert.Subject.CommonName))
		}
	}
	if c.Leaf == nil {
		return nil, fmt.Errorf("%w (%d)", ErrKeyMismatch, len(certs))
	}
	c.Certificate = tls.Certificate{
		Certificate: [][]byte{c.Leaf.Raw},
		PrivateKey:  key,
		Leaf:        c.Leaf,
	}
	for _, cert := range c.CACertificates {
		if !bytes.Equal(cert.RawIssuer, cert.RawSubject) {
			c.Certificate.Certificate = append(c.Certificate.Certificate, cert.Raw)
		}
	}
	return c, nil
}
