package request

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"time"

	"estream/format"
	"estream/meta"
	"estream/wire"
)

// An Output takes the records of a session. One goroutine uses it.
type Output interface {
	// Record takes one event data message. r and message are borrowed for the call. d
	// is the decoder that r came from, for nested blocks, with every slot filled; s
	// holds the names that are right for r. Where the record has no known layout or a
	// malformed body, r.Layout is nil and err says why; r itself is nil if not even the
	// record header could be read. message is the whole message, 8-byte header included.
	Record(d *wire.Decoder, r *wire.Record, message []byte, s *meta.Snapshot, err error) error
	// Flush returns once everything taken has left this process, except what a Holder
	// collects.
	Flush(ctx context.Context) error
	// Close sends what is still held, flushes, and frees. It does not close an io.Writer
	// that the output was given.
	Close(ctx context.Context) error
}

// A Ticker is an Output with a clock.
type Ticker interface {
	// Tick is called about once a second, also while no events come.
	Tick(ctx context.Context, now time.Time) error
}

// A Holder is an Output that collects events before it sends them.
type Holder interface {
	// Held returns how many events are collected and not sent yet. The bookmark waits
	// while that is not 0, so that a crash repeats them instead of losing them.
	Held() int
}

// Discard is the Output of a session that is there for host profiles: the metadata that
// comes with them is read and thrown away.
type Discard struct{}

// Record implements Output.
func (Discard) Record(*wire.Decoder, *wire.Record, []byte, *meta.Snapshot, error) error { return nil }

// Flush implements Output.
func (Discard) Flush(context.Context) error { return nil }

// Close implements Output.
func (Discard) Close(context.Context) error { return nil }

// Lines is the Output of a line format. It is made by NewLines.
type Lines struct {
	w         *bufio.Writer
	formatter format.Formatter
	line      []byte
}

// NewLines returns an output that writes lines of f to w. The header of a format that has
// one is written at once, or with the first line.
func NewLines(w io.Writer, f format.Format) *Lines {
	l := &Lines{w: bufio.NewWriterSize(w, 64<<10), formatter: f.NewFormatter()}
	if h, ok := f.(format.Headed); ok {
		fmt.Fprintln(l.w, h.Header()) // the writer keeps an error for Flush
	}
	return l
}

// Record implements Output.
func (l *Lines) Record(d *wire.Decoder, r *wire.Record, message []byte, s *meta.Snapshot, err error) error {
	if err != nil {
		l.line, _ = l.formatter.AppendRaw(l.line[:0], message, r, err)
	} else {
		l.line, _ = l.formatter.Append(l.line[:0], d, r, s)
	}
	_, err = l.w.Write(l.line)
	return err
}

// Flush implements Output.
func (l *Lines) Flush(context.Context) error { return l.w.Flush() }

// Close implements Output.
func (l *Lines) Close(context.Context) error { return l.w.Flush() }
