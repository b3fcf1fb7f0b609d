package pki

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"

	"software.sslmate.com/src/go-pkcs12"
)

// Errors of the registry; they are wrapped with the host and what to do.
var (
	ErrRegistered    = errors.New("already registered")
	ErrNotRegistered = errors.New("not registered")
)

// RegisterOptions choose the form of the PKCS#12 file.
type RegisterOptions struct {
	// Password encrypts the file. Empty is allowed, and then anybody who can read
	// the file has the key.
	Password string
	// Legacy encrypts with triple DES and SHA-1 instead of AES-256 and SHA-256. Any
	// OpenSSL reads that, 0.9.8 as well as 3.x with its default provider. (RC2, which
	// the oldest tools wrote, would need OpenSSL 3's legacy provider.)
	Legacy bool
}

// A Registration is what Register returns.
type Registration struct {
	Client   Client
	PKCS12   []byte   // the file for the client: its key, its certificate, the CA's certificate
	Warnings []string // for the operator, such as a name that does not resolve
}

// Rounds of key derivation slow down guessing the password. The legacy form has as
// many as OpenSSL always wrote.
const (
	modernIterations = 100_000
	legacyIterations = 2048
)

// Register admits the client at host, a name or an address, and issues its
// certificate. When Register returns, the registration is on disk and running
// servers admit it. A host has one registration: a second one is [ErrRegistered].
// A name that does not resolve now is a warning. Errors of the host's form wrap
// [ErrHost].
func (a *Authority) Register(ctx context.Context, host string, opts RegisterOptions) (*Registration, error) {
	host, err := ParseHost(host)
	if err != nil {
		return nil, fmt.Errorf("register client: %w", err)
	}
	reg, err := a.register(ctx, host, opts)
	if err != nil {
		return nil, fmt.Errorf("register client %s: %w", host, err)
	}
	return reg, nil
}

func (a *Authority) register(ctx context.Context, host string, opts RegisterOptions) (*Registration, error) {
	if err := checkPassword(opts.Password); err != nil {
		return nil, err
	}
	// Asked now to spare a key, and again below, where it counts.
	if reg, err := a.registry(); err != nil {
		return nil, err
	} else if err := reg.vacant(host); err != nil {
		return nil, err
	}
	tmpl, err := a.template(host, a.validFor)
	if err != nil {
		return nil, err
	}
	tmpl.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	pair, err := a.issue(tmpl)
	if err != nil {
		return nil, err
	}
	encoder := pkcs12.Modern2023.WithIterations(modernIterations)
	if opts.Legacy {
		encoder = pkcs12.LegacyDES.WithIterations(legacyIterations)
	}
	file, err := encoder.Encode(pair.key, pair.cert, []*x509.Certificate{a.ca.cert}, opts.Password)
	if err != nil {
		return nil, err
	}
	result := &Registration{
		Client: Client{
			Host:     host,
			CN:       host,
			Serial:   formatSerial(pair.cert.SerialNumber),
			Created:  a.now().UTC().Truncate(time.Second),
			NotAfter: pair.cert.NotAfter.UTC(),
		},
		PKCS12:   file,
		Warnings: a.warnings(ctx, host, opts, pair.cert),
	}
	err = a.update(ctx, func(reg *registry) ([]Client, error) {
		if err := reg.vacant(host); err != nil {
			return nil, err
		}
		// The file first: a registration always has one to export, and a file
		// without registration opens nothing and is swept up.
		if err := writeFile(a.pkcs12Path(result.Client), file, 0o600); err != nil {
			return nil, err
		}
		return append(a.unexpired(reg.clients), result.Client), nil
	})
	if err != nil {
		return nil, err
	}
	return result, nil
}

func (r *registry) vacant(host string) error {
	if i, ok := r.byHost[host]; ok {
		return fmt.Errorf("%w since %s; remove it first, which revokes its certificate",
			ErrRegistered, stamp(r.clients[i].Created))
	}
	return nil
}

