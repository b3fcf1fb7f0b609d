package pki

import (
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// Options of an Authority. The zero value is what a server wants.
type Options struct {
	// Now tells the time for validity periods. Default: time.Now.
	Now func() time.Time
	// Resolver looks up registered names. Default: net.DefaultResolver.
	Resolver Resolver
	// ResolveTimeout bounds one look-up. Default: 5 s.
	ResolveTimeout time.Duration
	// Logger receives successful host checks, renewals and faults of the directory;
	// refusals are returned, not logged. At most two lines per admitted connection,
	// never more than one a minute for the same fault. Default: nothing is logged.
	Logger *slog.Logger
	// ValidFor is the validity of client certificates, counted from their
	// registration and cut at the end of the authority's own. Default: 10 years.
	ValidFor time.Duration
	// Password returns the password of the private keys in the directory. It is called
	// whenever a key has to be read or written that is encrypted, and its answer is
	// not kept. A new directory has encrypted keys if it returns one. Default: none.
	Password func() (string, error)
	// LegacyTLS admits TLS 1.0 and 1.1, and TLS 1.2 without elliptic curves, for
	// clients with an OpenSSL from before 2013. All of that has known weaknesses.
	LegacyTLS bool
	// Expired opens a directory whose CA has expired, too, which is good for one
	// thing: to rotate it.
	Expired bool
}

// An Authority is an open directory: the internal CA, the server's certificate and
// the registry of clients. It is safe for concurrent use and holds no resources
// that would have to be closed.
type Authority struct {
	dir            string
	now            func() time.Time
	resolver       Resolver
	resolveTimeout time.Duration
	lookups        chan struct{} // one for each look-up that runs
	validFor       time.Duration
	log            *slog.Logger
	password       func() (string, error)
	expired        bool
	config         *tls.Config

	// mu is never held while waiting for the directory's lock, for the network or
	// for the generation of a key.
	mu    sync.Mutex
	reg   *registry          // last good state, never nil
	holds map[*hold]struct{} // live sessions

	casMu    sync.Mutex   // taken after mu and serverMu
	cas      *authorities // last good state, never nil
	casRetry time.Time    // a fault of ca.pem is not mentioned before, and no password asked for

	serverMu   sync.Mutex
	server     *tls.Certificate // nil only with Options.Expired
	serverSeen seen
	retry      time.Time        // no renewal is tried before, after one failed
	shown      *tls.Certificate // in place of server; see ShowCertificate
}

// Open opens dir, and on the first start creates it with a new CA, a new server
// certificate and an empty registry. The server certificate is renewed when less
// than 30 days of it are left. Creating a CA takes around a second, and reading an
// encrypted key a fifth of one.
//
// Open refuses a directory that has lost one of ca.pem and clients.json, rather
// than to replace it: a new CA would lock out every client, an empty registry would
// forget who was revoked. Without the password of encrypted keys the error wraps
// [ErrKeyPassword].
func Open(dir string, opts Options) (*Authority, error) {
	if dir == "" {
		return nil, errors.New("open pki: no directory given")
	}
	a := &Authority{
		dir:            dir,
		now:            opts.Now,
		resolver:       opts.Resolver,
		resolveTimeout: opts.ResolveTimeout,
		lookups:        make(chan struct{}, maxLookups),
		validFor:       opts.ValidFor,
		log:            opts.Logger,
		password:       opts.Password,
		expired:        opts.Expired,
		holds:          make(map[*hold]struct{}),
	}
	if a.now == nil {
		a.now = time.Now
	}
	if a.resolver == nil {
		a.resolver = net.DefaultResolver
	}
	if a.resolveTimeout <= 0 {
		a.resolveTimeout = defaultResolveTimeout
	}
	if a.validFor <= 0 {
		a.validFor = defaultValidFor
	}
	if a.log == nil {
		a.log = slog.New(slog.DiscardHandler)
	}
	if err := a.open(); err != nil {
		return nil, fmt.Errorf("open pki %s: %w", dir, err)
	}
	a.config = a.newTLSConfig(opts.LegacyTLS)
	return a, nil
}

// authorities returns the CAs as they are on disk now. That costs a stat while the
// file does not change. A file that cannot be read leaves the last good state in
// force, and is logged once a minute.
func (a *Authority) authorities() *authorities {
	a.casMu.Lock()
	defer a.casMu.Unlock()
	now := a.now()
	waiting := !a.cas.locked || now.Before(a.casRetry) // for the password of a key
	info, err := os.Stat(a.path(caFile))
	if err == nil && a.cas.seen.current(info) && waiting {
		return a.cas
	}
	text, seen, err := readSeen(a.path(caFile), maxPEM)
	if err == nil && bytes.Equal(text, a.cas.text) && waiting {
		a.cas.seen = seen
		return a.cas
	}
	if err == nil {
		var fresh *authorities
		fresh, err = parseAuthorities(text, a.askPassword(), a.cas)
		if fresh != nil {
			fresh.seen = seen
			if !fresh.current().cert.Equal(a.cas.current().cert) {
				a.log.Info("the internal CA was replaced", "ca", fresh.current().cert.Subject.CommonName)
			}
			a.cas = fresh // without some of its keys, perhaps: what it says of trust counts now
		}
	}
	if err != nil && !now.Before(a.casRetry) {
		a.log.Error("the internal CA cannot be read", "file", a.path(caFile), "error", err)
		a.casRetry = now.Add(time.Minute)
	}
	return a.cas
}

func (a *Authority) path(name string) string { return filepath.Join(a.dir, name) }
