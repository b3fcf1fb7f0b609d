package conn

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
)

// explain puts the name of the output in front of err, and a cure behind it if
// there is one.
func explain(o Options, err error) error {
	if hint := cure(err); hint != "" {
		return fmt.Errorf("%s: %w: %s", o.Name, err, hint)
	}
	return fmt.Errorf("%s: %w", o.Name, err)
}

var errHandshake = errors.New("TLS handshake")

func cure(err error) string {
	var (
		dns     *net.DNSError
		header  tls.RecordHeaderError
		unknown x509.UnknownAuthorityError
		name    x509.HostnameError
		invalid x509.CertificateInvalidError
		op      *net.OpError
	)
	switch {
	case errors.As(err, &dns) && dns.IsNotFound:
		return "correct the host name, or the name server that this machine asks"
	case errors.As(err, &dns):
		return "the name server that this machine asks gave no answer"
	case errors.As(err, &header):
		return "the receiver does not speak TLS on this port"
	case errors.Is(err, errHandshake) && (errors.Is(err, io.EOF) || errors.Is(err, connectionReset)):
		return "the receiver hung up: it may not accept us, or not speak TLS on this port; its log says why"
	case errors.As(err, &unknown):
		return "configure the CA that issued the receiver's certificate"
	case errors.As(err, &name):
		return "use a name that is in the receiver's certificate, or configure which name to expect"
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return "renew the receiver's certificate, or correct the clock of this machine"
	case errors.As(err, &op) && op.Op == "remote error": // an alert of TLS, which has no type of its own
		if strings.Contains(op.Err.Error(), "certificate") {
			return "the receiver does not accept our certificate: configure one that its CA issued"
		}
		return "the receiver ended the TLS connection: it may want a client certificate or another version of TLS; its log says why"
	case errors.Is(err, connectionRefused):
		return "nothing listens there: start the receiver, or correct the port"
	case noNetwork(err):
		return "there is no way to that address: check address, route and firewall"
	case errors.Is(err, errClosed):
		return "its log may say why"
	case isConnect(err) && (errors.Is(err, context.DeadlineExceeded) || errors.Is(err, os.ErrDeadlineExceeded)):
		return "no answer: the host is down, or a firewall drops the packets"
	}
	return ""
}

func isConnect(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "dial"
}

// Address checks a destination and returns it as host:port. defaultPort is added
// where s has none; with "" a port is needed. IPv6 addresses stand in brackets.
func Address(s, defaultPort string) (string, error) {
	if i := strings.IndexAny(s, "@/?# \t\r\n"); i >= 0 {
		// What stands before an @ may be a password: s is not in the message.
		return "", fmt.Errorf("address: %q in it: expected host:port, such as siem.example.net:514 or [2001:db8::1]:514", s[i])
	}
	host, port, err := net.SplitHostPort(s)
	if err != nil && defaultPort != "" {
		if bare := strings.TrimSuffix(strings.TrimPrefix(s, "["), "]"); !strings.Contains(bare, ":") || strings.HasPrefix(s, "[") && strings.HasSuffix(s, "]") {
			host, port, err = bare, defaultPort, nil
		}
	}
	if err != nil {
		return "", fmt.Errorf("address %q: %w: expected host:port, such as siem.example.net:514 or [2001:db8::1]:514", s, err)
	}
	if host == "" {
		return "", fmt.Errorf("address %q has no host: expected host:port", s)
	}
	if n, err := net.LookupPort("tcp", port); err != nil || n == 0 {
		return "", fmt.Errorf("address %q: port %q is neither a number from 1 to 65535 nor a known service", s, port)
	}
	return net.JoinHostPort(host, port), nil
}
