package server

import (
	"net/netip"

	"estream/pki"
	"estream/session"
	"estream/wire"
)

// A Trace is told what happens to connections, in the manner of net/http/httptrace:
// for logs that have a wording of their own, and for whoever shows live sessions.
// Every field may be nil.
//
// n is the number of the connection, from 1 on. Calls for one n come one at a time
// and in order: Accepted first, Ended last. What a Trace is told is not logged a
// second time through [Server.Log]. A function must not block: the session waits.
type Trace struct {
	// Accepted comes before the TLS handshake.
	Accepted func(n uint64, remote netip.AddrPort)
	// Refused says why a peer was not admitted: a *pki.Refusal about handshake,
	// certificate, registration or host check.
	Refused func(n uint64, err error)
	// Admitted comes when all checks are done. addrs are the addresses that the
	// client's host name resolved to, nil if it is an address or was not checked.
	Admitted func(n uint64, client pki.Client, addrs []netip.Addr, checked bool)
	// Request is the event stream request; length is that of its body.
	Request func(n uint64, length int, start uint32, flags wire.RequestFlags)
	// Published comes when streaming information has been sent; size is that of its
	// body.
	Published func(n uint64, services []wire.Service, size int)
	// StreamRequest is the streaming request: called once for each service in it.
	StreamRequest func(n uint64, length int, service wire.Service)
	// Overruled is one sentence for each thing that is served otherwise than asked
	// for: a flag that an event pair overrules, a version without layout.
	Overruled func(n uint64, what string)
	// Streaming comes when the request is complete, with all that was asked for.
	Streaming func(n uint64, request session.Request)
	// Opened comes when the journal is read, once per session. segment names the place,
	// stamp is its time in Unix seconds, in whole hours as a Management Center names
	// its archive files: the greatest one not above start, as far as the journal
	// reaches back.
	Opened func(n uint64, service, start uint32, segment string, stamp uint32)
	// HostRequest is a host data request that will be answered.
	HostRequest func(n uint64, r wire.HostDataRequest)
	// Failed says what an operator should see of a session that ends by a fault:
	// protocol errors, time-outs, the journal.
	Failed func(n uint64, err error)
	// Ended is always last. err is nil when the client left, or why the session
	// ended. The connection has left the host table.
	Ended func(n uint64, err error)
}
