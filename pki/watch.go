package pki

import (
	"context"
	"slices"
	"time"
)

// pollEvery is how often Run looks for changes by other processes. A stat costs
// microseconds; the promise is to end revoked sessions within a second.
const pollEvery = 250 * time.Millisecond

// faultEvery is how often Run mentions a fault of the directory that stays.
const faultEvery = time.Minute

// Run notices changes that other processes make to the registrations, to the CA and to
// the server certificate, and ends the live sessions of clients that are not admitted any more. It deletes the
// key of a CA whose time after a rotation has run out, and once a day it logs what
// expires soon. It blocks until ctx is done and then returns nil. A registry that
// cannot be read ends no session; it is logged once and tried again.
func (a *Authority) Run(ctx context.Context) error {
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	var logged string
	var faulty, warned time.Time
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		_, err := a.registry()
		switch {
		case err == nil && logged != "":
			a.log.Info("registrations can be read again")
			logged = ""
		case err != nil && err.Error() != logged:
			logged = err.Error()
			a.log.Error("registrations cannot be read, new clients are refused until they can", "error", err)
		}
		a.mu.Lock()
		a.endRevoked()
		a.mu.Unlock()
		// So that a certificate is taken over, or renewed, before somebody asks for it.
		// A fault is logged there, and stays for each handshake to find.
		_, _ = a.serverCertificate(nil)
		now := a.now()
		if now.Sub(faulty).Abs() >= faultEvery {
			// Not for long: revocations are waiting, too.
			limited, cancel := context.WithTimeout(ctx, time.Second)
			err := a.settle(limited)
			cancel()
			if err != nil && ctx.Err() == nil {
				faulty = now
				a.log.Error("the key of a CA that is not accepted any more cannot be deleted", "error", err)
			}
		}
		if now.Sub(warned).Abs() >= warnEvery {
			warned = now
			a.warnExpiring()
		}
	}
}

// String names the task in logs.
func (a *Authority) String() string { return "pki " + a.dir }

// A hold is a live session that ends with its registration.
type hold struct {
	client Client
	cancel context.CancelCauseFunc
}

// SessionContext returns a context for the session of an admitted client. It ends
// with parent, when stop is called, or when the client's registration is removed: by
// this process before Remove returns, by another one as soon as Run notices it. In
// that case context.Cause returns a [*Refusal] with reason Revoked, or Unregistered
// if the registration vanished altogether. It is RetiredCA when the time of the CA
// that issued the certificate is over, and WrongHost when the client came from one of
// its further addresses and that is removed. The end of the certificate's validity
// does not end a session. The caller has to call stop.
func (a *Authority) SessionContext(parent context.Context, client Client) (ctx context.Context, stop context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(parent)
	h := &hold{client: client, cancel: cancel}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.holds[h] = struct{}{}
	// The registration may have been removed between Admit and now.
	a.endRevoked()
	return ctx, func() {
		a.mu.Lock()
		delete(a.holds, h)
		a.mu.Unlock()
		cancel(nil)
	}
}

// endRevoked ends the sessions whose registration does not hold any more. The
// caller holds a.mu; functions registered with context.AfterFunc run in goroutines
// of their own, so cancel does not call back into the Authority.
func (a *Authority) endRevoked() {
	if len(a.holds) == 0 {
		return
	}
	cas, now := a.authorities(), a.now()
	for h := range a.holds {
		if r := a.ended(h.client, cas, now); r != nil {
			h.cancel(r)
			delete(a.holds, h)
		}
	}
}

// ended returns why the session of an admitted client is over, or nil.
func (a *Authority) ended(admitted Client, cas *authorities, now time.Time) *Refusal {
	r := &Refusal{CN: admitted.CN, Serial: admitted.Serial, Host: admitted.Host}
	i, ok := a.reg.bySerial[admitted.Serial]
	if !ok {
		r.Reason = Unregistered
		return r
	}
	client := a.reg.clients[i]
	by := cas.bySerial(client.Issuer)
	switch {
	case !client.Revoked.IsZero():
		r.Reason, r.At = Revoked, client.Revoked
	case by != nil && !by.accepted(now):
		r.Reason, r.At = RetiredCA, by.end()
	case admitted.via.IsValid() && !slices.Contains(client.Also, admitted.via):
		r.Reason, r.Remote = WrongHost, admitted.via.Addr()
	default:
		return nil
	}
	return r
}

// Registered reports whether the registration of client holds, as of now on disk.
func (a *Authority) Registered(client Client) (bool, error) {
	reg, err := a.registry()
	if err != nil {
		return false, err
	}
	return reg.registered(client.Serial), nil
}
