package conn

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"syscall"
	"time"
)

const (
	// ConnectTimeout is the default of [Options].Connect.
	ConnectTimeout = 10 * time.Second
	// StallTimeout is the default of [Options].Stall.
	StallTimeout = 30 * time.Second
)

// Options say where to connect and how long to wait.
type Options struct {
	Name    string        // of the output, for messages: tcp://host:port
	Address string        // host:port as [Address] returns it
	TLS     *tls.Config   // nil: plain TCP. Without ServerName the certificate is compared with the host in Address
	Connect time.Duration // for name lookup, connecting and handshake together; 0: ConnectTimeout
	// Stall is the longest time without progress, in a write, or until the peer's
	// kernel acknowledges something; 0: StallTimeout. On Linux it is TCP_USER_TIMEOUT as
	// well, which finds a peer that went away without a word.
	Stall time.Duration
}

// Dial connects. read gets everything the peer sends; when it returns, the
// connection counts as closed, with its error as the reason, and io.EOF for a
// peer that hung up. With nil whatever comes is thrown away.
func Dial(ctx context.Context, o Options, read func(io.Reader) error) (*Conn, error) {
	if o.Connect == 0 {
		o.Connect = ConnectTimeout
	}
	if o.Stall == 0 {
		o.Stall = StallTimeout
	}
	if read == nil {
		read = discard
	}
	limited, cancel := context.WithTimeout(ctx, o.Connect)
	defer cancel()
	d := net.Dialer{
		// Idle and interval as by default: a peer that vanished while nothing is sent is found
		// within two and a half minutes, or within Stall where that is set on the socket.
		KeepAliveConfig: net.KeepAliveConfig{Enable: true},
		Control:         func(_, _ string, c syscall.RawConn) error { return limitSilence(c, o.Stall) },
	}
	nc, err := d.DialContext(limited, "tcp", o.Address)
	if err != nil {
		return nil, explain(o, err)
	}
	c := &Conn{o: o, tcp: nc.(*net.TCPConn), rw: nc, done: make(chan struct{})}
	if o.TLS != nil {
		t := tls.Client(nc, withServerName(o.TLS, o.Address))
		if err := t.HandshakeContext(limited); err != nil {
			if limited.Err() != nil && ctx.Err() == nil {
				err = fmt.Errorf("no answer for %v: is this the receiver's port for TLS? %w", o.Connect, err)
			}
			return nil, errors.Join(explain(o, fmt.Errorf("%w: %w", errHandshake, err)), closeQuietly(nc))
		}
		c.rw = t
	}
	if c.raw, err = c.tcp.SyscallConn(); err != nil {
		return nil, errors.Join(explain(o, err), closeQuietly(nc))
	}
	c.probe.init()
	go c.read(read)
	return c, nil
}

func withServerName(config *tls.Config, address string) *tls.Config {
	if config.ServerName != "" || config.InsecureSkipVerify {
		return config
	}
	config = config.Clone()
	// The address has been through [Address]; a host that cannot be split fails the handshake.
	config.ServerName, _, _ = net.SplitHostPort(address)
	return config
}

// Version returns the version of TLS, "" for a plain connection.
func (c *Conn) Version() string {
	if t, ok := c.rw.(*tls.Conn); ok {
		return tls.VersionName(t.ConnectionState().Version)
	}
	return ""
}
