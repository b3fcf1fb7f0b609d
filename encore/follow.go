package encore

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"estream/internal/durable"
	"estream/internal/mute"
	"estream/journal"
)

const (
	followPause   = 200 * time.Millisecond // between looks at what the outputs have committed
	bookmarkPause = time.Second            // at least between two writes of the bookmark
)

// A follower moves the bookmark behind the outputs: it goes through the journal
// as far as all of them have committed, and keeps the highest archive time. Events
// that the configuration leaves out move it, too.
type follower struct {
	mark      *bookmark
	committed func() uint64
	log       *slog.Logger
	problems  *mute.Mute

	pos     journal.Position
	highest atomic.Uint32
}

// run follows until ctx ends or the journal is closed.
func (f *follower) run(ctx context.Context, j *journal.Journal) {
	if f.pos == (journal.Position{}) {
		f.pos = j.SeekArchive(f.mark.second())
	}
	ctx, cancel := context.WithCancel(ctx)
	var wg sync.WaitGroup
	wg.Go(func() {
		for pause(ctx, bookmarkPause) {
			f.write(false)
		}
	})
	f.read(ctx, j.NewReader(f.pos, journal.ReaderOptions{DurableOnly: true}), func(end uint64) bool {
		for f.committed() < end {
			if !pause(ctx, followPause) {
				return false
			}
		}
		return true
	})
	cancel()
	wg.Wait()
}

// pause waits for d and reports whether ctx goes on.
func pause(ctx context.Context, d time.Duration) bool {
	select {
	case <-time.After(d):
		return true
	case <-ctx.Done():
		return false
	}
}

// finish goes through what run has not seen, after the journal was closed, and
// writes the bookmark.
func (f *follower) finish(fsys durable.FS, dir string) {
	if j, err := journal.OpenReadOnly(dir, journal.Options{FS: fsys}); err == nil {
		ctx, cancel := context.WithTimeout(context.Background(), closeTime)
		defer cancel()
		f.read(ctx, j.NewReader(f.pos, journal.ReaderOptions{}), func(end uint64) bool { return f.committed() >= end })
		if err := j.Close(ctx); err != nil {
			f.log.Warn("bookmark: " + err.Error())
		}
	} else {
		f.log.Warn("the bookmark may be some events behind: " + err.Error())
	}
	f.write(true)
}

// read takes batches as long as wait, called with the end of each, lets it.
func (f *follower) read(ctx context.Context, r *journal.Reader, wait func(end uint64) bool) {
	for {
		v, err := r.Next(ctx)
		var (
			gone   *journal.GoneError
			damage *journal.DamageError
		)
		if errors.As(err, &gone) || errors.As(err, &damage) {
			continue // the outputs report it
		}
		if err != nil {
			if ctx.Err() == nil && !errors.Is(err, io.EOF) && !errors.Is(err, journal.ErrClosed) {
				f.log.Warn("the bookmark stays behind until the next start: " + err.Error())
			}
			break
		}
		if !wait(v.End().Seq) {
			break
		}
		f.pos = v.End()
		f.highest.Store(max(f.highest.Load(), v.MaxArchive))
	}
	// Nothing was changed, so there is nothing to lose.
	_ = r.Close()
}

// write stores the bookmark. A failure is logged now and then, and at the end.
func (f *follower) write(last bool) {
	if err := f.mark.advance(f.highest.Load()); err != nil && (last || f.problems.Ok()) {
		f.log.Error(err.Error() + "; the position in the journal is not affected")
	}
}
