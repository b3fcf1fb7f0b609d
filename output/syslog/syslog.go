// Package syslog writes events as syslog messages, one line each, over UDP
// (RFC 5426), TCP (RFC 6587) or TLS (RFC 5425).
//
// Guarantee over TCP and TLS: at least once into the network. After a broken
// connection everything not known to have left the kernel's send queue is sent
// again; what the peer accepted and did not process can be lost. Only Linux can
// tell what has left the send queue; elsewhere Commit returns when our own kernel
// has taken the lines. Lines are in journal order.
//
// Guarantee over UDP: at most once, as in package udp.
//
// A receiver that is slow or gone stops this output and nothing else.
//
// A message holds a header and the line as it is; there is no byte order mark. The
// header's timestamp is the time of sending, one for all lines of a batch: when
// the event happened stands in the line.
//
// Receivers have limits of their own and cut without a mark. rsyslog takes 8 KiB
// unless its maxMessageSize says otherwise: raise that, or set [Options].MaxLine
// to 8192. With octet counting its imtcp takes a length above its maxFrameSize,
// 200,000, for text.
package syslog

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"time"

	"estream/output"
	"estream/output/conn"
)

// A Transport carries messages.
type Transport int

const (
	UDP Transport = iota // one datagram each
	TCP                  // framed as Options.Framing says
	TLS                  // octet counting
)

var transports = []string{"syslog+udp", "syslog+tcp", "syslog+tls"}

// String returns the scheme of the transport's URI.
func (t Transport) String() string { return nameOf(transports, int(t)) }

// A Framing separates messages in a stream.
type Framing int

const (
	OctetCounting Framing = iota // the length in decimal digits, a blank, the message
	Newline                      // the message and a line end
)

var framings = []string{"octet-counting", "newline"}

func (f Framing) String() string { return nameOf(framings, int(f)) }

// ParseFraming returns the framing named octet-counting or newline.
func ParseFraming(name string) (Framing, error) {
	i, err := indexOf("syslog framing", framings, name)
	return Framing(i), err
}

const (
	// MaxDatagram is the default of [Options].MaxLine over UDP: all that a datagram
	// over IPv4 can hold. RFC 5426 asks for messages that fit the network's MTU.
	MaxDatagram = 65507
	// MaxMessage is the default of [Options].MaxLine over TCP and TLS. RFC 5425 wants
	// receivers to take 8,192 bytes; many take more.
	MaxMessage = 64 << 10
	// MinText is the room for the line that MaxLine has to leave behind the header.
	MinText = 64

	mostMessage  = 1<<31 - 1 // what receivers can count
	mostDatagram = 65527     // over IPv6
)

// Options say where messages go and in which form.
type Options struct {
	Transport Transport
	Address   string      // host, or host:port; without port 514, with TLS 6514
	TLS       *tls.Config // needed with TLS, not changed
	Framing   Framing     // over TCP; TLS allows octet counting only
	Header    HeaderOptions
	// MaxLine is the length in bytes of the longest message, header included. A line
	// that does not fit is cut and marked. 0: MaxDatagram or MaxMessage.
	MaxLine int
	Log     *slog.Logger // nil: slog.Default
	// Connect limits dialling and Stall is the longest time without progress in a
	// write or a commit. 0: conn.ConnectTimeout and conn.StallTimeout.
	Connect, Stall time.Duration
}

// transport is the part of an output that knows what a packet is.
type transport interface {
	Write(ctx context.Context, lines []byte) error
	Close() error
}

// An Output sends syslog messages. One goroutine uses it at a time; Stats may be
// read by others.
type Output struct {
	o         Options
	name      string
	header    *Header
	stats     output.Stats
	transport transport
	stream    *conn.Stream // the transport; nil over UDP
	head      []byte       // the header of this batch
	cut       []byte       // a line that was too long
	started   bool
}

