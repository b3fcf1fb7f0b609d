package pki

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net/netip"
	"slices"
)

// Admit decides whether the peer of a completed handshake is one of the clients.
// It checks the certificate, the registration and, with checkHost, that remote is
// an address of the registered host, which may need a look-up and ends with ctx.
// The error is a [*Refusal]. Nothing must be read from the connection before.
//
// Every check is made here, whatever the handshake has checked already: a
// connection that was set up with other settings is refused, not let through.
func (a *Authority) Admit(ctx context.Context, state tls.ConnectionState, remote netip.Addr, checkHost bool) (Client, error) {
	remote = plain(remote)
	client, refusal := a.admit(ctx, state, remote, checkHost)
	if refusal != nil {
		refusal.Remote = remote
		return Client{}, refusal
	}
	return client, nil
}

func (a *Authority) admit(ctx context.Context, state tls.ConnectionState, remote netip.Addr, checkHost bool) (Client, *Refusal) {
	if !state.HandshakeComplete {
		// Until then the peer has shown a certificate, but not that it has the key.
		return Client{}, &Refusal{Reason: HandshakeFailed, Err: errors.New("not completed")}
	}
	leaf, refusal := a.verify(state.PeerCertificates)
	if refusal != nil {
		return Client{}, refusal
	}
	refusal = &Refusal{CN: leaf.Subject.CommonName, Serial: formatSerial(leaf.SerialNumber)}
	reg, err := a.registry()
	if err != nil {
		refusal.Reason, refusal.Err = RegistryUnreadable, err
		return Client{}, refusal
	}
	i, ok := reg.bySerial[refusal.Serial]
	if !ok {
		refusal.Reason = Unregistered
		return Client{}, refusal
	}
	client := reg.clients[i]
	refusal.Host = client.Host
	switch {
	case client.CN != leaf.Subject.CommonName:
		refusal.Reason = CNMismatch
		return Client{}, refusal
	case !client.Revoked.IsZero():
		refusal.Reason, refusal.At = Revoked, client.Revoked
		return Client{}, refusal
	case checkHost:
		if refusal := a.checkHost(ctx, &client, remote, refusal); refusal != nil {
			return Client{}, refusal
		}
	}
	return client, nil
}

// checkHost returns nil if remote is an address of the client's host or one of its
// further addresses, else refusal with the reason filled in.
func (a *Authority) checkHost(ctx context.Context, client *Client, remote netip.Addr, refusal *Refusal) *Refusal {
	trace := a.traceOf(ctx)
	// First, so that a client whose name means nothing here does without a look-up.
	for _, p := range client.Also {
		if p.Contains(remote) {
			client.via = p
			trace.matched(client.CN, remote)
			return nil
		}
	}
	addrs, err := a.resolve(ctx, client.Host)
	if err != nil {
		refusal.Reason, refusal.Err = HostUnresolved, err
		return refusal
	}
	if _, err := netip.ParseAddr(client.Host); err != nil {
		for _, addr := range addrs {
			trace.found(client.Host, addr)
		}
	}
	if !slices.Contains(addrs, remote) {
		refusal.Reason, refusal.Resolved = WrongHost, addrs
		return refusal
	}
	trace.resolved(client.CN, remote)
	trace.matched(client.CN, remote)
	return nil
}

// verify checks everything that the certificate itself tells, in the order of the
// reasons, and returns the certificate.
func (a *Authority) verify(certs []*x509.Certificate) (*x509.Certificate, *Refusal) {
	if len(certs) == 0 {
		return nil, &Refusal{Reason: NoCertificate}
	}
	leaf, now := certs[0], a.now()
	r := &Refusal{CN: leaf.Subject.CommonName, Serial: formatSerial(leaf.SerialNumber)}
	by := a.authorities().signerOf(leaf)
	if by == nil {
		r.Reason = ForeignCA
		return nil, r
	}
	switch err := leaf.CheckSignatureFrom(by.cert); {
	case weak(leaf.SignatureAlgorithm):
		// Said before the signature counts: crypto/x509 does not compute such ones.
		r.Reason, r.Err = WeakSignature, x509.InsecureAlgorithmError(leaf.SignatureAlgorithm)
	case err != nil:
		r.Reason, r.Err = ForeignCA, err
	case !by.accepted(now):
		r.Reason, r.At = RetiredCA, by.end()
	case now.After(leaf.NotAfter):
		r.Reason, r.At = Expired, leaf.NotAfter
	case now.Before(leaf.NotBefore):
		r.Reason, r.At = NotYetValid, leaf.NotBefore
	case leaf.IsCA || !slices.Contains(leaf.ExtKeyUsage, x509.ExtKeyUsageClientAuth):
		r.Reason = WrongPurpose
	default:
		return a.verifyChain(leaf, by, r)
	}
	return nil, r
}

// verifyChain has crypto/x509 look at the certificate as a whole. What it finds
// beyond the checks of verify, such as a critical extension that nobody knows, has
// no reason of its own.
func (a *Authority) verifyChain(leaf *x509.Certificate, by *issuer, r *Refusal) (*x509.Certificate, *Refusal) {
	_, err := leaf.Verify(x509.VerifyOptions{
		Roots:       by.roots,
		CurrentTime: a.now(),
		KeyUsages:   []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	})
	if err != nil {
		r.Reason, r.Err = InvalidCertificate, err
		return nil, r
	}
	return leaf, nil
}

func weak(algorithm x509.SignatureAlgorithm) bool {
	switch algorithm {
	case x509.MD2WithRSA, x509.MD5WithRSA, x509.SHA1WithRSA, x509.DSAWithSHA1, x509.ECDSAWithSHA1:
		return true
	}
	return false
}
