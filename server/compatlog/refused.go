package compatlog

import (
	"context"
	"errors"
	"log/slog"
	"strings"

	"estream/pki"
)

// refused writes why a connection did not become a session. The documents have two
// texts for it, the name of the reason stands behind them.
func (l *Log) refused(n uint64, err error) {
	pc := caller()
	l.mu.Lock()
	defer l.mu.Unlock()
	s := l.connections[n]
	if s == nil {
		return
	}
	s.refused = true
	if errors.Is(err, context.Canceled) {
		return // the server ends, which is not the client's fault
	}
	if s.muted {
		l.quiet.refused++
		return
	}
	var r *pki.Refusal
	if !errors.As(err, &r) {
		l.child(pc, n, s, slog.LevelError, connectionHandler, "%v (eStreamer session %d)", err, n)
		return
	}
	switch r.Reason {
	case pki.WrongHost:
		expected := make([]string, len(r.Resolved))
		for i, a := range r.Resolved {
			expected[i] = a.String()
		}
		l.found(pc, n, s, r.Host, r.Resolved)
		for _, a := range expected {
			l.child(pc, n, s, slog.LevelInfo, connectionHandler, "Resolved CN %s to %s", name(r.CN), a)
		}
		l.child(pc, n, s, slog.LevelError, connectionHandler, "%s (eStreamer session %d, %v: expected from %s)", r, n, r.Reason, strings.Join(expected, ", "))
	case pki.HostUnresolved:
		l.child(pc, n, s, slog.LevelError, connectionHandler, "%s (eStreamer session %d, %v: %v)",
			&pki.Refusal{Reason: pki.WrongHost, CN: r.CN, Remote: r.Remote}, n, r.Reason, r.Err)
	default:
		l.child(pc, n, s, slog.LevelError, connectionHandler, "SSL_accept failed, SSL_get_error reports %s (eStreamer session %d, %v: %v)", sslError(r.Reason), n, r.Reason, r)
	}
}

// sslError is the name that OpenSSL has for what went wrong: the second one where the
// peer's bytes were at fault, else the one that the documents show for certificates
// that are not accepted.
func sslError(r pki.Reason) string {
	switch r {
	case pki.NotTLS, pki.ProtocolVersion, pki.RefusedByClient, pki.HandshakeFailed:
		return "SSL_ERROR_SSL"
	}
	return "SSL_ERROR_SYSCALL"
}
