package pki

import (
	"crypto"
	"crypto/hmac"
	"crypto/rsa"
	"crypto/x509"
	"fmt"
	"unicode/utf16"
)

// PKCS#12 files are read here and not by the library that writes them. The count of
// key derivation rounds for a key may itself be inside an encrypted part, and only
// the reader of that part can refuse it; the library runs through any count, up to
// 2^63. It also insists on the order and number of parts, and reports a wrong file
// as an ASN.1 error.

// maxRounds bounds the rounds of key derivation that all parts of a file together may
// cost: a few seconds. Tools write 1 to 600,000 per part. One test lowers it.
var maxRounds int64 = 5_000_000

const (
	// maxRSABits is what crypto/tls accepts from a peer. Beyond it the checks of a
	// key take minutes, and for a file full of one number, years.
	maxRSABits = 8192
	// maxKey bounds a private key in PKCS#8 form; RSA with 8192 bits has 4.7 kB.
	maxKey = 8 << 10
)

// A p12Reader takes a PKCS#12 file apart.
type p12Reader struct {
	password p12Password
	rounds   int64 // spent so far
	keys     []p12Key
	certs    []*x509.Certificate
}

// A p12Key is a key as found: PKCS#8, or encrypted PKCS#8.
type p12Key struct {
	der       []byte
	encrypted bool
}

// A p12Password is one password in its two encodings.
type p12Password struct {
	bmp  []byte // UCS-2 with a final zero: the derivation of PKCS#12 itself
	utf8 []byte // PBKDF2
}

func newP12Password(password string) p12Password {
	var bmp []byte
	for _, u := range utf16.Encode([]rune(password)) {
		bmp = append(bmp, byte(u>>8), byte(u))
	}
	return p12Password{bmp: append(bmp, 0, 0), utf8: []byte(password)}
}

func (p *p12Reader) read(data []byte, password string) error {
	var pfx p12PFX
	if err := parseDER(data, &pfx); err != nil {
		return fmt.Errorf("%w: %w", ErrNotPKCS12, err)
	}
	if pfx.Version != 3 {
		return fmt.Errorf("%w: version %d, expected 3", ErrNotPKCS12, pfx.Version)
	}
	if pfx.AuthSafe.Type.Equal(oidSignedData) {
		return fmt.Errorf("%w: protected by a signature instead of a password", ErrUnsupported)
	}
	safe, err := pfx.AuthSafe.octets()
	if err != nil {
		return fmt.Errorf("%w: %w", ErrNotPKCS12, err)
	}
	if err := p.checkMAC(&pfx.MAC, safe, password); err != nil {
		return err
	}
	// From here on the file is as its maker wrote it: what does not fit is a
	// fault of its maker.
	var parts []p12Content
	if err := parseDER(safe, &parts); err != nil {
		return fmt.Errorf("%w: list of parts: %w", ErrDamaged, err)
	}
	for i, part := range parts {
		if err := p.readPart(part); err != nil {
			return fmt.Errorf("part %d of %d: %w", i+1, len(parts), err)
		}
	}
	return nil
}

func (p *p12Reader) checkMAC(mac *p12MAC, content []byte, password string) error {
	if len(mac.Digest.Algorithm.Algorithm) == 0 {
		return ErrNoMAC
	}
	tries := []p12Password{newP12Password(password)}
	if password == "" {
		// Without a password some tools use a lone zero, and some nothing at all.
		tries = append(tries, p12Password{})
	}
	for _, p.password = range tries {
		sum, err := p.mac(mac, content)
		if err != nil {
			return err
		}
		if hmac.Equal(sum, mac.Digest.Digest) {
			return nil
		}
	}
	if password == "" {
		return fmt.Errorf("%w: it needs one, and none was given", ErrPassword)
	}
	return ErrPassword
}

func (p *p12Reader) readPart(part p12Content) error {
	var safe []byte
	switch {
	case part.Type.Equal(oidData):
		var err error
		if safe, err = part.octets(); err != nil {
			return fmt.Errorf("%w: %w", ErrDamaged, err)
		}
	case part.Type.Equal(oidEncryptedData):
		var e p12Encrypted
		if err := parseDER(part.Content.Bytes, &e); err != nil {
			return fmt.Errorf("%w: %w", ErrDamaged, err)
		}
		var err error
		if safe, err = p.decrypt(e.Content.Algorithm, e.Content.Data); err != nil {
			return err
		}
	default:
		return fmt.Errorf("%w: content of type %v", ErrUnsupported, part.Type)
	}
	var bags []p12Bag
	if err := parseDER(safe, &bags); err != nil {
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	for _, bag := range bags {
		if err := p.readBag(bag); err != nil {
			return err
		}
	}
	return nil
}

// readBag keeps keys and certificates. Keys stay encrypted until it is known that
// there is only one. Revocation lists and secrets are passed over.
func (p *p12Reader) readBag(bag p12Bag) error {
	switch {
	case bag.ID.Equal(oidKeyBag):
		p.keys = append(p.keys, p12Key{der: bag.Value.Bytes})
	case bag.ID.Equal(oidEncryptedKeyBag):
		p.keys = append(p.keys, p12Key{der: bag.Value.Bytes, encrypted: true})
	case bag.ID.Equal(oidCertBag):
		var cb p12CertBag
		if err := parseDER(bag.Value.Bytes, &cb); err != nil {
			return fmt.Errorf("%w: certificate: %w", ErrDamaged, err)
		}
		if !cb.ID.Equal(oidX509) {
			return nil
		}
		cert, err := x509.ParseCertificate(cb.Data)
		if err != nil {
			return fmt.Errorf("%w: certificate: %w", ErrDamaged, err)
		}
		if key, ok := cert.PublicKey.(*rsa.PublicKey); ok && key.N.BitLen() > maxRSABits {
			return fmt.Errorf("%w: certificate with an RSA key of %d bits, at most %d", ErrTooMuchWork, key.N.BitLen(), maxRSABits)
		}
		p.certs = append(p.certs, cert)
	}
	return nil
}

func (p *p12Reader) privateKey(k p12Key) (crypto.Signer, error) {
	der := k.der
	if k.encrypted {
		var e p12EncryptedKey
		if err := parseDER(k.der, &e); err != nil {
			return nil, fmt.Errorf("%w: private key: %w", ErrDamaged, err)
		}
		var err error
		if der, err = p.decrypt(e.Algorithm, e.Data); err != nil {
			return nil, fmt.Errorf("private key: %w", err)
		}
	}
	if len(der) > maxKey {
		return nil, fmt.Errorf("%w: private key of %d bytes, at most %d", ErrTooMuchWork, len(der), maxKey)
	}
	key, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return nil, fmt.Errorf("%w: private key: %w", ErrDamaged, err)
	}
	signer, ok := key.(crypto.Signer)
	if !ok {
		return nil, fmt.Errorf("%w: private key of type %T", ErrUnsupported, key)
	}
	return signer, nil
}
