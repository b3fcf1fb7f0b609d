package pki

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"estream/internal/durable"
)

func (a *Authority) open() (err error) {
	if err := durable.MkdirAll(disk{}, a.path(clientsDir), 0o700); err != nil {
		return err
	}
	unlock, err := lockDir(context.Background(), a.dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, unlock()) }()

	if err := finishReplacing(a.dir); err != nil {
		return err
	}
	password := a.askPassword()
	if err := a.openFiles(password); err != nil {
		return err
	}
	if err := a.sweep(); err != nil {
		return err
	}
	return a.sealFiles(a.cas)
}

// askPassword returns the password as it is configured now, not yet asked for.
func (a *Authority) askPassword() *keyPassword { return &keyPassword{ask: a.password} }

// sweep removes what a crash left between the files: unfinished ones, and PKCS#12
// files whose registration was never written or is revoked. The caller holds the
// lock, so nobody is still writing them.
func (a *Authority) sweep() error {
	dir := a.path(clientsDir)
	err := errors.Join(durable.RemoveTemps(disk{}, a.dir), durable.RemoveTemps(disk{}, dir))
	if err != nil {
		return err
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	var errs []error
	for _, e := range entries {
		name := strings.TrimSuffix(e.Name(), sealedSuffix)
		if serial, ok := strings.CutSuffix(name, p12Suffix); ok && !a.reg.registered(serial) {
			errs = append(errs, os.Remove(filepath.Join(dir, e.Name())))
		}
	}
	return errors.Join(errs...)
}

// openFiles loads or creates each file. The registry is created before ca.pem, so
// that a directory with ca.pem and without registry has lost it.
func (a *Authority) openFiles(password *keyPassword) error {
	caInfo, err := os.Stat(a.path(caFile))
	fresh := errors.Is(err, fs.ErrNotExist)
	if err != nil && !fresh {
		return err
	}
	if err := a.openRegistry(fresh); err != nil {
		return err
	}
	if fresh {
		if err := a.createCA(password); err != nil {
			return err
		}
	} else if openToOthers(caInfo) {
		a.log.Warn("the key of the internal CA can be read by other users", "file", a.path(caFile), "hint", "chmod 600")
	}
	if a.cas, err = readAuthorities(a.path(caFile), password, nil); err != nil {
		if errors.Is(err, ErrKeyPassword) {
			return err
		}
		return fmt.Errorf("%w; restore it from a backup", err)
	}
	a.warnUnencrypted()
	if a.now().After(a.cas.current().cert.NotAfter) {
		if a.expired {
			return nil
		}
		return fmt.Errorf("%s: the CA expired at %s: rotate it and register every client anew",
			a.path(caFile), stamp(a.cas.current().cert.NotAfter))
	}
	if err := a.writePublic(a.cas); err != nil {
		return err
	}
	return a.loadServer(a.cas, password)
}

// warnUnencrypted says that a password alone encrypts nothing that is there already.
func (a *Authority) warnUnencrypted() {
	if a.password == nil || a.cas.encrypted {
		return
	}
	if text, err := a.password(); err != nil || text != "" {
		a.log.Warn("a password is configured, but the private keys are not encrypted", "dir", a.dir, "hint", "estream ca encrypt")
	}
}

// openRegistry reads clients.json, or creates it in a fresh directory.
func (a *Authority) openRegistry(fresh bool) (err error) {
	if a.reg, err = readRegistry(a.path(registryFile)); errors.Is(err, fs.ErrNotExist) {
		if !fresh {
			return fmt.Errorf("%s is missing, so nobody can tell which clients are registered: "+
				"restore it from a backup, or delete %s too and register every client anew",
				a.path(registryFile), a.path(caFile))
		}
		if err = writeRegistry(a.path(registryFile), nil); err == nil {
			a.reg, err = readRegistry(a.path(registryFile))
		}
	}
	if err == nil && fresh && len(a.reg.clients) > 0 {
		return fmt.Errorf("%s is missing, but %s lists clients with its certificates: "+
			"restore it from a backup, or delete %s too and register every client anew",
			a.path(caFile), a.path(registryFile), a.path(registryFile))
	}
	return err
}
