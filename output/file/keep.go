package file

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"estream/internal/mute"
)

const (
	gzSuffix = ".gz"
	// partSuffix marks a compressed file that is not complete.
	partSuffix = ".gz.part"
	copyBlock  = 256 << 10
)

// Kept counts what happened to finished files. Its fields may be read at any time.
type Kept struct {
	Compressed   atomic.Uint64 // files
	Deleted      atomic.Uint64 // files, by KeepFiles, KeepAge or KeepBytes
	DeletedBytes atomic.Uint64 // what they had
	Failed       atomic.Uint64 // attempts to do either; they are repeated when the next file is finished
}

// Kept returns what happened to finished files; nil when Options say that nothing does.
func (o *Output) Kept() *Kept {
	if o.keeper == nil {
		return nil
	}
	return &o.keeper.Kept
}

// A keeper compresses and deletes finished files in one goroutine, which lives
// while there is work. What waits is in the ledger and needs no memory here.
type keeper struct {
	Kept
	opt    *Options
	ledger *ledger
	muted  *mute.Mute
	ctx    context.Context
	cancel context.CancelFunc
	wg     sync.WaitGroup

	mu   sync.Mutex
	safe uint64 // files before this one are finished for good
	busy bool   // the goroutine lives
	done uint64 // the value of safe that it has worked for
}

func newKeeper(opt *Options, l *ledger) *keeper {
	k := &keeper{opt: opt, ledger: l, muted: mute.New(time.Minute)}
	k.ctx, k.cancel = context.WithCancel(context.Background())
	return k
}

// wake says that nothing will undo the files before number safe.
func (k *keeper) wake(safe uint64) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.safe = safe
	if k.busy || safe <= k.done || k.ctx.Err() != nil {
		return
	}
	k.busy = true
	if k.opt.inline {
		k.mu.Unlock()
		k.run()
		k.mu.Lock()
		return
	}
	k.wg.Go(k.run)
}

// run works until there is nothing new.
func (k *keeper) run() {
	for {
		k.mu.Lock()
		safe := k.safe
		if safe == k.done || k.ctx.Err() != nil {
			k.busy = false
			k.mu.Unlock()
			return
		}
		k.done = safe
		k.mu.Unlock()
		if err := k.pass(safe); err != nil && k.ctx.Err() == nil {
			k.Failed.Add(1)
			if held, ok := k.muted.Held(); ok {
				k.opt.Log.Error("finished output files could not be compressed or deleted; trying again when the next one is finished", "files", k.opt.Path, "error", err, "others", held)
			}
		}
	}
}

// stop ends the goroutine and waits for it.
func (k *keeper) stop() {
	k.cancel()
	k.mu.Lock() // no wake is on its way to start it after this
	defer k.wg.Wait()
	defer k.mu.Unlock()
}

// pass deletes what is too old or too much, compresses the rest from the oldest
// on, and deletes again, since only then sizes are known.
func (k *keeper) pass(safe uint64) error {
	if err := k.clean(safe); err != nil || !k.opt.Compress {
		return err
	}
	var errs []error
	compressed := false
	for _, e := range k.ledger.finished(safe) {
		if e.Gz {
			continue
		}
		if err := k.ctx.Err(); err != nil {
			return err
		}
		// One that fails must not hold back the others.
		err := k.compress(e)
		compressed = compressed || err == nil
		errs = append(errs, err)
	}
	if compressed {
		errs = append(errs, k.clean(safe))
	}
	return errors.Join(errs...)
}

// clean deletes the oldest files that are too many, too much or too old.
func (k *keeper) clean(safe uint64) error {
	files := k.ledger.finished(safe)
	total, sizes := int64(0), make([]int64, len(files))
	for i, e := range files {
		info, err := k.opt.FS.Stat(e.file())
		if errors.Is(err, fs.ErrNotExist) {
			continue // compressed and not yet written down, or taken away: it counts for nothing
		}
		if err != nil {
			return fmt.Errorf("delete old files: %w", err)
		}
		sizes[i] = info.Size()
		total += info.Size()
	}
	now := k.opt.Now()
	var gone []uint64
	var failed error
	dirs := map[string]bool{}
	for i, e := range files {
		p := k.opt
		if !(p.KeepFiles > 0 && len(files)-i > p.KeepFiles ||
			p.KeepBytes > 0 && total > p.KeepBytes ||
			p.KeepAge > 0 && now.Sub(e.Time) > p.KeepAge) {
			break
		}
		// A crash during compression can leave several forms.
		if failed = errors.Join(k.discard(e.Name), k.discard(e.Name+gzSuffix), k.discard(e.Name+partSuffix)); failed != nil {
			break
		}
		total -= sizes[i]
		gone = append(gone, e.Seq)
		dirs[filepath.Dir(e.Name)] = true
		k.Deleted.Add(1)
		k.DeletedBytes.Add(uint64(sizes[i]))
	}
	if len(gone) == 0 {
		return wrapDelete(failed)
	}
	for dir := range dirs {
		failed = errors.Join(failed, k.opt.FS.SyncDir(dir))
	}
	return wrapDelete(errors.Join(failed, k.ledger.update(func(d *ledgerData) { d.drop(gone...) })))
}

func wrapDelete(err error) error {
	if err != nil {
		return fmt.Errorf("delete old files: %w", err)
	}
	return nil
}
