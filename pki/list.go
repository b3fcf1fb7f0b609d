package pki

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
)

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
	if by := a.authorities().bySerial(client.Issuer); by != nil && !by.accepted(a.now()) {
		return nil, Client{}, fmt.Errorf("export client %s: the CA that issued its certificate, %s, was retired at %s; remove the client and register it again",
			host, printable(by.cert.Subject.CommonName), stamp(by.end()))
	}
	data, err := a.loadPKCS12(client)
	if errors.Is(err, ErrKeyPassword) {
		return nil, Client{}, fmt.Errorf("export client %s: %w", host, err)
	}
	if err != nil {
		return nil, Client{}, fmt.Errorf("export client %s: %w; remove the client and register it again", host, err)
	}
	return data, client, nil
}

func (a *Authority) pkcs12Path(c Client) string {
	return a.path(clientsDir + string(os.PathSeparator) + c.Serial + p12Suffix)
}
