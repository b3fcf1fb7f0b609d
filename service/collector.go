// Package service puts sources, journal, outputs and the server together and
// runs them as tasks that start, work and stop in order.
package service

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"estream/collect"
	"estream/filter"
	"estream/format"
	"estream/internal/durable"
	"estream/internal/mute"
	"estream/journal"
	"estream/meta"
	"estream/output"
	"estream/source"
	"estream/source/fmc"
	"estream/wire"
)

const (
	// collectorSource is the number of the one source in a collector's journal.
	collectorSource = 1
	// stopTime is how long the journal may take to write its last batches.
	stopTime = 10 * time.Second
	// Pauses before an output is opened anew that has to go back to its last commit.
	reopenFirst = 100 * time.Millisecond
	reopenMost  = 5 * time.Second
)

// A Collector is one source, one journal and its outputs, each with a cursor of
// its own:
//
//	Management Center ──► journal ──► format ──► output
//	                              └─► format ──► output
type Collector struct {
	State   string // directory of the journal; it remembers everything
	FS      durable.FS
	Layouts *wire.Layouts
	Source  *fmc.Source // its Journal, Number and Log are set here
	Outputs []*Output
	Journal journal.Options
	// Idle, if not 0, ends Run when nothing new came for so long and everything
	// received was written.
	Idle time.Duration
	Log  *slog.Logger
}

// An Output is one destination of a Collector.
type Output struct {
	Name   string // of its cursor; keep it over restarts
	Format format.Format
	Where  *filter.Filter // which records to write; nil for all
	// Open opens the destination with the state of its last commit, nil at first.
	Open    func(saved []byte) (output.Output, error)
	Workers int // 0: one per core

	Stats collect.Stats
	lost  atomic.Uint64
}

// Lost returns how many messages the output has missed because the journal no
// longer had them.
func (o *Output) Lost() uint64 { return o.lost.Load() }

// Run works until ctx ends, which is no error, Idle passes or something fails
// for good. Before it returns everything received is durable, and what the
// outputs could take is written and committed.
func (c *Collector) Run(ctx context.Context) (err error) {
	j, closeJournal, err := openJournal(ctx, c.State, c.FS, c.Layouts, c.Journal, c.Log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closeJournal()) }()
	c.Source.Journal, c.Source.Number, c.Source.Log = j, collectorSource, c.Log

	// The source stops first; the outputs then write what is in the journal.
	srcCtx, stopSource := context.WithCancelCause(ctx)
	outCtx, stopOutputs := context.WithCancel(context.WithoutCancel(ctx))
	var (
		wg      sync.WaitGroup
		outErrs = make([]error, len(c.Outputs))
	)
	defer func() {
		stopSource(nil)
		stopOutputs()
		wg.Wait()
	}()
	for i, o := range c.Outputs {
		ready := make(chan error, 1)
		wg.Go(func() {
			err := c.output(outCtx, j, o, ready)
			if err != nil && outCtx.Err() == nil {
				stopSource(err)
			}
			if !errors.Is(err, context.Canceled) {
				outErrs[i] = err
			}
		})
		if err := <-ready; err != nil {
			return err // before the source asks for anything
		}
	}
	if c.Idle > 0 {
		wg.Go(func() { c.watchIdle(srcCtx, j, stopSource) })
	}
	srcErr := c.Source.Run(srcCtx)
	idle := errors.Is(context.Cause(srcCtx), errIdle)
	flush, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTime)
	defer cancel()
	flushErr := j.Sync(flush)
	if flushErr == nil {
		flushErr = c.drained(flush, j, idle)
	}
	stopSource(nil)
	stopOutputs()
	wg.Wait()
	return errors.Join(srcErr, errors.Join(outErrs...), flushErr)
}

