package pki

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"strings"
	"time"
)

// handshakeTimeout ends a handshake that a peer does not go on with.
const handshakeTimeout = 30 * time.Second

// Accept makes conn, an accepted TCP connection, into that of an admitted client.
// It blocks for the TLS handshake, at most 30 s, and for the host check, at most
// Options.ResolveTimeout; both end with ctx. checkHost off admits a registered
// certificate from any address; for one client behind address translation there is
// [Client].Also.
//
// The error is a [*Refusal], and conn is closed then. Else the caller owns the
// returned connection, from which nothing has been read.
func (a *Authority) Accept(ctx context.Context, conn net.Conn, checkHost bool) (*tls.Conn, Client, error) {
	remote := remoteAddr(conn)
	secure := tls.Server(conn, a.config)
	limited, cancel := context.WithTimeout(ctx, handshakeTimeout)
	err := secure.HandshakeContext(limited)
	cancel()
	if err != nil {
		conn.Close() // its error would tell nothing beside the refusal
		return nil, Client{}, handshakeRefusal(err, remote)
	}
	client, err := a.Admit(ctx, secure.ConnectionState(), remote, checkHost)
	if err != nil {
		secure.Close() // likewise; the protocol wants no message here
		return nil, Client{}, err
	}
	return secure, client, nil
}

// TLSConfig returns the server's TLS configuration, for servers that do the
// handshake themselves and then call Admit: the handshake alone does not look at
// registrations. Handshake returns a [*Refusal], without the peer's address, for
// certificates that fail.
func (a *Authority) TLSConfig() *tls.Config { return a.config.Clone() }

// ServerTLSConfig returns the configuration of a server beside the service that asks
// for no client certificates, such as one for administrators: TLS 1.2 or newer with
// the certificate of the service, as it is at each handshake.
func (a *Authority) ServerTLSConfig() *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: a.serverCertificate, Time: a.now}
}

func (a *Authority) newTLSConfig(legacy bool) *tls.Config {
	config := &tls.Config{
		MinVersion:     tls.VersionTLS12,
		GetCertificate: a.serverCertificate,
		Time:           a.now,
		// A certificate is asked for and checked by verify, not by crypto/tls, so that
		// each fault has its own reason. ClientCAs stays empty: it would be sent to the
		// client, and many keep back a certificate that does not fit the list. "No
		// certificate" would then be all we see of one from an earlier installation.
		ClientAuth: tls.RequestClientCert,
		VerifyConnection: func(cs tls.ConnectionState) error {
			// Not returned directly: a nil *Refusal would be an error.
			if _, refusal := a.verify(cs.PeerCertificates); refusal != nil {
				return refusal
			}
			return nil
		},
		// Sessions last for days; resuming them would save nothing, and every
		// connection shows its certificate anew this way.
		SessionTicketsDisabled: true,
	}
	if legacy {
		config.MinVersion, config.CipherSuites = tls.VersionTLS10, rsaCipherSuites()
	}
	return config
}

// handshakeRefusal finds the reason for a failed handshake.
func handshakeRefusal(err error, remote netip.Addr) *Refusal {
	var refusal *Refusal
	if errors.As(err, &refusal) {
		refusal.Remote = remote
		return refusal
	}
	r := &Refusal{Reason: HandshakeFailed, Remote: remote, Err: err}
	var notTLS tls.RecordHeaderError
	var op *net.OpError
	switch {
	case errors.As(err, &notTLS):
		r.Reason = NotTLS
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded):
		r.Reason = HandshakeTimeout
	case errors.As(err, &op) && op.Op == "remote error": // how crypto/tls marks an alert
		r.Reason = RefusedByClient
	case strings.Contains(err.Error(), "unsupported versions"): // crypto/tls has no value for it
		r.Reason = ProtocolVersion
	case op != nil && (op.Op == "read" || op.Op == "write"), // reset, in the words of each system
		errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.ErrClosedPipe):
		r.Reason = HandshakeAborted
	}
	return r
}

// remoteAddr returns the peer's address, or the zero Addr, which matches no host.
func remoteAddr(conn net.Conn) netip.Addr {
	addr := conn.RemoteAddr()
	if tcp, ok := addr.(*net.TCPAddr); ok {
		return plain(tcp.AddrPort().Addr())
	}
	if addr == nil {
		return netip.Addr{}
	}
	if ap, err := netip.ParseAddrPort(addr.String()); err == nil {
		return plain(ap.Addr())
	}
	return netip.Addr{}
}
