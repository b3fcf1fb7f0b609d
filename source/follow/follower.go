package follow

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"
)

// A Follower reads the lines of one file that grows, is rotated or truncated. The
// fields must not be changed while Run is running, of which there may be one.
type Follower struct {
	Path    string        // the file; it need not exist yet
	Mark    []byte        // optional: resume behind this mark; nil begins at the start of the file
	MaxLine int           // longest line in bytes; 0 means 1 MiB. Longer ones are skipped and counted
	Poll    time.Duration // how often to look for more; 0 means 200 ms
	Once    bool          // return when all there is has been read, instead of waiting for more
	// Idle is called when a look at the file found nothing new, never during a call
	// of take. Optional; its error ends Run.
	Idle func(ctx context.Context) error
	Log  *slog.Logger // required

	run *run // while Run is running: what MarkAt and Where look at

	mu    sync.Mutex
	stats Stats
}

// String names the follower in logs.
func (f *Follower) String() string { return f.Path }

// Stats returns what has been done since the Follower was made. It is safe for
// concurrent use.
func (f *Follower) Stats() Stats {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.stats.clone()
}

// MarkAt implements [Input].
func (f *Follower) MarkAt(dst []byte, i int) []byte { return f.run.markAt(dst, i) }

// Where implements [Input].
func (f *Follower) Where(i int) Place { return f.run.where(i) }

// Run implements [Input]. It returns the error of take or Idle, and an error if
// the mark is damaged; with Once also if the file does not exist or cannot be
// read. Faults of files are logged, counted and tried again otherwise.
func (f *Follower) Run(ctx context.Context, take Take) error {
	at, err := decodeMark(f.Mark)
	if err != nil {
		return err
	}
	r := &run{f: f, take: take, log: f.Log, max: cmp.Or(f.MaxLine, DefaultMaxLine), resume: at, logged: make(map[Reason]bool)}
	f.run = r
	defer func() { r.close(); f.run = nil }()
	err = r.loop(ctx)
	if ctx.Err() != nil && errors.Is(err, ctx.Err()) {
		return nil
	}
	return err
}

// loop reads until ctx ends, or all is read and the follower is to read once.
func (r *run) loop(ctx context.Context) error {
	ticker := time.NewTicker(cmp.Or(r.f.Poll, DefaultPoll))
	defer ticker.Stop()
	for ctx.Err() == nil {
		more, err := r.step(ctx)
		if err != nil {
			return err
		}
		if more {
			continue
		}
		if r.f.Once {
			return r.finish(ctx)
		}
		if r.f.Idle != nil {
			if err := r.f.Idle(ctx); err != nil {
				return err
			}
		}
		select {
		case <-ctx.Done():
		case <-ticker.C:
		}
	}
	return nil
}

// step hands on a batch, or goes on to the next file. It reports false when there
// is nothing to do until something changes.
func (r *run) step(ctx context.Context) (more bool, err error) {
	if r.cur == nil && !r.start() {
		return false, nil
	}
	n, err := r.batch(ctx)
	var fault *fault
	switch {
	case errors.As(err, &fault):
		return r.trouble(fault), nil
	case err != nil:
		return false, err
	case n > 0:
		return true, nil
	}
	return r.advance(ctx)
}
