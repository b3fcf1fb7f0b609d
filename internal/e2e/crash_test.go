package e2e

import (
	"context"
	"math/rand/v2"
	"strings"
	"sync"
	"time"

	"estream/internal/durable/faultfs"
)

// A crash is a moment at which a machine dies: at the nth operation of a kind on
// paths that contain a text. Its effect is none, half or all of the operation.
type crash struct {
	kind   faultfs.Kind
	path   string
	nth    int
	effect faultfs.Effect
	mode   faultfs.Mode
}

// arm makes fsys die at c, or when cut is called. The channel is closed then;
// what the program still tries fails and has no effect.
func (c crash) arm(fsys *faultfs.FS) (hit <-chan struct{}, cut func()) {
	died := make(chan struct{})
	left := c.nth
	fsys.SetHook(func(op faultfs.Op) faultfs.Fault {
		if left == 0 {
			return faultfs.Fault{Err: faultfs.ErrCrashed}
		}
		if c.kind != "" && op.Kind != c.kind || !strings.Contains(op.Path, c.path) {
			return faultfs.Fault{}
		}
		if left--; left > 0 {
			return faultfs.Fault{}
		}
		close(died)
		return faultfs.Fault{Err: faultfs.ErrCrashed, Effect: c.effect}
	})
	return died, func() {
		fsys.SetHook(func(faultfs.Op) faultfs.Fault { return faultfs.Fault{Err: faultfs.ErrCrashed} })
	}
}

// fork returns a source of its own for another goroutine.
func (w *world) fork() *rand.Rand { return rand.New(rand.NewPCG(w.rng.Uint64(), 0)) }

// An operation is a kind of operation on paths that contain a text, and how many of
// them may pass in one life before the crash.
type operation struct {
	kind faultfs.Kind
	path string
	pass int
}

// crashes makes one crash for each operation, before, amid and after it, with all
// and with some of what was not synced lost, in random order.
func (w *world) crashes(ops []operation) (list []crash) {
	for _, op := range ops {
		for _, effect := range []faultfs.Effect{faultfs.None, faultfs.Half, faultfs.Full} {
			if effect == faultfs.Half && op.kind != faultfs.KindWrite {
				continue
			}
			for _, mode := range []faultfs.Mode{faultfs.Lose, faultfs.Torn} {
				list = append(list, crash{op.kind, op.path, 1 + w.rng.IntN(op.pass+1), effect, mode})
			}
		}
	}
	w.rng.Shuffle(len(list), func(i, k int) { list[i], list[k] = list[k], list[i] })
	return list
}

// A fate is what happened to a machine.
type fate struct {
	reached int // crashes at their operation
	cut     int // crashes because that operation did not come
	err     error
}

// lifetime is how long a machine lives at most before it crashes at whatever it
// does: some operations come seldom, and the stream must not end before the crashes.
const lifetime = 600 * time.Millisecond

// live runs a machine through its crashes, and then until run ends by itself or
// ctx ends.
//
// A program whose machine has crashed is left to itself: it tries to write for a
// while, to no effect, and gives up, as the next one is long at work.
func live(ctx context.Context, fsys **faultfs.FS, list []crash, rng *rand.Rand, run func(context.Context, *faultfs.FS) error) (f fate) {
	var dead sync.WaitGroup
	defer dead.Wait()
	for _, c := range list {
		now := *fsys
		hit, cut := c.arm(now)
		life, end := context.WithCancel(ctx)
		done := make(chan error, 1)
		dead.Go(func() { done <- run(life, now) })
		select {
		case <-hit:
			f.reached++
		case <-time.After(lifetime):
			cut()
			f.cut++
		case err := <-done:
			select {
			case <-hit: // it noticed first
				f.reached++
			default:
				end()
				f.err = err
				return f
			}
		}
		end()
		*fsys = now.Crash(c.mode, rng)
	}
	f.err = run(ctx, *fsys)
	return f
}
