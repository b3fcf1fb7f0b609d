package pki

import (
	"bytes"
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"fmt"
)

// ErrKeyPassword is wrapped by the errors for encrypted keys that cannot be read: no
// password is configured, it cannot be had, or it is another one.
var ErrKeyPassword = errors.New("the private keys are encrypted")

// Types of PEM blocks (RFC 7468).
const (
	pemCertificate  = "CERTIFICATE"
	pemKey          = "PRIVATE KEY"
	pemEncryptedKey = "ENCRYPTED PRIVATE KEY"
)

// keyIterations are the rounds of key derivation that slow down guessing the password
// of the keys at rest; they cost a fifth of a second. Tests have fewer.
var keyIterations = 600_000

// A keyPassword is asked for when the first encrypted key turns up, and then lives as
// long as the operation that needed it.
type keyPassword struct {
	ask   func() (string, error) // nil: none is configured
	text  string
	asked bool
}

func (p *keyPassword) get() (string, error) {
	if p.asked {
		return p.text, nil
	}
	if p.ask == nil {
		return "", fmt.Errorf("%w and no password is configured", ErrKeyPassword)
	}
	text, err := p.ask()
	if err != nil {
		return "", fmt.Errorf("%w and the password cannot be read: %w", ErrKeyPassword, err)
	}
	if text == "" {
		return "", fmt.Errorf("%w and no password is configured", ErrKeyPassword)
	}
	p.text, p.asked = text, true
	return text, nil
}

// sealKey returns key as a PEM block: PKCS#8, encrypted under password unless that is
// empty. The encrypted form is PBES2 (RFC 8018 section 6.2) with PBKDF2, HMAC-SHA-256
// and AES-256 in CBC mode, which openssl pkey -passin reads.
func sealKey(key crypto.Signer, password string) (*pem.Block, error) {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	if password == "" {
		return &pem.Block{Type: pemKey, Bytes: der}, nil
	}
	var random [16 + aes.BlockSize]byte
	if _, err := rand.Read(random[:]); err != nil {
		return nil, err
	}
	salt, iv := random[:16], random[16:]
	secret, err := pbkdf2.Key(sha256.New, password, salt, keyIterations, 32)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(secret)
	if err != nil {
		return nil, err
	}
	pad := aes.BlockSize - len(der)%aes.BlockSize
	der = append(der, bytes.Repeat([]byte{byte(pad)}, pad)...)
	cipher.NewCBCEncrypter(block, iv).CryptBlocks(der, der)
	params, err := pbes2Algorithm(salt, keyIterations, iv)
	if err != nil {
		return nil, err
	}
	out, err := asn1.Marshal(p12EncryptedKey{Algorithm: params, Data: der})
	if err != nil {
		return nil, err
	}
	return &pem.Block{Type: pemEncryptedKey, Bytes: out}, nil
}

// pbes2Algorithm describes what sealKey did.
func pbes2Algorithm(salt []byte, iterations int, iv []byte) (algorithm pkix.AlgorithmIdentifier, err error) {
	hmacSHA256, aes256 := p12Digests[2].hmac, pbes2Ciphers[2].oid
	kdf, err := asn1.Marshal(pbkdf2Params{
		Salt: salt, Iterations: int64(iterations),
		PRF: pkix.AlgorithmIdentifier{Algorithm: hmacSHA256, Parameters: asn1.NullRawValue},
	})
	if err != nil {
		return algorithm, err
	}
	octets, err := asn1.Marshal(iv)
	if err != nil {
		return algorithm, err
	}
	params, err := asn1.Marshal(pbes2Params{
		KDF:    pkix.AlgorithmIdentifier{Algorithm: oidPBKDF2, Parameters: asn1.RawValue{FullBytes: kdf}},
		Scheme: pkix.AlgorithmIdentifier{Algorithm: aes256, Parameters: asn1.RawValue{FullBytes: octets}},
	})
	return pkix.AlgorithmIdentifier{Algorithm: oidPBES2, Parameters: asn1.RawValue{FullBytes: params}}, err
}