// output runs one output. It sends to ready once, when the output could be
// opened or not.
func (c *Collector) output(ctx context.Context, j *source.Journal, o *Output, ready chan<- error) error {
	p, done, err := c.open(ctx, j, o)
	ready <- err
	if err != nil {
		return nil // Run reports it
	}
	for pause := reopenFirst; ; pause = min(2*pause, reopenMost) {
		before := o.Stats.Committed.Load()
		if err == nil {
			err = p.Run(ctx)
			if cerr := done(); !errors.Is(err, output.ErrUncommitted) || ctx.Err() != nil {
				return errors.Join(err, cerr)
			}
		}
		if o.Stats.Committed.Load() > before {
			pause = reopenFirst
		}
		c.Log.Error("output goes back to its last commit; events wait in the journal", "output", o.Name, "error", err, "retry", pause)
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return err
		}
		p, done, err = c.open(ctx, j, o)
	}
}

// open prepares the pipeline of one output. done lets go of what it holds.
func (c *Collector) open(ctx context.Context, j *source.Journal, o *Output) (_ *collect.Pipeline, done func() error, err error) {
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
	cursor, err := j.OpenCursor(o.Name, true)
	if err != nil {
		return nil, done, err
	}
	closers = append(closers, cursor.Close)
	pos, saved, known := cursor.Load()
	if !known {
		pos = j.First()
	}
	out, err := o.Open(saved)
	if err != nil {
		return nil, done, err
	}
	closers = append(closers, out.Close)
	tables := meta.NewTables()
	in, err := collect.OpenJournal(ctx, j.Journal, c.Layouts, tables, pos)
	if err != nil {
		return nil, done, err
	}
	closers = append(closers, in.Close)
	in.Lost = func(n uint64, err error) {
		o.lost.Add(n)
		c.Log.Error("events could not be read from the journal and are lost to this output", "output", out.String(), "events", n, "error", err)
	}
	problems := mute.New(time.Minute)
	return &collect.Pipeline{
		Input: in, Layouts: c.Layouts, Tables: tables, Format: o.Format, Where: o.Where, Output: out, Workers: o.Workers,
		Start: pos.Seq, Cursor: cursorSaver{cursor}, Log: c.Log, Stats: &o.Stats,
		Problem: func(p collect.Problem) {
			if held, ok := problems.Held(); ok {
				c.Log.Warn("record could not be decoded; the journal keeps it raw", "message", p.Message, "error", p.Error(), "others", held)
			}
		},
	}, done, nil
}

// cursorSaver adapts a journal's cursor to a pipeline.
type cursorSaver struct{ *journal.Cursor }

func (c cursorSaver) Save(ctx context.Context, position uint64, state []byte) error {
	return c.Cursor.Save(ctx, journal.Position{Seq: position}, state)
}

// committed returns the position up to which all outputs have committed.
func (c *Collector) committed() uint64 {
	least := uint64(math.MaxUint64)
	for _, o := range c.Outputs {
		least = min(least, o.Stats.Committed.Load())
	}
	return least
}

var errIdle = errors.New("nothing new came")

// watchIdle stops the source once nothing new came for c.Idle in a session that
// lives, and all of it was written.
func (c *Collector) watchIdle(ctx context.Context, j *source.Journal, stop context.CancelCauseFunc) {
	st := c.Source.Stats()
	last, since := st.Received.Load(), time.Now()
	for {
		select {
		case <-time.After(min(c.Idle/10+time.Millisecond, 100*time.Millisecond)):
		case <-ctx.Done():
			return
		}
		n := st.Received.Load()
		// A session in which nothing has come yet counts, too: it may have nothing for us.
		if n != last || !st.Connected.Load() || c.committed() < j.End().Seq {
			last, since = n, time.Now()
			continue
		}
		if time.Since(since) >= c.Idle {
			stop(errIdle)
			return
		}
	}
}

// drained waits until the outputs have committed all that the journal holds, or
// ctx ends. Only an orderly end by idleness insists: after a signal the rest
// waits in the journal for the next start.
func (c *Collector) drained(ctx context.Context, j *source.Journal, insist bool) error {
	end := j.Durable().Seq
	if !insist {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, time.Second)
		defer cancel()
	}
	for c.committed() < end {
		select {
		case <-time.After(5 * time.Millisecond):
		case <-ctx.Done():
			if insist {
				return fmt.Errorf("outputs did not take the last %d messages in time; they stay in the journal", end-c.committed())
			}
			return nil
		}
	}
	return nil
}
