package pki

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"time"
)

// A Registered is a registration with its PKCS#12 file, as it is carried to another
// server with the same CA.
type Registered struct {
	Client Client `json:"client"`
	PKCS12 []byte `json:"pkcs12,omitempty"` // as it was issued; nil if revoked
}

// Registrations returns all registrations, revoked ones included, in the order in
// which they were made.
func (a *Authority) Registrations() ([]Registered, error) {
	reg, err := a.registry()
	if err != nil {
		return nil, fmt.Errorf("export registrations: %w", err)
	}
	out := make([]Registered, len(reg.clients))
	for i, c := range reg.clients {
		out[i].Client = c
		if !c.Revoked.IsZero() {
			continue
		}
		data, err := a.loadPKCS12(c)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("export registrations: client %s: %w", c.Host, err)
		}
		out[i].PKCS12 = data
	}
	return out, nil
}

// Merge adds registrations that another server with the same CA made, and takes over
// its revocations, so that two servers that exchange what Registrations returns agree
// in the end, whatever the order. Its rules:
//
//   - registrations are the same if their serial numbers are; one that is revoked
//     anywhere is revoked, with the earlier time;
//   - Also, Domain, Devices and NetmapID are those of the later Updated;
//   - of two registrations of one host that hold, the one that was made later stays,
//     and the other is revoked as of that time;
//   - a new registration that holds comes with its PKCS#12 file, or is refused.
//
// It returns the registrations that are new or changed. Live sessions of clients that
// became revoked end. All is on disk when Merge returns, or, after an error, nothing.
func (a *Authority) Merge(ctx context.Context, list []Registered) ([]Client, error) {
	var changed []Client
	err := a.update(ctx, func(reg *registry) ([]Client, error) {
		merged := &merge{clients: slices.Clone(reg.clients), at: make(map[string]int, len(reg.clients)), now: a.now()}
		for i, c := range reg.clients {
			merged.at[c.Serial] = i
		}
		cas := a.authorities()
		for n, r := range list {
			if err := a.mergeOne(merged, cas, r); err != nil {
				return nil, fmt.Errorf("registration %d of %d, %s: %w", n+1, len(list), printable(r.Client.Host), err)
			}
		}
		merged.settleHosts()
		for i, c := range merged.clients {
			if i >= len(reg.clients) || !same(c, reg.clients[i]) {
				changed = append(changed, c)
			}
		}
		return a.unexpired(merged.clients), nil
	})
	if err != nil {
		return nil, fmt.Errorf("merge registrations: %w", err)
	}
	var errs []error
	for _, c := range changed {
		if !c.Revoked.IsZero() {
			errs = append(errs, a.dropPKCS12(c))
		}
	}
	if err := errors.Join(errs...); err != nil {
		return changed, fmt.Errorf("merge registrations: a client is revoked, but its file remains: %w", err)
	}
	return changed, nil
}

// A merge is the registry that is about to be written.
type merge struct {
	clients []Client
	at      map[string]int // by serial
	now     time.Time
}

func (a *Authority) mergeOne(m *merge, cas *authorities, r Registered) error {
	c := r.Client
	c.via = Client{}.via
	one := registry{clients: []Client{c}, bySerial: map[string]int{}, byHost: map[string]int{}}
	if err := one.index(0, c); err != nil {
		return err
	}
	if c.Issuer != "" && cas.bySerial(c.Issuer) == nil {
		return fmt.Errorf("its certificate is from the CA with serial %s, which this server has not; give both servers the same CA first", c.Issuer)
	}
	if c.Issuer == "" && len(cas.issuers) > 1 {
		c.Issuer = cas.issuers[len(cas.issuers)-1].serial() // the other server has not rotated yet
	}
	i, known := m.at[c.Serial]
	if known {
		have := &m.clients[i]
		if have.Host != c.Host || have.CN != c.CN {
			return fmt.Errorf("serial %s is that of %s here", c.Serial, have.Host)
		}
		if !c.Revoked.IsZero() && (have.Revoked.IsZero() || c.Revoked.Before(have.Revoked)) {
			have.Revoked = c.Revoked
		}
		if n := c.Updated.Compare(have.Updated); n > 0 || n == 0 && outranks(c, *have) {
			have.Also, have.Domain, have.Devices, have.NetmapID, have.Updated = c.Also, c.Domain, c.Devices, c.NetmapID, c.Updated
		}
		return nil
	}
	if !c.Revoked.IsZero() && m.now.After(c.NotAfter) {
		return nil // forgotten here, see unexpired
	}
	if c.Revoked.IsZero() {
		if len(r.PKCS12) == 0 || len(r.PKCS12) > MaxPKCS12 {
			return fmt.Errorf("PKCS#12 file of %d bytes, expected 1 to %d", len(r.PKCS12), MaxPKCS12)
		}
		if err := a.storePKCS12(c, r.PKCS12, cas, cas.bySerial(c.Issuer)); err != nil {
			return err
		}
	}
	m.at[c.Serial] = len(m.clients)
	m.clients = append(m.clients, c)
	return nil
}

// outranks decides between two versions of one moment, so that both servers agree.
func outranks(x, y Client) bool {
	text := func(c Client) string {
		data, err := json.Marshal(Client{Also: c.Also, Domain: c.Domain, Devices: c.Devices, NetmapID: c.NetmapID})
		if err != nil {
			return "" // it has been written to clients.json, or is about to be and fails there
		}
		return string(data)
	}
	return text(x) > text(y)
}

// settleHosts leaves each host one registration that holds.
func (m *merge) settleHosts() {
	holds := make(map[string]int)
	for i, c := range m.clients {
		if !c.Revoked.IsZero() {
			continue
		}
		other, twice := holds[c.Host]
		if !twice {
			holds[c.Host] = i
			continue
		}
		loser := i
		// The serial decides between two of one second, so that both servers agree.
		if o := m.clients[other]; c.Created.After(o.Created) || c.Created.Equal(o.Created) && c.Serial > o.Serial {
			loser = other
			holds[c.Host] = i
		}
		m.clients[loser].Revoked = m.clients[holds[c.Host]].Created
	}
}

// same reports whether two registrations with one serial are equal.
func same(x, y Client) bool {
	return x.Serial == y.Serial && x.Host == y.Host && x.CN == y.CN && x.Issuer == y.Issuer &&
		x.Created.Equal(y.Created) && x.NotAfter.Equal(y.NotAfter) && x.Revoked.Equal(y.Revoked) &&
		x.Updated.Equal(y.Updated) && slices.Equal(x.Also, y.Also) &&
		x.Domain == y.Domain && slices.Equal(x.Devices, y.Devices) && x.NetmapID == y.NetmapID
}
