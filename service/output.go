package service

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"time"

	"estream/collect"
	"estream/format"
	"estream/internal/mute"
	"estream/journal"
	"estream/output"
)

// Pauses before an output is opened anew that has to go back to its last commit.
const (
	reopenFirst = 100 * time.Millisecond
	reopenMost  = 5 * time.Second
)

// An Output is one destination of a Service.
type Output struct {
	Name   string // of its cursor; keep it over restarts
	Format format.Format
	Choice format.Choice // which records to write
	// Sources are the names of the sources whose records to write; nil for all.
	Sources []string
	// Open opens the destination with the state of its last commit, nil at first.
	Open    func(saved []byte) (output.Output, error)
	Workers int           // 0: one per core
	Commit  time.Duration // see collect.Pipeline
	// While more than BacklogBytes of the journal wait for the output, or for longer than
	// BacklogAge, only what Choice.Keep chooses is written. 0: no limit.
	BacklogBytes int64
	BacklogAge   time.Duration

	Stats collect.Stats
	lost  atomic.Uint64
	state atomic.Pointer[outputState]
	taps  taps
}

type outputState struct {
	out  output.Output
	fail error // why it does not work at present
}

// Lost returns how many messages the output has missed because the journal no
// longer had them.
func (o *Output) Lost() uint64 { return o.lost.Load() }

// Destination returns the destination that is open, nil when there is none, and
// why it is not.
func (o *Output) Destination() (output.Output, error) {
	if s := o.state.Load(); s != nil {
		return s.out, s.fail
	}
	return nil, nil
}

// startOutput opens an output and starts it. With Persist one that cannot be
// opened is tried again in the background.
func (r *collection) startOutput(o *Output) error {
	ready := make(chan error, 1)
	t := start(r.outCtx, func(ctx context.Context) {
		if err := r.output(ctx, o, ready); err != nil && ctx.Err() == nil {
			r.fail(err)
		}
	})
	if err := <-ready; err != nil && !r.Persist {
		t.end()
		return err
	}
	set(r, r.outputs, o, t)
	return nil
}

// output runs one output. It sends to ready once, when the output could be
// opened or not.
func (r *collection) output(ctx context.Context, o *Output, ready chan<- error) error {
	p, done, err := r.open(ctx, o)
	ready <- err
	if err != nil && !r.Persist {
		return nil // startOutput reports it
	}
	for pause := reopenFirst; ; pause = min(2*pause, reopenMost) {
		before := o.Stats.Committed.Load()
		if err == nil {
			o.state.Store(&outputState{out: p.Output.(tapped).Output})
			err = p.Run(ctx)
			cerr := done()
			if ctx.Err() != nil {
				o.state.Store(nil)
				if errors.Is(err, context.Canceled) {
					err = nil
				}
				return errors.Join(err, cerr)
			}
			if !errors.Is(err, output.ErrUncommitted) && !r.Persist {
				return errors.Join(err, cerr)
			}
		}
		o.state.Store(&outputState{fail: err})
		if o.Stats.Committed.Load() > before {
			pause = reopenFirst
		}
		r.Log.Error("output goes back to its last commit; events wait in the journal", "output", o.Name, "error", err, "retry", pause)
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return err
		}
		p, done, err = r.open(ctx, o)
	}
}

// open prepares the pipeline of one output. done lets go of what it holds.
func (r *collection) open(ctx context.Context, o *Output) (_ *collect.Pipeline, done func() error, err error) {
	var closers []func() error
	done = func() error {
		var errs []error
		for _, f := range slices.Backward(closers) {
			errs = append(errs, f())
		}
		return errors.Join(errs...)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, done())
		}
	}()
	var sources map[uint32]bool
	for _, name := range o.Sources {
		number, err := r.numbers.of(name, 0)
		if err != nil {
			return nil, done, err
		}
		if sources == nil {
			sources = map[uint32]bool{}
		}
		sources[number] = true
	}
	cursor, err := r.journal.OpenCursor(o.Name, true)
	if err != nil {
		return nil, done, err
	}
	closers = append(closers, cursor.Close)
	pos, saved, known := cursor.Load()
	if !known {
		pos = r.journal.First()
	}
	out, err := o.Open(saved)
	if err != nil {
		return nil, done, err
	}
	closers = append(closers, out.Close)
	names := collect.Names{}
	in, err := collect.OpenJournal(ctx, r.journal.Journal, r.Layouts, names, pos)
	if err != nil {
		return nil, done, err
	}
	closers = append(closers, in.Close)
	in.Lost = func(n uint64, err error) {
		o.lost.Add(n)
		r.Log.Error("events could not be read from the journal and are lost to this output", "output", out.String(), "events", n, "error", err)
	}
	problems := mute.New(time.Minute)
	p := &collect.Pipeline{
		Input: in, Layouts: r.Layouts, Names: names, Format: o.Format, Choice: o.Choice, Sources: sources, Output: tapped{out, &o.taps}, Workers: o.Workers,
		Commit: o.Commit, Start: pos.Seq, Cursor: cursorSaver{cursor}, Log: r.Log, Stats: &o.Stats,
		Problem: func(p collect.Problem) {
			if held, ok := problems.Held(); ok {
				r.Log.Warn("record could not be decoded; the journal keeps it raw", "message", p.Message, "error", p.Error(), "others", held)
			}
		},
	}
	if o.BacklogBytes > 0 || o.BacklogAge > 0 {
		p.Behind = func(c *collect.Chunk) bool { return r.behind(o, c) }
	}
	return p, done, nil
}

// behind reports whether what waits for an output exceeds its backlog.
func (r *collection) behind(o *Output, c *collect.Chunk) bool {
	if o.BacklogAge > 0 && time.Since(c.Arrival) > o.BacklogAge {
		return true
	}
	if o.BacklogBytes == 0 {
		return false
	}
	s := r.journal.Stats()
	held := s.End.Seq - s.First.Seq
	waiting := s.End.Seq - min(c.First, s.End.Seq)
	return held > 0 && float64(waiting)/float64(held)*float64(s.Bytes) > float64(o.BacklogBytes)
}

// cursorSaver adapts a journal's cursor to a pipeline.
type cursorSaver struct{ *journal.Cursor }

func (c cursorSaver) Save(ctx context.Context, position uint64, state []byte) error {
	return c.Cursor.Save(ctx, journal.Position{Seq: position}, state)
}
