package session

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"

	"estream/wire"
)

// A Request is what a client asked for at the start of its session.
type Request struct {
	Start    uint32            // Unix second of archive time, wire.StartOldest or wire.StartNow
	Flags    wire.RequestFlags // of the event stream request
	Extended bool              // a streaming request was made
	Pairs    []wire.EventPair  // of the streaming request, for service 6667
	Services []wire.Service    // the whole streaming request
}

// LogValue implements slog.LogValuer.
func (r Request) LogValue() slog.Value {
	return slog.GroupValue(
		slog.String("start", wire.StartText(r.Start)),
		slog.String("flags", r.Flags.String()),
		slog.Bool("extended", r.Extended),
		slog.String("pairs", fmt.Sprint(r.Pairs)),
	)
}

// Accept negotiates with a client on conn and returns the running session, or
// closes conn. A *tls.Conn completes its handshake first, where that has not
// happened; admission is the caller's (see [NewTLSServer]). ctx and
// RequestTimeout bound Accept only.
//
// The first message must be an event stream request. One with flag bit 30 is
// answered with streaming information, and a streaming request must follow;
// null messages between are tolerated. A client that asks for anything else is
// told in an error message. The errors are *ProtocolError, *RequestError
// (around ErrNoService), *ClientError, *TimeoutError, and io.EOF wrapped when
// the client left.
func Accept(ctx context.Context, conn net.Conn, cfg ServerConfig) (*Server, error) {
	if err := cfg.setDefaults(); err != nil {
		return nil, errors.Join(fmt.Errorf("server session: %w", err), conn.Close())
	}
	limited, cancel := within(ctx, cfg.RequestTimeout, "no complete request")
	defer cancel()
	if t, ok := conn.(*tls.Conn); ok {
		if err := t.HandshakeContext(limited); err != nil {
			if limited.Err() != nil {
				err = context.Cause(limited)
			}
			_ = conn.Close() // the first error is the one to tell
			return nil, fmt.Errorf("TLS handshake: %w", err)
		}
	}
	s := newServer(ctx, conn, cfg)
	if err := s.negotiate(limited); err != nil {
		if errors.Is(err, io.EOF) {
			err = fmt.Errorf("client closed before its request was complete: %w", err)
		}
		s.fail(err)
		_ = s.End(ctx, nil) // as above
		return nil, err
	}
	s.start()
	return s, nil
}

func (s *Server) negotiate(ctx context.Context) error {
	if err := s.readLimit.watch(ctx); err != nil {
		return err
	}
	body, err := s.expect(wire.TypeEventStreamRequest)
	if err != nil {
		return err
	}
	request, err := wire.ParseEventStreamRequest(body)
	if err != nil {
		return s.in.malformed(err)
	}
	s.request = Request{Start: request.Start, Flags: request.Flags}
	if f := s.cfg.Trace.Request; f != nil {
		f(len(body), request)
	}
	if !request.Flags.Has(wire.FlagExtendedRequest) {
		return nil
	}
	info := wire.StreamingInformation{}
	for _, id := range s.cfg.Services {
		info.Services = append(info.Services, wire.Service{ID: id})
	}
	published := wire.AppendStreamingInformation(nil, info)
	if err := s.write(ctx, published); err != nil {
		return err
	}
	if f := s.cfg.Trace.Published; f != nil {
		f(info.Services, len(published)-wire.HeaderSize)
	}
	if body, err = s.expect(wire.TypeStreamingRequest); err != nil {
		return err
	}
	streaming, err := wire.ParseStreamingRequest(body)
	if err != nil {
		return s.in.malformed(err)
	}
	if f := s.cfg.Trace.StreamRequest; f != nil {
		f(len(body), streaming.Services)
	}
	s.request.Services, s.request.Extended = streaming.Services, true
	for _, service := range streaming.Services {
		if service.ID != wire.ServiceEStreamer {
			s.cfg.Log.Debug("request for another service ignored", "service", service.ID)
			continue
		}
		if service.Start != request.Start || service.Flags != request.Flags {
			s.cfg.Log.Info("streaming request differs from event stream request; its start counts",
				"start", service.Start, "flags", service.Flags.String())
		}
		s.request.Start, s.request.Pairs = service.Start, service.Pairs
		return nil
	}
	return &RequestError{Reason: fmt.Sprintf("streaming request for %d other services", len(streaming.Services)), Err: ErrNoService}
}

// expect returns the body of the next message but nulls, which must have type t.
func (s *Server) expect(t wire.MessageType) ([]byte, error) {
	for {
		h, body, err := s.in.next()
		switch {
		case err != nil:
			return nil, s.readLimit.explain(err, "no complete request", s.cfg.RequestTimeout)
		case h.Type == t:
			return body, nil
		case h.Type == wire.TypeNull:
		case h.Type == wire.TypeHostDataRequest && t == wire.TypeStreamingRequest:
			// Host data may be asked for at any time after the first request.
			if err := s.hear(h, body); err != nil {
				return nil, err
			}
		case h.Type == wire.TypeError:
			return nil, clientError(body)
		default:
			return nil, s.in.unexpected(h, t.String())
		}
	}
}

func clientError(body []byte) error {
	m, err := wire.ParseErrorMessage(body)
	if err != nil && m.Text == "" {
		m = wire.ErrorMessage{Code: wire.Unnumbered, Text: err.Error()}
	}
	return (*ClientError)(&m)
}
