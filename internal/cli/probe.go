package cli

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"strings"
	"time"
	"unicode"

	"estream/pki"
	"estream/wire"
)

// maxResponse bounds the message that a connection test reads, in bytes; a bundle is
// the longest that a server sends.
const maxResponse = 16 << 20

// A probe tests connections, and writes lines as eNcore's log has them.
type probe struct {
	w         io.Writer
	done, bad int   // tests
	failed    error // of writing
}

// A probeTarget is a server as a probe needs it.
type probeTarget struct {
	addr, network string
	dial          func(ctx context.Context, network, addr string) (net.Conn, error)
	flags         wire.RequestFlags
	credentials   func() (*pki.Credentials, error)
	tls           func(*pki.Credentials) (*tls.Config, error)
	verify        pki.ClientOptions
	timeout       time.Duration // of the connection, then of the answer
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
func (p *probe) line(logger, level, text string) {
	text = strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return '?' // some of it comes from a peer
	}, text)
	p.printf("%s %-12s %-8s %s\n", time.Now().Format("2006-01-02 15:04:05,000"), logger, level, text)
}

func (p *probe) info(text string) { p.line("Diagnostics", "INFO", text) }

// test tests one server and writes how it went.
func (p *probe) test(ctx context.Context, t *probeTarget) {
	p.done++
	if err := p.run(ctx, t); err != nil {
		p.bad++
		p.line("Diagnostics", "ERROR", encoreWords(err))
		return
	}
	p.info("Connection successful")
}

func (p *probe) run(ctx context.Context, t *probeTarget) error {
	p.info("Check certificate")
	cred, err := t.credentials()
	if err != nil {
		return err
	}
	cfg, err := t.tls(cred)
	if err != nil {
		return err
	}
	if t.verify.PinOnly || cred.CAs == nil {
		if _, err := t.verify.Pin.Fingerprint(); errors.Is(err, fs.ErrNotExist) {
			cfg.VerifyConnection = p.unpinned
		}
	}
	p.info("Creating connection")
	p.line("Connection", "INFO", "Connecting to "+t.addr)
	conn, err := t.connect(ctx, cfg)
	if err != nil {
		return err
	}
	// What the server answers is the result; how the connection ends is none.
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Now()) })()
	p.line("Connection", "INFO", "Using TLS v"+strings.TrimPrefix(tls.VersionName(conn.ConnectionState().Version), "TLS "))
	err = p.exchange(conn, t)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

// unpinned lets a server pass that the service would pin when it meets it: a test
// must not decide whom to trust from then on.
func (p *probe) unpinned(cs tls.ConnectionState) error {
	sum := sha256.Sum256(cs.PeerCertificates[0].Raw)
	p.line("Diagnostics", "WARNING", "The certificate of the server is not verified, there is neither a CA nor a pin: sha256:"+hex.EncodeToString(sum[:]))
	return nil
}

// errConnect marks a connection that did not come about.
var errConnect = errors.New("no connection")

func (t *probeTarget) connect(ctx context.Context, cfg *tls.Config) (*tls.Conn, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, t.timeout, fmt.Errorf("nothing came within %v", t.timeout))
	defer cancel()
	raw, err := t.dial(ctx, t.network, t.addr)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errConnect, err)
	}
	cfg = cfg.Clone()
	if cfg.ServerName, _, err = net.SplitHostPort(t.addr); err != nil {
		return nil, errors.Join(err, raw.Close())
	}
	conn := tls.Client(raw, cfg)
	if err := conn.HandshakeContext(ctx); err != nil {
		_ = raw.Close() // the first error is the one to tell
		return nil, fmt.Errorf("TLS handshake: %w", err)
	}
	return conn, nil
}

