package e2e

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"estream/internal/durable/faultfs"
)

// Operations at which a collector's machine crashes: all that make something
// durable, and all that come before.
var collectorOps = []operation{
	{faultfs.KindOpen, ".seg", 1},
	{faultfs.KindOpen, "events.json", 0},
	{faultfs.KindOpen, ".cursor", 4},
	{faultfs.KindRead, ".seg", 20},
	{faultfs.KindWrite, ".seg", 8},
	{faultfs.KindWrite, "events.json", 8},
	{faultfs.KindWrite, ".cursor", 3},
	{faultfs.KindSync, ".seg", 8},
	{faultfs.KindSync, "events.json", 3},
	{faultfs.KindSync, ".cursor", 3},
	{faultfs.KindSyncDir, "journal", 2},
	{faultfs.KindSyncDir, "cursors", 3},
	{faultfs.KindSyncDir, "out", 0},
	{faultfs.KindRename, ".cursor", 3},
	{faultfs.KindRename, ".idx", 0},
	{faultfs.KindTruncate, "events.json", 0},
}

var serverOps = []operation{
	{faultfs.KindOpen, ".seg", 2},
	{faultfs.KindRead, ".seg", 50},
	{faultfs.KindWrite, ".seg", 8},
	{faultfs.KindSync, ".seg", 8},
	{faultfs.KindSyncDir, "journal", 2},
	{faultfs.KindRename, ".idx", 0},
}

// TestLossAfterSync crashes the machines again and again; everything written
// after the last fsync is lost, all of it or a random part. What the collector
// writes in the end is what decode writes.
func TestLossAfterSync(t *testing.T) {
	tests := map[string]struct{ collector, server bool }{
		"collector": {collector: true},
		"server":    {server: true},
		"both":      {collector: true, server: true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			describe(t, w.stream)
			var onCollector, onServer []crash
			if tt.collector {
				onCollector = append(w.crashes(collectorOps), w.anyMoments(12)...)
			}
			if tt.server {
				onServer = append(w.crashes(serverOps), w.anyMoments(12)...)
			}
			synctest.Test(t, func(t *testing.T) {
				w.t = t
				w.through(t, onCollector, onServer)
			})
		})
	}
}

// anyMoments makes crashes at random operations.
func (w *world) anyMoments(n int) (list []crash) {
	for range n {
		c := crash{nth: 1 + w.rng.IntN(150), effect: faultfs.Effect(w.rng.IntN(3)), mode: faultfs.Mode(w.rng.IntN(2))}
		list = append(list, c)
	}
	return list
}

// through runs both machines through their crashes until the collector has
// everything, and checks what it has.
func (w *world) through(t *testing.T, onCollector, onServer []crash) {
	began := time.Now()
	ctx, stop := context.WithCancel(t.Context())
	served, rng := make(chan fate, 1), w.fork()
	go func() { served <- live(ctx, &w.server, onServer, rng, w.serve) }()
	c := live(ctx, &w.collector, onCollector, w.rng, w.collect)
	stop()
	s := <-served
	if err := errors.Join(c.err, s.err); err != nil {
		t.Error(err)
	}
	t.Logf("crashes of the collector %d at the operation meant and %d elsewhere, of the server %d and %d, in %v of the bubble's time", c.reached, c.cut, s.reached, s.cut, time.Since(began))
	for _, m := range []struct {
		fate fate
		want int
	}{{c, len(onCollector)}, {s, len(onServer)}} {
		if m.fate.reached+m.fate.cut != m.want || m.fate.cut > m.want/2 {
			t.Errorf("%d crashes wanted, most of them at their operation", m.want)
		}
	}
	w.check()
}

// TestFailedSync lets single operations of the collector fail, as a disk with
// bad blocks does; the program goes on. Then the machine crashes, and what the
// failed fsyncs had left in memory only is lost. And again.
func TestFailedSync(t *testing.T) {
	for _, path := range []string{".seg", "events.json", ".cursor"} {
		for _, kind := range []faultfs.Kind{faultfs.KindWrite, faultfs.KindSync} {
			t.Run(fmt.Sprintf("%s of %s", kind, path), func(t *testing.T) {
				w := newWorld(t)
				synctest.Test(t, func(t *testing.T) {
					w.t = t
					w.failing(t, kind, path)
				})
			})
		}
	}
}

func (w *world) failing(t *testing.T, kind faultfs.Kind, path string) {
	const lives = 15
	ctx, stop := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- w.serve(ctx, w.server) }()

	var (
		dead   sync.WaitGroup
		failed atomic.Int64
	)
	for range lives {
		fsys := w.collector
		fsys.SetHook(everyFew(kind, path, w.fork(), &failed))
		life, end := context.WithCancel(ctx)
		dead.Go(func() { _ = w.collect(life, fsys) }) // whatever it says of its end
		time.Sleep(time.Duration(1000+w.rng.IntN(1500)) * time.Millisecond)
		fsys.SetHook(func(faultfs.Op) faultfs.Fault { return faultfs.Fault{Err: faultfs.ErrCrashed} })
		end()
		w.collector = fsys.Crash(faultfs.Lose, w.rng)
	}
	if err := w.collect(ctx, w.collector); err != nil {
		t.Errorf("collector: %v", err)
	}
	stop()
	if err := <-served; err != nil {
		t.Errorf("server: %v", err)
	}
	dead.Wait()
	t.Logf("%d operations failed in %d lives", failed.Load(), lives)
	if failed.Load() < lives {
		t.Error("too few operations failed to prove anything")
	}
	w.check()
}

// everyFew lets every second to fifth operation of a kind fail.
func everyFew(kind faultfs.Kind, path string, rng *rand.Rand, failed *atomic.Int64) func(faultfs.Op) faultfs.Fault {
	next := 2
	return func(op faultfs.Op) faultfs.Fault {
		if op.Kind != kind || !strings.Contains(op.Path, path) {
			return faultfs.Fault{}
		}
		if next--; next > 0 {
			return faultfs.Fault{}
		}
		next = 2 + rng.IntN(4)
		failed.Add(1)
		return faultfs.Fault{Err: syscall.EIO, Effect: faultfs.Effect(rng.IntN(2))}
	}
}
