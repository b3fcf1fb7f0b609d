package encore

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"

	"estream/pki"
	"estream/session"
	"estream/source/fmc"
	"estream/wire"
)

// Texts that scripts look for. What follows the first sentence is ours.
const (
	closedText = "The FMC eStreamer server has closed the connection. Possible causes: the server was shut down or restarted; " +
		"it does not accept this client, because it is not registered there or reaches the server from another address than the registered one (NAT); " +
		"or it has a problem, which its own log shows."
	unreachableText = "Could not connect to eStreamer Server at all. Check host and port in the configuration, that the server listens there, and firewalls in between."
	noServiceText   = "No StreamingInformation service"
)

// An unreachable error is a connection that did not come to be.
type unreachable struct{ err error }

func (e *unreachable) Error() string { return e.err.Error() }
func (e *unreachable) Unwrap() error { return e.err }

// Describe says what is wrong with a connection, beginning with eNcore's words
// where it has some. f, if not nil, are the files that hold what was taken out of
// the PKCS#12 file.
func Describe(err error, f *Files) string {
	var (
		dns      *net.DNSError
		dial     *session.DialError
		server   *session.ServerError
		verify   *tls.CertificateVerificationError
		unknown  x509.UnknownAuthorityError
		explains *fmc.Explained
	)
	_, alerted := pki.RemoteAlert(err)
	hint, renewed := "", ""
	if f != nil {
		renewed = fmt.Sprintf("; after fetching a new PKCS#12 file delete %s and %s", f.Key, f.Cert)
	}
	if errors.As(err, &explains) {
		hint = " Hint: " + explains.Hint
	}
	switch {
	case errors.Is(err, context.Canceled):
		return "EncoreException: stopped before the end"
	case errors.As(err, &dns):
		return fmt.Sprintf("socket.gaierror (%v): the name of the server does not resolve", err)
	case errors.As(err, &server):
		return fmt.Sprintf("EncoreException: %d: %s", server.Code, strings.ToValidUTF8(server.Text, "?"))
	case errors.Is(err, session.ErrNoService):
		return fmt.Sprintf("EncoreException: %s: %v", noServiceText, err)
	case errors.Is(err, pki.ErrPinMismatch):
		return fmt.Sprintf("EncoreException: %v", err)
	case errors.Is(err, pki.ErrServerCertificate), errors.As(err, &verify), errors.As(err, &unknown):
		return fmt.Sprintf("EncoreException: %v. The server may have got a new certificate%s", err, renewed)
	case alerted:
		return fmt.Sprintf("SSLError: %v. \"revoked\" means that this client was deleted on the server%s", err, renewed)
	case errors.As(err, &dial) && dial.Stage == session.StageConnect, errors.As(err, new(*unreachable)):
		return fmt.Sprintf("TimeoutException: %s (%v)", unreachableText, err)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, net.ErrClosed), strings.Contains(err.Error(), "reset by peer"):
		return "ConnectionClosedException: " + closedText
	case errors.As(err, new(*session.ProtocolError)), errors.As(err, new(*wire.FrameError)):
		return fmt.Sprintf("EncoreException: %v", err)
	}
	return fmt.Sprintf("EncoreException: %v%s", err, hint)
}
