package pki

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"unicode/utf8"
)

// Encrypt has all keys of the directory encrypted under password from now on, also
// those that were encrypted under another before: it changes the password, too. The
// stored PKCS#12 files, whose own passwords are often empty, are encrypted under a
// key that the CA's gives. Running servers keep the keys that they have in memory;
// give them the new password before they start again. A crash leaves either all keys
// as they were or all as they are to be.
//
// What a disk or a backup still holds of the files before is as readable as it was.
func (a *Authority) Encrypt(ctx context.Context, password string) error {
	if err := checkKeyPassword(password); err != nil {
		return fmt.Errorf("encrypt keys: %w", err)
	}
	if err := a.locked(ctx, func() error { return a.rekey(password) }); err != nil {
		return fmt.Errorf("encrypt keys: %w", err)
	}
	return nil
}

// Decrypt stores all keys of the directory without a password from now on.
func (a *Authority) Decrypt(ctx context.Context) error {
	if err := a.locked(ctx, func() error { return a.rekey("") }); err != nil {
		return fmt.Errorf("decrypt keys: %w", err)
	}
	return nil
}

// Encrypted reports whether the keys are encrypted on disk.
func (a *Authority) Encrypted() bool { return a.authorities().encrypted }

func checkKeyPassword(password string) error {
	switch {
	case password == "":
		return errors.New("an empty password protects nothing")
	case len(password) > maxPassword:
		return fmt.Errorf("password of %d bytes, at most %d are possible", len(password), maxPassword)
	case !utf8.ValidString(password):
		return errors.New("password is not valid UTF-8")
	}
	return nil
}

// rekey writes every key anew, under password unless it is empty. The old password is
// asked for even where a key is in memory: only who knows it may change it. The
// caller holds the lock.
func (a *Authority) rekey(password string) error {
	old := a.askPassword()
	cas, err := readAuthorities(a.path(caFile), old, nil)
	if err != nil {
		return err
	}
	entries := cas.entries()
	for n, i := range cas.issuers {
		if i.key == nil {
			continue // retired
		}
		if entries[n].key, err = sealKey(i.key, password); err != nil {
			return err
		}
	}
	files := []replacement{{caFile, formatPEM(entries)}}
	for _, name := range []string{serverFile, nextFile} {
		pair, _, err := readKeyPair(a.path(name), old, nil)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		block, err := sealKey(pair.key, password)
		if err != nil {
			return err
		}
		files = append(files, replacement{name, formatPEM([]pemEntry{{key: block, cert: pair.cert}})})
	}
	if err := replaceFiles(a.dir, files); err != nil {
		return err
	}
	fresh := *cas // with all keys, and the new state of the disk
	fresh.encrypted, fresh.seen, fresh.text = password != "", seen{}, files[0].data
	for n, i := range fresh.issuers {
		i.entry = entries[n]
	}
	a.casMu.Lock()
	a.cas = &fresh
	a.casMu.Unlock()
	return a.sealFiles(&fresh)
}
