package pki

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"time"
)

// Change has change alter a copy of the registration of host, or returns
// [ErrNotRegistered]. What counts afterwards are Also, Domain, Devices and NetmapID; all
// else stays as it was, and Updated becomes now, later than before in any case. An
// error of change is returned, and nothing is altered. When Change returns, the change
// is on disk; live sessions from an address that does not count any more have ended.
func (a *Authority) Change(ctx context.Context, host string, change func(*Client) error) (Client, error) {
	host, err := ParseHost(host)
	if err != nil {
		return Client{}, fmt.Errorf("change client: %w", err)
	}
	var changed Client
	err = a.update(ctx, func(reg *registry) ([]Client, error) {
		i, ok := reg.byHost[host]
		if !ok {
			return nil, ErrNotRegistered
		}
		var err error
		if changed, err = a.changed(reg.clients[i], change); err != nil {
			return nil, err
		}
		clients := slices.Clone(reg.clients)
		clients[i] = changed
		return clients, nil
	})
	if err != nil {
		return Client{}, fmt.Errorf("change client %s: %w", host, err)
	}
	return changed, nil
}

func (a *Authority) changed(c Client, change func(*Client) error) (Client, error) {
	draft := c
	draft.Also, draft.Devices = slices.Clone(c.Also), slices.Clone(c.Devices)
	if err := change(&draft); err != nil {
		return Client{}, err
	}
	also, err := cleanAlso(draft.Also)
	if err != nil {
		return Client{}, err
	}
	c.Also, c.Domain, c.Devices, c.NetmapID = also, draft.Domain, slices.Clone(draft.Devices), draft.NetmapID
	if err := c.checkLists(); err != nil {
		return Client{}, err
	}
	// Of two servers' versions the later one counts, so that each has to differ.
	now := a.now().UTC().Truncate(time.Microsecond)
	if !now.After(c.Updated) {
		now = c.Updated.Add(time.Microsecond)
	}
	c.Updated = now
	return c, nil
}

// SetAlso is Change for the further addresses alone; none are allowed, too.
func (a *Authority) SetAlso(ctx context.Context, host string, also []netip.Prefix) (Client, error) {
	return a.Change(ctx, host, func(c *Client) error {
		c.Also = also
		return nil
	})
}
