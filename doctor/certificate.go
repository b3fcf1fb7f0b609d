package doctor

import (
	"context"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"

	"estream/pki"
)

// certificateFile reads the PKCS#12 file.
func (d *diagnosis) certificateFile(_ context.Context, s *Step) {
	if d.Credentials != nil {
		s.Tried = "use the key and certificate files"
		d.use(s, d.Credentials)
		return
	}
	s.Tried = "read the PKCS#12 file " + d.PKCS12
	if d.PKCS12 == "" {
		s.Tried = "find the PKCS#12 file"
		d.fail(s, Failed, FileMissing, "no PKCS#12 file is configured")
		return
	}
	data, err := readBounded(d.PKCS12, pki.MaxPKCS12+1)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		d.fail(s, Failed, FileMissing, err.Error())
		return
	case err != nil:
		d.fail(s, Failed, FileUnreadable, err.Error())
		return
	}
	cred, err := pki.LoadPKCS12(data, d.Password)
	switch {
	case errors.Is(err, pki.ErrPassword):
		given := "the password that is configured does not fit"
		if d.Password == "" {
			given = "it is encrypted, and no password is configured"
		}
		d.fail(s, Failed, WrongPassword, given)
	case err != nil:
		d.fail(s, Failed, FileInvalid, err.Error())
	default:
		d.use(s, cred)
	}
}

func (d *diagnosis) use(s *Step, cred *pki.Credentials) {
	d.cred = cred
	d.words["cn"] = clean(cred.Leaf.Subject.CommonName)
	s.Found = fmt.Sprintf("key and certificate for %s; CA certificates with them: %d", cred.Leaf.Subject.CommonName, len(cred.CACertificates))
}

// readBounded reads a regular file of at most limit bytes; a longer one is cut, so
// that a device or a wrong file cannot fill the memory.
func readBounded(path string, limit int64) ([]byte, error) {
	info, err := os.Stat(path) // before Open, which waits for the writer of a pipe
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is no regular file (%v)", path, info.Mode().Type())
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, limit))
}

// clientCertificate compares the validity of the client's certificate with our clock.
func (d *diagnosis) clientCertificate(_ context.Context, s *Step) {
	leaf, now := d.cred.Leaf, d.Now()
	s.Tried = "compare its validity with this machine's clock, " + stamp(now)
	switch {
	case now.After(leaf.NotAfter):
		d.fail(s, Failed, ClientExpired, fmt.Sprintf("the certificate of %s expired at %s, %s ago", leaf.Subject.CommonName, stamp(leaf.NotAfter), span(now.Sub(leaf.NotAfter))))
	case now.Before(leaf.NotBefore):
		d.fail(s, Failed, ClientNotYetValid, fmt.Sprintf("the certificate of %s is not valid before %s, in %s", leaf.Subject.CommonName, stamp(leaf.NotBefore), span(leaf.NotBefore.Sub(now))))
	case leaf.NotAfter.Sub(now) < ExpiryWarning:
		d.fail(s, Warning, ClientExpiring, fmt.Sprintf("the certificate of %s expires at %s, in %s", leaf.Subject.CommonName, stamp(leaf.NotAfter), span(leaf.NotAfter.Sub(now))))
	default:
		s.Found = describe(leaf)
	}
}

// describe says what matters of a certificate; nothing in it is secret.
func describe(c *x509.Certificate) string {
	sum := sha256.Sum256(c.Raw)
	return fmt.Sprintf("%s, issued by %s, valid from %s to %s, sha256 %s", c.Subject, c.Issuer, stamp(c.NotBefore), stamp(c.NotAfter), hex.EncodeToString(sum[:]))
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// span writes a duration as people say it, in one unit.
func span(d time.Duration) string {
	switch d = d.Abs(); {
	case d >= 48*time.Hour:
		return fmt.Sprintf("%d days", d/(24*time.Hour))
	case d >= 2*time.Hour:
		return fmt.Sprintf("%d hours", d/time.Hour)
	case d >= 2*time.Minute:
		return fmt.Sprintf("%d minutes", d/time.Minute)
	}
	return d.Round(time.Millisecond).String()
}
