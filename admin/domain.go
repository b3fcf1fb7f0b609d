package admin

import (
	"context"
	"slices"
	"strings"
	"time"

	"estream/pki"
	"estream/server/access"
)

// Global is the domain that always exists and contains all others.
const Global = access.Global

// forgetAfter is how long it is remembered that something was removed, so that a
// partner that was away does not bring it back.
const forgetAfter = 365 * 24 * time.Hour

// A Domain is a part of the installation with clients and devices of its own.
type Domain struct {
	Name string `json:"name"`
	// Removed marks one that exists no more.
	Removed bool `json:"removed,omitempty"`
	// Changed is when it was added or removed, in UTC and microseconds.
	Changed time.Time `json:"changed"`
}

// A Device is a managed device that was assigned to a domain.
type Device struct {
	// Device is its name or UUID, as metadata has it. Letter case counts in names;
	// UUIDs are in lower case.
	Device string `json:"device"`
	// Domain is empty when the assignment was taken back.
	Domain string `json:"domain,omitempty"`
	// Changed is when it was assigned, in UTC and microseconds.
	Changed time.Time `json:"changed"`
}

// isGlobal reports whether a name means the domain of all.
func isGlobal(domain string) bool { return domain == "" || fold(domain) == fold(Global) }

// HasDomain reports whether a domain exists and returns its name as it was given to it;
// names that differ in case only are the same.
func (s *Settings) HasDomain(name string) (string, bool) {
	if isGlobal(name) {
		return Global, true
	}
	i := s.domain(name)
	if i < 0 || s.Domains[i].Removed {
		return "", false
	}
	return s.Domains[i].Name, true
}

func (s *Settings) domain(name string) int {
	return slices.IndexFunc(s.Domains, func(d Domain) bool { return fold(d.Name) == fold(name) })
}

func (s *Settings) device(name string) int {
	return slices.IndexFunc(s.Devices, func(d Device) bool { return d.Device == name })
}

// deviceName returns a device's name, or its UUID as the server writes it.
func deviceName(name string) string {
	if len(name) != 36 || strings.Trim(name, "0123456789abcdefABCDEF-") != "" || strings.Count(name, "-") != 4 {
		return name
	}
	return strings.ToLower(name)
}

// DomainNames returns the domains that exist, Global first, the others by name.
func (s *Settings) DomainNames() []string {
	names := []string{}
	for _, d := range s.Domains {
		if !d.Removed {
			names = append(names, d.Name)
		}
	}
	slices.SortFunc(names, func(a, b string) int { return strings.Compare(fold(a), fold(b)) })
	return append([]string{Global}, names...)
}

// Assigned returns the devices that are assigned to a domain, all for "", by name.
func (s *Settings) Assigned(domain string) []Device {
	devices := []Device{}
	for _, d := range s.Devices {
		if d.Domain != "" && (domain == "" || fold(d.Domain) == fold(domain)) {
			devices = append(devices, d)
		}
	}
	slices.SortFunc(devices, func(a, b Device) int { return strings.Compare(a.Device, b.Device) })
	return devices
}

// needDomain returns the name of a domain as it was given to it.
func (s *Settings) needDomain(name string) (string, error) {
	have, ok := s.HasDomain(name)
	if !ok {
		return "", notFound("add the domain first; there are "+strings.Join(s.DomainNames(), ", "), "no domain %q", name)
	}
	return have, nil
}

// AddDomain adds a domain.
func (s *Store) AddDomain(ctx context.Context, name string) error {
	if err := checkName("domain", name); err != nil {
		return err
	}
	return s.Update(ctx, func(set *Settings) error {
		if have, ok := set.HasDomain(name); ok {
			return conflict("", "domain %q exists already", have)
		}
		d := Domain{Name: name}
		if i := set.domain(name); i >= 0 {
			d.Changed = set.Domains[i].Changed
			set.Domains = slices.Delete(set.Domains, i, i+1)
		}
		d.Changed = stamp(s.now(), d.Changed)
		set.Domains = append(set.Domains, d)
		return nil
	})
}

// RemoveDomain removes a domain without clients and devices. clients are the
// registrations; one that is added to the domain at the same time by another process
// stays in it and sees nothing until it is given another.
func (s *Store) RemoveDomain(ctx context.Context, name string, clients []pki.Client) error {
	if isGlobal(name) {
		return conflict("", "the domain %s cannot be removed", Global)
	}
	return s.Update(ctx, func(set *Settings) error {
		have, err := set.needDomain(name)
		if err != nil {
			return err
		}
		for _, c := range clients {
			if c.Revoked.IsZero() && fold(c.Domain) == fold(have) {
				return conflict("give the client another domain first", "domain %q has client %s", have, c.Host)
			}
		}
		if d := set.Assigned(have); len(d) > 0 {
			return conflict("assign the device to another domain first", "domain %q has device %s", have, d[0].Device)
		}
		d := &set.Domains[set.domain(have)]
		d.Removed, d.Changed = true, stamp(s.now(), d.Changed)
		return nil
	})
}

// Assign assigns a managed device, by name or UUID, to a domain; "" takes the
// assignment back, and the domain of the device's source counts again.
func (s *Store) Assign(ctx context.Context, device, domain string) error {
	if err := checkName("managed device", device); err != nil {
		return err
	}
	device = deviceName(device)
	return s.Update(ctx, func(set *Settings) error {
		i := set.device(device)
		switch {
		case domain != "":
			have, err := set.needDomain(domain)
			if err != nil {
				return err
			}
			domain = have
		case i < 0 || set.Devices[i].Domain == "":
			return notFound("look for it in the list of devices", "device %q is assigned to no domain", device)
		}
		if i < 0 {
			set.Devices = append(set.Devices, Device{Device: device})
			i = len(set.Devices) - 1
		}
		d := &set.Devices[i]
		d.Domain, d.Changed = domain, stamp(s.now(), d.Changed)
		return nil
	})
}

// forget drops what was removed so long ago that no partner can bring it back.
func (s *Settings) forget(now time.Time) {
	old := func(changed time.Time) bool { return now.Sub(changed) > forgetAfter }
	s.Domains = slices.DeleteFunc(s.Domains, func(d Domain) bool { return d.Removed && old(d.Changed) })
	s.Devices = slices.DeleteFunc(s.Devices, func(d Device) bool { return d.Domain == "" && old(d.Changed) })
	s.Tokens = slices.DeleteFunc(s.Tokens, func(t Token) bool { return !t.Expires.IsZero() && now.After(t.Expires) })
}
