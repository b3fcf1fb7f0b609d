package pki

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"
)

// maxHost bounds a registered name. It becomes the common name of a certificate,
// and RFC 5280 allows 64 characters there (ub-common-name).
const maxHost = 64

// ErrHost is wrapped by the errors of ParseHost.
var ErrHost = errors.New("not a host name or address")

// ParseHost returns host in the form in which it is registered and compared: an
// address as netip prints it, with an IPv4-mapped one as IPv4; a name in lower case
// without the final dot. A name need not resolve. The errors wrap [ErrHost].
func ParseHost(host string) (string, error) {
	if host == "" {
		return "", fmt.Errorf("%w: it is empty; give the client's name or address as this server sees it", ErrHost)
	}
	if addr, err := netip.ParseAddr(host); err == nil {
		return parseAddress(addr)
	}
	name := strings.ToLower(strings.TrimSuffix(host, "."))
	if len(name) > maxHost {
		return "", fmt.Errorf("%w: %d characters, a certificate's common name has at most %d; register the address instead", ErrHost, len(name), maxHost)
	}
	labels := strings.Split(name, ".")
	for _, label := range labels {
		if err := checkLabel(label); err != nil {
			return "", fmt.Errorf("%w: %q: %w", ErrHost, host, err)
		}
	}
	// A name that ends in digits is a mistyped address, such as 10.0.0.256.
	if strings.Trim(labels[len(labels)-1], "0123456789") == "" {
		return "", fmt.Errorf("%w: %q ends in a number like an address, but is not a valid one", ErrHost, host)
	}
	return name, nil
}

func parseAddress(addr netip.Addr) (string, error) {
	switch {
	case addr.Zone() != "":
		return "", fmt.Errorf("%w: %s: leave out the zone %q, it means nothing to other hosts", ErrHost, addr, "%"+addr.Zone())
	case addr.IsUnspecified(), addr.IsMulticast(), addr.Unmap().IsMulticast(), addr.Unmap().IsUnspecified():
		return "", fmt.Errorf("%w: no client can connect from %s", ErrHost, addr)
	}
	return addr.Unmap().String(), nil
}

// ParseAlso returns text, an address such as 192.0.2.1 or a prefix such as
// 192.0.2.0/24, in the form of [Client].Also. The errors wrap [ErrHost].
func ParseAlso(text string) (netip.Prefix, error) {
	if addr, err := netip.ParseAddr(text); err == nil && addr.Zone() == "" {
		addr = addr.Unmap()
		return netip.PrefixFrom(addr, addr.BitLen()), nil
	}
	p, err := netip.ParsePrefix(text)
	if err != nil {
		return p, fmt.Errorf("%w: %q, expected an address or a prefix such as 192.0.2.0/24", ErrHost, text)
	}
	return cleanPrefix(p)
}

func cleanPrefix(p netip.Prefix) (netip.Prefix, error) {
	addr, bits := p.Addr(), p.Bits()
	if addr.Is4In6() {
		// Peers are compared as IPv4: ::ffff:192.0.2.0/120 is 192.0.2.0/24.
		addr, bits = addr.Unmap(), bits-96
	}
	clean := netip.PrefixFrom(addr, bits)
	switch {
	case !clean.IsValid():
		return p, fmt.Errorf("%w: prefix %v, expected one such as 192.0.2.0/24", ErrHost, p)
	case clean != clean.Masked():
		return p, fmt.Errorf("%w: %v has bits set behind its prefix; write %v, or the address alone", ErrHost, p, clean.Masked())
	}
	return clean, nil
}

// cleanAlso returns a checked copy of also without repetitions.
func cleanAlso(also []netip.Prefix) ([]netip.Prefix, error) {
	var out []netip.Prefix
	for _, p := range also {
		p, err := cleanPrefix(p)
		if err != nil {
			return nil, err
		}
		if !slices.Contains(out, p) {
			out = append(out, p)
		}
	}
	return out, nil
}

func checkLabel(label string) error {
	switch {
	case label == "":
		return errors.New("a part between two dots is empty")
	case len(label) > 63:
		return fmt.Errorf("a part between two dots has %d characters, at most 63 are possible", len(label))
	case label[0] == '-' || label[len(label)-1] == '-':
		return errors.New("a part begins or ends with a hyphen")
	}
	for _, r := range label {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9', r == '-', r == '_':
		case r > 127:
			return fmt.Errorf("the character %q is not possible; write an international name in its xn-- form", r)
		default:
			return fmt.Errorf("the character %q is not possible", r)
		}
	}
	return nil
}

// A Resolver finds the addresses of a name. [net.Resolver] is one.
type Resolver interface {
	// LookupNetIP returns all addresses of host; network is "ip".
	LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error)
}

// resolve returns the addresses of a registered host, within the time limit of the
// authority. An address is its own answer.
func (a *Authority) resolve(ctx context.Context, host string) ([]netip.Addr, error) {
	if addr, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{addr}, nil
	}
	ctx, cancel := context.WithTimeout(ctx, a.resolveTimeout)
	defer cancel()
	addrs, err := a.lookup(ctx, host)
	if err != nil {
		return nil, fmt.Errorf("resolve %s: %w", host, err)
	}
	if len(addrs) == 0 {
		return nil, fmt.Errorf("resolve %s: no addresses", host)
	}
	for i, addr := range addrs {
		addrs[i] = plain(addr)
	}
	return addrs, nil
}

// lookup returns when ctx ends, even if the resolver does not: the C library's, behind
// which any name service may be, has been seen to hang.
func (a *Authority) lookup(ctx context.Context, host string) ([]netip.Addr, error) {
	select {
	case a.lookups <- struct{}{}:
	case <-ctx.Done():
		return nil, fmt.Errorf("%d earlier look-ups have no answer yet: %w", maxLookups, ctx.Err())
	}
	type answer struct {
		addrs []netip.Addr
		err   error
	}
	result := make(chan answer, 1)
	go func() {
		defer func() { <-a.lookups }()
		addrs, err := a.resolver.LookupNetIP(ctx, "ip", host)
		result <- answer{addrs, err}
	}()
	select {
	case r := <-result:
		return r.addrs, r.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// maxLookups bounds the look-ups that run at a time, hanging ones included.
const maxLookups = 64

// plain returns addr in the form in which addresses are compared. A dual-stack
// socket reports IPv4 peers as IPv4-mapped, and link-local peers with the local
// interface as zone, which no registration has.
func plain(addr netip.Addr) netip.Addr { return addr.Unmap().WithZone("") }

// defaultResolveTimeout ends a look-up that would hold a connection for too long.
const defaultResolveTimeout = 5 * time.Second
