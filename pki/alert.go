package pki

import (
	"crypto/tls"
	"errors"
	"net"
)

// RemoteAlert returns the TLS alert with which the peer ended a connection.
// crypto/tls has a type of its own in the error, which errors.As cannot ask for,
// but it has the text of tls.AlertError.
func RemoteAlert(err error) (tls.AlertError, bool) {
	op, ok := errors.AsType[*net.OpError](err)
	if !ok || op.Op != "remote error" {
		return 0, false
	}
	for n := range 256 {
		if a := tls.AlertError(n); a.Error() == op.Err.Error() {
			return a, true
		}
	}
	return 0, false
}
