// Package udp writes events as UDP datagrams, one line each.
//
// Guarantee: at most once. Nobody confirms a datagram, and the network may drop,
// repeat and reorder it. What this machine could not send, and what it was told
// (by ICMP) that nobody took, is counted as lost and not repeated. Only if not
// even the first line of a batch can leave this machine, because the name does
// not resolve or there is no network, the batch waits.
//
// A slow receiver holds up nothing; it loses datagrams.
package udp

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"estream/output"
	"estream/output/conn"
)

const (
	// MaxLine is the default of [Options].MaxLine: all that a datagram over IPv4 can
	// hold. Above 1,472 bytes (IPv4) or 1,452 (IPv6) an Ethernet network cuts a
	// datagram into fragments, all of which have to arrive.
	MaxLine = 65507
	// MinLine is the smallest limit that [Options].MaxLine accepts.
	MinLine = 64

	maxIPv6 = 65527 // over IPv6 the length field of UDP is the limit
)

// Options say where lines go and in which form.
type Options struct {
	Address string // host:port; IPv6 addresses stand in brackets
	// MaxLine is the length in bytes of the longest datagram; longer lines are cut and
	// marked. 0: the constant MaxLine. From MinLine to 65527.
	MaxLine int
	Newline bool          // each datagram ends in a line end, as eNcore's do
	Log     *slog.Logger  // nil: slog.Default
	Connect time.Duration // limit on name lookup; 0: conn.ConnectTimeout
}

// An Output is a socket. One goroutine uses it at a time; Stats may be read by
// others.
type Output struct {
	name      string
	limit     int
	newline   bool
	stats     output.Stats
	datagrams *conn.Datagrams
	started   bool
}

// Open checks the options. The name is looked up by the first Write.
func Open(o Options) (*Output, error) {
	address, err := conn.Address(o.Address, "")
	if err != nil {
		return nil, fmt.Errorf("udp output: %w", err)
	}
	if o.MaxLine == 0 {
		o.MaxLine = MaxLine
	}
	if o.MaxLine < MinLine || o.MaxLine > maxIPv6 {
		return nil, fmt.Errorf("udp output: longest datagram of %d bytes: expected %d to %d", o.MaxLine, MinLine, maxIPv6)
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	out := &Output{name: "udp://" + address, limit: o.MaxLine, newline: o.Newline}
	if o.Newline {
		out.limit--
	}
	out.datagrams = conn.NewDatagrams(conn.Options{Name: out.name, Address: address, Connect: o.Connect}, out.frame, &out.stats, o.Log)
	return out, nil
}

func (o *Output) frame(dst, line []byte) []byte {
	dst, cut := output.Truncate(dst, line, o.limit)
	if cut {
		o.stats.Truncated.Add(1)
	}
	if o.newline {
		dst = append(dst, '\n')
	}
	return dst
}

// Write implements [output.Output].
func (o *Output) Write(ctx context.Context, lines []byte) error {
	if err := o.datagrams.Write(ctx, lines); err != nil {
		return err
	}
	o.started = true
	return nil
}

// Commit implements [output.Output]. Nothing can be waited for.
func (o *Output) Commit(context.Context) ([]byte, error) { return nil, nil }

// Empty implements [output.Output].
func (o *Output) Empty() bool { return !o.started }

// Close implements [output.Output].
func (o *Output) Close() error { return o.datagrams.Close() }

func (o *Output) String() string { return o.name }

// Stats returns the output's counters.
func (o *Output) Stats() *output.Stats { return &o.stats }

// Guarantee returns what this output promises.
func (*Output) Guarantee() output.Guarantee { return output.AtMostOnce }
