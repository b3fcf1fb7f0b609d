package session

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"strings"
	"time"

	"estream/wire"
)

// DefaultPort is the TCP port of eStreamer servers.
const DefaultPort = "8302"

// The defaults of ClientConfig and ServerConfig.
const (
	DefaultMaxMessage       = 16 << 20 // bytes
	DefaultBatchBytes       = 256 << 10
	DefaultHandshakeTimeout = 30 * time.Second
	DefaultMessageTimeout   = 30 * time.Second
	DefaultWriteTimeout     = time.Minute
	DefaultMaxRequest       = 64 << 10 // bytes
	DefaultRequestTimeout   = 30 * time.Second
	DefaultWindow           = 10000 // messages
	DefaultBundleWindow     = 1     // bundles
	DefaultBundleBytes      = 128 << 10
	DefaultAckTimeout       = 5 * time.Minute
	DefaultKeepAlive        = 30 * time.Second
)

// Off, in a field that has a default, means "no limit" or "never".
const Off = -1

// A ClientConfig says what a Client asks for and how patient it is. It is not
// changed after Dial or NewClient took it. The zero value of each field but TLS
// is its default.
type ClientConfig struct {
	// TLS holds the client certificate and the way the server is verified. With
	// nil no TLS is spoken, or the connection given to NewClient does already.
	// An empty ServerName becomes the host of the address.
	TLS *tls.Config

	Network string // for Dial: "tcp" (default), "tcp4" or "tcp6"
	// DialContext replaces the dialer, for proxies. Optional.
	DialContext func(ctx context.Context, network, addr string) (net.Conn, error)

	Start uint32            // Unix second of archive time, wire.StartOldest (0) or wire.StartNow
	Flags wire.RequestFlags // 0: wire.DefaultFlags
	Pairs []wire.EventPair  // for an extended request; nil: wire.DefaultPairs

	// ServiceLength is the form of the length in the streaming request.
	// Servers are known to accept eNcore's, the default.
	ServiceLength wire.LengthForm

	MaxMessage int // greatest body in bytes that is read, a bundle's as well; DefaultMaxMessage
	BatchBytes int // size of the buffer and so of the greatest batch; DefaultBatchBytes

	HandshakeTimeout time.Duration // connect, TLS and negotiation together; DefaultHandshakeTimeout, Off
	MessageTimeout   time.Duration // a pause inside a message; DefaultMessageTimeout, Off
	// IdleTimeout limits a pause between messages, keep-alives included. None
	// by default: servers don't publish their interval, and TCP keep-alive
	// finds dead peers.
	IdleTimeout  time.Duration
	WriteTimeout time.Duration // a write that makes no progress; DefaultWriteTimeout, Off

	// Wrap is given the connection above TLS once the handshake is done, and what it
	// returns, never nil, is read and written from then on, last words included; for
	// recordings. Its Read passes on at once what it gets, errors as they are: those that
	// call themselves time-outs are a client's way to wait, others end the
	// session. If it has a method CloseWrite() error, that is called where TLS and TCP get
	// an orderly end; Close is in any case. Not called when the handshake fails. Optional.
	Wrap func(net.Conn) net.Conn

	// OnMessage is called by ReadBatch for every message that is not an event,
	// a bundle, a null, an error or streaming information: host data, and types
	// we do not know. body is valid during the call, which must not use the
	// client. Optional: they are counted in any case.
	OnMessage func(t wire.MessageType, body []byte)

	// Log receives what an operator may want to know about the negotiation: a
	// few lines per session. Optional.
	Log *slog.Logger
}

func (c *ClientConfig) setDefaults() error {
	c.Network = cmp.Or(c.Network, "tcp")
	if c.DialContext == nil {
		c.DialContext = new(net.Dialer).DialContext
	}
	c.Flags = cmp.Or(c.Flags, wire.DefaultFlags)
	if c.Pairs == nil {
		c.Pairs = wire.DefaultPairs()
	}
	c.MaxMessage = cmp.Or(c.MaxMessage, DefaultMaxMessage)
	c.BatchBytes = cmp.Or(c.BatchBytes, DefaultBatchBytes)
	if c.MaxMessage < wire.HeaderSize || c.MaxMessage > wire.MaxMessage {
		return fmt.Errorf("max message of %d bytes: %d to %d expected", c.MaxMessage, wire.HeaderSize, wire.MaxMessage)
	}
	if c.BatchBytes < minBuffer || c.BatchBytes > wire.MaxMessage {
		return fmt.Errorf("batch of %d bytes: %d to %d expected", c.BatchBytes, minBuffer, wire.MaxMessage)
	}
	c.HandshakeTimeout = timeout(c.HandshakeTimeout, DefaultHandshakeTimeout)
	c.MessageTimeout = timeout(c.MessageTimeout, DefaultMessageTimeout)
	c.IdleTimeout = timeout(c.IdleTimeout, Off)
	c.WriteTimeout = timeout(c.WriteTimeout, DefaultWriteTimeout)
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return nil
}

// minBuffer keeps a buffer larger than the messages of a negotiation.
const minBuffer = 1 << 10

