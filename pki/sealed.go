package pki

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// sealedSuffix marks a PKCS#12 file that is stored encrypted: a version byte, 12 bytes
// of nonce, and the file under AES-256-GCM with the serial number as additional data.
const (
	sealedSuffix  = ".sealed"
	sealedVersion = 1
)

// fileCipher returns the cipher of the stored files of one CA's clients. Its key comes
// from the CA's, so that a change of the password leaves the files as they are, and
// they are unreadable once the CA's key is deleted.
func (i *issuer) fileCipher() (cipher.AEAD, error) {
	if _, err := i.signing(); err != nil {
		return nil, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(i.key)
	if err != nil {
		return nil, err
	}
	key, err := hkdf.Key(sha256.New, der, nil, "estream stored PKCS#12 file", 32)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCMWithRandomNonce(block)
}

// storePKCS12 writes the file of a registration; sealed if the keys are encrypted.
func (a *Authority) storePKCS12(c Client, data []byte, cas *authorities, by *issuer) error {
	if !cas.encrypted {
		return writeFile(a.pkcs12Path(c), data, 0o600)
	}
	aead, err := by.fileCipher()
	if err != nil {
		return err
	}
	return writeFile(a.pkcs12Path(c)+sealedSuffix, aead.Seal([]byte{sealedVersion}, nil, data, []byte(c.Serial)), 0o600)
}

// loadPKCS12 reads the file of a registration in whichever form it is stored.
func (a *Authority) loadPKCS12(c Client) ([]byte, error) {
	data, _, err := readFile(a.pkcs12Path(c), MaxPKCS12)
	if !errors.Is(err, fs.ErrNotExist) {
		return data, err
	}
	sealed, _, serr := readFile(a.pkcs12Path(c)+sealedSuffix, MaxPKCS12+64)
	if errors.Is(serr, fs.ErrNotExist) {
		return nil, err
	}
	if serr != nil {
		return nil, serr
	}
	by := a.authorities().bySerial(c.Issuer)
	if by == nil {
		return nil, errors.New("the CA that issued it is not known any more")
	}
	aead, err := by.fileCipher()
	if err != nil {
		return nil, err
	}
	if len(sealed) == 0 || sealed[0] != sealedVersion {
		return nil, fmt.Errorf("%s: not of version %d; use the release that wrote it", a.pkcs12Path(c)+sealedSuffix, sealedVersion)
	}
	data, err = aead.Open(nil, nil, sealed[1:], []byte(c.Serial))
	if err != nil {
		return nil, fmt.Errorf("%s: damaged, or of another CA: %w", a.pkcs12Path(c)+sealedSuffix, err)
	}
	return data, nil
}

// sealFiles brings all stored files into the form in which the keys are, which a crash
// may have left half done. The caller holds the lock.
func (a *Authority) sealFiles(cas *authorities) error {
	entries, err := os.ReadDir(a.path(clientsDir))
	if err != nil {
		return err
	}
	reg, err := a.registry()
	if err != nil {
		return err
	}
	var errs []error
	for _, e := range entries {
		name, sealed := strings.CutSuffix(e.Name(), sealedSuffix)
		serial, ok := strings.CutSuffix(name, p12Suffix)
		i, known := reg.bySerial[serial]
		if !ok || !known || sealed == cas.encrypted {
			continue
		}
		c := reg.clients[i]
		by := cas.bySerial(c.Issuer)
		if by == nil || by.key == nil {
			continue // of a retired CA: it opens nothing, and nobody can read it
		}
		errs = append(errs, a.reseal(c, cas, by, filepath.Join(a.path(clientsDir), e.Name())))
	}
	return errors.Join(errs...)
}

// reseal writes a stored file in the other form and then removes the one that it had.
func (a *Authority) reseal(c Client, cas *authorities, by *issuer, had string) error {
	data, err := a.loadPKCS12(c)
	if err == nil {
		err = a.storePKCS12(c, data, cas, by)
	}
	if err == nil {
		err = os.Remove(had)
	}
	if err != nil {
		return fmt.Errorf("stored file of client %s: %w", c.Host, err)
	}
	return nil
}
