// Package admin is the administration of a server: what it captures and may send
// (role and event type boxes), who gets what (clients, domains, managed devices),
// who may change that (users, tokens), and the partner that registrations are
// replicated to. Commands use it on the data directory, and a running server offers
// it as an HTTP API ([Service.Handler]); both may do so at the same time.
//
//	store, err := admin.Open(data, admin.Options{Log: log})
//	svc := &admin.Service{Store: store, Authority: authority, Reconsider: server.Reconsider, Log: log}
//	go svc.Run(ctx)         // notices changes of other processes, replicates
//	go svc.Serve(ctx, ln)   // the HTTP API, with TLS
//
// Guarantees:
//
//   - A change is on disk (fsync of file and directory) before the call that makes it
//     returns, all of it or nothing. Several processes may change one data directory;
//     no change is lost.
//   - A running server sees every change within half a second. It ends the sessions
//     whose rights have changed in something they use, and no others.
//   - What cannot be read changes nothing: the settings read last stay in effect, and
//     a server does not start on a damaged file.
//   - Replication is a join: two partners that have exchanged what they have hold the
//     same registrations, whatever happened in which order and however long one of
//     them was away. A removal always wins.
//
// # Files
//
// Below the data directory, created with the first change, in admin (mode 0700):
//
//	settings.json  version 1, 0600; its form is that of [Settings]. It has hashes of
//	               passwords and tokens, and the partner's token in clear
//	lock           held while something is changed; the holder's process id
//
// Without settings.json the defaults hold: role center, [access.DefaultBoxes], no
// domain but Global, no user. What concerns a single client is part of its
// registration and lies beside it (package pki): without settings.json a client keeps
// its domain and its devices.
//
// # Domains
//
// Every client and every managed device belongs to one domain. The domain Global
// always exists and contains all the others: its clients see every device. A client
// of another domain sees the devices of that domain and of those below it ("Lab" is
// above "Lab \ East"), and of those the ones chosen for it, if any were. A device that
// was assigned to no domain belongs to the one that its source is configured with, or
// that a Management Center names.
//
// # Replication
//
// Registrations with their PKCS#12 files and settings, domains and the assignment of
// devices go to the partner; both servers must have the same CA, which the first one
// exports and the second one imports ([Service.Export]). Role, boxes, users, tokens
// and the server's certificate are each server's own. See replica.go for the rules.
package admin
