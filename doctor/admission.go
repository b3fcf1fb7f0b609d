package doctor

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"slices"
	"strings"

	"estream/pki"
	"estream/session"
	"estream/wire"
)

// admission makes the request for new events. Only an answer proves that we are
// let in: servers check registration and address after a handshake that looked
// fine, and close without a word.
func (d *diagnosis) admission(ctx context.Context, s *Step) {
	s.Tried = fmt.Sprintf("request new events (flags 0x%08x) and wait for the answer", uint32(d.Flags))
	if d.shaken.err != nil { // it ended after the server saw our certificate
		d.refused(ctx, s, d.shaken.err)
		return
	}
	client, err := session.NewClient(ctx, d.shaken.conn, d.request(wire.StartNow))
	if err != nil {
		d.notServed(ctx, s, err)
		return
	}
	d.client = client
	if !d.extended() {
		s.Found = "the request was sent; without an extended request servers do not answer before they have something to send"
		return
	}
	if services := client.Information(); services != nil {
		s.Found = "let in; the server offers services " + serviceList(services)
	} else {
		s.Found = "let in; the server began to stream without naming its services"
	}
}

func (d *diagnosis) extended() bool { return d.Flags.Has(wire.FlagExtendedRequest) }

func serviceList(services []wire.Service) string {
	texts := make([]string, 0, 8)
	for _, service := range services[:min(len(services), cap(texts))] {
		texts = append(texts, fmt.Sprint(service.ID))
	}
	return strings.Join(texts, ", ")
}

// notServed names why a session did not come about, or ended.
func (d *diagnosis) notServed(ctx context.Context, s *Step, err error) {
	var (
		server   *session.ServerError
		protocol *session.ProtocolError
		timeout  *session.TimeoutError
	)
	switch {
	case errors.As(err, &server):
		d.fail(s, Failed, ServerError, server.Error())
	case errors.Is(err, session.ErrNoService):
		d.fail(s, Failed, NoEvents, "the server let us in and offers no events: "+err.Error())
	case errors.As(err, &protocol):
		d.fail(s, Failed, NotEStreamer, err.Error())
	case errors.As(err, &timeout):
		d.fail(s, Failed, NoAnswer, fmt.Sprintf("the server let us in and did not answer within %v", timeout.After))
	default:
		d.refused(ctx, s, err)
	}
}

// refused names why the server turned us away: by the alert it sent, or, if it just
// closed, by the addresses.
func (d *diagnosis) refused(ctx context.Context, s *Step, err error) {
	if alert, ok := pki.RemoteAlert(err); ok {
		cause := TLSFailed
		switch alert {
		case alertRevoked:
			cause = NotRegistered
		case alertExpired:
			cause = ClientExpired
		case alertUnknownCA:
			cause = WrongCA
		case alertBadCertificate, alertUnsupported, alertUnknown, alertHandshake, alertDenied, alertRequired:
			cause = ClientRefused
		}
		d.fail(s, Failed, cause, "the server's answer to our certificate is "+quote(alert.Error()))
		return
	}
	if !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) && !isReset(err) {
		d.fail(s, Failed, Broken, err.Error())
		return
	}
	raw := d.shaken.conn
	cause, why := d.blame(ctx, hostOf(raw.LocalAddr()), hostOf(raw.RemoteAddr()))
	d.fail(s, Failed, cause, "the server closed the connection right after the handshake, without a word: "+why)
}

// The alerts by which servers refuse a certificate (RFC 8446 section 6.2).
const (
	alertHandshake      = tls.AlertError(40)
	alertBadCertificate = tls.AlertError(42)
	alertUnsupported    = tls.AlertError(43)
	alertRevoked        = tls.AlertError(44)
	alertExpired        = tls.AlertError(45)
	alertUnknown        = tls.AlertError(46)
	alertUnknownCA      = tls.AlertError(48)
	alertDenied         = tls.AlertError(49)
	alertRequired       = tls.AlertError(116)
)

// blame tells apart, as far as that can be done from this end, the two reasons for
// which a server closes after the handshake: the certificate is for another
// address than the one the server sees, or it is not registered any more. Address
// translation cannot be seen from behind it; it is impossible only where no
// router is in between.
func (d *diagnosis) blame(ctx context.Context, local, remote netip.Addr) (Cause, string) {
	issued, names := d.issuedTo(ctx)
	mine := interfacePrefixes()
	return judge(issued, names, local, remote, mine)
}

