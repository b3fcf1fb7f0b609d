// Package pki decides who may read events: it is the internal certificate
// authority of a server, the register of its clients, and the check that each
// connection passes before a byte of its request is read. The client's half,
// reading PKCS#12 files and verifying the server, is here too.
//
// A server opens its directory once and hands it every connection:
//
//	authority, err := pki.Open(dir, pki.Options{Logger: log})
//	go authority.Run(ctx) // notices registrations changed by other processes
//	conn, client, err := authority.Accept(ctx, accepted, true)
//	session, stop := authority.SessionContext(ctx, client) // ends on revocation
//
// Guarantees:
//
//   - Accept returns a connection only when its certificate was signed by this
//     authority with a sound algorithm, is valid now, is meant for clients, and has
//     the serial and common name of a registration that is not revoked; and, unless
//     the host check is off, only when the peer has an address of the registered
//     host. Nothing beyond the TLS handshake has been decrypted by then. Whatever
//     is refused is a [*Refusal] with a [Reason] of its own.
//   - A registration or revocation is on disk (fsync of file and directory) before
//     the call that makes it returns. Several processes may work on one directory;
//     no change is lost, and a running server sees all of them: a new connection at
//     once, live sessions within half a second.
//   - A registry that cannot be read admits nobody.
//   - A PKCS#12 file, however hostile, is refused or read with bounded work and with
//     memory in proportion to its size.
//
// # Files
//
// All of it lies in one directory, created with mode 0700:
//
//	ca.pem             key and certificate of the authority, 0600; keep a backup
//	ca.crt             the certificate alone, for handing out
//	server.pem         key and certificate of the server, 0600
//	clients.json       the registrations, version 1, 0600
//	clients/SERIAL.p12 the PKCS#12 file of each registration as it was issued, 0600
//	lock               held while something is changed; the holder's process id
//
// Key and certificate share a file because one file can be replaced atomically and
// two cannot. The keys of the authority and of the server are not encrypted: the
// service has to start unattended.
//
// # Key type
//
// Keys are RSA, 3072 bits for the authority and 2048 for server and clients, and
// signatures use SHA-256. Clients of every generation, Perl modules and Python 2
// included, read RSA keys from PKCS#12; many of them fail on elliptic curves.
package pki
