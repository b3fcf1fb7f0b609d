package pki

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
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
	addrs, err := a.resolver.LookupNetIP(ctx, "ip", host)
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

// plain returns addr in the form in which addresses are compared. A dual-stack
// socket reports IPv4 peers as IPv4-mapped, and link-local peers with the local
// interface as zone, which no registration has.
func plain(addr netip.Addr) netip.Addr { return addr.Unmap().WithZone("") }

// defaultResolveTimeout ends a look-up that would hold a connection for too long.
const defaultResolveTimeout = 5 * time.Second