func (a *Authority) warnings(ctx context.Context, host string, opts RegisterOptions, cert *x509.Certificate) []string {
	var w []string
	if _, err := a.resolve(ctx, host); err != nil {
		w = append(w, fmt.Sprintf("%s has no address at the moment, so the client will be refused until it has one: %v", host, err))
	}
	if cert.NotAfter.Equal(a.ca.cert.NotAfter) {
		w = append(w, fmt.Sprintf("the certificate is valid until %s only, when the internal CA expires", stamp(cert.NotAfter)))
	}
	if opts.Legacy && strings.ContainsFunc(opts.Password, func(r rune) bool { return r > 127 }) {
		w = append(w, "the password has characters outside ASCII, which old tools read differently")
	}
	return w
}

// Remove revokes the registration of host: from the moment it returns no new
// connection is admitted, and live sessions end (see [Authority.SessionContext]).
// It returns the registration, or [ErrNotRegistered]. The revocation is kept until
// the certificate expires, so that refusals can name it.
func (a *Authority) Remove(ctx context.Context, host string) (Client, error) {
	host, err := ParseHost(host)
	if err != nil {
		return Client{}, fmt.Errorf("remove client: %w", err)
	}
	var removed Client
	err = a.update(ctx, func(reg *registry) ([]Client, error) {
		i, ok := reg.byHost[host]
		if !ok {
			return nil, ErrNotRegistered
		}
		clients := slices.Clone(reg.clients)
		clients[i].Revoked = a.now().UTC().Truncate(time.Second)
		removed = clients[i]
		return a.unexpired(clients), nil
	})
	if err != nil {
		return Client{}, fmt.Errorf("remove client %s: %w", host, err)
	}
	if err := os.Remove(a.pkcs12Path(removed)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return removed, fmt.Errorf("client %s is revoked, but its file remains: %w", host, err)
	}
	return removed, nil
}

// unexpired returns a copy of clients without revoked ones whose certificate has
// ended anyway, which keeps the registry from growing forever.
func (a *Authority) unexpired(clients []Client) []Client {
	now := a.now()
	return slices.DeleteFunc(slices.Clone(clients), func(c Client) bool {
		return !c.Revoked.IsZero() && now.After(c.NotAfter)
	})
}

// List returns the registrations, revoked ones included, ordered by host and then
// by time. The slice is the caller's.
func (a *Authority) List() ([]Client, error) {
	reg, err := a.registry()
	if err != nil {
		return nil, fmt.Errorf("list clients: %w", err)
	}
	clients := slices.Clone(reg.clients)
	slices.SortStableFunc(clients, func(x, y Client) int { return strings.Compare(x.Host, y.Host) })
	return clients, nil
}

// Export returns the PKCS#12 file of host once more, byte for byte as it was
// issued and with the password it was given then, or [ErrNotRegistered].
func (a *Authority) Export(host string) ([]byte, Client, error) {
	host, err := ParseHost(host)
	if err != nil {
		return nil, Client{}, fmt.Errorf("export client: %w", err)
	}
	reg, err := a.registry()
	if err != nil {
		return nil, Client{}, fmt.Errorf("export client %s: %w", host, err)
	}
	i, ok := reg.byHost[host]
	if !ok {
		return nil, Client{}, fmt.Errorf("export client %s: %w", host, ErrNotRegistered)
	}
	client := reg.clients[i]
	data, _, err := readFile(a.pkcs12Path(client), MaxPKCS12)
	if err != nil {
		return nil, Client{}, fmt.Errorf("export client %s: %w; remove the client and register it again", host, err)
	}
	return data, client, nil
}

func (a *Authority) pkcs12Path(c Client) string {
	return a.path(clientsDir + string(os.PathSeparator) + c.Serial + ".p12")
}

// update replaces the registrations by what change makes of them. The directory's
// lock is held from reading to writing, so that no other change is lost.
func (a *Authority) update(ctx context.Context, change func(*registry) ([]Client, error)) (err error) {
	unlock, err := lockDir(ctx, a.dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	reg, err := readRegistry(a.path(registryFile))
	if err != nil {
		return err
	}
	clients, err := change(reg)
	if err != nil {
		return err
	}
	if err := writeRegistry(a.path(registryFile), clients); err != nil {
		return err
	}
	// Live sessions of this process end now, not at the next poll.
	if _, err := a.registry(); err != nil {
		return fmt.Errorf("the change is made, but cannot be read back: %w", err)
	}
	return nil
}
