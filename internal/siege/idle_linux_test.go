package siege

import (
	"context"
	"errors"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
	"time"

	"estream/session"
	"estream/wire"
)

// idleCost is what a session may cost that has nothing to do, in bytes of the
// server's memory. With few sessions the garbage of their beginning weighs more.
func idleCost() int64 { return either[int64](128, 256) << 10 }

// TestIdle counts what sessions cost that have got all there is and wait.
func TestIdle(t *testing.T) {
	t.Parallel()
	sessions := either(1000, 300)
	data, events := newData(t), filepath.Join(t.TempDir(), "events.bin")
	writeStream(t, events, 200, true)
	server := serve(t, data, "127.0.0.1:0", "--replay", events)
	addr := server.listening()
	server.await("source has been read to its end")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	// Half of them have a reader at the end of the journal from the start, the others
	// have read it.
	dial := func(i int) (*taker, error) {
		cfg := asIs.config(t, i%members())
		cfg.BatchBytes = 1 << 10 // of the client
		if i%2 == 1 {
			cfg.Start = wire.StartNow
		}
		c, err := session.Dial(ctx, addr, cfg)
		if err != nil {
			return nil, err
		}
		k := &taker{kind: i % 2, done: make(chan struct{})}
		go func() {
			defer close(k.done)
			k.err = errors.Join(k.run(ctx, c, nil), c.Close(context.Background(), ""))
		}()
		return k, nil
	}
	// The first ones warm up what all share, and tell how much there is to get: for the
	// second one it is names alone.
	var all []*taker
	var full [2]int64
	for i := range full {
		k, err := dial(i)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, k)
		settle(t, server, func() bool {
			last := full[i]
			full[i] = k.count.Load()
			return full[i] == last && last > 0
		})
	}
	before, _ := server.memory()

	var mu sync.Mutex
	var wg sync.WaitGroup
	next := len(all)
	for range 2 * runtime.NumCPU() {
		wg.Go(func() {
			for {
				mu.Lock()
				i := next
				next++
				mu.Unlock()
				if i >= sessions+2 {
					return
				}
				k, err := dial(i)
				if err != nil {
					t.Errorf("session %d: %v", i, err)
					return
				}
				mu.Lock()
				all = append(all, k)
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	for _, k := range all {
		want := full[k.kind]
		until(t, "every session gets what there is", func() bool { return k.count.Load() >= want })
	}
	if n := int(status(t, data).Connections.Sessions); n != len(all) || t.Failed() {
		t.Fatalf("%d sessions, want %d", n, len(all))
	}
	var after int64
	settle(t, server, func() bool {
		last := after
		after, _ = server.memory()
		return after >= last
	})
	each := (after - before) / int64(sessions)
	t.Logf("the server takes %d KiB with 2 sessions, %d KiB with %d idle ones more: %d KiB each", before>>10, after>>10, sessions, each>>10)
	if most := idleCost(); each > most {
		t.Errorf("an idle session costs %d KiB, want at most %d", each>>10, most>>10)
	}
	cancel()
	for _, k := range all {
		if <-k.done; !errors.Is(k.err, context.Canceled) {
			t.Errorf("a session ended by itself: %v", k.err)
		}
	}
}

// settle waits until the server has computed next to nothing for a while, and what
// same looks at is the same.
func settle(t *testing.T, server *process, same func() bool) {
	t.Helper()
	calm := 0
	until(t, "the server comes to rest", func() bool {
		if cpu := server.cpu(); sleep(t.Context(), 50*time.Millisecond) == nil && same() && server.cpu() <= cpu+10*time.Millisecond {
			calm++
		} else {
			calm = 0
		}
		return calm == 5
	})
}
