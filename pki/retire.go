package pki

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// Retire ends the time of the CA before the current one now: clients with a
// certificate of its are refused, their live sessions end, its key is deleted, and
// the server shows a certificate of the current CA. It reports whether there was one.
func (a *Authority) Retire(ctx context.Context) (retired bool, err error) {
	err = a.locked(ctx, func() error {
		password := a.askPassword()
		cas, err := readAuthorities(a.path(caFile), password, a.authorities())
		if err != nil {
			return err
		}
		p := cas.previous(a.now())
		if p == nil {
			return nil
		}
		by, err := cas.signing()
		if err != nil {
			return err
		}
		retired = true
		entries := cas.entries()
		entries[1].key = nil
		if entries[1].link, err = link(p.cert, by.pair(), justEnded(a.now())); err != nil {
			return err
		}
		return a.replaceAuthorities(entries, password)
	})
	if err != nil {
		return false, fmt.Errorf("retire CA: %w", err)
	}
	return retired, a.afterRotation()
}

// settle deletes the key of a CA whose time ran out by itself.
func (a *Authority) settle(ctx context.Context) error {
	stale := func(cas *authorities) bool {
		return slices.ContainsFunc(cas.issuers, func(i *issuer) bool { return i.entry.key != nil && !i.accepted(a.now()) })
	}
	if !stale(a.authorities()) {
		return nil
	}
	return a.locked(ctx, func() error {
		password := a.askPassword()
		cas, err := readAuthorities(a.path(caFile), password, a.authorities())
		if err != nil && !errors.Is(err, ErrKeyPassword) || !stale(cas) { // no key is needed for this
			return err
		}
		entries := cas.entries()
		for n, i := range cas.issuers {
			if !i.accepted(a.now()) {
				entries[n].key = nil
			}
		}
		a.log.Info("the internal CA before this one is not accepted any more; its key is deleted", "ca", cas.issuers[1].cert.Subject.CommonName)
		return a.replaceAuthorities(entries, password)
	})
}

// justEnded is an end of validity that has passed at now, which has parts of a second.
func justEnded(now time.Time) time.Time { return now.Add(-time.Second) }
