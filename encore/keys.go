package encore

import (
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"estream/internal/durable"
	"estream/pki"
)

// PasswordPrompt is the question for the password of a PKCS#12 file.
const PasswordPrompt = "Please enter the PKCS12 password (press <enter> for blank password): "

// ErrPassword is in the error for a password that is wrong.
//
//lint:ignore ST1005 eNcore's words
var ErrPassword = errors.New("Unable to process pkcs12 file. Possibly a password problem")

// keys reads and writes the client's key pair, which eNcore splits off the PKCS#12
// file: two PEM files that outlive it.
type keys struct {
	fsys  durable.FS
	files *Files
}

// cached reports whether both files are there.
func (k *keys) cached() bool {
	for _, name := range []string{k.files.Key, k.files.Cert} {
		if _, err := k.fsys.Stat(name); err != nil {
			return false
		}
	}
	return true
}

// clear removes both files, and the CA that came from the same PKCS#12 file.
func (k *keys) clear() error {
	return errors.Join(removeIfThere(k.fsys, k.files.Key), removeIfThere(k.fsys, k.files.Cert), removeIfThere(k.fsys, k.files.ca()))
}

// split reads the PKCS#12 file and writes key (PKCS#8, mode 0600) and certificate.
// The certificates of authorities, which eNcore drops, go into a file of ours: with
// them the server can be verified. With the wrong password nothing is written.
func (k *keys) split(password string) error {
	f, err := k.fsys.OpenFile(k.files.PKCS12, os.O_RDONLY, 0)
	if err != nil {
		return fmt.Errorf("PKCS#12 file: %w", err)
	}
	data := make([]byte, pki.MaxPKCS12+1)
	n, err := readFull(f, data)
	if err = errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("PKCS#12 file: %w", err)
	}
	cred, err := pki.LoadPKCS12(data[:n], password)
	if errors.Is(err, pki.ErrPassword) {
		return fmt.Errorf("%w: %s: %w", ErrPassword, k.files.PKCS12, err)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", k.files.PKCS12, err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(cred.Certificate.PrivateKey)
	if err != nil {
		return fmt.Errorf("%s: %w", k.files.PKCS12, err)
	}
	if err := durable.MkdirAll(k.fsys, k.files.State, 0o700); err != nil {
		return fmt.Errorf("state directory: %w", err)
	}
	var cas []byte
	for _, c := range cred.CACertificates {
		cas = append(cas, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})...)
	}
	// The key goes last: a crash before it leaves no pair, and the next start splits again.
	if len(cas) > 0 {
		err = durable.ReplaceFile(k.fsys, k.files.ca(), cas, 0o600)
	} else {
		err = removeIfThere(k.fsys, k.files.ca())
	}
	if err == nil {
		err = durable.ReplaceFile(k.fsys, k.files.Cert, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cred.Leaf.Raw}), 0o644)
	}
	if err == nil {
		err = durable.ReplaceFile(k.fsys, k.files.Key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600)
	}
	if err != nil {
		return fmt.Errorf("key and certificate: %w", err)
	}
	return nil
}

// load reads the pair: PEM with whatever openssl writes around it, the key in
// PKCS#8, PKCS#1 or SEC 1 form. With the CA that split has kept, the credentials
// verify the server; a pair that eNcore or openssl made has none.
func (k *keys) load() (*pki.Credentials, error) {
	keyBlock, err := k.block(k.files.Key, "PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY")
	if err != nil {
		return nil, err
	}
	key, err := parseKey(keyBlock)
	if err != nil {
		return nil, fmt.Errorf("%s: %w; delete it and %s to split the PKCS#12 file again", k.files.Key, err, k.files.Cert)
	}
	certBlock, err := k.block(k.files.Cert, "CERTIFICATE")
	if err != nil {
		return nil, err
	}
	leaf, err := x509.ParseCertificate(certBlock.Bytes)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", k.files.Cert, err)
	}
	public, ok := leaf.PublicKey.(interface{ Equal(crypto.PublicKey) bool })
	if !ok || !public.Equal(key.Public()) {
		return nil, fmt.Errorf("%s does not belong to %s: delete both to split the PKCS#12 file again", k.files.Key, k.files.Cert)
	}
	cred := &pki.Credentials{Certificate: tls.Certificate{Certificate: [][]byte{leaf.Raw}, PrivateKey: key, Leaf: leaf}, Leaf: leaf}
	return cred, k.loadCA(cred)
}

func (k *keys) loadCA(cred *pki.Credentials) error {
	data, err := readSmall(k.fsys, k.files.ca())
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("CA certificates: %w", err)
	}
	for len(data) > 0 {
		block, rest := pem.Decode(data)
		if block == nil {
			break
		}
		data = rest
		ca, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return fmt.Errorf("%s: %w", k.files.ca(), err)
		}
		if cred.CAs == nil {
			cred.CAs = x509.NewCertPool()
		}
		cred.CAs.AddCert(ca)
		cred.CACertificates = append(cred.CACertificates, ca)
	}
	return nil
}

// block returns the first PEM block of one of some types.
func (k *keys) block(name string, types ...string) (*pem.Block, error) {
	data, err := readSmall(k.fsys, name)
	if err != nil {
		return nil, fmt.Errorf("key and certificate: %w", err)
	}
	for {
		block, rest := pem.Decode(data)
		if block == nil {
			return nil, fmt.Errorf("%s holds no %q in PEM form: delete it to split the PKCS#12 file again", name, types[0])
		}
		for _, t := range types {
			if block.Type == t {
				return block, nil
			}
		}
		data = rest
	}
}

func parseKey(block *pem.Block) (crypto.Signer, error) {
	var key any
	var err error
	switch block.Type {
	case "RSA PRIVATE KEY":
		key, err = x509.ParsePKCS1PrivateKey(block.Bytes)
	case "EC PRIVATE KEY":
		key, err = x509.ParseECPrivateKey(block.Bytes)
	default:
		key, err = x509.ParsePKCS8PrivateKey(block.Bytes)
	}
	if err != nil {
		return nil, err
	}
	signer, ok := key.(crypto.Signer)
	if !ok {
		return nil, fmt.Errorf("found a %T, expected an RSA, ECDSA or Ed25519 key", key)
	}
	return signer, nil
}

// tlsConfig returns the configuration of a connection. The server's chain is
// verified if the PKCS#12 file held a CA; else the certificate that the server
// showed first is pinned.
func (k *keys) tlsConfig(cred *pki.Credentials, version string) (*tls.Config, error) {
	cfg, err := pki.ClientTLSConfig(cred, pki.ClientOptions{Pin: &pki.Pin{File: k.files.pin()}})
	if err != nil {
		return nil, err
	}
	// As eNcore: this version and no other, but 1.0 means "old servers, too".
	switch version {
	case "1.0":
		cfg.MinVersion, cfg.MaxVersion = tls.VersionTLS10, tls.VersionTLS12
	case "1.3":
		cfg.MinVersion = tls.VersionTLS13
	default:
		cfg.MinVersion, cfg.MaxVersion = tls.VersionTLS12, tls.VersionTLS12
	}
	return cfg, nil
}
