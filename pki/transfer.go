package pki

import (
	"context"
	"crypto/rsa"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"estream/internal/durable"
)

// ExportCA returns the CAs with their private keys encrypted under password, in the
// form of ca.pem, for [ImportCA] on another server.
func (a *Authority) ExportCA(password string) ([]byte, error) {
	if err := checkKeyPassword(password); err != nil {
		return nil, fmt.Errorf("export CA: %w", err)
	}
	cas := a.authorities()
	entries := cas.entries()
	for n, i := range cas.issuers {
		if i.entry.key == nil {
			continue
		}
		_, err := i.signing()
		if err == nil {
			entries[n].key, err = sealKey(i.key, password)
		}
		if err != nil {
			return nil, fmt.Errorf("export CA: %w", err)
		}
	}
	return formatPEM(entries), nil
}

// ImportCA makes dir a directory with the CAs in data, which ExportCA returned for
// password, so that certificates of either server are admitted by both. opts are those
// of Open; their Password encrypts the keys in dir. A directory with registrations is
// refused: its clients have certificates of the CA that it has.
func ImportCA(ctx context.Context, dir string, data []byte, password string, opts Options) error {
	if err := importCA(ctx, dir, data, password, opts); err != nil {
		return fmt.Errorf("import CA into %s: %w", dir, err)
	}
	return nil
}

func importCA(ctx context.Context, dir string, data []byte, password string, opts Options) (err error) {
	if len(data) > maxPEM {
		return fmt.Errorf("%d bytes, at most %d are read", len(data), maxPEM)
	}
	entries, err := parsePEM(data)
	if err != nil {
		return err
	}
	if len(entries) > maxRetired+1 {
		return fmt.Errorf("%d CAs, at most %d are possible", len(entries), maxRetired+1)
	}
	for _, e := range entries {
		if key, ok := e.cert.PublicKey.(*rsa.PublicKey); ok && key.N.BitLen() > maxRSABits {
			return fmt.Errorf("certificate with an RSA key of %d bits, at most %d are possible", key.N.BitLen(), maxRSABits)
		}
	}
	unlocked := &keyPassword{text: password, asked: true}
	cas, err := parseAuthorities(data, unlocked, nil)
	if err != nil {
		return err
	}
	text := ""
	if opts.Password != nil {
		if text, err = opts.Password(); err != nil {
			return fmt.Errorf("password of the keys: %w", err)
		}
		if text != "" {
			if err := checkKeyPassword(text); err != nil {
				return err
			}
		}
	}
	for n, i := range cas.issuers {
		if i.key == nil {
			continue
		}
		if entries[n].key, err = sealKey(i.key, text); err != nil {
			return err
		}
	}
	a := &Authority{dir: dir}
	if err := durable.MkdirAll(disk{}, a.path(clientsDir), 0o700); err != nil {
		return err
	}
	return a.locked(ctx, func() error { return a.adoptCA(entries) })
}

// adoptCA writes what importCA has read, over a CA that nobody has a certificate of.
func (a *Authority) adoptCA(entries []pemEntry) error {
	if err := finishReplacing(a.dir); err != nil {
		return err
	}
	reg, err := readRegistry(a.path(registryFile))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if err := writeRegistry(a.path(registryFile), nil); err != nil {
			return err
		}
	case err != nil:
		return err
	case len(reg.clients) > 0:
		return fmt.Errorf("%d clients have certificates of the CA that is there; import it into a new directory", len(reg.clients))
	}
	// The server certificates are of another CA; Open issues new ones.
	for _, name := range []string{serverFile, nextFile} {
		if err := os.Remove(a.path(name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return writeFile(a.path(caFile), formatPEM(entries), 0o600)
}

// Freeze holds back every change of the directory, by this and other processes, until
// release is called, so that its files can be copied as of one moment. Changes wait at
// most 30 s for it and then fail.
func (a *Authority) Freeze(ctx context.Context) (release func() error, err error) {
	return lockDir(ctx, a.dir)
}
