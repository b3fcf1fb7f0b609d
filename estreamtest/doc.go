// Package estreamtest is a Management Center for tests: it listens on loopback
// with TLS and certificates of its own, and does to each client what a script
// says. Scripts are lists of [Step]; most steps are one thing a real server
// does (answer a request, send events or a bundle, a keep-alive, an error
// message) or one thing it should not do (lie about a length, stop in the
// middle of a message, send noise, vanish).
//
//	center := estreamtest.Start(t,
//		estreamtest.Negotiate(),
//		estreamtest.Send(messages),
//		estreamtest.ExpectAcks(100),
//		estreamtest.Close(),
//	)
//	client := connect(center.Addr(), center.ClientTLS())
//
// A script that fails, because the client did not do what a step expects, ends
// its connection and fails the test.
//
// # For a client of your own
//
// [Start] it with the script of the conversation that your client should have;
// [Center.ClientTLS], [Center.PKCS12] and [Center.CA] give it what an administrator
// would download. What it has to say is tested by steps that expect something:
// [ExpectRequest], [ExpectPairs], [ExpectAcks], [ExpectHostRequest], [ExpectClose].
// [Center.Next] queues other scripts for the connections that follow: that is how
// one tests that a client comes back, and from where it asks then. [Center.Served]
// tells what each connection asked for. Your own steps are functions.
//
// What a client has to stand can be put into any script without changing it:
// Options.Faults takes the words of "estream serve --fault" (package
// estream/server/fault), Options.Release the Management Center to imitate, and
// Options.Record makes a file of each session (package estream/transcript).
// [Playback] turns such a file back into a script.
//
// Clients in other languages are tested with the command: "estream serve" with
// --fault, --impersonate and --record.
package estreamtest
