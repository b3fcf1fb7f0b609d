package pki

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"estream/internal/durable"
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
}

// An Authority is an open directory: an internal CA, the server's certificate and
// the registry of clients. It is safe for concurrent use and holds no resources
// that would have to be closed.
type Authority struct {
	dir            string
	now            func() time.Time
	resolver       Resolver
	resolveTimeout time.Duration
	validFor       time.Duration
	log            *slog.Logger
	ca             *keyPair
	roots          *x509.CertPool // ca alone
	config         *tls.Config

	// mu is never held while waiting for the directory's lock, for the network or
	// for the generation of a key.
	mu    sync.Mutex
	reg   *registry          // last good state, never nil
	holds map[*hold]struct{} // live sessions

	serverMu sync.Mutex
	server   *tls.Certificate
	retry    time.Time // no renewal is tried before, after one failed
}

// Open opens dir, and on the first start creates it with a new CA, a new server
// certificate and an empty registry. The server certificate is renewed when less
// than 30 days of it are left. Creating a CA takes around a second.
//
// Open refuses a directory that has lost one of ca.pem and clients.json, rather
// than to replace it: a new CA would lock out every client, an empty registry would
// forget who was revoked.
func Open(dir string, opts Options) (*Authority, error) {
	if dir == "" {
		return nil, errors.New("open pki: no directory given")
	}
	a := &Authority{
		dir:            dir,
		now:            opts.Now,
		resolver:       opts.Resolver,
		resolveTimeout: opts.ResolveTimeout,
		validFor:       opts.ValidFor,
		log:            opts.Logger,
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
	a.config = a.newTLSConfig()
	return a, nil
}

func (a *Authority) open() (err error) {
	if err := durable.MkdirAll(disk{}, a.path(clientsDir), 0o700); err != nil {
		return err
	}
	unlock, err := lockDir(context.Background(), a.dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, unlock()) }()

	if err := a.openFiles(); err != nil {
		return err
	}
	return a.sweep()
}

// sweep removes what a crash left between the files: unfinished ones, and PKCS#12
// files whose registration was never written or is revoked. The caller holds the
// lock, so nobody is still writing them.
func (a *Authority) sweep() error {
	dir := a.path(clientsDir)
	err := errors.Join(durable.RemoveTemps(disk{}, a.dir), durable.RemoveTemps(disk{}, dir))
	if err != nil {
		return err
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	var errs []error
	for _, e := range entries {
		if serial, ok := strings.CutSuffix(e.Name(), ".p12"); ok && !a.reg.registered(serial) {
			errs = append(errs, os.Remove(filepath.Join(dir, e.Name())))
		}
	}
	return errors.Join(errs...)
}

// openFiles loads or creates each file. The registry is created before ca.pem, so
// that a directory with ca.pem and without registry has lost it.
func (a *Authority) openFiles() error {
	caInfo, err := os.Stat(a.path(caFile))
	fresh := errors.Is(err, fs.ErrNotExist)
	if err != nil && !fresh {
		return err
	}
	if a.reg, err = readRegistry(a.path(registryFile)); errors.Is(err, fs.ErrNotExist) {
		if !fresh {
			return fmt.Errorf("%s is missing, so nobody can tell which clients are registered: "+
				"restore it from a backup, or delete %s too and register every client anew",
				a.path(registryFile), a.path(caFile))
		}
		if err = writeRegistry(a.path(registryFile), nil); err == nil {
			a.reg, err = readRegistry(a.path(registryFile))
		}
	}
	if err != nil {
		return err
	}
	if fresh {
		if len(a.reg.clients) > 0 {
			return fmt.Errorf("%s is missing, but %s lists clients with its certificates: "+
				"restore it from a backup, or delete %s too and register every client anew",
				a.path(caFile), a.path(registryFile), a.path(registryFile))
		}
		if err := a.createCA(); err != nil {
			return err
		}
	} else if openToOthers(caInfo) {
		a.log.Warn("the key of the internal CA can be read by other users", "file", a.path(caFile), "hint", "chmod 600")
	}
	if err := a.loadCA(); err != nil {
		return err
	}
	a.server, err = a.loadServer()
	return err
}

func (a *Authority) path(name string) string { return filepath.Join(a.dir, name) }
