package pki

import (
	"context"
	"net/netip"
)

// A Trace is told what the host check of one connection finds, for logs in a form of
// their own. Functions may be nil; they are called one after the other, in the
// goroutine of Accept or Admit.
type Trace struct {
	// Found: the registered name has this address. Called for each, before any is
	// compared, and not for hosts that are registered by address.
	Found func(name string, addr netip.Addr)
	// Resolved: addr, which is the peer's, is an address of the client's host.
	Resolved func(cn string, addr netip.Addr)
	// Matched: the client may come from addr, which is the peer's.
	Matched func(cn string, addr netip.Addr)
}

type traceKey struct{}

// WithTrace returns a context with which Accept and Admit call t in place of writing
// successful host checks to the log.
func WithTrace(ctx context.Context, t *Trace) context.Context {
	return context.WithValue(ctx, traceKey{}, t)
}

// traceOf returns the trace of ctx, or one that writes to the log.
func (a *Authority) traceOf(ctx context.Context) *Trace {
	if t, ok := ctx.Value(traceKey{}).(*Trace); ok && t != nil {
		return t
	}
	return &Trace{
		Resolved: func(cn string, addr netip.Addr) { a.log.Debug("Resolved CN " + cn + " to " + addr.String()) },
		Matched: func(cn string, addr netip.Addr) {
			family := "(IPv6)"
			if addr.Is4() {
				family = "(IPv4)"
			}
			a.log.Debug("Matched Certificate CN:" + cn + " to " + addr.String() + " " + family)
		},
	}
}

func (t *Trace) found(name string, addr netip.Addr) {
	if t.Found != nil {
		t.Found(name, addr)
	}
}

func (t *Trace) resolved(cn string, addr netip.Addr) {
	if t.Resolved != nil {
		t.Resolved(cn, addr)
	}
}

func (t *Trace) matched(cn string, addr netip.Addr) {
	if t.Matched != nil {
		t.Matched(cn, addr)
	}
}
