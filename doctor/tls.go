package doctor

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"slices"
	"strings"
	"time"

	"estream/pki"
)

// A handshake is what became of one TLS handshake.
type handshake struct {
	conn  *tls.Conn
	state tls.ConnectionState // known from the server's certificate on
	heard bool                // the server has chosen a version and shown its certificate
	asked bool                // it has asked for ours
	hello *helloReader
	err   error
}

// shake does a handshake on conn as the collector does it, but lets every server
// certificate pass: it is looked at afterwards, when it can be named. Ciphers are
// those of the collector, or with anyCipher all there are.
func (d *diagnosis) shake(ctx context.Context, conn net.Conn, least, most uint16, anyCipher bool) *handshake {
	h := &handshake{hello: &helloReader{Conn: conn}}
	cfg, err := pki.ClientTLSConfig(d.cred, pki.ClientOptions{Pin: &pki.Pin{}, Now: d.Now})
	if err != nil {
		h.err = err
		return h
	}
	cfg.MinVersion, cfg.MaxVersion, cfg.ServerName = least, most, d.host
	if least < tls.VersionTLS12 || anyCipher {
		for _, s := range slices.Concat(tls.CipherSuites(), tls.InsecureCipherSuites()) {
			if !slices.Contains(cfg.CipherSuites, s.ID) {
				cfg.CipherSuites = append(cfg.CipherSuites, s.ID)
			}
		}
	}
	ours := cfg.GetClientCertificate
	cfg.GetClientCertificate = func(r *tls.CertificateRequestInfo) (*tls.Certificate, error) {
		h.asked = true
		return ours(r)
	}
	cfg.VerifyConnection = func(cs tls.ConnectionState) error {
		h.state, h.heard = cs, true
		return nil
	}
	h.conn = tls.Client(h.hello, cfg)
	ctx, cancel := context.WithTimeout(ctx, d.Timeout)
	defer cancel()
	h.err = h.conn.HandshakeContext(ctx)
	return h
}

// tls does the handshake. A refusal of our certificate, which may come within it, is
// left to the admission step.
func (d *diagnosis) tls(ctx context.Context, s *Step) {
	least, most := d.tlsVersions()
	s.Tried = fmt.Sprintf("TLS handshake, %s to %s", tls.VersionName(least), tls.VersionName(most))
	h := d.shake(ctx, d.tcp, least, most, false)
	d.tcp, d.shaken = nil, h
	if d.shaken.conn == nil {
		d.shaken = nil
		d.fail(s, Failed, TLSFailed, h.err.Error())
		return
	}
	d.clock.hello(h.hello, d.Now())
	if !h.heard {
		d.noTLS(ctx, s, h.err, least, most)
		return
	}
	s.Found = fmt.Sprintf("%s, %s", tls.VersionName(h.state.Version), tls.CipherSuiteName(h.state.CipherSuite))
	if !h.asked && h.err == nil {
		d.fail(s, Warning, NotAsked, s.Found+"; the server did not ask for our certificate")
	}
}

// noTLS finds out why a handshake got nowhere.
func (d *diagnosis) noTLS(ctx context.Context, s *Step, err error, least, most uint16) {
	var timeout net.Error
	if errors.As(err, new(tls.RecordHeaderError)) {
		d.fail(s, Failed, NotTLS, "what answers does not speak TLS: "+err.Error())
		return
	}
	if errors.Is(err, context.DeadlineExceeded) || errors.As(err, &timeout) && timeout.Timeout() {
		d.fail(s, Failed, TLSSilent, fmt.Sprintf("the connection was taken, then nothing came for %v", d.Timeout))
		return
	}
	speaks := d.versions(ctx)
	var names []string
	fits := false
	for _, v := range speaks {
		names = append(names, tls.VersionName(v))
		fits = fits || v >= least && v <= most
	}
	switch {
	case len(speaks) == 0:
		d.fail(s, Failed, TLSFailed, "no TLS version gets an answer: "+words(err))
	case fits:
		d.fail(s, Failed, TLSFailed, fmt.Sprintf("the server speaks %s, but no cipher suite that we have: %s", strings.Join(names, ", "), words(err)))
	default:
		d.fail(s, Failed, TLSVersion, fmt.Sprintf("the server speaks %s only, the source is set to %s to %s: %s", strings.Join(names, ", "), tls.VersionName(least), tls.VersionName(most), words(err)))
	}
}

