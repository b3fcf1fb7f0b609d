package cli

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"strings"
	"time"
	"unicode"

	"estream/encore"
	"estream/pki"
)

// A probe tests connections, and writes lines as eNcore's log has them.
type probe struct {
	w         io.Writer
	done, bad int   // tests
	failed    error // of writing
}

// A probeTarget is a server as a probe needs it. Its TLS and Say are set by the test.
type probeTarget struct {
	encore.Probe
	credentials func() (*pki.Credentials, error)
	tls         func(*pki.Credentials) (*tls.Config, error)
	verify      pki.ClientOptions
}

func (p *probe) printf(format string, args ...any) {
	if p.failed != nil {
		return
	}
	if _, err := fmt.Fprintf(p.w, format, args...); readerGone(err) {
		p.failed = &silentError{exitFailed} // nobody is there to tell
	} else {
		p.failed = err
	}
}

// line writes a line in the form that eNcore's log has by default.
func (p *probe) line(logger string, level slog.Level, text string) {
	text = strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return '?' // some of it comes from a peer
	}, text)
	name := level.String()
	if level == slog.LevelWarn {
		name = "WARNING" // as Python calls it
	}
	if level >= slog.LevelInfo {
		p.printf("%s %-12s %-8s %s\n", time.Now().Format("2006-01-02 15:04:05,000"), logger, name, text)
	}
}

// test tests one server and writes how it went.
func (p *probe) test(ctx context.Context, t *probeTarget) {
	p.done++
	if err := p.run(ctx, t); err != nil {
		p.bad++
		p.line("Diagnostics", slog.LevelError, encore.Describe(err, nil))
	}
}

func (p *probe) run(ctx context.Context, t *probeTarget) error {
	p.line("Diagnostics", slog.LevelInfo, "Check certificate")
	cred, err := t.credentials()
	if err != nil {
		return err
	}
	if t.TLS, err = t.tls(cred); err != nil {
		return err
	}
	if t.verify.PinOnly || cred.CAs == nil {
		if _, err := t.verify.Pin.Fingerprint(); errors.Is(err, fs.ErrNotExist) {
			t.TLS.VerifyConnection = p.unpinned
		}
	}
	t.Say = p.line
	return t.Run(ctx)
}

// unpinned lets a server pass that the service would pin when it meets it: a test
// must not decide whom to trust from then on.
func (p *probe) unpinned(cs tls.ConnectionState) error {
	sum := sha256.Sum256(cs.PeerCertificates[0].Raw)
	p.line("Diagnostics", slog.LevelWarn, "The certificate of the server is not verified, there is neither a CA nor a pin: sha256:"+hex.EncodeToString(sum[:]))
	return nil
}
