package pki

import (
	"context"
	"time"
)

// pollEvery is how often Run looks for changes by other processes. A stat costs
// microseconds; the promise is to end revoked sessions within a second.
const pollEvery = 250 * time.Millisecond

// Run notices changes that other processes make to the registrations, and ends the
// live sessions of clients that they removed. It blocks until ctx is done and then
// returns nil. A registry that cannot be read ends no session; it is logged once
// and tried again.
func (a *Authority) Run(ctx context.Context) error {
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	var logged string
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
// if the registration vanished altogether. The end of the certificate's validity does
// not end a session. The caller has to call stop.
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
	for h := range a.holds {
		if a.reg.registered(h.client.Serial) {
			continue
		}
		r := &Refusal{Reason: Unregistered, CN: h.client.CN, Serial: h.client.Serial, Host: h.client.Host}
		if i, ok := a.reg.bySerial[h.client.Serial]; ok {
			r.Reason, r.At = Revoked, a.reg.clients[i].Revoked
		}
		h.cancel(r)
		delete(a.holds, h)
	}
}

// Registered reports whether the registration of client holds, as of now on disk.
func (a *Authority) Registered(client Client) (bool, error) {
	reg, err := a.registry()
	if err != nil {
		return false, err
	}
	return reg.registered(client.Serial), nil
}
