package pki

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"time"
)

// ErrServerCertificate is wrapped by the errors with which a handshake under
// ClientTLSConfig fails because of the server's certificate.
var ErrServerCertificate = errors.New("server certificate not accepted")

// ClientOptions choose how the server's certificate is checked.
type ClientOptions struct {
	// Pin is used when the credentials have no CA. It is required then.
	Pin *Pin
	// PinOnly uses Pin even if the credentials have a CA: for a server whose
	// certificate that CA did not sign, or signed with SHA-1.
	PinOnly bool
	// Now tells the time for validity periods. Default: time.Now.
	Now func() time.Time
}

// ClientTLSConfig returns the TLS configuration of a client: TLS 1.2 or newer with
// the certificate of cred. The server's chain is verified against the CA in cred,
// or by the pin where there is none. Host names are not compared, because the
// certificates of these servers do not carry them.
func ClientTLSConfig(cred *Credentials, opts ClientOptions) (*tls.Config, error) {
	if opts.Now == nil {
		opts.Now = time.Now
	}
	pinned := opts.PinOnly || cred.CAs == nil
	if pinned && opts.Pin == nil {
		return nil, errors.New("client TLS: the PKCS#12 file has no CA certificate and no pin file is given, so the server cannot be verified; " +
			"use the file as the server issued it, or name a pin file")
	}
	return &tls.Config{
		MinVersion:   tls.VersionTLS12,
		CipherSuites: rsaCipherSuites(),
		Time:         opts.Now,
		// Chosen here, whatever CAs the server names: there is only this one.
		GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
			return &cred.Certificate, nil
		},
		// This turns off the name check, which crypto/tls cannot do without, and the
		// chain check with it. VerifyConnection does the latter, on every connection.
		InsecureSkipVerify: true,
		VerifyConnection: func(cs tls.ConnectionState) error {
			var err error
			if pinned {
				err = opts.Pin.check(cs.PeerCertificates[0], opts.Now())
			} else {
				err = verifyServer(cs.PeerCertificates, cred, opts.Now())
			}
			if err != nil {
				return fmt.Errorf("%w: %w", ErrServerCertificate, err)
			}
			return nil
		},
	}, nil
}

// rsaCipherSuites returns Go's choice for TLS 1.2 and four suites with RSA key
// exchange. Older Management Centers offer elliptic curves only where their OpenSSL
// was told to. crypto/tls prefers the others whenever the peer has one.
func rsaCipherSuites() []uint16 {
	var ids []uint16
	for _, s := range tls.CipherSuites() {
		ids = append(ids, s.ID)
	}
	return append(ids,
		tls.TLS_RSA_WITH_AES_256_GCM_SHA384, tls.TLS_RSA_WITH_AES_128_GCM_SHA256,
		tls.TLS_RSA_WITH_AES_256_CBC_SHA, tls.TLS_RSA_WITH_AES_128_CBC_SHA)
}

// verifyServer checks the chain of a server and says what is wrong in the words of
// the operator.
func verifyServer(certs []*x509.Certificate, cred *Credentials, now time.Time) error {
	leaf := certs[0]
	intermediates := x509.NewCertPool()
	for _, c := range certs[1:] {
		intermediates.AddCert(c)
	}
	_, err := leaf.Verify(x509.VerifyOptions{
		Roots:         cred.CAs,
		Intermediates: intermediates,
		CurrentTime:   now,
		// A client's certificate of the same CA must not pass for the server. A
		// certificate that names no purpose is accepted, older servers have such.
		KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	})
	if err == nil {
		return nil
	}
	name := printable(leaf.Subject.String())
	var invalid x509.CertificateInvalidError
	var unknown x509.UnknownAuthorityError
	switch {
	case weak(leaf.SignatureAlgorithm):
		return fmt.Errorf("%s is signed with %v, which is not safe: have the server issue a new certificate, or pin this one: %w",
			name, leaf.SignatureAlgorithm, err)
	case errors.As(err, &unknown):
		return fmt.Errorf("%s, issued by %s, is not signed by the CA in the PKCS#12 file (%s): the file is from another server or from before a reinstallation, download a new one: %w",
			name, printable(leaf.Issuer.String()), printable(cred.CACertificates[0].Subject.String()), err)
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return fmt.Errorf("%s is valid from %s to %s, and this host's clock says %s: %w",
			name, stamp(leaf.NotBefore), stamp(leaf.NotAfter), stamp(now), err)
	case errors.As(err, &invalid) && invalid.Reason == x509.IncompatibleUsage:
		return fmt.Errorf("%s is not meant for a server; somebody may be posing as one: %w", name, err)
	}
	return fmt.Errorf("%s: %w", name, err)
}
