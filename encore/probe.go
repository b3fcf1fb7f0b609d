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
	"time"

	"estream/encore/conf"
	"estream/wire"
)

// maxResponse bounds the first message of a server that the connection test reads,
// in bytes; a bundle is the longest.
const maxResponse = 16 << 20

// A probe is eNcore's connection test: a connection of its own that asks for new
// events, reads one message and is closed.
type probe struct {
	conf  *conf.Conf
	files *Files
	tls   *tls.Config
	log   *slog.Logger
}

// logConnecting writes what eNcore says in front of a connection.
func logConnecting(log *slog.Logger, s *conf.Server) {
	l := named(log, "Connection")
	l.Info(fmt.Sprintf("Connecting to %s:%d", s.Host, s.Port))
	l.Info("Using TLS v" + s.TLS)
}

// run tests the connection and logs each step. The error was not logged.
func (p *probe) run(ctx context.Context) (err error) {
	log := named(p.log, "Diagnostics")
	log.Info("Creating connection")
	logConnecting(p.log, p.conf.Server())
	conn, err := p.connect(ctx)
	if err != nil {
		return err
	}
	// The server's answer is what counts; how the connection ends does not.
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Now()) })()
	log.Info("Creating request message")
	request := eventStreamRequest(wire.StartNow, RequestFlags(&p.conf.Request))
	log.Info("Request message=" + hex.EncodeToString(request))
	log.Info("Sending request message")
	if err := conn.SetDeadline(time.Now().Add(p.conf.ConnectTimeout)); err != nil {
		return err
	}
	if _, err := conn.Write(request); err != nil {
		return fmt.Errorf("send the request: %w", err)
	}
	log.Info("Receiving response message")
	if err := conn.SetDeadline(time.Now().Add(p.conf.ResponseTimeout)); err != nil {
		return err
	}
	h, message, err := readMessage(conn)
	if errors.Is(err, os.ErrDeadlineExceeded) && ctx.Err() == nil && !p.conf.Request.Extended && len(message) == 0 {
		// Without an extended request the server has nothing to say until an event comes.
		log.Debug("FMC sent no data")
		log.Info("Connection successful")
		return nil
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		return err
	}
	log.Info("Response message=" + base64.StdEncoding.EncodeToString(message))
	return p.response(log, h, message)
}

// connect connects within connectTimeout.
func (p *probe) connect(ctx context.Context) (net.Conn, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, p.conf.ConnectTimeout, fmt.Errorf("no connection within %v", p.conf.ConnectTimeout))
	defer cancel()
	raw, err := new(net.Dialer).DialContext(ctx, "tcp", p.conf.Server().Addr())
	if err != nil {
		if ctx.Err() != nil {
			err = fmt.Errorf("%w (%w)", context.Cause(ctx), err)
		}
		return nil, &unreachable{err}
	}
	cfg := p.tls.Clone()
	cfg.ServerName = p.conf.Server().Host
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

// response logs what the server answered. An error message is the end of the test.
func (p *probe) response(log *slog.Logger, h wire.Header, message []byte) error {
	body := message[wire.HeaderSize:]
	switch h.Type {
	case wire.TypeStreamingInformation:
		log.Info("Streaming info response")
	case wire.TypeMessageBundle:
		log.Info("Bundle")
	case wire.TypeNull:
		log.Info("Null")
	case wire.TypeEventData:
		log.Info("Parsing response message")
		r, ok := wire.PeekRecord(message)
		if !ok {
			return fmt.Errorf("an event of %d bytes is no record", len(body))
		}
		log.Info(fmt.Sprintf(`Response record={"recordType": %d, "recordLength": %d, "archiveTimestamp": %d}`, r.Type, r.Length, r.ArchiveTimestamp))
	case wire.TypeError:
		m, err := wire.ParseErrorMessage(body)
		if err != nil && m.Text == "" {
			m.Text = err.Error()
		}
		text := fmt.Sprintf("%d: %s", m.Code, m.Text)
		log.Error("Error message received: " + text)
		return &serverError{text}
	default:
		log.Warn(fmt.Sprintf("Unknown message received: type %d, %d bytes", h.Type, len(message)))
	}
	log.Info("Connection successful")
	return nil
}
