package admin

import (
	"context"
	"fmt"
	"net/netip"
	"slices"

	"estream/pki"
	"estream/server/access"
)

// Bounds of what is set for one client: chosen managed devices, and networks from
// which it may come. Package pki has no lower ones.
const (
	maxChosen = 1000
	maxAlso   = 64
)

// A ClientChange says what to change of a client's settings; what is nil stays.
type ClientChange struct {
	// Domain is the domain whose devices the client sees; "" or Global for all.
	Domain *string `json:"domain,omitempty"`
	// Devices are names or UUIDs of the managed devices of that domain that it sees;
	// none for all of them.
	Devices *[]string `json:"devices,omitempty"`
	// NetmapID puts the netmap id into the record type word.
	NetmapID *bool `json:"netmap_id,omitempty"`
	// Also are addresses or networks from which it may come besides its own.
	// 0.0.0.0/0 and ::/0 together switch its host check off.
	Also *[]string `json:"also,omitempty"`
}

// anywhere are the networks that contain every address.
var anywhere = []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0"), netip.MustParsePrefix("::/0")}

// AnyHost returns the value of ClientChange.Also that switches the host check off.
func AnyHost() []string { return []string{anywhere[0].String(), anywhere[1].String()} }

// IsAnyHost reports whether the host check of a client is off.
func IsAnyHost(c pki.Client) bool {
	return slices.Contains(c.Also, anywhere[0]) && slices.Contains(c.Also, anywhere[1])
}

// apply changes c and checks what it becomes.
func (ch ClientChange) apply(c *pki.Client, set *Settings) error {
	if ch.Domain != nil {
		have, err := set.needDomain(*ch.Domain)
		if err != nil {
			return err
		}
		if c.Domain = have; isGlobal(have) {
			c.Domain = ""
		}
	}
	if ch.Devices != nil {
		if err := tooMany("devices chosen for one client", len(*ch.Devices), maxChosen); err != nil {
			return err
		}
		c.Devices = nil
		for _, d := range *ch.Devices {
			if err := checkName("managed device", d); err != nil {
				return err
			}
			if d = deviceName(d); !slices.Contains(c.Devices, d) {
				c.Devices = append(c.Devices, d)
			}
		}
	}
	if ch.NetmapID != nil {
		c.NetmapID = *ch.NetmapID
	}
	if ch.Also != nil {
		if err := tooMany("addresses of one client", len(*ch.Also), maxAlso); err != nil {
			return err
		}
		c.Also = nil
		for _, text := range *ch.Also {
			prefix, err := pki.ParseAlso(text)
			if err != nil {
				return &Problem{Kind: Invalid, What: err.Error(), Expected: "an address or a network such as 192.0.2.0/24", Err: err}
			}
			if !slices.Contains(c.Also, prefix) {
				c.Also = append(c.Also, prefix)
			}
		}
	}
	return nil
}

// NewClient is what AddClient needs to know.
type NewClient struct {
	// Host is the name or address from which the server sees the client come.
	Host string `json:"host"`
	// Password encrypts the PKCS#12 file; empty is allowed, and whoever can read the
	// file has the key then.
	Password string `json:"password"`
	// Legacy encrypts the file in a way that every OpenSSL can read.
	Legacy bool `json:"legacy,omitempty"`
	// AllowUnresolved accepts a name that has no address now; such a client is refused
	// until it has one.
	AllowUnresolved bool `json:"allow_unresolved,omitempty"`
	ClientChange
}

// AddClient registers a client and issues its PKCS#12 file. When it returns, running
// servers admit the client.
func (s *Service) AddClient(ctx context.Context, n NewClient) (*pki.Registration, error) {
	set, err := s.Store.Settings()
	if err != nil {
		return nil, err
	}
	var c pki.Client
	if err := n.apply(&c, set); err != nil {
		return nil, err
	}
	reg, err := s.Authority.Register(ctx, n.Host, pki.RegisterOptions{
		Password: n.Password, Legacy: n.Legacy, MustResolve: !n.AllowUnresolved,
		Also: c.Also, Domain: c.Domain, Devices: c.Devices, NetmapID: c.NetmapID,
	})
	if err != nil {
		return nil, clientProblem(err, n.Host)
	}
	return reg, nil
}

// ChangeClient changes the settings of a client. Its live sessions end if they may
// not go on as they are.
func (s *Service) ChangeClient(ctx context.Context, host string, ch ClientChange) (pki.Client, error) {
	set, err := s.Store.Settings()
	if err != nil {
		return pki.Client{}, err
	}
	c, err := s.Authority.Change(ctx, host, func(c *pki.Client) error { return ch.apply(c, set) })
	if err != nil {
		return c, clientProblem(err, host)
	}
	s.look()
	return c, nil
}

// RemoveClient revokes a client's registration; its live sessions end at once.
func (s *Service) RemoveClient(ctx context.Context, host string) (pki.Client, error) {
	c, err := s.Authority.Remove(ctx, host)
	if err != nil {
		return c, clientProblem(err, host)
	}
	s.look()
	return c, nil
}

// Client returns the registration of host that holds.
func (s *Service) Client(host string) (pki.Client, error) {
	name, err := pki.ParseHost(host)
	if err != nil {
		return pki.Client{}, clientProblem(err, host)
	}
	list, err := s.Authority.List()
	if err != nil {
		return pki.Client{}, err
	}
	for _, c := range list {
		if c.Host == name && c.Revoked.IsZero() {
			return c, nil
		}
	}
	return pki.Client{}, clientProblem(fmt.Errorf("client %s: %w", name, pki.ErrNotRegistered), name)
}

// Rights returns what a client may have now. The registration is looked up anew, so
// that a later call with the same client tells what has changed since. A client that
// was removed has no rights.
func (s *Service) Rights(client pki.Client) access.Rights {
	now, ok, err := s.Authority.Lookup(client.Serial)
	switch {
	case err != nil:
		now = client // what cannot be read changes nothing
	case !ok || !now.Revoked.IsZero():
		return access.Rights{}
	}
	st, err := s.Store.load()
	if err != nil {
		st = s.Store.state.Load()
	}
	r := access.Rights{Boxes: st.boxes, Domain: now.Domain, Devices: now.Devices, NetmapID: now.NetmapID}
	if isGlobal(r.Domain) {
		r.Domain = ""
	}
	return r
}
