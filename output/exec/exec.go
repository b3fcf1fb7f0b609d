// Package exec writes events to the standard input of a program.
//
// Guarantee: at least once into the pipe. Commit returns when the pipe to the
// program has taken everything. When the program ends, what was written since the last
// Commit is written again to the next one; what stood in the pipe at a Commit
// and the program had not read when it ended (at most the size of a pipe, 64 KiB
// on Linux) is lost, and so is what it read and did not process. Lines are in
// journal order. A program that does not read stops this output and nothing else.
//
// The program is given as a list of arguments, and no shell sees them; who wants one writes
// sh -c. It starts with the first line and again, after a growing pause,
// whenever it has ended. What it writes to standard error goes to the log, what it writes to
// standard output goes nowhere. At the end its standard input is closed; after StopTime
// its process group gets SIGTERM, and after KillTime SIGKILL.
package exec

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"time"

	"estream/output"
)

const (
	defaultStop  = 10 * time.Second
	defaultKill  = 5 * time.Second
	defaultWrite = time.Minute
)

// Options say which program runs and how.
type Options struct {
	Argv []string // program, looked up in PATH if it has no slash, and arguments
	Dir  string   // where it runs; "": where we do
	Env  []string // NAME=VALUE, beside our own environment

	MaxLine   int           // a longer line is cut; 0: no limit, else 64 or more
	WriteTime time.Duration // how long the program may read nothing before that is an error; 0: 1 minute
	StopTime  time.Duration // from the end of its input to SIGTERM; 0: 10 s
	KillTime  time.Duration // from SIGTERM to SIGKILL; 0: 5 s
	// Backoff paces restarts. Share one between the outputs that follow each other
	// for the same destination; nil: this output has its own.
	Backoff *Backoff
	Log     *slog.Logger // nil: slog.Default()
}

// An Output is a program that runs, or will. It is not safe for concurrent use.
type Output struct {
	opt     Options
	log     *slog.Logger
	stats   output.Stats
	p       *process // nil: none runs
	timer   *time.Timer
	buf     []byte // what the process is being given
	waiting bool   // it has not taken all of buf yet
	dirty   bool   // written since the last Commit
	started bool   // a program took something
	lost    error  // nothing more can be committed
}

