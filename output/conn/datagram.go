package conn

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"syscall"
	"time"

	"estream/internal/mute"
	"estream/output"
)

// lookAgain is the shortest time after which the name of a destination that
// refuses datagrams is looked up anew: it may have moved.
const lookAgain = 30 * time.Second

// datagramStall is the default of [Options].Stall for datagrams: how long the
// network interface may take nothing before a batch is given up.
const datagramStall = 3 * time.Second

// Datagrams sends each line as one UDP datagram. What cannot be sent is counted
// as lost. One goroutine uses it at a time.
type Datagrams struct {
	o       Options
	frame   Frame
	stats   *output.Stats
	log     *slog.Logger
	quiet   *mute.Mute // of losses
	c       net.Conn   // nil until needed
	dialled time.Time
	refused bool // in the last Write
	closed  bool
	buf     []byte
}

// NewDatagrams returns a sender of lines in the form that frame gives them.
func NewDatagrams(o Options, frame Frame, stats *output.Stats, log *slog.Logger) *Datagrams {
	if o.Connect == 0 {
		o.Connect = ConnectTimeout
	}
	if o.Stall == 0 {
		o.Stall = datagramStall
	}
	return &Datagrams{o: o, frame: frame, stats: stats, log: log, quiet: mute.New(time.Minute)}
}

// Write sends whole lines. It returns an error only if not even the first of
// them left this machine, because the name does not resolve or there is no
// network: then they can be offered again.
func (d *Datagrams) Write(ctx context.Context, lines []byte) error {
	if err := d.ready(ctx); err != nil {
		return err
	}
	if err := d.c.SetWriteDeadline(time.Now().Add(d.o.Stall)); err != nil {
		return explain(d.o, err)
	}
	d.refused = false
	var sent, lost uint64
	var last error
	size := len(lines)
	for len(lines) > 0 {
		var line []byte
		line, lines = Cut(lines)
		d.buf = d.frame(d.buf[:0], line)
		n, err := d.send()
		if err != nil && sent == 0 && noNetwork(err) {
			d.drop()
			return explain(d.o, err)
		}
		if sent++; err != nil {
			lost, last = lost+n, err
		}
	}
	d.stats.Lines.Add(sent)
	d.stats.Bytes.Add(uint64(size))
	d.stats.Lost.Add(lost)
	d.stats.Connected.Store(lost == 0)
	if last != nil {
		d.report(lost, last)
	}
	return nil
}

// send sends d.buf. It returns how many datagrams are known to be lost, this one
// or earlier ones, with the reason.
func (d *Datagrams) send() (lost uint64, reason error) {
	for range 3 {
		_, err := d.c.Write(d.buf)
		if err == nil {
			return lost, reason
		}
		if !errors.Is(err, connectionRefused) {
			return lost + 1, err
		}
		// The kernel reports here that nobody took an earlier datagram; this one was not sent.
		d.refused = true
		lost, reason = lost+1, err
	}
	return lost + 1, reason
}

// noNetwork reports whether err says that no datagram can leave this machine for
// now, whatever it holds.
func noNetwork(err error) bool {
	for _, e := range noNetworkErrors {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

func (d *Datagrams) report(lost uint64, err error) {
	held, ok := d.quiet.Held()
	if !ok {
		return
	}
	hint := cure(err)
	switch {
	case errors.Is(err, syscall.EMSGSIZE):
		hint = "lines are longer than this machine may send at once: set a smaller limit for them"
	case errors.Is(err, os.ErrDeadlineExceeded):
		hint = "this machine's network interface takes nothing"
	}
	d.log.Warn("output: datagrams were lost", "output", d.o.Name, "lost", lost, "all", d.stats.Lost.Load(), "error", err, "hint", hint, "more", held)
}

// ready leaves a socket behind, or an error.
func (d *Datagrams) ready(ctx context.Context) error {
	if d.closed {
		return fmt.Errorf("%s: output is closed", d.o.Name)
	}
	if d.c != nil && d.refused && time.Since(d.dialled) > lookAgain {
		d.drop()
	}
	if d.c != nil {
		return nil
	}
	limited, cancel := context.WithTimeout(ctx, d.o.Connect)
	defer cancel()
	c, err := (&net.Dialer{}).DialContext(limited, "udp", d.o.Address)
	if err != nil {
		return explain(d.o, err)
	}
	d.c, d.dialled = c, time.Now()
	d.stats.Connects.Add(1)
	return nil
}

func (d *Datagrams) drop() {
	_ = d.c.Close() // a UDP socket has nothing left to say
	d.c = nil
	d.stats.Connected.Store(false)
}

// Close lets go of the socket. It may be called again.
func (d *Datagrams) Close() error {
	if d.closed = true; d.c != nil {
		d.drop()
	}
	return nil
}
