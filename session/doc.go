// Package session speaks the eStreamer session on a connection: [Client] is the
// half that receives events, [Server] the half that sends them. The two are
// mirror images:
//
//	client                                 server
//	event stream request            ──►
//	                                ◄──    streaming information  (with flag bit 30)
//	streaming request for 6667      ──►                           (with flag bit 30)
//	                                ◄──    event data, or message bundles of it
//	null for each message or bundle ──►
//	                                ◄──    null when nothing else was sent for a while
//
// What leaves a Client and what enters a Server is one form of data: whole event
// data messages in a row, each with its 8-byte header of version 1. Bundles,
// keep-alives and negotiation stay inside this package.
//
// # Guarantees
//
//   - What was received before an error is delivered before the error.
//   - No bytes of a peer cause a panic, an endless loop, or an allocation greater
//     than a small multiple of what the peer has really sent.
//   - Nothing blocks without a limit: a context ends every call at once, and
//     stalls have deadlines of their own. A pause inside a message is no error
//     before Client's MessageTimeout.
//   - An acknowledgement says "taken into memory", nothing more. Servers keep no
//     history; what must not be lost is asked for again from a position.
//
// # What is left to the caller
//
// TLS configurations, certificates and admission. [Dial] takes a *tls.Config; a
// server makes its connection with [NewTLSServer], completes the handshake,
// decides who may enter, and hands the connection to [Accept].
package session