// Open returns an output. The program starts with the first Write. Errors are mistakes in o.
func Open(o Options) (*Output, error) {
	if len(o.Argv) == 0 || o.Argv[0] == "" {
		return nil, fmt.Errorf("exec output: arguments are %q; expected a program and its arguments", o.Argv)
	}
	if o.WriteTime < 0 || o.StopTime < 0 || o.KillTime < 0 || o.MaxLine != 0 && o.MaxLine < 64 {
		return nil, fmt.Errorf("exec output: times %s, %s, %s, at most %d bytes in a line: no time may be negative, and a line has at least 64 bytes", o.WriteTime, o.StopTime, o.KillTime, o.MaxLine)
	}
	for _, t := range []struct {
		value *time.Duration
		def   time.Duration
	}{{&o.WriteTime, defaultWrite}, {&o.StopTime, defaultStop}, {&o.KillTime, defaultKill}} {
		if *t.value == 0 {
			*t.value = t.def
		}
	}
	if o.Backoff == nil {
		o.Backoff = new(Backoff)
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	timer := time.NewTimer(time.Hour)
	timer.Stop()
	return &Output{opt: o, log: o.Log, timer: timer}, nil
}

// Write implements [output.Output]. It returns when the pipe has taken the lines.
// When it takes too long or ctx ends, that goes on in the background, and the
// next Write, with the same lines, waits for it.
func (o *Output) Write(ctx context.Context, lines []byte) error {
	if o.lost != nil {
		return o.lost
	}
	if o.waiting && !o.same(lines) {
		return o.fail(errors.New("other lines were offered than those that are on their way"))
	}
	if !o.waiting {
		if err := o.running(ctx); err != nil {
			return err
		}
		o.fill(lines)
		o.p.in <- o.buf
		o.waiting, o.dirty = true, true
	}
	return o.taken(ctx)
}

// fill copies lines, since a pipe that is full may hold on to them after Write has returned.
func (o *Output) fill(lines []byte) {
	if o.opt.MaxLine == 0 {
		o.buf = append(o.buf[:0], lines...)
		return
	}
	o.buf = o.buf[:0]
	for len(lines) > 0 {
		line := lines
		if i := bytes.IndexByte(lines, '\n'); i >= 0 {
			line, lines = lines[:i], lines[i+1:]
		} else {
			lines = nil
		}
		var cut bool
		if o.buf, cut = output.Truncate(o.buf, line, o.opt.MaxLine-1); cut {
			o.stats.Truncated.Add(1)
		}
		o.buf = append(o.buf, '\n')
	}
}

// same reports whether lines are what buf was made of, as far as that can be told.
func (o *Output) same(lines []byte) bool {
	if o.opt.MaxLine == 0 {
		return bytes.Equal(o.buf, lines)
	}
	return bytes.Count(o.buf, []byte{'\n'}) == bytes.Count(lines, []byte{'\n'}) // cut lines differ
}

// taken waits until the process has taken buf.
func (o *Output) taken(ctx context.Context) error {
	o.timer.Reset(o.opt.WriteTime)
	defer o.timer.Stop()
	select {
	case err := <-o.p.done:
		return o.given(err)
	case <-o.p.exited:
		// Our end of the pipe is closed by now, so the answer comes, except where a
		// child of the program holds the other end and a blocked write cannot be ended.
		select {
		case err := <-o.p.done:
			return o.given(err)
		case <-time.After(childTime):
			return o.fail(errors.New("it ended while it was written to"))
		}
	case <-o.timer.C:
		o.stats.Connected.Store(false)
		return fmt.Errorf("%s: the program has not read its standard input for %s; waiting for it", o, o.opt.WriteTime)
	case <-ctx.Done():
		return fmt.Errorf("%s: %w", o, ctx.Err())
	}
}

// given takes note of how the write of buf ended.
func (o *Output) given(err error) error {
	o.waiting = false
	if err != nil {
		return o.fail(fmt.Errorf("write to its standard input: %w", err))
	}
	o.started = true
	o.stats.Connected.Store(true)
	o.stats.Lines.Add(uint64(bytes.Count(o.buf, []byte{'\n'})))
	o.stats.Bytes.Add(uint64(len(o.buf)))
	return nil
}

// running has a process that can be written to.
func (o *Output) running(ctx context.Context) error {
	if o.p != nil && o.p.ended() {
		if o.dirty {
			return o.fail(errors.New("it ended"))
		}
		o.drop()
	}
	if o.p != nil {
		return nil
	}
	if err := o.opt.Backoff.wait(ctx); err != nil {
		return fmt.Errorf("%s: waiting to start the program again: %w", o, err)
	}
	p, err := start(&o.opt)
	if err != nil {
		o.opt.Backoff.ended(0)
		return fmt.Errorf("%s: %w", o, err)
	}
	o.p = p
	o.stats.Connects.Add(1)
	return nil
}

// drop puts away a process that has ended.
func (o *Output) drop() {
	o.stats.Connected.Store(false)
	o.opt.Backoff.ended(time.Since(o.p.since))
	err := o.p.stop(0, o.opt.KillTime)
	o.log.Warn("program ended; it is started again", "output", o.String(), "status", statusOf(err))
	o.p = nil
}

func statusOf(err error) string {
	if err == nil {
		return "0"
	}
	return err.Error()
}

// fail makes cause the end of this output. Nothing since the last Commit counts.
func (o *Output) fail(cause error) error {
	o.stats.Connected.Store(false)
	o.opt.Backoff.ended(time.Since(o.p.since))
	err := o.p.stop(0, o.opt.KillTime)
	o.p, o.waiting = nil, false
	o.lost = fmt.Errorf("%s: %w: %w (its end: %s)", o, output.ErrUncommitted, cause, statusOf(err))
	return o.lost
}

// Commit implements [output.Output].
func (o *Output) Commit(ctx context.Context) ([]byte, error) {
	if o.lost != nil {
		return nil, o.lost
	}
	if o.waiting {
		if err := o.taken(ctx); err != nil {
			return nil, err
		}
	}
	if o.dirty && o.p.ended() {
		return nil, o.fail(errors.New("it ended"))
	}
	o.dirty = false
	return nil, nil
}

// Empty implements [output.Output]. Each life of the output is a beginning.
func (o *Output) Empty() bool { return !o.started && !o.waiting }

// Close implements [output.Output]. It gives the program StopTime and KillTime to
// end; how it ended is logged when that is not status 0.
func (o *Output) Close() error {
	p := o.p
	o.p, o.waiting = nil, false
	o.lost = fmt.Errorf("%s: %w", o, fs.ErrClosed)
	if p == nil {
		return nil
	}
	if err := p.stop(o.opt.StopTime, o.opt.KillTime); err != nil {
		o.log.Warn("program ended badly when its input did", "output", o.String(), "status", err)
	}
	return nil
}

// String names the program only: arguments may hold secrets.
func (o *Output) String() string { return "exec:" + o.opt.Argv[0] }

// Stats implements [output.Counter]. A connection is a program that was started.
func (o *Output) Stats() *output.Stats { return &o.stats }

// Guarantee returns what this output promises.
func (*Output) Guarantee() output.Guarantee { return output.AtLeastOnceSent }
