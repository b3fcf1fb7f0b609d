package pki

import (
	"bytes"
	"context"
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"
)

// serverCertificate returns the server's certificate as it is on disk now: renewed
// when its end nears, and that of another CA once a rotation is over.
func (a *Authority) serverCertificate(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	a.serverMu.Lock()
	defer a.serverMu.Unlock()
	if a.shown != nil {
		return a.shown, nil
	}
	if a.server == nil {
		return nil, errors.New("no server certificate: the CA has expired")
	}
	now, by := a.now(), a.authorities().presented(a.now())
	info, err := os.Stat(a.path(serverFile))
	fits := issuedBy(a.server.Leaf, by) && bytes.Equal(a.server.Certificate[1], by.chain())
	if err == nil && a.serverSeen.current(info) && fits && !a.renewalDue(a.server.Leaf, by) || now.Before(a.retry) {
		return a.server, nil
	}
	if err := a.reloadServer(); err != nil {
		// The one at hand still serves for days; handshakes must not hang on this.
		a.retry = now.Add(time.Minute)
		a.log.Error("server certificate cannot be renewed", "error", err, "not_after", a.server.Leaf.NotAfter)
	}
	return a.server, nil
}

// reloadServer takes over what another process wrote, without the lock, and else
// issues what is wanting, under it. The caller holds serverMu.
func (a *Authority) reloadServer() (err error) {
	cas := a.authorities()
	by := cas.presented(a.now())
	pair, seen, err := readKeyPair(a.path(serverFile), a.askPassword(), a.serverPair())
	if err == nil && issuedBy(pair.cert, by) && !a.renewalDue(pair.cert, by) {
		a.present(pair, by, seen)
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	unlock, err := lockDir(ctx, a.dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	return a.loadServer(cas, a.askPassword())
}

// present makes pair the certificate that handshakes show.
func (a *Authority) present(pair *keyPair, by *issuer, s seen) {
	if a.server != nil && !a.server.Leaf.Equal(pair.cert) {
		a.log.Info("another server certificate is shown from now on", "serial", formatSerial(pair.cert.SerialNumber), "not_after", stamp(pair.cert.NotAfter))
	}
	a.server, a.serverSeen = tlsCertificate(pair, by), s
}

func tlsCertificate(pair *keyPair, by *issuer) *tls.Certificate {
	return &tls.Certificate{
		Certificate: [][]byte{pair.cert.Raw, by.chain()},
		PrivateKey:  pair.key,
		Leaf:        pair.cert,
	}
}

func (a *Authority) serverPair() *keyPair {
	if a.server == nil {
		return nil
	}
	key, _ := a.server.PrivateKey.(crypto.Signer) // present put one there
	return &keyPair{cert: a.server.Leaf, key: key}
}

func issuedBy(cert *x509.Certificate, by *issuer) bool {
	return bytes.Equal(cert.RawIssuer, by.cert.RawSubject) && cert.CheckSignatureFrom(by.cert) == nil
}

// loadServer reads the server's certificate, and first issues one if there is none, if
// it ends soon, or if it is of a CA whose time is over. During a rotation the one for
// afterwards is prepared, too. The caller holds the directory's lock.
func (a *Authority) loadServer(cas *authorities, password *keyPassword) error {
	now := a.now()
	by := cas.presented(now)
	pair, err := a.usable(serverFile, by, password)
	if errors.Is(err, ErrKeyPassword) {
		return err
	}
	if err != nil {
		return fmt.Errorf("%w; delete it to get a new one, and clients that pinned the old one have to accept it", err)
	}
	if pair == nil && by == cas.current() {
		if pair, err = a.takeNext(by, password); err != nil {
			return err
		}
	}
	if pair == nil {
		if pair, err = a.issueServer(serverFile, cas, by, password); err != nil {
			return err
		}
	}
	if by != cas.current() {
		next, err := a.usable(nextFile, cas.current(), password)
		if err == nil && next == nil {
			_, err = a.issueServer(nextFile, cas, cas.current(), password)
		}
		if err != nil {
			return err
		}
	}
	// Looked at anew: it may just have been written.
	_, seen, err := readSeen(a.path(serverFile), maxPEM)
	if err != nil {
		return err
	}
	a.present(pair, by, seen)
	return nil
}

// usable returns the certificate in a file if it is good for some time to come, or nil.
func (a *Authority) usable(name string, by *issuer, password *keyPassword) (*keyPair, error) {
	path := a.path(name)
	pair, _, err := readKeyPair(path, password, a.serverPair())
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case err != nil:
		return nil, err
	case !issuedBy(pair.cert, by):
		a.log.Info("server certificate is not from the CA that is shown to clients", "file", path, "ca", by.cert.Subject.CommonName)
		return nil, nil
	case a.renewalDue(pair.cert, by):
		a.log.Info("server certificate ends soon, issuing a new one", "file", path, "not_after", pair.cert.NotAfter)
		return nil, nil
	}
	return pair, nil
}

// takeNext makes the prepared certificate the server's, once its CA is the one that
// is shown to clients.
func (a *Authority) takeNext(by *issuer, password *keyPassword) (*keyPair, error) {
	pair, err := a.usable(nextFile, by, password)
	if err != nil || pair == nil {
		return nil, err
	}
	if err := (disk{}).Rename(a.path(nextFile), a.path(serverFile)); err != nil {
		return nil, err
	}
	return pair, disk{}.SyncDir(a.dir)
}

// renewalDue reports whether little is left of cert. A certificate that ends with
// its CA cannot be had for longer and is not due.
func (a *Authority) renewalDue(cert *x509.Certificate, by *issuer) bool {
	return a.now().Add(renewBefore).After(cert.NotAfter) && cert.NotAfter.Before(by.cert.NotAfter)
}

func (a *Authority) issueServer(name string, cas *authorities, by *issuer, password *keyPassword) (*keyPair, error) {
	pair, err := a.newServer(by, nil)
	if err != nil {
		return nil, fmt.Errorf("issue server certificate: %w", err)
	}
	text, err := cas.sealingPassword(password)
	if err != nil {
		return nil, fmt.Errorf("write server certificate: %w", err)
	}
	return pair, writeKeyPair(a.path(name), pair, text)
}

// newServer makes a key and a server certificate by one CA, altered by change.
func (a *Authority) newServer(by *issuer, change func(*x509.Certificate)) (*keyPair, error) {
	if _, err := by.signing(); err != nil {
		return nil, err
	}
	// Clients of this protocol do not compare names, so any will do; but a person
	// who looks at the certificate wants to see which machine it is.
	name, err := os.Hostname()
	if err != nil || name == "" || len(name) > maxHost {
		name = "estream"
	}
	tmpl, err := a.template(name, defaultValidFor, by)
	if err != nil {
		return nil, err
	}
	tmpl.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	if change != nil {
		change(tmpl)
	}
	return a.issue(tmpl, by)
}

// RenewServer issues a new server certificate now, such as after its key became known
// to others. Running servers show it from the next connection on; sessions go on.
// Clients that pinned the old one have to accept the new one, whose digest
// [Authority.ServerCertificates] tells.
func (a *Authority) RenewServer(ctx context.Context) error {
	if err := a.replaceServer(ctx); err != nil {
		return fmt.Errorf("renew server certificate: %w", err)
	}
	a.serverMu.Lock()
	defer a.serverMu.Unlock()
	if err := a.reloadServer(); err != nil {
		return fmt.Errorf("the server certificate is renewed, but cannot be read back: %w", err)
	}
	return nil
}

func (a *Authority) replaceServer(ctx context.Context) (err error) {
	unlock, err := lockDir(ctx, a.dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	cas := a.authorities()
	_, err = a.issueServer(serverFile, cas, cas.presented(a.now()), a.askPassword())
	return err
}

// ServerCertificates returns the certificate that the server shows and, during a
// rotation of the CA, the one that it will show afterwards, else nil.
func (a *Authority) ServerCertificates() (shown, next *x509.Certificate, err error) {
	tlsCert, err := a.serverCertificate(nil)
	if err != nil {
		return nil, nil, err
	}
	if a.authorities().previous(a.now()) == nil {
		return tlsCert.Leaf, nil, nil
	}
	text, _, err := readFile(a.path(nextFile), maxPEM)
	if errors.Is(err, fs.ErrNotExist) {
		return tlsCert.Leaf, nil, nil
	}
	if err != nil {
		return nil, nil, err
	}
	entries, err := parsePEM(text)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", a.path(nextFile), err)
	}
	return tlsCert.Leaf, entries[0].cert, nil
}