// Open checks the options. It does not connect: Write does.
func Open(o Options) (*Output, error) {
	if err := o.complete(); err != nil {
		return nil, fmt.Errorf("%s output: %w", o.Transport, err)
	}
	header, err := NewHeader(o.Header, o.Log)
	if err != nil {
		return nil, fmt.Errorf("%s output: %w", o.Transport, err)
	}
	if n := len(header.Append(nil, time.Now())); o.MaxLine < n+MinText {
		return nil, fmt.Errorf("%s output: messages of at most %d bytes: with this header expected %d or more", o.Transport, o.MaxLine, n+MinText)
	}
	out := &Output{o: o, name: o.Transport.String() + "://" + o.Address, header: header}
	co := conn.Options{Name: out.name, Address: o.Address, TLS: o.TLS, Connect: o.Connect, Stall: o.Stall}
	switch {
	case o.Transport == UDP:
		out.transport = conn.NewDatagrams(co, out.message, &out.stats, o.Log)
		return out, nil
	case o.Framing == Newline:
		out.stream = conn.NewStream(co, out.line, &out.stats, o.Log)
	default:
		out.stream = conn.NewStream(co, out.counted, &out.stats, o.Log)
	}
	out.transport = out.stream
	return out, nil
}

// complete checks the options that concern the transport and sets defaults.
func (o *Options) complete() (err error) {
	port, most, usual := "514", mostMessage, MaxMessage
	switch o.Transport {
	case UDP:
		most, usual = mostDatagram, MaxDatagram
		if o.Framing != OctetCounting {
			return errors.New("a datagram is one message: leave the framing out")
		}
	case TCP:
	case TLS:
		port = "6514"
		if o.TLS == nil {
			return errors.New("a TLS configuration is missing")
		}
		if o.Framing != OctetCounting {
			return errors.New("syslog over TLS is framed by octet counting (RFC 5425): leave the framing out")
		}
	default:
		return errors.New("unknown transport: expected UDP, TCP or TLS")
	}
	if o.Framing != OctetCounting && o.Framing != Newline {
		return fmt.Errorf("framing %d: expected OctetCounting or Newline", int(o.Framing))
	}
	if o.Transport != TLS && o.TLS != nil {
		return errors.New("a TLS configuration for a transport without TLS: choose TLS, or leave it out")
	}
	if o.MaxLine == 0 {
		o.MaxLine = usual
	}
	if o.MaxLine > most {
		return fmt.Errorf("messages of up to %d bytes: expected at most %d", o.MaxLine, most)
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	o.Address, err = conn.Address(o.Address, port)
	return err
}

// message appends header and line.
func (o *Output) message(dst, line []byte) []byte {
	dst, cut := output.Truncate(append(dst, o.head...), line, o.o.MaxLine-len(o.head))
	if cut {
		o.stats.Truncated.Add(1)
	}
	return dst
}

// line frames by line ends.
func (o *Output) line(dst, line []byte) []byte { return append(o.message(dst, line), '\n') }

// counted frames by octet counting (RFC 6587 section 3.4.1).
func (o *Output) counted(dst, line []byte) []byte {
	if room := o.o.MaxLine - len(o.head); len(line) > room {
		// How long a cut line gets is known afterwards only.
		o.cut, _ = output.Truncate(o.cut[:0], line, room)
		o.stats.Truncated.Add(1)
		line = o.cut
	}
	dst = strconv.AppendInt(dst, int64(len(o.head)+len(line)), 10)
	dst = append(append(dst, ' '), o.head...)
	return append(dst, line...)
}

// Write implements [output.Output]. Once ctx has ended it connects no more, and a
// write under way has three seconds left.
func (o *Output) Write(ctx context.Context, lines []byte) error {
	o.head = o.header.Append(o.head[:0], time.Now())
	if err := o.transport.Write(ctx, lines); err != nil {
		return err
	}
	o.started = true
	return nil
}

// Commit implements [output.Output]. There is no state to keep, and over UDP
// nothing to wait for.
func (o *Output) Commit(ctx context.Context) ([]byte, error) {
	if o.stream == nil {
		return nil, nil
	}
	return nil, o.stream.Commit(ctx)
}

// Empty implements [output.Output].
func (o *Output) Empty() bool { return !o.started }

// Close implements [output.Output].
func (o *Output) Close() error { return o.transport.Close() }

func (o *Output) String() string { return o.name }

// Stats returns the output's counters.
func (o *Output) Stats() *output.Stats { return &o.stats }

// Guarantee returns what this output promises, which depends on the transport.
func (o *Output) Guarantee() output.Guarantee {
	if o.stream == nil {
		return output.AtMostOnce
	}
	return output.AtLeastOnceSent
}
