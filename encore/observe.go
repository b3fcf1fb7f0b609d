package encore

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net"
	"strings"
	"time"

	"estream/wire"
)

// An observer stands in front of the log of the collector and puts what its
// source says about sessions into eNcore's words. The rest passes, under the name
// Collector. Its texts are those of package fmc; a test holds that they are.
type observer struct {
	slog.Handler
	writer  string             // name of the logger of the last stage
	session func(start uint32) // a session came to be, and asked from start on
	ended   func(err error)    // a session ended, or did not come to be
}

// The lines that are translated or left out.
const (
	fmcConnected = "connected"
	fmcEnded     = "session ended; connecting again"
	fmcNone      = "no session; connecting again"
	writeFailed  = "output: write failed, trying again; events wait in the journal"
	goesBack     = "output goes back to its last commit; events wait in the journal"
	undecodable  = "record could not be decoded; the journal keeps it raw" // unknownRecords logs it with its bytes
)

// Handle implements [slog.Handler].
func (o *observer) Handle(ctx context.Context, r slog.Record) error {
	switch r.Message {
	case fmcConnected:
		start := uint32(0)
		r.Attrs(func(a slog.Attr) bool {
			if a.Key == "start" {
				start = parseStartText(a.Value.String())
			}
			return true
		})
		o.session(start)
		return nil
	case fmcEnded, fmcNone:
		var cause error
		r.Attrs(func(a slog.Attr) bool {
			if err, ok := a.Value.Any().(error); ok && a.Key == "error" {
				cause = err
			}
			return true
		})
		if cause == nil {
			cause = fmt.Errorf("%s", r.Message)
		}
		o.ended(cause)
		return nil
	case undecodable:
		return nil
	case writeFailed, goesBack:
		var name, cause slog.Value
		r.Attrs(func(a slog.Attr) bool {
			switch a.Key {
			case "output":
				name = a.Value
			case "error":
				cause = a.Value
			}
			return true
		})
		if text := endpointText(name.String(), cause); text != "" {
			r = slog.NewRecord(r.Time, r.Level, text, r.PC)
			r.AddAttrs(slog.String(loggerKey, o.writer))
		}
	}
	return o.Handler.Handle(ctx, r)
}

// WithAttrs implements [slog.Handler].
func (o *observer) WithAttrs(attrs []slog.Attr) slog.Handler {
	n := *o
	n.Handler = o.Handler.WithAttrs(attrs)
	return &n
}

// WithGroup implements [slog.Handler].
func (o *observer) WithGroup(name string) slog.Handler {
	n := *o
	n.Handler = o.Handler.WithGroup(name)
	return &n
}

// parseStartText is the inverse of wire.StartText.
func parseStartText(s string) uint32 {
	switch s {
	case wire.StartText(wire.StartOldest):
		return wire.StartOldest
	case wire.StartText(wire.StartNow):
		return wire.StartNow
	}
	t, err := time.Parse(time.RFC3339, s)
	if err != nil || t.Unix() < 0 || t.Unix() > math.MaxUint32 {
		return wire.StartOldest
	}
	return uint32(t.Unix())
}

// endpointText says in eNcore's words that a TCP or UDP destination took nothing;
// "" for other destinations.
func endpointText(name string, cause slog.Value) string {
	scheme, endpoint, ok := strings.Cut(name, "://")
	if !ok || scheme != "tcp" && scheme != "udp" {
		return ""
	}
	err, _ := cause.Any().(error)
	if op := (*net.OpError)(nil); errors.As(err, &op) && op.Op == "dial" {
		return fmt.Sprintf("Socket Connection Error [%v] Cannot connect to host %s - Retrying ...", cause, endpoint)
	}
	return fmt.Sprintf("Error [%v] writing to endpoint %s -- Retrying...", cause, endpoint)
}