// timeout returns d, or its default for 0, or 0 for "no limit".
func timeout(d, byDefault time.Duration) time.Duration {
	return max(cmp.Or(d, byDefault), 0)
}

// A ServerConfig says how a Server negotiates, sends and waits. It is not
// changed after Accept took it. The zero value of each field is its default.
type ServerConfig struct {
	// Services published to extended requests, in this order. Default: 5001, 5000 and
	// 6667, as real servers do.
	Services []uint32

	MaxRequest     int           // greatest body in bytes a client may send; DefaultMaxRequest
	RequestTimeout time.Duration // the whole negotiation; DefaultRequestTimeout, Off

	// Window is how many single messages may be without an acknowledgement;
	// DefaultWindow, Off. Real servers do not publish theirs.
	Window int
	// BundleMessages packs up to so many messages into a bundle when the client
	// made an extended request. 0 sends single messages to everybody.
	BundleMessages int
	BundleBytes    int           // greatest bundle of more than one message; DefaultBundleBytes
	BundleWindow   int           // bundles without an acknowledgement; DefaultBundleWindow, Off
	InnerVersion   uint16        // header version of bundled messages: 0 as eNcore demands, or 1 as documented
	ConnectionID   uint32        // the connection id of bundles
	AckTimeout     time.Duration // a full window without any acknowledgement; DefaultAckTimeout, Off

	KeepAlive    time.Duration // a null message after so long without sending; DefaultKeepAlive, Off
	WriteTimeout time.Duration // a write of at most 128 KiB that is not taken; DefaultWriteTimeout, Off

	// HostRequests is how many host data requests may wait to be taken from
	// Server.HostRequests. With 0 host data is not served: the client gets an
	// error message.
	HostRequests int

	// Trace is told about the negotiation.
	Trace ServerTrace

	// Log receives what an operator may want to know about the negotiation: a
	// few lines per session. Optional.
	Log *slog.Logger
}

// A ServerTrace is told about the steps of a negotiation, in order, from within Accept.
// Every function may be nil.
type ServerTrace struct {
	// Request is the event stream request; length is that of its body.
	Request func(length int, r wire.EventStreamRequest)
	// Published comes when streaming information has been sent; size is that of its
	// body.
	Published func(services []wire.Service, size int)
	// StreamRequest is the streaming request; length is that of its body.
	StreamRequest func(length int, services []wire.Service)
}

func (c *ServerConfig) setDefaults() error {
	if c.Services == nil {
		c.Services = []uint32{wire.Service5001, wire.Service5000, wire.ServiceEStreamer}
	}
	c.MaxRequest = cmp.Or(c.MaxRequest, DefaultMaxRequest)
	c.Window = cmp.Or(c.Window, DefaultWindow)
	c.BundleBytes = cmp.Or(c.BundleBytes, DefaultBundleBytes)
	c.BundleWindow = cmp.Or(c.BundleWindow, DefaultBundleWindow)
	c.RequestTimeout = timeout(c.RequestTimeout, DefaultRequestTimeout)
	c.AckTimeout = timeout(c.AckTimeout, DefaultAckTimeout)
	c.KeepAlive = timeout(c.KeepAlive, DefaultKeepAlive)
	c.WriteTimeout = timeout(c.WriteTimeout, DefaultWriteTimeout)
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	var errs []error
	if c.MaxRequest < minBuffer || c.MaxRequest > wire.MaxMessage {
		errs = append(errs, fmt.Errorf("max request of %d bytes: %d to %d expected", c.MaxRequest, minBuffer, wire.MaxMessage))
	}
	if c.BundleMessages < 0 || c.BundleBytes < 0 || c.BundleBytes > wire.MaxMessage {
		errs = append(errs, fmt.Errorf("bundles of %d messages, %d bytes: 0 or more expected, at most %d bytes", c.BundleMessages, c.BundleBytes, wire.MaxMessage))
	}
	if c.InnerVersion > 1 {
		errs = append(errs, fmt.Errorf("inner header version %d: 0 or 1 expected", c.InnerVersion))
	}
	if c.HostRequests < 0 {
		errs = append(errs, fmt.Errorf("%d host requests: 0 or more expected", c.HostRequests))
	}
	return errors.Join(errs...)
}

// Address returns addr with DefaultPort added where it names none. It takes
// "host", "host:port", IPv4, and IPv6 with or without brackets.
func Address(addr string) (string, error) {
	if a, err := netip.ParseAddr(strings.Trim(addr, "[]")); err == nil {
		return net.JoinHostPort(a.String(), DefaultPort), nil
	}
	host, port, err := net.SplitHostPort(addr)
	if a := (*net.AddrError)(nil); errors.As(err, &a) && a.Err == "missing port in address" {
		host, port, err = addr, DefaultPort, nil
	}
	if err != nil {
		return "", fmt.Errorf("address %q: %w", addr, err)
	}
	if host == "" {
		return "", fmt.Errorf("address %q: a host is missing", addr)
	}
	return net.JoinHostPort(host, cmp.Or(port, DefaultPort)), nil
}
