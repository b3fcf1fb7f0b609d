// Package collect moves events from an input to an output: it reads batches of
// messages in stream order, learns names from metadata, decodes and formats on
// all cores, and writes in the order of the stream.
//
//	input ──► scan ──► part ─┬─► decode, format ─┬─► write, commit ──► output
//	         (names)         └─► decode, format ─┘    (in order)
//
// Batches are the unit everywhere: one goroutine formats a batch into one
// buffer, and one write hands it on. A batch is cut where a metadata record
// changes a value that an earlier record of the batch looks up; each part is
// formatted with the snapshot of names that is right for all of its records.
//
// Nothing is dropped silently: a record that cannot be decoded is reported as a
// [Problem], counted by reason, and written in raw form where the format has one.
package collect

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"runtime"
	"sync"
	"time"

	"estream/format"
	"estream/meta"
	"estream/output"
	"estream/wire"
)

// A Chunk is a run of whole messages from an input.
type Chunk struct {
	Source  uint32 // number of the source in the journal; 0 for inputs that have only one
	Data    []byte
	Base    int64     // position of Data[0] in the input, in bytes, for reports
	First   uint64    // number of the first message, for reports
	Arrival time.Time // at the journal; zero elsewhere
	Cursor  uint64    // where the input goes on after this chunk
	// Release, if not nil, says that Data is the input's own memory, and gives it
	// back. It may be called from any goroutine.
	Release func()
}

// Names holds the names that each source has sent, by its number in the journal:
// two Management Centers may call different things by the same number.
type Names map[uint32]*meta.Tables

// Of returns the names of one source.
func (n Names) Of(source uint32) *meta.Tables {
	t := n[source]
	if t == nil {
		t = meta.NewTables()
		n[source] = t
	}
	return t
}

// An Input hands out the stream. One goroutine uses it.
type Input interface {
	// Next returns the next messages, and waits for them if need be. They are
	// appended to buf, or lent until Release. It returns io.EOF when there are no
	// more.
	Next(ctx context.Context, buf []byte) (Chunk, error)
}

// A Cursor remembers how far an output has come. Save returns once the position
// is durable.
type Cursor interface {
	Save(ctx context.Context, position uint64, state []byte) error
}

// A Pipeline connects one input with one output.
type Pipeline struct {
	Input   Input
	Layouts *wire.Layouts
	Names   Names // known at the start of the input; the pipeline goes on learning
	Format  format.Format
	Choice  format.Choice // which records to write
	// Sources, by number in the journal, whose records to write; nil for all.
	Sources map[uint32]bool
	// Behind, if not nil, says whether the output is too far behind for all of a chunk:
	// only what Choice.Keep chooses is then written. It is asked when a chunk is read,
	// and again while the destination takes nothing; First and Arrival are what it may
	// look at. It is called by several goroutines.
	Behind  func(*Chunk) bool
	Output  output.Output
	Start   uint64        // position of the input's first chunk
	Cursor  Cursor        // nil: the position is not kept
	Workers int           // 0: as many as cores
	Commit  time.Duration // longest time between a write and its commit; 0: 250 ms
	Problem func(Problem) // called for each record that could not be decoded, in stream order; may be nil
	Log     *slog.Logger
	Stats   *Stats // counters to fill; may be nil
}

const (
	defaultCommit = 250 * time.Millisecond
	// A burst of burstBytes that has ended for burstPause is committed without
	// waiting for Pipeline.Commit; a trickle does not sync more often for that.
	burstBytes = 1 << 20
	burstPause = 20 * time.Millisecond
	// So many bytes are committed at once: a disk on which less is free would never
	// hold what has to be written until the next commit.
	commitBytes = 32 << 20
	drainTime   = 10 * time.Second // for finishing what was accepted when the context ends

	cursorDrainTime = 3 * time.Second // the same with a cursor
	retryFirst      = 100 * time.Millisecond
	retryMost       = 5 * time.Second
)

// Run works until the input ends (nil), the context ends (its error) or
// something fails for good. Whatever the input had handed over is written and
// committed before Run returns, within a deadline of its own of 10 s, or, with a
// Cursor, if the output takes it within 3 s. A write that fails is tried again
// until it succeeds or the context ends. After
// output.ErrUncommitted the caller goes back to the cursor: it opens input and
// output anew.
func (p *Pipeline) Run(ctx context.Context) error {
	if p.Workers <= 0 {
		p.Workers = runtime.GOMAXPROCS(0)
	}
	if p.Commit <= 0 {
		p.Commit = defaultCommit
	}
	if p.Stats == nil {
		p.Stats = new(Stats)
	}
	if p.Names == nil {
		p.Names = Names{}
	}
	r := &run{Pipeline: p, work: make(chan *job, p.Workers), order: make(chan *job, 2*p.Workers+2)}
	r.chunks.New = func() any { return &chunk{} }
	r.jobs.New = func() any { return &job{done: make(chan struct{}, 1)} }

	// When writing fails for good, reading has to stop as well.
	readCtx, stopReading := context.WithCancel(ctx)
	defer stopReading()
	var wg sync.WaitGroup
	for range p.Workers {
		wg.Go(r.formatJobs)
	}
	var readErr error
	wg.Go(func() {
		defer close(r.order)
		defer close(r.work)
		readErr = r.read(readCtx)
	})
	writeErr := r.write(ctx)
	stopReading()
	for j := range r.order { // after a failure: let the readers end
		<-j.done
		r.free(j)
	}
	wg.Wait()
	if writeErr != nil {
		return writeErr
	}
	if errors.Is(readErr, io.EOF) {
		return nil
	}
	return readErr
}

