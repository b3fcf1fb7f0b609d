package pki

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
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
	ErrUnresolved    = errors.New("the name has no address")
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
	// Also, Domain, Devices and NetmapID become those of the [Client].
	Also     []netip.Prefix
	Domain   string
	Devices  []string
	NetmapID bool
	// MustResolve refuses a name without an address with [ErrUnresolved].
	MustResolve bool
}

// A Registration is what Register returns.
type Registration struct {
	Client   Client
	PKCS12   []byte   // the file for the client: its key, its certificate, the CA's certificate
	Warnings []string // for the operator, such as a name that does not resolve
}

// Rounds of key derivation slow down guessing the password. The legacy form has as
// many as OpenSSL always wrote. Tests have fewer.
var (
	modernIterations = 100_000
	legacyIterations = 2048
)

// Register admits the client at host, a name or an address, and issues its
// certificate. When Register returns, the registration is on disk and running
// servers admit it. A host has one registration: a second one is [ErrRegistered].
// A name that does not resolve now is a warning, unless opts.MustResolve is set. Errors of the host's form wrap
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
	also, err := cleanAlso(opts.Also)
	if err != nil {
		return nil, err
	}
	if err := (&Client{Also: also, Domain: opts.Domain, Devices: opts.Devices}).checkLists(); err != nil {
		return nil, err
	}
	_, unresolved := a.resolve(ctx, host)
	if unresolved != nil && opts.MustResolve {
		return nil, fmt.Errorf("%w at the moment: %w; correct it, or register the address", ErrUnresolved, unresolved)
	}
	// Asked now to spare a key, and again below, where it counts.
	if reg, err := a.registry(); err != nil {
		return nil, err
	} else if err := reg.vacant(host); err != nil {
		return nil, err
	}
	cas := a.authorities()
	by, err := cas.signing()
	if err != nil {
		return nil, err
	}
	tmpl, err := a.template(host, a.validFor, by)
	if err != nil {
		return nil, err
	}
	tmpl.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	pair, err := a.issue(tmpl, by)
	if err != nil {
		return nil, err
	}
	encoder := pkcs12.Modern2023.WithIterations(modernIterations)
	if opts.Legacy {
		encoder = pkcs12.LegacyDES.WithIterations(legacyIterations)
	}
	file, err := encoder.Encode(pair.key, pair.cert, []*x509.Certificate{by.cert}, opts.Password)
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
			Also:     also,
			Domain:   opts.Domain,
			Devices:  slices.Clone(opts.Devices),
			NetmapID: opts.NetmapID,
		},
		PKCS12:   file,
		Warnings: warnings(host, opts, pair.cert, by, unresolved),
	}
	if len(cas.issuers) > 1 {
		result.Client.Issuer = by.serial()
	}
	err = a.update(ctx, func(reg *registry) ([]Client, error) {
		if err := reg.vacant(host); err != nil {
			return nil, err
		}
		now := a.authorities()
		if !now.current().cert.Equal(by.cert) {
			return nil, errors.New("the internal CA was replaced meanwhile; try again")
		}
		// The file first: a registration always has one to export, and a file
		// without registration opens nothing and is swept up.
		if err := a.storePKCS12(result.Client, file, now, by); err != nil {
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

func warnings(host string, opts RegisterOptions, cert *x509.Certificate, by *issuer, unresolved error) []string {
	var w []string
	if unresolved != nil {
		w = append(w, fmt.Sprintf("%s has no address at the moment, so the client will be refused until it has one: %v", host, unresolved))
	}
	if cert.NotAfter.Equal(by.cert.NotAfter) {
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
	if err := a.dropPKCS12(removed); err != nil {
		return removed, fmt.Errorf("client %s is revoked, but its file remains: %w", host, err)
	}
	return removed, nil
}

// dropPKCS12 removes the file of a registration, if there is one.
func (a *Authority) dropPKCS12(c Client) error {
	for _, suffix := range []string{"", sealedSuffix} {
		if err := os.Remove(a.pkcs12Path(c) + suffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// unexpired returns a copy of clients without revoked ones whose certificate has
// ended anyway, which keeps the registry from growing forever.
func (a *Authority) unexpired(clients []Client) []Client {
	now := a.now()
	return slices.DeleteFunc(slices.Clone(clients), func(c Client) bool {
		return !c.Revoked.IsZero() && now.After(c.NotAfter)
	})
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
