// Package tcp writes events to a TCP or TLS connection, one line each.
//
// Guarantee: at least once into the network. After a broken connection
// everything not known to have left the kernel's send queue is sent again; what
// the peer accepted and did not process can be lost. Commit waits until the
// peer's kernel has acknowledged all bytes; only Linux can tell, elsewhere Commit
// returns when our own kernel has taken them. Lines are in journal order. A
// receiver that cuts the connection may see half a line at its end and the whole
// line again after it.
//
// A receiver that is slow or gone stops this output and nothing else.
package tcp

import (
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"time"

	"estream/output"
	"estream/output/conn"
)

// MinLine is the smallest limit that [Options].MaxLine accepts.
const MinLine = 64

// Options say where lines go and in which form.
type Options struct {
	Address string      // host:port; IPv6 addresses stand in brackets
	TLS     *tls.Config // nil: plain TCP. It is not changed
	// MaxLine is the length in bytes, line end not included, from which lines are cut
	// and marked. 0: lines go out as they are, however long.
	MaxLine int
	Log     *slog.Logger // nil: slog.Default
	// Connect limits dialling and Stall is the longest time without progress in a
	// write or a commit. 0: conn.ConnectTimeout and conn.StallTimeout.
	Connect, Stall time.Duration
}

// An Output is a connection that exists when it is needed. One goroutine uses it
// at a time; Stats may be read by others.
type Output struct {
	name    string
	limit   int
	stats   output.Stats
	stream  *conn.Stream
	started bool
}

// Open checks the options. It does not connect: Write does.
func Open(o Options) (*Output, error) {
	name := "tcp"
	if o.TLS != nil {
		name = "tls"
	}
	address, err := conn.Address(o.Address, "")
	if err != nil {
		return nil, fmt.Errorf("%s output: %w", name, err)
	}
	if o.MaxLine != 0 && o.MaxLine < MinLine {
		return nil, fmt.Errorf("%s output: lines of at most %d bytes have no room for an event: set %d or more, or 0 for no limit", name, o.MaxLine, MinLine)
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	out := &Output{name: name + "://" + address, limit: o.MaxLine}
	var frame conn.Frame
	if o.MaxLine > 0 {
		frame = out.cut
	}
	out.stream = conn.NewStream(conn.Options{Name: out.name, Address: address, TLS: o.TLS, Connect: o.Connect, Stall: o.Stall}, frame, &out.stats, o.Log)
	return out, nil
}

func (o *Output) cut(dst, line []byte) []byte {
	dst, cut := output.Truncate(dst, line, o.limit)
	if cut {
		o.stats.Truncated.Add(1)
	}
	return append(dst, '\n')
}

// Write implements [output.Output]. Once ctx has ended it connects no more, and a
// write under way has three seconds left.
func (o *Output) Write(ctx context.Context, lines []byte) error {
	if err := o.stream.Write(ctx, lines); err != nil {
		return err
	}
	o.started = true
	return nil
}

// Commit implements [output.Output]. There is no state to keep.
func (o *Output) Commit(ctx context.Context) ([]byte, error) { return nil, o.stream.Commit(ctx) }

// Empty implements [output.Output].
func (o *Output) Empty() bool { return !o.started }

// Close implements [output.Output].
func (o *Output) Close() error { return o.stream.Close() }

func (o *Output) String() string { return o.name }

// Stats returns the output's counters.
func (o *Output) Stats() *output.Stats { return &o.stats }

// Guarantee returns what this output promises.
func (*Output) Guarantee() output.Guarantee { return output.AtLeastOnceSent }
