// Package service puts sources, journal, outputs and the server together and
// runs them as tasks that start, work and stop in order.
package service

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"estream/internal/durable"
	"estream/journal"
	"estream/source"
	"estream/source/fmc"
	"estream/wire"
)

// stopTime is how long the journal may take to write its last batches.
const stopTime = 10 * time.Second

// A Collector is any number of sources, one journal, and outputs with a cursor
// of their own:
//
//	Management Center ──┐             ┌─► format ──► output
//	Management Center ──┴─► journal ──┴─► format ──► output
type Collector struct {
	State   string // directory of the journal; it remembers everything
	FS      durable.FS
	Layouts *wire.Layouts
	Sources []*Source
	Outputs []*Output
	Journal journal.Options
	// Idle, if not 0, ends Run when nothing new came for so long and everything
	// received was written.
	Idle time.Duration
	// Persist keeps Run going when an output fails for good or cannot be opened: it is
	// tried again. Without it that ends Run.
	Persist bool
	Log     *slog.Logger
	// Watch, if not nil, runs beside the sources and may read the journal.
	Watch func(ctx context.Context, j *source.Journal)
	// Ready, if not nil, is called once when the outputs are open and the sources start.
	Ready func()

	mu      sync.Mutex
	running *collection
}

// A Source is one server from which a Collector receives.
type Source struct {
	// Name is what the state directory knows the source by; keep it over restarts. The
	// only source of a Collector may go without.
	Name        string
	*fmc.Source // its Journal, Number and Log are set by the Collector
}

// A collection is a Collector at work.
type collection struct {
	*Collector
	journal *source.Journal
	numbers *numbers
	fail    context.CancelCauseFunc // ends the Collector
	srcCtx  context.Context         // ends first
	outCtx  context.Context

	mu      sync.Mutex
	sources map[*Source]*task
	outputs map[*Output]*task
}

// A task is a source or an output at work.
type task struct {
	stop context.CancelFunc
	done chan struct{}
}

func start(ctx context.Context, f func(ctx context.Context)) *task {
	ctx, stop := context.WithCancel(ctx)
	t := &task{stop: stop, done: make(chan struct{})}
	go func() {
		defer close(t.done)
		f(ctx)
	}()
	return t
}

func (t *task) end() {
	t.stop()
	<-t.done
}

// Run works until ctx ends, which is no error, Idle passes or something fails
// for good. Before it returns everything received is durable, and what the
// outputs could take is written and committed.
func (c *Collector) Run(ctx context.Context) (err error) {
	j, closeJournal, err := openJournal(ctx, c.State, c.FS, c.Layouts, c.Journal, c.Log)
	if err != nil {
		return ended(ctx, err)
	}
	defer func() { err = errors.Join(err, closeJournal()) }()
	n, err := openNumbers(c.FS, c.State)
	if err != nil {
		return err
	}
	// The sources stop first; the outputs then write what is in the journal.
	srcCtx, fail := context.WithCancelCause(ctx)
	outCtx, stopOutputs := context.WithCancel(context.WithoutCancel(ctx))
	r := &collection{
		Collector: c, journal: j, numbers: n, fail: fail, srcCtx: srcCtx, outCtx: outCtx,
		sources: map[*Source]*task{}, outputs: map[*Output]*task{},
	}
	defer func() {
		c.mu.Lock()
		c.running = nil
		c.mu.Unlock()
		fail(nil)
		stopOutputs()
		r.wait()
	}()
	if c.Watch != nil { // before anything comes
		watch := start(srcCtx, func(ctx context.Context) { c.Watch(ctx, j) })
		defer watch.end()
	}
	if err := r.change(c.Sources, c.Outputs); err != nil {
		return err
	}
	c.mu.Lock()
	c.running = r
	c.mu.Unlock()
	if c.Ready != nil {
		c.Ready()
	}
	if c.Idle > 0 {
		idle := start(srcCtx, func(ctx context.Context) { r.watchIdle(ctx) })
		defer idle.end()
	}
	<-srcCtx.Done()
	r.endSources()
	cause := context.Cause(srcCtx)
	idle := errors.Is(cause, errIdle)
	if idle || ctx.Err() != nil {
		cause = nil
	}
	flush, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTime)
	defer cancel()
	flushErr := j.Sync(flush)
	if flushErr == nil {
		flushErr = r.drained(flush, idle)
	}
	stopOutputs()
	r.wait()
	return errors.Join(cause, flushErr)
}

