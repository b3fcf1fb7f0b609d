package admin

import (
	"context"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"

	"estream/pki"
)

// Replication is an exchange that either partner begins over the other's HTTP API:
//
//  1. POST /replica/exchange with a digest: all registrations without their files,
//     domains and devices. The other side joins what it can, and answers with its own
//     digest and the serial numbers of registrations whose files it lacks.
//  2. POST /replica/give with those, files included, a part at a time.
//  3. POST /replica/take with the serial numbers this side lacks, likewise.
//
// Registrations are joined by serial number, which never comes twice:
//
//   - one that either side has, both have;
//   - one that either side has revoked is revoked, since the earlier of the two times;
//   - of two that hold for one host the one that was issued later stays, the other
//     one is revoked;
//   - the settings of one (domain, devices, netmap id, addresses) are those that were
//     changed later. The partners' clocks decide that; what one side changes after it
//     has seen a change of the other counts as later whatever the clocks say.
//
// All of this can be repeated and interrupted at any point: the next exchange goes on.

// maxFiles is how many registrations with files travel in one message.
const maxFiles = 50

// maxDigest bounds a message of an exchange, in bytes: some 100,000 registrations.
const maxDigest = 64 << 20

// A digest is what one side has.
type digest struct {
	Version int          `json:"version"` // of this protocol, 1
	CAs     []string     `json:"cas"`     // SHA-256 of the certificates of accepted CAs
	Clients []pki.Client `json:"clients"`
	Domains []Domain     `json:"domains,omitempty"`
	Devices []Device     `json:"devices,omitempty"`
	// Want are serial numbers of registrations whose files the sender lacks, Strange
	// is how many he had to leave out because he does not have their CA.
	Want    []string `json:"want,omitempty"`
	Strange int      `json:"strange,omitempty"`
}

type serials struct {
	Serials []string `json:"serials"`
}

type registrations struct {
	Registrations []pki.Registered `json:"registrations"`
}

const replicaVersion = 1

// trust is what this server accepts certificates of: the current CA and, for a while
// after a rotation, the one before it.
type trust struct {
	prints  []string        // SHA-256 of the certificates, the current CA's first
	serials map[string]bool // as registrations name their issuer
	roots   *x509.CertPool
}

func (s *Service) trust() (*trust, error) {
	cas, err := s.Authority.CAs()
	if err != nil {
		return nil, err
	}
	t := &trust{serials: map[string]bool{"": true}, roots: x509.NewCertPool()}
	for _, ca := range cas {
		if !ca.Until.After(s.Store.now()) {
			continue
		}
		sum := sha256.Sum256(ca.Certificate.Raw)
		t.prints = append(t.prints, hex.EncodeToString(sum[:]))
		t.serials[fmt.Sprintf("%032x", ca.Certificate.SerialNumber)] = true
		t.roots.AddCert(ca.Certificate)
	}
	return t, nil
}

// shares refuses somebody who has no CA in common with this server.
func (t *trust) shares(theirs []string) error {
	if slices.ContainsFunc(theirs, func(print string) bool { return slices.Contains(t.prints, print) }) {
		return nil
	}
	return conflict("export with the CA on one server and import that on the other before it has clients of its own",
		"registrations of another CA (SHA-256 %.64s); this server has %s", strings.Join(theirs, ", "), strings.Join(t.prints, ", "))
}

// digest returns what this side has.
func (s *Service) digest() (*digest, error) {
	t, err := s.trust()
	if err != nil {
		return nil, err
	}
	set, err := s.Store.Settings()
	if err != nil {
		return nil, err
	}
	clients, err := s.Authority.List()
	if err != nil {
		return nil, err
	}
	return &digest{Version: replicaVersion, CAs: t.prints, Clients: clients, Domains: set.Domains, Devices: set.Devices}, nil
}

// joinDigest takes over what needs no file. It returns the serial numbers of those
// registrations that do, and how many it left out because this server does not have
// their CA: the partner's was rotated. Removals of all the others come through.
func (s *Service) joinDigest(ctx context.Context, d *digest) (want []string, strange int, err error) {
	t, err := s.trust()
	if err != nil {
		return nil, 0, err
	}
	if d.Version != replicaVersion {
		return nil, 0, invalid(fmt.Sprintf("replication of version %d", d.Version), fmt.Sprintf("version %d", replicaVersion), "install the same release on both servers")
	}
	if err := t.shares(d.CAs); err != nil {
		return nil, 0, err
	}
	if err := s.Store.Join(ctx, d.Domains, d.Devices); err != nil {
		return nil, 0, err
	}
	list, err := s.Authority.List()
	if err != nil {
		return nil, 0, err
	}
	ours := make(map[string]pki.Client, len(list))
	for _, c := range list {
		ours[c.Serial] = c
	}
	now := s.Store.now()
	var known []pki.Registered
	for _, c := range d.Clients {
		have, ok := ours[c.Serial]
		switch {
		case ok && sameRegistration(have, c):
		case !t.serials[c.Issuer]:
			strange++
		case ok || !c.Revoked.IsZero():
			known = append(known, pki.Registered{Client: c})
		case now.Before(c.NotAfter):
			want = append(want, c.Serial)
		}
	}
	if len(known) > 0 {
		if _, err := s.Authority.Merge(ctx, known); err != nil {
			return nil, 0, err
		}
		s.look()
	}
	return want, strange, nil
}

// sameRegistration reports whether merging theirs could not change ours. It spares
// taking the registry's lock in each exchange.
func sameRegistration(ours, theirs pki.Client) bool {
	return ours.Revoked.Equal(theirs.Revoked) && ours.Updated.Equal(theirs.Updated) && ours.Domain == theirs.Domain &&
		ours.NetmapID == theirs.NetmapID && slices.Equal(ours.Devices, theirs.Devices) && slices.Equal(ours.Also, theirs.Also)
}

// files returns registrations with their files, at most maxFiles of them. What is not
// there any more, or was revoked meanwhile, is left out: the next digest tells. So is
// what lost its file, which is logged.
func (s *Service) files(serials []string) ([]pki.Registered, error) {
	out := []pki.Registered{}
	for _, serial := range serials[:min(len(serials), maxFiles)] {
		c, ok, err := s.Authority.Lookup(serial)
		if err != nil {
			return nil, err
		}
		if !ok || !c.Revoked.IsZero() {
			continue
		}
		data, is, err := s.Authority.Export(c.Host)
		switch {
		case errors.Is(err, pki.ErrNotRegistered) || err == nil && is.Serial != serial:
			continue
		case err != nil:
			// One file that was lost must not hold up all the others.
			if held, ok := s.lost.Held(); ok {
				s.Log.Warn("a registration cannot be replicated", "client", c.Host, "error", err, "others", held)
			}
			continue
		}
		out = append(out, pki.Registered{Client: is, PKCS12: data})
	}
	return out, nil
}

// take joins registrations with files.
func (s *Service) take(ctx context.Context, list []pki.Registered) error {
	if len(list) == 0 {
		return nil
	}
	if len(list) > maxFiles {
		return invalid(fmt.Sprintf("%d registrations in one message", len(list)), fmt.Sprintf("at most %d", maxFiles), "send them in parts")
	}
	if _, err := s.Authority.Merge(ctx, list); err != nil {
		return err
	}
	s.look()
	return nil
}