// exchange sends the request for new events and looks at the answer.
func (p *probe) exchange(conn net.Conn, t *probeTarget) error {
	p.info("Creating request message")
	request := wire.AppendEventStreamRequest(nil, wire.EventStreamRequest{Start: wire.StartNow, Flags: t.flags})
	p.info("Request message=" + hex.EncodeToString(request))
	p.info("Sending request message")
	if err := conn.SetDeadline(time.Now().Add(t.timeout)); err != nil {
		return err
	}
	if _, err := conn.Write(request); err != nil {
		return fmt.Errorf("send the request: %w", err)
	}
	p.info("Receiving response message")
	h, message, err := readResponse(conn)
	if errors.Is(err, os.ErrDeadlineExceeded) && len(message) == 0 && t.flags&wire.FlagExtendedRequest == 0 {
		return nil // asked in this way, a server has nothing to say until an event comes
	}
	if err != nil {
		return err
	}
	p.info("Response message=" + base64.StdEncoding.EncodeToString(message))
	switch h.Type {
	case wire.TypeStreamingInformation:
		p.info("Streaming info response")
	case wire.TypeMessageBundle:
		p.info("Bundle")
	case wire.TypeNull:
		p.info("Null")
	case wire.TypeEventData:
		p.info("Parsing response message")
		r, ok := wire.PeekRecord(message)
		if !ok {
			return fmt.Errorf("an event of %d bytes is too short for a record", h.Length)
		}
		p.info(fmt.Sprintf(`Response record={"recordType": %d, "recordLength": %d, "archiveTimestamp": %d}`, r.Type, r.Length, r.ArchiveTimestamp))
	case wire.TypeError:
		m, err := wire.ParseErrorMessage(message[wire.HeaderSize:])
		if err != nil && m.Text == "" {
			m.Text = err.Error()
		}
		p.line("Diagnostics", "ERROR", fmt.Sprintf("Error message received: %d: %s", m.Code, m.Text))
		return fmt.Errorf("%d: %s", m.Code, m.Text)
	default:
		p.line("Diagnostics", "WARNING", fmt.Sprintf("Unknown message received: type %d, %d bytes", h.Type, len(message)))
	}
	return nil
}

// readResponse reads one message. Memory grows with what comes, not with what is
// announced. After an error it returns what it has read.
func readResponse(r io.Reader) (h wire.Header, message []byte, err error) {
	var buf bytes.Buffer
	if _, err := io.CopyN(&buf, r, wire.HeaderSize); err != nil {
		return h, buf.Bytes(), fmt.Errorf("read the answer: %w", err)
	}
	h, _ = wire.ParseHeader(buf.Bytes())
	switch {
	case h.Version != wire.HeaderVersion:
		return h, buf.Bytes(), fmt.Errorf("found header version %d in the answer, expected %d: this is no eStreamer server", h.Version, wire.HeaderVersion)
	case h.Length > maxResponse:
		return h, buf.Bytes(), fmt.Errorf("found an answer of %d bytes announced, expected at most %d", h.Length, maxResponse)
	}
	if _, err := io.CopyN(&buf, r, int64(h.Length)); err != nil {
		return h, buf.Bytes(), fmt.Errorf("read the answer: %w", err)
	}
	return h, buf.Bytes(), nil
}

// encoreWords says why a test failed. The beginnings are those of eNcore, which
// scripts look for.
func encoreWords(err error) string {
	var dns *net.DNSError
	_, alerted := pki.RemoteAlert(err)
	switch {
	case errors.Is(err, context.Canceled):
		return "EncoreException: stopped before the end"
	case errors.As(err, &dns):
		return fmt.Sprintf("socket.gaierror: %v", err)
	case errors.Is(err, errConnect):
		return fmt.Sprintf("TimeoutException: Could not connect to eStreamer Server at all. %v", err)
	case alerted:
		return fmt.Sprintf("SSLError: %v", err)
	case errors.Is(err, pki.ErrServerCertificate):
		return fmt.Sprintf("EncoreException: %v", err)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, net.ErrClosed), strings.Contains(err.Error(), "reset by peer"):
		return fmt.Sprintf("ConnectionClosedException: The FMC eStreamer server has closed the connection. It may have deleted this client, or see it under another address than the registered one (%v)", err)
	}
	return fmt.Sprintf("EncoreException: %v", err)
}
