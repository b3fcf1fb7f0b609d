package server

import (
	"cmp"
	"net/netip"
	"sync"
	"time"
)

// Off, in a field of Limits, means "no limit".
const Off = -1

// The defaults of Limits.
const (
	DefaultSessions             = 1024
	DefaultSessionsPerClient    = 64
	DefaultHandshakes           = 256
	DefaultHandshakesPerAddress = 128
	DefaultHandshakeRate        = 200 // per second
	DefaultHandshakeBurst       = 1000
)

// Limits bound what peers can make a server do. The zero value of each field is its
// default, Off none.
type Limits struct {
	Sessions          int // connections served at a time, those on their way to a session included
	SessionsPerClient int // sessions of one registered client
	// Handshakes is how many connections may be on their way to a session: TLS, host
	// check and request. HandshakesPerAddress is the part of it that one address may
	// take; an IPv6 address counts with its /64 network.
	Handshakes           int
	HandshakesPerAddress int
	// HandshakeRate is how many connections an address may make per second in the long
	// run, HandshakeBurst how many at once.
	HandshakeRate  int
	HandshakeBurst int
}

func (l *Limits) setDefaults() {
	set := func(field *int, byDefault int) { *field = cmp.Or(*field, byDefault) }
	set(&l.Sessions, DefaultSessions)
	set(&l.SessionsPerClient, DefaultSessionsPerClient)
	set(&l.Handshakes, DefaultHandshakes)
	set(&l.HandshakesPerAddress, DefaultHandshakesPerAddress)
	set(&l.HandshakeRate, DefaultHandshakeRate)
	set(&l.HandshakeBurst, max(DefaultHandshakeBurst, l.HandshakeRate))
}

// exceeds reports whether n is more than a limit allows.
func exceeds(n, limit int) bool { return limit >= 0 && n > limit }

// maxAddresses bounds the addresses that are told apart; beyond it all others share
// one allowance.
const maxAddresses = 8192

// A gate counts connections on their way to a session, and how often an address makes
// new ones. Time comes from its callers.
type gate struct {
	limits Limits

	mu        sync.Mutex
	open      int // connections, sessions included
	shaking   int // on their way
	addresses map[netip.Prefix]*allowance
	swept     time.Time // when addresses was last cleared of those that are idle
}

// An allowance is what an address has left.
type allowance struct {
	shaking int
	tokens  float64
	at      time.Time // when tokens was right
}

// enter lets a connection in, or says which limit it exceeds and what that is.
func (g *gate) enter(addr netip.Addr, now time.Time) (what string, limit int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	a := g.of(addr, now)
	switch {
	case exceeds(g.open+1, g.limits.Sessions):
		return "sessions", g.limits.Sessions
	case exceeds(g.shaking+1, g.limits.Handshakes):
		return "handshakes", g.limits.Handshakes
	case exceeds(a.shaking+1, g.limits.HandshakesPerAddress):
		return "handshakes of one address", g.limits.HandshakesPerAddress
	case g.limits.HandshakeRate >= 0 && a.tokens < 1:
		return "connections of one address per second", g.limits.HandshakeRate
	}
	a.tokens--
	a.shaking++
	g.open++
	g.shaking++
	return "", 0
}

// settle ends the handshake of a connection.
func (g *gate) settle(addr netip.Addr) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.shaking--
	if a := g.addresses[network(addr)]; a != nil && a.shaking > 0 {
		a.shaking--
	} else if a := g.addresses[netip.Prefix{}]; a != nil && a.shaking > 0 {
		a.shaking--
	}
}

// leave ends a connection.
func (g *gate) leave() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.open--
}

// of returns the allowance of an address, filled up to now.
func (g *gate) of(addr netip.Addr, now time.Time) *allowance {
	key := network(addr)
	a := g.addresses[key]
	if a == nil && len(g.addresses) >= maxAddresses {
		g.sweep(now)
		if len(g.addresses) >= maxAddresses {
			key = netip.Prefix{}
			a = g.addresses[key]
		}
	}
	if a == nil {
		a = &allowance{tokens: float64(g.limits.HandshakeBurst), at: now}
		if g.addresses == nil {
			g.addresses = map[netip.Prefix]*allowance{}
		}
		g.addresses[key] = a
	}
	g.fill(a, now)
	return a
}

// sweep forgets the addresses that have their whole allowance, at most once a second: a
// flood of addresses must not make each connection as dear as all of them.
func (g *gate) sweep(now time.Time) {
	if now.Sub(g.swept) < time.Second {
		return
	}
	g.swept = now
	for k, a := range g.addresses {
		if g.fill(a, now); a.shaking == 0 && a.tokens >= float64(g.limits.HandshakeBurst) {
			delete(g.addresses, k)
		}
	}
}

func (g *gate) fill(a *allowance, now time.Time) {
	if d := now.Sub(a.at); d > 0 {
		a.tokens = min(a.tokens+d.Seconds()*float64(g.limits.HandshakeRate), float64(g.limits.HandshakeBurst))
		a.at = now
	}
}

// network is what counts as one address: whoever has an IPv6 address has a /64.
func network(addr netip.Addr) netip.Prefix {
	addr = addr.Unmap().WithZone("")
	bits := 32
	if addr.Is6() {
		bits = 64
	}
	p, err := addr.Prefix(bits)
	if err != nil {
		return netip.Prefix{} // no address: not TCP
	}
	return p
}
