package syslog

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"time"

	"estream/output"
	"estream/output/syslog"
	"estream/request/alert"
)

// MaxLine is the default of [Options].MaxLine: what RFC 5425 wants receivers to
// take, and rsyslog takes unless told otherwise.
const MaxLine = 8192

// Options say where messages go and in which form. The zero value is the local
// socket.
type Options struct {
	// Target is "" for the local socket, unix:PATH for a socket elsewhere, or a
	// receiver on the network: HOST[:PORT] (UDP), syslog+udp://HOST[:PORT],
	// syslog+tcp://HOST[:PORT] or syslog+tls://HOST[:PORT]. Without port 514, with TLS 6514.
	Target string
	// TLS is for syslog+tls only and not changed; nil: the system's CAs, TLS 1.2 or newer.
	TLS *tls.Config
	// Framing is for syslog+tcp only.
	Framing syslog.Framing
	// Header has user as its default facility and notice as its default severity. The
	// local socket takes RFC 3164 without host name: Format, Hostname and MsgID do not
	// concern it.
	Header syslog.HeaderOptions
	// MaxLine is the length in bytes of the longest message, header included; longer
	// ones are cut and marked. 0: the constant MaxLine.
	MaxLine int
	Alerts  alert.Options // how alerts are collected; its Log is the Log below
	Log     *slog.Logger  // nil: slog.Default
	// Connect limits connecting, Stall the time that a receiver takes nothing; 0: 10 seconds each.
	Connect, Stall time.Duration
}

// Prefix begins the text of every message.
const Prefix = "Sourcefire Alert "

// An Output sends alerts. One goroutine uses it at a time.
type Output struct{ *alert.Collector }

const patience = 10 * time.Second

// New connects to the destination, so that a wrong one is found at once. It takes
// up to Options.Connect.
func New(o Options) (*Output, error) {
	if o.Log == nil {
		o.Log = slog.Default()
	}
	o.Alerts.Log = o.Log
	for _, d := range []*time.Duration{&o.Connect, &o.Stall} {
		if *d == 0 {
			*d = patience
		}
	}
	if o.Header.Facility == "" {
		o.Header.Facility = "user"
	}
	if o.Header.Severity == "" {
		o.Header.Severity = "notice"
	}
	if o.MaxLine == 0 {
		o.MaxLine = MaxLine
	}
	to, err := open(o)
	if err != nil {
		return nil, err
	}
	return &Output{alert.New(&sender{destination: to}, o.Alerts)}, nil
}

func open(o Options) (destination, error) {
	scheme, address, found := strings.Cut(o.Target, "://")
	path, isPath := strings.CutPrefix(o.Target, "unix:")
	if !found {
		scheme, address = "", o.Target
	}
	if scheme != "syslog+tls" && o.TLS != nil {
		return nil, errors.New("syslog: a TLS configuration for a target without TLS: expected syslog+tls://HOST[:PORT]")
	}
	switch {
	case o.Target == "":
		return openLocal(o, "")
	case isPath:
		return openLocal(o, strings.TrimPrefix(path, "//"))
	case scheme == "" || scheme == "syslog+udp":
		return openRemote(o, syslog.UDP, address)
	case scheme == "syslog+tcp":
		return openRemote(o, syslog.TCP, address)
	case scheme == "syslog+tls":
		if o.TLS == nil {
			o.TLS = &tls.Config{MinVersion: tls.VersionTLS12}
		}
		return openRemote(o, syslog.TLS, address)
	}
	return nil, fmt.Errorf("syslog: target %q: expected HOST[:PORT], syslog+udp://HOST[:PORT], syslog+tcp://HOST[:PORT], syslog+tls://HOST[:PORT] or unix:PATH", scheme+"://")
}

// A destination takes the texts of messages, one line each, and puts headers in
// front of them.
type destination interface {
	// send takes one line with its line end. It does not keep it.
	send(ctx context.Context, line []byte) error
	flush(ctx context.Context) error
	lost() uint64
	close() error
	String() string
}

// A sender is a destination as package alert wants it.
type sender struct {
	destination
	line []byte
}

func (s *sender) Send(ctx context.Context, a *alert.Alert) error {
	s.line = append(appendText(s.line[:0], a), '\n')
	return s.send(ctx, s.line)
}

func (s *sender) Flush(ctx context.Context) error { return s.flush(ctx) }

func (s *sender) Lost() uint64 { return s.lost() }

func (s *sender) Close() error { return s.close() }

// appendText appends the message, without line end.
func appendText(dst []byte, a *alert.Alert) []byte {
	dst = append(dst, Prefix+"AlertPriority: "...)
	dst = strconv.AppendUint(dst, uint64(a.Priority), 10)
	dst = append(dst, ", SourceIp: "...)
	dst = alert.AppendAddress(dst, a.Source)
	dst = append(dst, ", DestinationIp: "...)
	dst = alert.AppendAddress(dst, a.Destination)
	dst = append(dst, ", sfAlertCount: "...)
	dst = strconv.AppendUint(dst, a.Count, 10)
	dst = append(dst, ", SourcePort: "...)
	dst = strconv.AppendUint(dst, uint64(a.SourcePort), 10)
	dst = append(dst, ", DestinationPort: "...)
	dst = strconv.AppendUint(dst, uint64(a.DestinationPort), 10)
	dst = append(dst, ", EventMessage: "...)
	return a.AppendText(dst)
}

// cut appends line, which ends in a line end, to dst without it, and shortened to
// limit bytes in all.
func cut(dst, line []byte, limit int) []byte {
	dst, _ = output.Truncate(dst, line[:len(line)-1], limit-len(dst))
	return dst
}
