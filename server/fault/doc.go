// Package fault makes an eStreamer server misbehave on purpose, so that the
// people who write clients can see what theirs does about it. A fault is one
// line of text ([Parse]); a [Plan] holds several and applies them to the sessions
// of a server ([Plan.Wrap]) by changing the bytes on their way to the client.
// What the client sends is never touched.
//
// # Grammar
//
//	KIND[:WORD][,KEY=VALUE]...       the first comma is a colon where no WORD comes
//
//	drop:after=1000                  reset the connection after 1,000 events
//	drop:after=10,inside=20          ... 20 bytes into the message that follows
//	stall:after=500,for=30s          send nothing for 30 seconds
//	bundle:open,session=2            in the second session, a bundle that never ends
//	cert:expires=2d                  a server certificate with two days to live
//
// [Kinds] lists them all with their keys; "estream serve --help" and
// docs/test-service.md show the same list.
//
// # When a fault strikes
//
// Events are counted by session, those inside bundles as well, metadata
// included: every record counts. A fault with after=N strikes at the message, or
// bundle, that carries event N+1: before it, in it or in its place. Without
// after it strikes at the first event. With every=N it strikes again after each
// N further events. at=information makes it strike at the streaming information
// instead, the first thing that a server says. session=N and client=HOST keep
// all other sessions free of it, and times=N ends it after N strikes in all
// sessions together. Faults that are due at the same message strike in the order
// in which they were given.
package fault
