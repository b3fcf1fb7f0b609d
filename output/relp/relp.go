// Package relp writes events to a server that speaks RELP (rsyslog's imrelp and
// others), over TCP or TLS, as syslog messages.
//
// Guarantee: at least once. Commit waits until the server has confirmed every
// line; what it had not confirmed when a connection broke is sent again, together
// with all else since the last Commit. Lines are sent in journal order.
//
// A line that the server refuses for good goes to [Options].Reject with the
// server's reason. A server that is slow or gone stops this output and nothing
// else.
//
// Protocol version 0, which servers of version 1 understand as well. imrelp cuts
// messages at rsyslog's maxMessageSize, 8 KiB unless configured, without a mark:
// raise that, or set [Options].MaxLine to 8192.
package relp

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"time"

	"estream/internal/mute"
	"estream/output"
	"estream/output/conn"
	"estream/output/syslog"
)

const (
	// Window is the default of [Options].Window, as in rsyslog.
	Window = 128
	// MaxMessage is the default of [Options].MaxLine.
	MaxMessage = 64 << 10

	maxWindow  = 1 << 16
	maxMessage = 1 << 24 // with the largest number of digits that RELP has for a length there is room left
)

// Options say where messages go and in which form.
type Options struct {
	Address string      // host:port; IPv6 addresses stand in brackets
	TLS     *tls.Config // nil: plain TCP. It is not changed
	Header  syslog.HeaderOptions
	// Window is how many messages may wait for the server's answer, from 1 to 65536;
	// 0: the constant Window. Copies of them are kept: at most Window times MaxLine bytes.
	Window int
	// MaxLine is the length in bytes of the longest message, header included. A line
	// that does not fit is cut and marked. 0: MaxMessage.
	MaxLine int
	Log     *slog.Logger // nil: slog.Default
	// Reject takes lines that the server refuses. nil: they are logged, and counted
	// in Stats. It is called by Write and Commit, which return its error and call it
	// again with the same line the next time.
	Reject output.Reject
	// Connect limits dialling with the opening of the session, and Stall is the
	// longest time without progress in a write or a commit. 0: conn.ConnectTimeout and
	// conn.StallTimeout.
	Connect, Stall time.Duration
}

// An Output is a session that exists when it is needed. One goroutine uses it at
// a time; Stats may be read by others.
type Output struct {
	o       Options
	co      conn.Options
	header  *syslog.Header
	stats   output.Stats
	window  *window
	s       *session // nil until needed
	quiet   *mute.Mute
	refuse  func(line []byte, text string) error
	timer   *time.Timer
	lost    error
	head    []byte // the header of this batch
	cut     []byte // a line that was too long
	buf     []byte // frames that are in the window and not sent yet
	started bool
}

// Open checks the options. It does not connect: Write does.
func Open(o Options) (*Output, error) {
	name := "relp"
	if o.TLS != nil {
		name = "relp+tls"
	}
	address, err := conn.Address(o.Address, "")
	if err != nil {
		return nil, fmt.Errorf("%s output: %w", name, err)
	}
	if o.Window == 0 {
		o.Window = Window
	}
	if o.Window < 1 || o.Window > maxWindow {
		return nil, fmt.Errorf("%s output: window of %d messages: expected 1 to %d", name, o.Window, maxWindow)
	}
	if o.MaxLine == 0 {
		o.MaxLine = MaxMessage
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	if o.Stall == 0 {
		o.Stall = conn.StallTimeout
	}
	header, err := syslog.NewHeader(o.Header, o.Log)
	if err != nil {
		return nil, fmt.Errorf("%s output: %w", name, err)
	}
	if least := len(header.Append(nil, time.Now())) + syslog.MinText; o.MaxLine < least || o.MaxLine > maxMessage {
		return nil, fmt.Errorf("%s output: messages of at most %d bytes: with this header expected %d to %d", name, o.MaxLine, least, maxMessage)
	}
	out := &Output{o: o, header: header, window: newWindow(o.Window), quiet: mute.New(time.Minute), timer: time.NewTimer(0)}
	out.co = conn.Options{Name: name + "://" + address, Address: address, TLS: o.TLS, Connect: o.Connect, Stall: o.Stall}
	out.refuse = out.reject
	return out, nil
}

// Write implements [output.Output]. It returns when all lines are sent, of which
// Window may be unconfirmed. Once ctx has ended it connects no more, and a write
// under way has three seconds left.
func (o *Output) Write(ctx context.Context, lines []byte) error {
	if err := o.ready(ctx); err != nil {
		return err
	}
	lingering, stop := conn.Linger(ctx)
	defer stop()
	defer o.s.c.Attach(lingering)()
	mark := o.window.mark()
	if err := o.send(lingering, lines); err != nil {
		// Some of lines may wait in the window: they end with the session and are offered again.
		return o.broke(err, mark)
	}
	o.started = true
	o.stats.Connected.Store(true)
	o.stats.Lines.Add(uint64(bytes.Count(lines, []byte{'\n'})))
	o.stats.Bytes.Add(uint64(len(lines)))
	return nil
}

// Commit implements [output.Output]: it waits for the server's answers. There is
// no state to keep.
func (o *Output) Commit(ctx context.Context) ([]byte, error) {
	if o.lost != nil || o.s == nil {
		return nil, o.lost
	}
	if err := o.wait(ctx, 0); err != nil {
		return nil, o.unless(ctx, err)
	}
	return nil, nil
}

// Empty implements [output.Output].
func (o *Output) Empty() bool { return !o.started }

// Close implements [output.Output]. It may be called again. When everything is
// confirmed it ends the session by the rules, for which the server has a second.
func (o *Output) Close() error {
	o.lost = fmt.Errorf("%s: output is closed: %w", o.co.Name, output.ErrUncommitted)
	o.stats.Connected.Store(false)
	if o.s == nil {
		return nil
	}
	s := o.s
	o.s = nil
	return s.close()
}

func (o *Output) String() string { return o.co.Name }

// Stats returns the output's counters.
func (o *Output) Stats() *output.Stats { return &o.stats }

// Guarantee returns what this output promises.
func (*Output) Guarantee() output.Guarantee { return output.AtLeastOnce }
