package pki

import (
	"fmt"
	"net/netip"
	"strings"
	"time"
	"unicode"
)

// A Reason says why a connection was refused. The zero value is not a reason.
type Reason uint8

// Reasons from the TLS handshake, from the certificate, from the registration and
// from the host check, in the order in which they are looked for; RetiredCA comes
// after WeakSignature.
const (
	HandshakeTimeout   Reason = iota + 1 // the handshake took longer than allowed
	NotTLS                               // the first bytes were not TLS
	ProtocolVersion                      // the client offers nothing newer than TLS 1.1
	RefusedByClient                      // the client ended the handshake with an alert
	HandshakeAborted                     // the client hung up during the handshake
	HandshakeFailed                      // any other failure of the handshake
	NoCertificate                        // the client sent no certificate
	ForeignCA                            // signed by some other authority, or by nobody
	WeakSignature                        // signed with MD5 or SHA-1
	Expired                              // the certificate's time is over
	NotYetValid                          // the certificate's time has not come
	WrongPurpose                         // not a certificate for TLS clients
	InvalidCertificate                   // any other fault of the certificate
	RegistryUnreadable                   // the registrations could not be read
	Unregistered                         // no registration has this serial number
	CNMismatch                           // the registration has another common name
	Revoked                              // the registration was removed
	HostUnresolved                       // the registered name has no address just now
	WrongHost                            // the peer's address is not the registered host's
	RetiredCA                            // signed by a CA of this server whose time is over
)

// reasonWords are short enough for a metric's label and do not change.
var reasonWords = [...]string{
	HandshakeTimeout:   "handshake_timeout",
	NotTLS:             "not_tls",
	ProtocolVersion:    "protocol_version",
	RefusedByClient:    "refused_by_client",
	HandshakeAborted:   "handshake_aborted",
	HandshakeFailed:    "handshake_failed",
	NoCertificate:      "no_certificate",
	ForeignCA:          "foreign_ca",
	WeakSignature:      "weak_signature",
	Expired:            "expired",
	NotYetValid:        "not_yet_valid",
	WrongPurpose:       "wrong_purpose",
	InvalidCertificate: "invalid_certificate",
	RegistryUnreadable: "registry_unreadable",
	Unregistered:       "unregistered",
	CNMismatch:         "cn_mismatch",
	Revoked:            "revoked",
	HostUnresolved:     "host_unresolved",
	WrongHost:          "wrong_host",
	RetiredCA:          "retired_ca",
}

// String returns the reason as one word, such as "wrong_host".
func (r Reason) String() string {
	if int(r) < len(reasonWords) && reasonWords[r] != "" {
		return reasonWords[r]
	}
	return fmt.Sprintf("reason_%d", uint8(r))
}

// A Refusal is the error for a connection that is not admitted. Fields that do not
// apply are zero. CN comes from the peer: Error makes it printable, other users
// have to do so themselves.
type Refusal struct {
	Reason   Reason
	Remote   netip.Addr   // the peer
	CN       string       // common name in the peer's certificate
	Serial   string       // serial number of that certificate, 32 hexadecimal digits or more
	Host     string       // the registered host
	Resolved []netip.Addr // the addresses of Host, for WrongHost
	At       time.Time    // the end or start of validity, or the time of revocation
	Err      error        // the cause, where there is one
}

// Unwrap returns the cause.
func (r *Refusal) Unwrap() error { return r.Err }

// Error returns the text for the log. The one for WrongHost is word for word what
// operators know from a Management Center.
func (r *Refusal) Error() string {
	cn, remote := printable(r.CN), r.remote()
	switch r.Reason {
	case HandshakeTimeout:
		return fmt.Sprintf("TLS handshake with %s was not completed in time", remote)
	case NotTLS:
		return fmt.Sprintf("%s does not speak TLS", remote)
	case ProtocolVersion:
		return fmt.Sprintf("%s offers TLS versions older than 1.2 only: %v", remote, r.Err)
	case RefusedByClient:
		return fmt.Sprintf("%s refused the handshake, perhaps because it does not trust this server's certificate: %v", remote, r.Err)
	case HandshakeAborted:
		return fmt.Sprintf("%s closed the connection during the TLS handshake: %v", remote, r.Err)
	case HandshakeFailed:
		return fmt.Sprintf("TLS handshake with %s: %v", remote, r.Err)
	case NoCertificate:
		return fmt.Sprintf("%s presented no certificate; the client needs the PKCS#12 file of its registration", remote)
	case ForeignCA:
		return fmt.Sprintf("Certificate Common Name %s from %s was not issued by this server's Internal CA; it belongs to another server or to an earlier installation", cn, remote)
	case WeakSignature:
		return fmt.Sprintf("Certificate Common Name %s from %s has a weak signature (%v); register the client again", cn, remote, r.Err)
	case RetiredCA:
		return fmt.Sprintf("Certificate Common Name %s from %s was issued by an Internal CA of this server that is not accepted since %s; register the client again", cn, remote, stamp(r.At))
	case Expired:
		return fmt.Sprintf("Certificate Common Name %s from %s expired at %s; register the client again", cn, remote, stamp(r.At))
	case NotYetValid:
		return fmt.Sprintf("Certificate Common Name %s from %s is not valid before %s; check the clock of this server", cn, remote, stamp(r.At))
	case WrongPurpose:
		return fmt.Sprintf("Certificate Common Name %s from %s is not meant for TLS clients", cn, remote)
	case InvalidCertificate:
		return fmt.Sprintf("Certificate Common Name %s from %s is not valid: %v", cn, remote, r.Err)
	case RegistryUnreadable:
		return fmt.Sprintf("Certificate Common Name %s from %s cannot be checked: %v", cn, remote, r.Err)
	case Unregistered:
		return fmt.Sprintf("Certificate Common Name %s from %s with serial %s is not registered", cn, remote, r.Serial)
	case CNMismatch:
		return fmt.Sprintf("Certificate Common Name %s from %s does not match the registration of serial %s, which is for %s", cn, remote, r.Serial, r.Host)
	case Revoked:
		return fmt.Sprintf("Certificate Common Name %s from %s was revoked at %s", cn, remote, stamp(r.At))
	case HostUnresolved:
		return fmt.Sprintf("Certificate Common Name %s from %s cannot be resolved: %v", cn, remote, r.Err)
	case WrongHost:
		return fmt.Sprintf("Certificate Common Name %s does not match remote host: %s. It was issued to a different client.", cn, remote)
	}
	return fmt.Sprintf("connection from %s refused: %s", remote, r.Reason)
}

func (r *Refusal) remote() string {
	if !r.Remote.IsValid() {
		return "client"
	}
	return r.Remote.String()
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// printable returns s fit for one line of a log: control characters become "?",
// and a name longer than any registered one is cut.
func printable(s string) string {
	if s == "" {
		return `""`
	}
	const longest = 4 * maxHost
	if len(s) > longest {
		s = strings.ToValidUTF8(s[:longest], "") + "..."
	}
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) && r != unicode.ReplacementChar {
			return r
		}
		return '?'
	}, s)
}
