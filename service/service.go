// Package service puts sources, journal, outputs and the server together and
// runs them as tasks that start, work and stop in order.
package service

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"estream/hosts"
	"estream/internal/durable"
	"estream/journal"
	"estream/source"
	"estream/wire"
)

// stopTime is how long the journal may take to write its last batches.
const stopTime = 10 * time.Second

// A Service is any number of sources, one journal, outputs with a cursor of their
// own, and an eStreamer server:
//
//	Management Center ──┐             ┌─► format ──► output
//	sensor's files ─────┼─► journal ──┼─► format ──► output
//	recorded stream ────┘             └─► sessions of eStreamer clients
//
// A collector has no Server, a server no Outputs, a relay has a Management Center
// and a Server.
type Service struct {
	State   string // directory of the journal; it remembers everything
	FS      durable.FS
	Layouts *wire.Layouts
	Sources []*Source
	Outputs []*Output
	Server  *Server
	Journal journal.Options
	// MapOptions are those of the network map, which there is as soon as there is a
	// Server or a Feed.
	MapOptions hosts.Options
	// Idle, if not 0, ends Run when nothing new came for so long and everything
	// received was written.
	Idle time.Duration
	// Persist keeps Run going when an output fails for good or cannot be opened: it is
	// tried again. Without it that ends Run.
	Persist bool
	Log     *slog.Logger
	// Watch, if not nil, runs beside the sources and may read the journal.
	Watch func(ctx context.Context, j *source.Journal)
	// Ready, if not nil, is called once when the outputs are open, clients can connect
	// and the sources start.
	Ready func()

	mu      sync.Mutex
	running *collection
}

// A collection is a Service at work.
type collection struct {
	*Service
	journal *source.Journal
	numbers *numbers
	fail    context.CancelCauseFunc // ends the Service
	srcCtx  context.Context         // ends first
	outCtx  context.Context

	// changing is held by whoever starts or ends tasks, which may take long.
	changing sync.Mutex
	server   *Server
	serving  *task
	hosts    *networkMap // nil: not needed so far
	begun    bool        // the first change is done

	// mu guards the maps, which only the holder of changing alters.
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
func (c *Service) Run(ctx context.Context) (err error) {
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
	outCtx, stopOutputs := context.WithCancelCause(context.WithoutCancel(ctx))
	r := &collection{
		Service: c, journal: j, numbers: n, fail: fail, srcCtx: srcCtx, outCtx: outCtx,
		sources: map[*Source]*task{}, outputs: map[*Output]*task{},
	}
	defer func() {
		c.mu.Lock()
		c.running = nil
		c.mu.Unlock()
		fail(nil)
		stopOutputs(nil)
		r.wait()
	}()
	if c.Watch != nil { // before anything comes
		watch := start(srcCtx, func(ctx context.Context) { c.Watch(ctx, j) })
		defer watch.end()
	}
	if err := r.change(c.Sources, c.Outputs, c.Server); err != nil {
		return err
	}
	r.changing.Lock()
	r.begun = true
	r.changing.Unlock()
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
	stopOutputs(context.Cause(srcCtx)) // clients' sessions log it
	r.wait()
	return errors.Join(cause, flushErr)
}

// Change gives a running Service other sources and outputs, and another server. Those that were
// there before, which is to say the same pointers, go on undisturbed; those left
// out are stopped; those that are new are started, after what they replace has
// stopped. The position of an output whose name is gone is forgotten. An error
// means that a new one could not be started; the others work as told.
func (c *Service) Change(sources []*Source, outputs []*Output, server *Server) error {
	c.mu.Lock()
	r := c.running
	c.mu.Unlock()
	if r == nil {
		return errors.New("the service is not running")
	}
	return r.change(sources, outputs, server)
}

func (r *collection) change(sources []*Source, outputs []*Output, server *Server) error {
	r.changing.Lock()
	defer r.changing.Unlock()
	var errs []error
	for s, t := range clone(r, r.sources) {
		if !slices.Contains(sources, s) {
			t.end()
			set(r, r.sources, s, nil)
		}
	}
	for o, t := range clone(r, r.outputs) {
		if slices.Contains(outputs, o) {
			continue
		}
		t.end()
		set(r, r.outputs, o, nil)
		if !slices.ContainsFunc(outputs, func(other *Output) bool { return other.Name == o.Name }) {
			if err := r.journal.RemoveCursor(o.Name); err != nil {
				errs = append(errs, fmt.Errorf("output %s: forget its position: %w", o.Name, err))
			}
		}
	}
	if server != nil || slices.ContainsFunc(sources, func(s *Source) bool { return s.Feed != nil }) {
		if err := r.openMap(); err != nil {
			return err
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
	if err := r.serve(server); err != nil {
		errs = append(errs, err)
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

// clone copies a list of tasks, so that whoever asks for the status need not wait
// for what is done with them.
func clone[K comparable](r *collection, tasks map[K]*task) map[K]*task {
	r.mu.Lock()
	defer r.mu.Unlock()
	return maps.Clone(tasks)
}

// set notes the task of a source or output; nil: it has none any more.
func set[K comparable](r *collection, tasks map[K]*task, k K, t *task) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if tasks[k] = t; t == nil {
		delete(tasks, k)
	}
}

// endSources waits for all sources; their context has ended.
func (r *collection) endSources() {
	r.changing.Lock()
	defer r.changing.Unlock()
	await(r, r.sources)
}

// wait waits for everything; all contexts have ended.
func (r *collection) wait() {
	r.endSources()
	r.changing.Lock()
	defer r.changing.Unlock()
	await(r, r.outputs)
	if r.serving != nil {
		<-r.serving.done
	}
	if r.hosts != nil {
		<-r.hosts.task.done
	}
}

// await waits for tasks.
func await[K comparable](r *collection, tasks map[K]*task) {
	for _, t := range clone(r, tasks) {
		<-t.done
	}
}
