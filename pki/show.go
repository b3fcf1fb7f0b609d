package pki

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"time"
)

// ShowCertificate makes the server show, in this process only, a certificate that is
// valid until notAfter, which may have passed already; nothing is written. It is for
// test services, whose clients have to see certificates end. The zero time brings the
// real one back.
func (a *Authority) ShowCertificate(notAfter time.Time) error {
	var show *tls.Certificate
	if !notAfter.IsZero() {
		by := a.authorities().presented(a.now())
		pair, err := a.newServer(by, func(tmpl *x509.Certificate) {
			tmpl.NotBefore, tmpl.NotAfter = a.now().Add(-time.Hour), notAfter
			if notAfter.Before(a.now()) {
				tmpl.NotBefore = notAfter.Add(-time.Hour)
			}
		})
		if err != nil {
			return fmt.Errorf("certificate to show: %w", err)
		}
		show = tlsCertificate(pair, by)
	}
	a.serverMu.Lock()
	a.shown = show
	a.serverMu.Unlock()
	return nil
}