// openKey returns the key in block and checks that it is that of cert.
func openKey(block *pem.Block, password *keyPassword, cert *x509.Certificate) (crypto.Signer, error) {
	der := block.Bytes
	encrypted := block.Type == pemEncryptedKey
	if encrypted {
		text, err := password.get()
		if err != nil {
			return nil, err
		}
		if der, err = decryptKey(der, text); err != nil {
			return nil, err
		}
	}
	key, err := parseKey(der)
	if err != nil {
		if encrypted { // the padding of a wrong password is right once in 256 times
			return nil, fmt.Errorf("%w and the configured password does not fit", ErrKeyPassword)
		}
		return nil, err
	}
	public, ok := key.Public().(interface{ Equal(crypto.PublicKey) bool })
	if !ok || !public.Equal(cert.PublicKey) {
		return nil, fmt.Errorf("the private key does not belong to the certificate of %s", printable(cert.Subject.CommonName))
	}
	return key, nil
}

func decryptKey(der []byte, password string) ([]byte, error) {
	var e p12EncryptedKey
	if err := parseDER(der, &e); err != nil {
		return nil, fmt.Errorf("encrypted private key: %w", err)
	}
	r := p12Reader{password: newP12Password(password)}
	plain, err := r.decrypt(e.Algorithm, e.Data)
	switch {
	case errors.Is(err, ErrUnsupported), errors.Is(err, ErrTooMuchWork):
		return nil, fmt.Errorf("private key, encrypted by another program: %w; write it again with openssl pkcs8 -topk8 -v2 aes-256-cbc", err)
	case err != nil:
		return nil, fmt.Errorf("%w and the configured password does not fit", ErrKeyPassword)
	}
	return plain, nil
}

// parseKey reads the forms of a key that the releases before encrypted keys accepted.
func parseKey(der []byte) (crypto.Signer, error) {
	if len(der) > maxKey {
		return nil, fmt.Errorf("private key of %d bytes, at most %d are read", len(der), maxKey)
	}
	key, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		if rsa, e := x509.ParsePKCS1PrivateKey(der); e == nil {
			return rsa, nil
		}
		if ec, e := x509.ParseECPrivateKey(der); e == nil {
			return ec, nil
		}
		return nil, fmt.Errorf("private key: %w", err)
	}
	signer, ok := key.(crypto.Signer)
	if !ok {
		return nil, fmt.Errorf("private key: a %T cannot sign", key)
	}
	return signer, nil
}

// A pemEntry is a certificate with what stands around it in a file: its key before
// it, and behind it another certificate for the same key.
type pemEntry struct {
	key  *pem.Block // nil if there is none
	cert *x509.Certificate
	link *x509.Certificate // nil if there is none
}

// parsePEM reads keys and certificates; ca.go says how they are ordered.
func parsePEM(text []byte) ([]pemEntry, error) {
	var entries []pemEntry
	var key *pem.Block
	for {
		var block *pem.Block
		if block, text = pem.Decode(text); block == nil {
			break
		}
		switch block.Type {
		case pemKey, pemEncryptedKey, "RSA PRIVATE KEY", "EC PRIVATE KEY":
			if key != nil {
				return nil, errors.New("two private keys follow each other, expected a certificate behind each")
			}
			key = block
		case pemCertificate:
			cert, err := x509.ParseCertificate(block.Bytes)
			if err != nil {
				return nil, fmt.Errorf("certificate %d: %w", len(entries)+1, err)
			}
			last := len(entries) - 1
			if key == nil && last >= 0 && sameOwner(entries[last].cert, cert) {
				entries[last].link = cert
				continue
			}
			entries = append(entries, pemEntry{key: key, cert: cert})
			key = nil
		}
	}
	if key != nil || len(entries) == 0 {
		return nil, errors.New("no certificate in PEM form behind a private key")
	}
	return entries, nil
}

// sameOwner reports whether two certificates are for one name and key.
func sameOwner(x, y *x509.Certificate) bool {
	return bytes.Equal(x.RawSubject, y.RawSubject) && bytes.Equal(x.RawSubjectPublicKeyInfo, y.RawSubjectPublicKeyInfo)
}

// formatPEM is the reverse of parsePEM.
func formatPEM(entries []pemEntry) []byte {
	var out []byte
	for _, e := range entries {
		if e.key != nil {
			out = append(out, pem.EncodeToMemory(e.key)...)
		}
		out = append(out, certPEM(e.cert)...)
		if e.link != nil {
			out = append(out, certPEM(e.link)...)
		}
	}
	return out
}

func certPEM(cert *x509.Certificate) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: pemCertificate, Bytes: cert.Raw})
}
