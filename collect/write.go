package collect

import (
	"context"
	"errors"
	"fmt"
	"time"

	"estream/format"
	"estream/output"
	"estream/wire"
)

// write hands finished jobs to the output in order and commits.
func (r *run) write(ctx context.Context) error {
	// A first commit ties the cursor to the length of the output before anything
	// is written, so that a crash leaves nothing behind that nobody knows of.
	w := &writer{run: r, position: r.Start, between: true}
	// What is under way when ctx ends is still written, for a while.
	out, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	defer context.AfterFunc(ctx, func() { time.AfterFunc(r.drainTime(), stop) })()
	w.ctx = out
	if err := w.retry(ctx, commit, func() error { return w.commitNow(w.ctx) }); err != nil {
		return err
	}
	timer := time.NewTimer(r.Commit)
	defer timer.Stop()
	for {
		select {
		case j, ok := <-r.order:
			if !ok {
				return w.finish(ctx)
			}
			<-j.done
			if err := w.job(ctx, j); err != nil {
				return err
			}
			if age := time.Since(w.committed); age < r.Commit && w.uncommitted < commitBytes {
				if w.uncommitted >= burstBytes {
					timer.Reset(min(burstPause, r.Commit-age))
				}
				continue
			}
		case <-timer.C:
		}
		if w.dirty && w.between {
			if err := w.retry(ctx, commit, func() error { return w.commitNow(w.ctx) }); err != nil {
				return err
			}
		}
		timer.Reset(r.Commit)
	}
}

type writer struct {
	*run
	ctx         context.Context // of the output's calls: outlives that of Run by drainTime
	position    uint64
	before      uint64 // messages of the present chunk in parts written already
	between     bool   // the last job was the last of its chunk: position and output agree
	dirty       bool   // written or moved since the last commit
	uncommitted int    // bytes written since then
	committed   time.Time
	failing     string        // what fails at present, "" for nothing
	pause       time.Duration // before the next attempt
	shedder     *format.Worker
}

// headed puts the header line of the format, if it has one, in front of lines
// that are the first of the output.
func (w *writer) headed(lines []byte) []byte {
	f, ok := w.Format.(format.Headed)
	if !ok || !w.Output.Empty() {
		return lines
	}
	return append([]byte(f.Header()+"\n"), lines...)
}

func (w *writer) job(ctx context.Context, j *job) error {
	if !j.arrival.IsZero() {
		w.Stats.Arrival.CompareAndSwap(0, j.arrival.UnixNano()) // until the first one is taken, that is how late we are
	}
	w.shed(j)
	if len(j.out) > 0 {
		err := w.retry(ctx, write, func() error {
			if w.shed(j); len(j.out) == 0 {
				return nil
			}
			err := w.put(w.ctx, w.headed(j.out))
			if err == nil || !w.dirty || !w.between || errors.Is(err, output.ErrUncommitted) || errors.Is(err, output.ErrGone) {
				return err
			}
			// A full disk may get room only by what was written being committed, and then
			// moved away.
			return errors.Join(err, w.commitNow(w.ctx))
		})
		if err != nil {
			w.free(j)
			return err
		}
	}
	w.dirty = true
	w.uncommitted += len(j.out)
	w.Stats.add(j)
	if w.Problem != nil {
		for _, p := range j.problems {
			p.Message += j.first + w.before // so far it was counted from the start of the part
			w.Problem(p)
		}
	}
	w.before += uint64(j.counts.Messages())
	if w.between = j.last; j.last {
		w.position, w.before = j.cursor, 0
	}
	w.free(j)
	return nil
}

// shed leaves out of a job what may be left out, if the destination takes nothing
// and the output has fallen too far behind since the job was read.
func (w *writer) shed(j *job) {
	if w.failing != write || w.Behind == nil || j.shed || j.skip || !w.Behind(&Chunk{First: j.first, Arrival: j.arrival}) {
		return
	}
	if w.shedder == nil {
		w.shedder = format.NewChoosyWorker(w.Layouts, w.Format, w.Choice)
		w.shedder.Shedding = true
	}
	j.shed = true
	j.problems = j.problems[:0]
	w.shedder.Report = func(offset, number int, rec *wire.Record, err error) {
		j.problems = append(j.problems, newProblem(j.base+int64(offset), uint64(number), rec, err))
	}
	j.out, j.counts = w.shedder.Append(j.out[:0], j.part, j.names)
}

func (w *writer) commitNow(ctx context.Context) error {
	state, err := w.Output.Commit(ctx)
	if err != nil {
		return err
	}
	if w.Cursor != nil {
		if err := w.Cursor.Save(ctx, w.position, state); err != nil {
			return fmt.Errorf("save cursor: %w", err)
		}
	}
	w.dirty, w.uncommitted, w.committed = false, 0, time.Now()
	w.Stats.Committed.Store(w.position)
	return nil
}

// finish commits the last writes, also when the context has ended.
func (w *writer) finish(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), w.drainTime())
	defer cancel()
	// A table without rows has its header all the same.
	if header := w.headed(nil); len(header) > 0 {
		if err := w.retry(ctx, write, func() error { return w.put(ctx, header) }); err != nil {
			return err
		}
	}
	return w.retry(ctx, commit, func() error { return w.commitNow(ctx) })
}

// retry calls f until it succeeds, with a growing pause. While the context is
// alive there is no last attempt: a full disk or a dead destination is waited
// out. After it has ended, what was accepted gets drainTime.
func (w *writer) retry(ctx context.Context, what string, f func() error) error {
	var drain <-chan time.Time
	done := ctx.Done()
	for {
		err := f()
		if err == nil {
			if w.failing == commit && what == commit {
				w.works() // a commit of nothing says nothing of a destination that takes no lines
			}
			return nil
		}
		if errors.Is(err, output.ErrGone) || errors.Is(err, output.ErrUncommitted) {
			return err
		}
		w.failing, w.pause = what, min(max(2*w.pause, retryFirst), retryMost)
		w.Stats.Retries.Add(1)
		w.Stats.failure.Store(&err)
		w.Log.Error("output: "+what+" failed, trying again; events wait in the journal", "output", w.Output.String(), "error", err, "retry", w.pause)
		select {
		case <-time.After(w.pause):
		case <-done:
			if w.Cursor != nil {
				return fmt.Errorf("%s: %w", what, err) // it is kept where the cursor stands
			}
			done, drain = nil, time.After(drainTime)
		case <-drain:
			return fmt.Errorf("%s: %w", what, err)
		}
	}
}

// What is tried again.
const (
	write  = "write"
	commit = "commit"
)

// put writes lines.
func (w *writer) put(ctx context.Context, lines []byte) error {
	if err := w.Output.Write(ctx, lines); err != nil {
		return err
	}
	w.works()
	return nil
}

// works notes that the destination takes what it is given.
func (w *writer) works() {
	if w.failing != "" {
		w.failing, w.pause = "", 0
		w.Stats.failure.Store(nil)
		w.Log.Info("output works again", "output", w.Output.String())
	}
}
