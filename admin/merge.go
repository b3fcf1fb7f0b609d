package admin

import (
	"bytes"
	"context"
	"encoding/json"
	"slices"
	"time"
)

// What two partners know about domains and devices is joined item by item: of two
// versions of one item the one that was changed later stays, and of two with the same
// time the one that is greater as JSON, so that both sides choose alike. Removed items
// are items, too. Joining can therefore be repeated and done in any order.

// An item is what is joined.
type item interface {
	key() string        // equal for versions of one item
	changed() time.Time // when this version was made
	valid() error
}

func (d Domain) key() string        { return fold(d.Name) }
func (d Domain) changed() time.Time { return d.Changed }
func (d Domain) valid() error       { return checkName("domain", d.Name) }

func (d Device) key() string        { return d.Device }
func (d Device) changed() time.Time { return d.Changed }

func (d Device) valid() error {
	if d.Domain != "" {
		if err := checkName("domain", d.Domain); err != nil {
			return err
		}
	}
	return checkName("managed device", d.Device)
}

// join returns ours with what is newer in theirs, and whether there was any.
func join[T item](ours, theirs []T) (joined []T, news bool, err error) {
	joined = slices.Clone(ours)
	at := make(map[string]int, len(joined))
	for i, t := range joined {
		at[t.key()] = i
	}
	for _, t := range theirs {
		if err := t.valid(); err != nil {
			return nil, false, err
		}
		i, have := at[t.key()]
		if !have {
			at[t.key()] = len(joined)
			joined, news = append(joined, t), true
			continue
		}
		newer := t.changed().After(joined[i].changed())
		if t.changed().Equal(joined[i].changed()) {
			if newer, err = greater(t, joined[i]); err != nil {
				return nil, false, err
			}
		}
		if newer {
			joined[i], news = t, true
		}
	}
	return joined, news, nil
}

func greater(a, b any) (bool, error) {
	x, err := json.Marshal(a)
	if err != nil {
		return false, err
	}
	y, err := json.Marshal(b)
	return bytes.Compare(x, y) > 0, err
}

// join takes over what is newer, and says whether there was anything.
func (s *Settings) join(domains []Domain, devices []Device) (news bool, err error) {
	joinedDomains, newDomains, err := join(s.Domains, domains)
	if err != nil {
		return false, err
	}
	joinedDevices, newDevices, err := join(s.Devices, devices)
	if err != nil {
		return false, err
	}
	s.Domains, s.Devices = joinedDomains, joinedDevices
	return newDomains || newDevices, nil
}

// Join takes over domains and assignments of devices that are newer than those here.
// Nothing is written when there are none.
func (s *Store) Join(ctx context.Context, domains []Domain, devices []Device) error {
	// What is old enough to be forgotten must not come back only to be forgotten again.
	theirs := &Settings{Domains: slices.Clone(domains), Devices: slices.Clone(devices)}
	theirs.forget(s.now())
	now, err := s.Settings()
	if err != nil {
		return err
	}
	trial := &Settings{Domains: now.Domains, Devices: now.Devices}
	if news, err := trial.join(theirs.Domains, theirs.Devices); err != nil || !news {
		return err
	}
	return s.Update(ctx, func(set *Settings) error {
		_, err := set.join(theirs.Domains, theirs.Devices)
		return err
	})
}