// run is the state of one call of Run.
type run struct {
	*Pipeline
	work   chan *job // to the workers, in any order
	order  chan *job // to the writer, in stream order
	chunks sync.Pool
	jobs   sync.Pool
}

// A chunk is memory shared by the jobs that were cut from it.
type chunk struct {
	buf     []byte // of its own, for inputs that lend none
	release func() // of what the input has lent; nil: nothing
	left    int    // jobs not yet written; only the writer counts it down
}

// A job is one part of a chunk on its way through the workers.
type job struct {
	part     []byte
	skip     bool // of a source whose records are not written
	shed     bool // read while the output was behind
	arrival  time.Time
	base     int64
	first    uint64 // number of the chunk's first message
	names    *meta.Snapshot
	chunk    *chunk
	cursor   uint64 // position after the chunk; valid for its last part
	last     bool
	out      []byte
	counts   format.Counts
	problems []Problem
	done     chan struct{}
}

// read takes chunks from the input, learns names and cuts.
func (r *run) read(ctx context.Context) error {
	dec := wire.NewDecoder(r.Layouts, meta.Wanted)
	var parts []*job
	for {
		c := r.chunks.Get().(*chunk)
		in, err := r.Input.Next(ctx, c.buf[:0])
		if err != nil {
			return err
		}
		if c.release = in.Release; c.release == nil {
			c.buf = in.Data
		}
		parts = parts[:0]
		shed := r.Behind != nil && r.Behind(&in)
		err = r.Names.Of(in.Source).Scan(in.Data, dec, func(part []byte, s *meta.Snapshot) error {
			j := r.jobs.Get().(*job)
			j.part, j.names, j.chunk, j.first, j.last = part, s, c, in.First, false
			j.shed, j.arrival = shed, in.Arrival
			j.skip = r.Sources != nil && !r.Sources[in.Source]
			parts = append(parts, j)
			return nil
		})
		if err != nil {
			return err
		}
		if len(parts) == 0 {
			r.freeChunk(c)
			continue
		}
		c.left = len(parts)
		parts[len(parts)-1].last = true
		base := in.Base
		for _, j := range parts {
			j.base, j.cursor = base, in.Cursor
			base += int64(len(j.part))
			// All parts of a chunk go on, also when the context has just ended: the
			// cursor can only stand between chunks. The writer takes whatever comes
			// until order is closed, so neither send can block for good. order goes
			// first: the writer must learn of every job that a worker may hold.
			r.order <- j
			r.work <- j
		}
	}
}

// drainTime is how long what is under way when the context ends may take. With a
// cursor nothing depends on it: the rest waits behind the cursor.
func (r *run) drainTime() time.Duration {
	if r.Cursor != nil {
		return cursorDrainTime
	}
	return drainTime
}

// free takes back a job that needs nothing any more.
func (r *run) free(j *job) {
	c := j.chunk
	j.part, j.names, j.chunk = nil, nil, nil
	if c.left--; c.left == 0 {
		r.freeChunk(c)
	}
	r.jobs.Put(j)
}

func (r *run) freeChunk(c *chunk) {
	if c.release != nil {
		c.release()
		c.release = nil
	}
	r.chunks.Put(c)
}

// formatJobs decodes and formats jobs until there are no more.
func (r *run) formatJobs() {
	w := format.NewChoosyWorker(r.Layouts, r.Format, r.Choice)
	var j *job
	w.Report = func(offset, number int, rec *wire.Record, err error) {
		j.problems = append(j.problems, newProblem(j.base+int64(offset), uint64(number), rec, err))
	}
	for j = range r.work {
		j.problems = j.problems[:0]
		if j.skip {
			j.out, j.counts = j.out[:0], format.Counts{Filtered: messages(j.part)}
		} else {
			w.Shedding = j.shed
			j.out, j.counts = w.Append(j.out[:0], j.part, j.names)
		}
		j.done <- struct{}{}
	}
}

// messages returns how many there are in a part. The journal holds whole messages
// only.
func messages(part []byte) (n int) {
	for len(part) > 0 {
		var err error
		if _, part, err = wire.NextMessage(part); err != nil {
			return n + 1
		}
		n++
	}
	return n
}
