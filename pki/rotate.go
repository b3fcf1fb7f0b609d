package pki

import (
	"context"
	"crypto/rand"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"time"
)

// ErrRotating is wrapped by the error of Rotate while the last rotation goes on.
var ErrRotating = errors.New("the CA before is still accepted")

// A CA tells about one CA of a directory.
type CA struct {
	Certificate *x509.Certificate
	// Current says that it signs new certificates.
	Current bool
	// Until is the last moment at which its certificates are accepted.
	Until time.Time
	// Clients are the hosts with a registration that holds and a certificate from it.
	Clients []string
}

// CAs returns the CAs of the directory: the current one, then the earlier ones, the
// latest first. Those before the fourth retired one are forgotten.
func (a *Authority) CAs() ([]CA, error) {
	reg, err := a.registry()
	if err != nil {
		return nil, fmt.Errorf("list CAs: %w", err)
	}
	cas := a.authorities()
	out := make([]CA, len(cas.issuers))
	for n, i := range cas.issuers {
		out[n] = CA{Certificate: i.cert, Current: n == 0, Until: i.end()}
		for _, c := range reg.clients {
			if c.Revoked.IsZero() && cas.bySerial(c.Issuer) == i {
				out[n].Clients = append(out[n].Clients, c.Host)
			}
		}
		slices.Sort(out[n].Clients)
	}
	return out, nil
}

// Rotate replaces the CA by a new one, which signs from now on. Certificates of the CA
// before are accepted for as long as grace says, 0 or more, and at most as long as
// they are valid; meanwhile the server shows a certificate of that CA together with
// the link by which clients of the new one verify it, and the one for afterwards is
// ready (see [Authority.ServerCertificates]). With grace 0 every client has to be
// registered again, which is for a CA whose key became known to others: its key is
// deleted, and live sessions of its clients end as Remove would end them.
//
// Running servers take part at once. While the CA before is still accepted another
// rotation is ErrRotating, unless grace is 0, which ends both. What is on disk is
// either the state before or the state after.
func (a *Authority) Rotate(ctx context.Context, grace time.Duration) error {
	if grace < 0 {
		return fmt.Errorf("rotate CA: grace %v, expected 0 or more", grace)
	}
	pair, err := a.newCA() // before the lock is taken: it needs a second
	if err == nil {
		err = a.locked(ctx, func() error { return a.rotate(pair, grace) })
	}
	if err != nil {
		return fmt.Errorf("rotate CA: %w", err)
	}
	return a.afterRotation()
}

func (a *Authority) rotate(next *keyPair, grace time.Duration) error {
	now, password := a.now(), a.askPassword()
	old, err := readAuthorities(a.path(caFile), password, a.authorities())
	if err != nil {
		return err
	}
	if p := old.previous(now); p != nil && grace > 0 {
		return fmt.Errorf("%w, until %s: retire it first", ErrRotating, stamp(p.end()))
	}
	text, err := old.sealingPassword(password)
	if err != nil {
		return err
	}
	if err := a.nameIssuers(old.current()); err != nil {
		return err
	}
	block, err := sealKey(next.key, text)
	if err != nil {
		return err
	}
	until := now.Add(grace)
	if grace == 0 {
		until = justEnded(now)
	}
	entries := []pemEntry{{key: block, cert: next.cert}}
	for n, i := range old.issuers[:min(len(old.issuers), maxRetired)] {
		e := i.entry
		if n == 0 {
			if e.link, err = link(i.cert, next, until); err != nil {
				return err
			}
		}
		if n > 0 || grace == 0 {
			e.key = nil
		}
		if n == 1 && i.accepted(now) {
			// Ended early. Its link's own end is what counts, whoever signs it.
			if e.link, err = link(i.cert, next, until); err != nil {
				return err
			}
		}
		entries = append(entries, e)
	}
	return a.replaceAuthorities(entries, password)
}

// link certifies the key and name of ca under by until then. The key identifier has to
// be that of ca: clients find the issuer of a certificate by it.
func link(ca *x509.Certificate, by *keyPair, until time.Time) (*x509.Certificate, error) {
	serial, err := newSerial()
	if err != nil {
		return nil, err
	}
	tmpl := caTemplate(serial, ca.Subject, by.cert.NotBefore, until)
	if until.After(ca.NotAfter) {
		tmpl.NotAfter = ca.NotAfter
	}
	tmpl.RawSubject, tmpl.SubjectKeyId, tmpl.MaxPathLenZero = ca.RawSubject, ca.SubjectKeyId, true
	der, err := x509.CreateCertificate(rand.Reader, tmpl, by.cert, ca.PublicKey, by.key)
	if err != nil {
		return nil, fmt.Errorf("link to the CA before: %w", err)
	}
	return x509.ParseCertificate(der)
}

// nameIssuers writes the CA into registrations from before there was a choice. It is
// true already then, so that a crash before the rotation does no harm.
func (a *Authority) nameIssuers(ca *issuer) error {
	reg, err := readRegistry(a.path(registryFile))
	if err != nil {
		return err
	}
	clients, changed := slices.Clone(reg.clients), false
	for i := range clients {
		if clients[i].Issuer == "" {
			clients[i].Issuer, changed = ca.serial(), true
		}
	}
	if !changed {
		return nil
	}
	return writeRegistry(a.path(registryFile), clients)
}

// replaceAuthorities writes ca.pem, the one write that counts, and then what follows
// from it, which a crash leaves to the next start. The caller holds the lock.
func (a *Authority) replaceAuthorities(entries []pemEntry, password *keyPassword) error {
	if err := writeFile(a.path(caFile), formatPEM(entries), 0o600); err != nil {
		return err
	}
	a.casMu.Lock()
	fresh, err := readAuthorities(a.path(caFile), password, a.cas)
	if fresh != nil {
		a.cas = fresh
	}
	a.casMu.Unlock()
	if err != nil && !errors.Is(err, ErrKeyPassword) {
		return err
	}
	return a.writePublic(fresh)
}

// afterRotation issues the server certificates that are wanting and ends the sessions
// that are not admitted any more.
func (a *Authority) afterRotation() error {
	// In the order of handshakes: they hold serverMu when they take the lock.
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	a.serverMu.Lock()
	err := a.locked(ctx, func() error { return a.loadServer(a.authorities(), a.askPassword()) })
	a.serverMu.Unlock()
	// The registrations have learned who their issuer is; sessions are judged by them.
	_, rerr := a.registry()
	a.mu.Lock()
	a.endRevoked()
	a.mu.Unlock()
	if err := errors.Join(err, rerr); err != nil {
		return fmt.Errorf("the change of the CA is made, but not all that follows from it: %w", err)
	}
	return nil
}

// locked runs f with the directory's lock held.
func (a *Authority) locked(ctx context.Context, f func() error) (err error) {
	unlock, err := lockDir(ctx, a.dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	return f()
}