// Change gives a running Collector other sources and outputs. Those that were
// there before, which is to say the same pointers, go on undisturbed; those left
// out are stopped; those that are new are started, after what they replace has
// stopped. The position of an output whose name is gone is forgotten. An error
// means that a new one could not be started; the others work as told.
func (c *Collector) Change(sources []*Source, outputs []*Output) error {
	c.mu.Lock()
	r := c.running
	c.mu.Unlock()
	if r == nil {
		return errors.New("the collector is not running")
	}
	return r.change(sources, outputs)
}

func (r *collection) change(sources []*Source, outputs []*Output) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	var errs []error
	for s, t := range r.sources {
		if !slices.Contains(sources, s) {
			t.end()
			delete(r.sources, s)
		}
	}
	for o, t := range r.outputs {
		if slices.Contains(outputs, o) {
			continue
		}
		t.end()
		delete(r.outputs, o)
		if !slices.ContainsFunc(outputs, func(other *Output) bool { return other.Name == o.Name }) {
			if err := r.journal.RemoveCursor(o.Name); err != nil {
				errs = append(errs, fmt.Errorf("output %s: forget its position: %w", o.Name, err))
			}
		}
	}
	// Outputs first: nothing is asked of a server that could not be written.
	for _, o := range outputs {
		if r.outputs[o] == nil {
			if err := r.startOutput(o); err != nil {
				errs = append(errs, err)
			}
		}
	}
	if len(errs) > 0 && !r.Persist {
		return errors.Join(errs...)
	}
	for _, s := range sources {
		if r.sources[s] == nil {
			if err := r.startSource(s); err != nil {
				errs = append(errs, err)
			}
		}
	}
	return errors.Join(errs...)
}

func (r *collection) startSource(s *Source) error {
	number, err := r.numbers.of(s.Name)
	if err != nil {
		return err
	}
	s.Journal, s.Number = r.journal, number
	if s.Log = r.Log; s.Name != "" {
		s.Log = r.Log.With("source", s.Name)
	}
	if s.Group != nil {
		if err := r.join(s); err != nil {
			return err
		}
	}
	r.sources[s] = start(r.srcCtx, func(ctx context.Context) {
		if err := s.Run(ctx); err != nil {
			r.fail(err)
		}
	})
	return nil
}

// join makes a source a member of its group, which gets what it needs from us when
// its first member comes.
func (r *collection) join(s *Source) error {
	g := s.Group
	if s.Member = slices.Index(g.Members, s.Name); s.Member < 0 || len(g.Members) > fmc.MaxMembers {
		return fmt.Errorf("group %s has members %q, expected %s and at most %d", g.Name, g.Members, s.Name, fmc.MaxMembers)
	}
	if g.Journal == r.journal {
		return nil
	}
	g.Journal, g.FS, g.Log, g.Numbers = r.journal, r.FS, r.Log, nil
	g.File = filepath.Join(r.State, "group-"+g.Name+".json")
	for _, name := range g.Members {
		number, err := r.numbers.of(name)
		if err != nil {
			return err
		}
		g.Numbers = append(g.Numbers, number)
	}
	return nil
}

// endSources waits for all sources; their context has ended.
func (r *collection) endSources() { await(r, r.sources) }

// wait waits for everything; all contexts have ended.
func (r *collection) wait() {
	r.endSources()
	await(r, r.outputs)
}

// await waits for tasks. Whoever asks for the status meanwhile gets an answer.
func await[K comparable](r *collection, tasks map[K]*task) {
	r.mu.Lock()
	all := slices.Collect(maps.Values(tasks))
	r.mu.Unlock()
	for _, t := range all {
		<-t.done
	}
}