// versions returns the TLS versions that the server speaks, found by asking for
// one after the other.
func (d *diagnosis) versions(ctx context.Context) (speaks []uint16) {
	for _, v := range []uint16{tls.VersionTLS10, tls.VersionTLS11, tls.VersionTLS12, tls.VersionTLS13} {
		conn, err := d.dial(ctx, d.addrs[0])
		if err != nil {
			continue // a server that takes no more connections now speaks nothing that we could tell
		}
		if d.shake(ctx, conn, v, v, true).heard {
			speaks = append(speaks, v)
		}
		_ = conn.Close() // it has served its purpose
	}
	return speaks
}

// words says what an error of TLS means, where its own text is a bare EOF.
func words(err error) string {
	switch {
	case err == nil:
		return "no error"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return "the server closed the connection"
	case isReset(err):
		return "the server reset the connection"
	}
	return err.Error()
}

// serverCertificate verifies the certificate that the handshake has shown.
func (d *diagnosis) serverCertificate(_ context.Context, s *Step) {
	state := d.shaken.state
	leaf := state.PeerCertificates[0]
	bad := Failed
	if d.Lenient {
		bad = Warning
	}
	pinned := d.Verify.PinOnly || d.cred.CAs == nil
	switch {
	case pinned && d.Verify.Pin == nil:
		s.Tried = "find what the server's certificate can be verified with"
		d.fail(s, bad, NoCA, "the PKCS#12 file has no CA certificate, and no pin file is configured")
		return
	case pinned:
		s.Tried = "compare the server's certificate with the pin in " + d.Verify.Pin.File
		// Asked before the check, which would write the pin.
		if _, err := d.Verify.Pin.Fingerprint(); errors.Is(err, fs.ErrNotExist) {
			d.fail(s, Warning, NotPinned, "no certificate is pinned yet; the server shows "+describe(leaf))
			return
		}
	default:
		s.Tried = "verify the server's certificate with the CA in the PKCS#12 file"
	}
	cfg, err := pki.ClientTLSConfig(d.cred, d.Verify)
	if err == nil {
		err = cfg.VerifyConnection(state)
	}
	if err == nil {
		s.Found = describe(leaf)
		return
	}
	d.fail(s, bad, d.serverCause(err, leaf), err.Error())
}

func (d *diagnosis) serverCause(err error, leaf *x509.Certificate) Cause {
	var (
		unknown x509.UnknownAuthorityError
		invalid x509.CertificateInvalidError
		now     = d.Now()
	)
	faulty := leaf
	if errors.As(err, &invalid) && invalid.Cert != nil {
		faulty = invalid.Cert // it may be the CA's
	}
	expired := errors.As(err, &invalid) && invalid.Reason == x509.Expired
	switch {
	case errors.Is(err, pki.ErrPinMismatch):
		return ServerChanged
	case expired && now.Before(faulty.NotBefore):
		return ServerNotYetValid
	case expired:
		return ServerExpired
	case errors.As(err, &unknown):
		return WrongCA
	}
	return ServerInvalid
}

// A helloReader keeps the first bytes that the server sends.
type helloReader struct {
	net.Conn
	head []byte
}

func (r *helloReader) Read(p []byte) (int, error) {
	n, err := r.Conn.Read(p)
	if more := helloBytes - len(r.head); more > 0 {
		r.head = append(r.head, p[:min(n, more)]...)
	}
	return n, err
}

// helloBytes are those up to the first four of the server's random: record header 5,
// handshake header 4, version 2, time 4 (RFC 5246, sections 6.2.1 and 7.4.1.3).
const helloBytes = 15

// time returns the time in the ServerHello. TLS up to 1.2 meant the first four
// bytes of the random to be one, and older OpenSSL fills it in; newer ones and TLS
// 1.3 send noise there. What lies within a day of now is taken for a time: noise
// does so once in 25,000 handshakes.
func (r *helloReader) time(now time.Time) (time.Time, bool) {
	const recordHandshake, serverHello = 22, 2
	if len(r.head) < helloBytes || r.head[0] != recordHandshake || r.head[5] != serverHello {
		return time.Time{}, false
	}
	b := r.head[11:]
	t := time.Unix(int64(b[0])<<24|int64(b[1])<<16|int64(b[2])<<8|int64(b[3]), 0)
	return t, t.Sub(now).Abs() < 24*time.Hour
}