// judge decides what blame has found: issued are the addresses for which the
// certificate is good, mine those of this host with the networks they are in.
func judge(issued []netip.Addr, names string, local, remote netip.Addr, mine []netip.Prefix) (Cause, string) {
	direct := local == remote || slices.ContainsFunc(mine, func(p netip.Prefix) bool { return p.Contains(remote) })
	otherOfMine := slices.ContainsFunc(issued, func(a netip.Addr) bool {
		return slices.ContainsFunc(mine, func(p netip.Prefix) bool { return p.Addr() == a })
	})
	issuedPublic := slices.ContainsFunc(issued, public)
	switch fits := slices.Contains(issued, local); {
	case len(issued) == 0:
		return AddressOrRevoke, fmt.Sprintf("the certificate is for %s, which has no address here; it may be bound to another address than %s, or no longer be registered", names, local)
	case fits && direct:
		return NotRegistered, fmt.Sprintf("the certificate is for %s, and this connection comes from %s with no router in between, so the address is right", names, local)
	case fits && public(remote) && !public(local):
		return WrongHost, fmt.Sprintf("the certificate is for %s, a private address, and the server at %s can only see a translated one", names, remote)
	case fits:
		return AddressOrRevoke, fmt.Sprintf("the certificate is for %s, and this connection comes from there; either a router in between translates the address, or the certificate is no longer registered", names)
	case direct, otherOfMine:
		return WrongHost, fmt.Sprintf("the certificate is for %s, and this connection comes from %s", names, local)
	case issuedPublic && !public(local):
		return AddressOrRevoke, fmt.Sprintf("the certificate is for %s, and this connection comes from %s; if that is not translated to exactly the address in the certificate, this is the reason, else the certificate is no longer registered", names, local)
	}
	return WrongHost, fmt.Sprintf("the certificate is for %s, and this connection comes from %s; unless that is translated to exactly the address in the certificate, this is the reason", names, local)
}

// issuedTo returns the addresses for which the client certificate was issued, and
// its names as text. Names are looked up; this host's view of them may differ
// from the server's.
func (d *diagnosis) issuedTo(ctx context.Context) (addrs []netip.Addr, names string) {
	leaf := d.cred.Leaf
	var hosts []string
	for _, h := range slices.Concat([]string{leaf.Subject.CommonName}, leaf.DNSNames) {
		if h != "" && !slices.Contains(hosts, h) {
			hosts = append(hosts, h)
		}
	}
	for _, ip := range leaf.IPAddresses {
		if a, ok := netip.AddrFromSlice(ip); ok && !slices.Contains(hosts, a.Unmap().String()) {
			hosts = append(hosts, a.Unmap().String())
		}
	}
	hosts = hosts[:min(len(hosts), maxAddresses)]
	ctx, cancel := context.WithTimeout(ctx, d.Timeout)
	defer cancel()
	for _, h := range hosts {
		if a, err := netip.ParseAddr(h); err == nil {
			addrs = append(addrs, a.Unmap())
			continue
		}
		found, err := d.Resolver.LookupNetIP(ctx, "ip", h)
		if err != nil {
			continue // a name without address is told as such by judge
		}
		for _, a := range found {
			addrs = append(addrs, a.Unmap().WithZone(""))
		}
	}
	return addrs, strings.Join(hosts, ", ")
}

// interfacePrefixes returns this host's addresses, each with its network. None at
// all only makes the judgement more careful.
func interfacePrefixes() (all []netip.Prefix) {
	addrs, err := net.InterfaceAddrs()
	if err != nil {
		return nil
	}
	for _, a := range addrs {
		if p, err := netip.ParsePrefix(a.String()); err == nil {
			all = append(all, netip.PrefixFrom(p.Addr().Unmap(), p.Bits()))
		}
	}
	return all
}

var sharedSpace = netip.MustParsePrefix("100.64.0.0/10") // carriers' translation, RFC 6598

// public reports whether an address is reachable from the internet, so that one
// which is not cannot get there without translation.
func public(a netip.Addr) bool {
	return a.IsGlobalUnicast() && !a.IsPrivate() && !sharedSpace.Contains(a)
}
