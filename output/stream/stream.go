// Package stream writes events to an open stream, such as standard output.
//
// Guarantee: at least once into the stream. The cursor moves when the stream has
// taken the bytes; what stands in a pipe and its reader has not read when either end
// goes away can be lost, and what the reader does with the rest is not known here.
// Lines are in journal order. A reader that does not read stops this output and
// nothing else.
package stream

import (
	"bytes"
	"context"
	"fmt"
	"io"

	"estream/output"
)

// An Output writes to one stream. It is not safe for concurrent use.
type Output struct {
	w       io.Writer
	name    string
	started bool // something was written
	stats   output.Stats
}

// New returns an output that writes to w, named name in messages. It does not
// close w.
func New(w io.Writer, name string) *Output { return &Output{w: w, name: name} }

// Write implements [output.Output].
func (o *Output) Write(_ context.Context, lines []byte) error {
	n, err := o.w.Write(lines)
	o.started = o.started || n > 0
	if err != nil {
		o.stats.Connected.Store(false)
		return fmt.Errorf("%s: %w: %w", o.name, output.ErrGone, err)
	}
	o.stats.Connected.Store(true)
	o.stats.Lines.Add(uint64(bytes.Count(lines, []byte{'\n'})))
	o.stats.Bytes.Add(uint64(len(lines)))
	return nil
}

// Commit implements [output.Output].
func (o *Output) Commit(context.Context) ([]byte, error) { return nil, nil }

// Empty implements [output.Output].
func (o *Output) Empty() bool { return !o.started }

// Close implements [output.Output].
func (o *Output) Close() error { return nil }

func (o *Output) String() string { return o.name }

// Stats implements [output.Counter].
func (o *Output) Stats() *output.Stats { return &o.stats }

// Guarantee returns what this output promises.
func (*Output) Guarantee() output.Guarantee { return output.AtLeastOnceSent }
