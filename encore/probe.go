package encore

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"strings"
	"time"

	"estream/encore/conf"
	"estream/wire"
)

// maxResponse bounds the first message of a server that the connection test reads,
// in bytes; a bundle is the longest.
const maxResponse = 16 << 20

// A Probe is eNcore's connection test: a connection of its own that asks for new
// events, reads one message and is closed.
type Probe struct {
	Addr, Network  string
	Dial           func(ctx context.Context, network, addr string) (net.Conn, error)
	TLS            *tls.Config
	Version        string // of TLS, as the log names it; "": the one that was agreed on
	Flags          wire.RequestFlags
	ConnectTimeout time.Duration
	AnswerTimeout  time.Duration
	// Say takes each line of the test: the logger's name and the text. Parts of it may
	// come from the peer.
	Say func(logger string, level slog.Level, text string)
}

// newProbe returns the test of a configuration.
func newProbe(c *conf.Conf, cfg *tls.Config, log *slog.Logger) *Probe {
	return &Probe{
		Addr: c.Server().Addr(), Network: "tcp", Dial: new(net.Dialer).DialContext, TLS: cfg, Version: c.Server().TLS,
		Flags: RequestFlags(&c.Request), ConnectTimeout: c.ConnectTimeout, AnswerTimeout: c.ResponseTimeout,
		Say: func(logger string, level slog.Level, text string) {
			named(log, logger).Log(context.Background(), level, text)
		},
	}
}

func (p *Probe) info(text string) { p.Say("Diagnostics", slog.LevelInfo, text) }

// connecting says what eNcore says in front of a connection.
func (p *Probe) connecting() {
	p.Say("Connection", slog.LevelInfo, "Connecting to "+p.Addr)
	if p.Version != "" {
		p.Say("Connection", slog.LevelInfo, "Using TLS v"+p.Version)
	}
}

// Run tests the connection and says each step. The error was not said; Describe has
// eNcore's words for it.
func (p *Probe) Run(ctx context.Context) (err error) {
	p.info("Creating connection")
	p.connecting()
	conn, err := p.connect(ctx)
	if err != nil {
		return err
	}
	// The server's answer is what counts; how the connection ends does not.
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Now()) })()
	if p.Version == "" {
		p.Say("Connection", slog.LevelInfo, "Using TLS v"+strings.TrimPrefix(tls.VersionName(conn.ConnectionState().Version), "TLS "))
	}
	p.info("Creating request message")
	request := eventStreamRequest(wire.StartNow, p.Flags)
	p.info("Request message=" + hex.EncodeToString(request))
	p.info("Sending request message")
	if err := conn.SetDeadline(time.Now().Add(p.ConnectTimeout)); err != nil {
		return err
	}
	if _, err := conn.Write(request); err != nil {
		return fmt.Errorf("send the request: %w", err)
	}
	p.info("Receiving response message")
	if err := conn.SetDeadline(time.Now().Add(p.AnswerTimeout)); err != nil {
		return err
	}
	h, message, err := readMessage(conn)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if errors.Is(err, os.ErrDeadlineExceeded) && !p.Flags.Has(wire.FlagExtendedRequest) && len(message) == 0 {
		// Without an extended request the server has nothing to say until an event comes.
		p.Say("Diagnostics", slog.LevelDebug, "FMC sent no data")
		p.info("Connection successful")
		return nil
	}
	if err != nil {
		return err
	}
	p.info("Response message=" + base64.StdEncoding.EncodeToString(message))
	return p.response(h, message)
}

// connect connects within ConnectTimeout.
func (p *Probe) connect(ctx context.Context) (*tls.Conn, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, p.ConnectTimeout, fmt.Errorf("no connection within %v", p.ConnectTimeout))
	defer cancel()
	raw, err := p.Dial(ctx, p.Network, p.Addr)
	if err != nil {
		if ctx.Err() != nil {
			err = fmt.Errorf("%w (%w)", context.Cause(ctx), err)
		}
		return nil, &unreachable{err}
	}
	cfg := p.TLS.Clone()
	if cfg.ServerName, _, err = net.SplitHostPort(p.Addr); err != nil {
		return nil, errors.Join(err, raw.Close())
	}
	conn := tls.Client(raw, cfg)
	if err := conn.HandshakeContext(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("TLS handshake: %w", err), raw.Close())
	}
	return conn, nil
}

// readMessage reads one message. After an error it returns what it has read.
// Memory grows with what comes, not with what is announced.
func readMessage(r io.Reader) (h wire.Header, message []byte, err error) {
	var buf bytes.Buffer
	if _, err := io.CopyN(&buf, r, wire.HeaderSize); err != nil {
		return h, buf.Bytes(), fmt.Errorf("read the response: %w", err)
	}
	h, _ = wire.ParseHeader(buf.Bytes())
	switch {
	case h.Version != wire.HeaderVersion:
		return h, buf.Bytes(), fmt.Errorf("header version %d found, 1 expected: this is no eStreamer server, or a Management Center 6.1.0.3 to 6.2 with defect CSCve44987, which an update mends", h.Version)
	case h.Length > maxResponse:
		return h, buf.Bytes(), fmt.Errorf("a message of %d bytes was announced, at most %d expected", h.Length, maxResponse)
	}
	if _, err := io.CopyN(&buf, r, int64(h.Length)); err != nil {
		return h, buf.Bytes(), fmt.Errorf("read the response: %w", err)
	}
	return h, buf.Bytes(), nil
}

// A serverError is an error message in answer to the connection test.
type serverError struct{ text string }

func (e *serverError) Error() string { return "the server answered with error " + e.text }

// response says what the server answered. An error message is the end of the test.
func (p *Probe) response(h wire.Header, message []byte) error {
	body := message[wire.HeaderSize:]
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
			return fmt.Errorf("an event of %d bytes is no record", len(body))
		}
		p.info(fmt.Sprintf(`Response record={"recordType": %d, "recordLength": %d, "archiveTimestamp": %d}`, r.Type, r.Length, r.ArchiveTimestamp))
	case wire.TypeError:
		m, err := wire.ParseErrorMessage(body)
		if err != nil && m.Text == "" {
			m.Text = err.Error()
		}
		text := fmt.Sprintf("%d: %s", m.Code, m.Text)
		p.Say("Diagnostics", slog.LevelError, "Error message received: "+text)
		return &serverError{text}
	default:
		p.Say("Diagnostics", slog.LevelWarn, fmt.Sprintf("Unknown message received: type %d, %d bytes", h.Type, len(message)))
	}
	p.info("Connection successful")
	return nil
}
