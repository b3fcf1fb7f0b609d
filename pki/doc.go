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
//     host or one of the client's further addresses. Nothing beyond the TLS handshake
//     has been decrypted by then. Whatever is refused is a [*Refusal] with a [Reason]
//     of its own.
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
//	ca.pem             keys and certificates of the authority, 0600; keep a backup
//	ca.crt             the certificates alone, for handing out
//	server.pem         key and certificate of the server, 0600
//	server-next.pem    the same for the time after a rotation of the authority, 0600
//	clients.json       the registrations, version 1 or 2, 0600
//	clients/SERIAL.p12 the PKCS#12 file of each registration as it was issued, 0600;
//	                   with encrypted keys SERIAL.p12.sealed
//	lock               held while something is changed; the holder's process id
//	replace, *.staged  a change of the password that is under way
//
// Key and certificate share a file because one file can be replaced atomically and
// two cannot.
//
// # Rotation
//
// A client verifies the server against the CA in its PKCS#12 file, if at all, and says
// only afterwards who it is, so that the server has to choose a certificate which every
// client can verify. [Authority.Rotate] therefore does three things. It makes a new CA,
// which signs from now on. It keeps accepting clients of the old one until a grace
// period ends, and for as long shows a server certificate of the old one. And it has
// the new CA certify the old one's key, which goes along with the server certificate:
//
//	client registered before: server certificate ← old CA
//	client registered after:  server certificate ← link ← new CA
//
// The link is valid until the grace period ends; its end is the only record of when
// that is. (The other way round, a link from the old CA to the new one, is not
// possible: the old CA may sign no other CA.) A client that pins the server
// certificate sees the same one all the time. When the period ends, the server shows
// the certificate that was made ready during the rotation, clients that still have a
// file of the old CA are refused with [RetiredCA], and the old CA's key is deleted.
// Whoever pins can add the next certificate's digest beforehand
// ([Authority.ServerCertificates], [Pin]). OpenSSL before 1.0.2 follows the link to the
// new CA and no further when it knows the old one; of the clients of its time none
// verifies the server.
//
// A CA whose key became known is rotated without grace: there is no certificate then
// that old clients could verify and that an impostor could not have.
//
// # Keys at rest
//
// Without a password the keys are not encrypted: the service has to start unattended.
// With one ([Options].Password, [Authority.Encrypt]) they are PKCS#8 under PBES2 with
// PBKDF2 and AES-256, as openssl pkey reads it. A running server keeps the keys in
// memory and the password not: it asks again when it has to write a key or meets one
// that another process wrote. The stored PKCS#12 files are encrypted under a key
// derived from that of their CA.
//
// # Key type
//
// Keys are RSA, 3072 bits for the authority and 2048 for server and clients, and
// signatures use SHA-256. Clients of every generation, Perl modules and Python 2
// included, read RSA keys from PKCS#12; many of them fail on elliptic curves.
package pki
