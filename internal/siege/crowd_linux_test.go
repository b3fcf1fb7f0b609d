package siege

import (
	"context"
	"errors"
	"path/filepath"
	"runtime"
	"strconv"
	"sync"
	"testing"
	"time"

	"estream/session"
)

// The crowd of TestCrowd.
const (
	goodClients    = 35
	slowClients    = 5
	revokedClients = 5
	// Of the members the first ones are revoked, the next attacks, the next is slow,
	// the rest is good.
	attacker  = revokedClients
	slow      = attacker + 1
	firstGood = slow + 1

	// memoryBound is how much the server may ever take, whatever its clients do: twice
	// (Go collects garbage when there is as much again) the program itself with 32 MiB
	// of recent batches, and what the readers of some tens of clients hold.
	memoryBound = 192 << 20
)

// TestCrowd counts what good clients get alone, and then beside slow, malicious and
// revoked ones. No other test of this package runs at that time.
func TestCrowd(t *testing.T) {
	// The source's pace is a part of what the machine can do, so that this is about
	// clients in each other's way, and a window is some whole rounds of the stream.
	rate, rounds := either(1000, 400), either(20, 3) // a round takes a second
	window := time.Duration(rounds) * time.Second
	atLeast := either(0.9, 0.6) // of what they got alone; less where others use this machine, too
	revokedWithin := either(time.Second, 20*time.Second)

	data, events := newData(t), filepath.Join(t.TempDir(), "events.bin")
	writeStream(t, events, rate, false)
	server := serve(t, data, "127.0.0.1:0", "--replay", events, "--loop", "--rate", strconv.Itoa(rate), "--bundle", "50")
	addr := server.listening()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	dial := func(ctx context.Context, what string, member int, r request, each func(*session.Batch) error) *taker {
		return take(t, ctx, addr, what+", "+r.name, r.config(t, member), each)
	}
	var good []*taker
	for i := range goodClients {
		member := firstGood + i%(members()-firstGood)
		good = append(good, dial(ctx, "good", member, requests[i%len(requests)], nil))
	}
	until(t, "every good client gets events", func() bool {
		for _, k := range good {
			if k.count.Load() == 0 {
				return false
			}
		}
		return true
	})
	alone := measure(server, good, window)

	// The others. Slow ones take a batch now and then.
	bad, stop := context.WithCancel(ctx)
	defer stop()
	for i := range slowClients {
		dial(bad, "slow", slow, requests[i%len(requests)], func(*session.Batch) error {
			return sleep(bad, 100*time.Millisecond)
		})
	}
	a := newAttack(t, addr, attacker)
	a.begin(bad)
	var revoked []*taker
	for i := range revokedClients {
		revoked = append(revoked, dial(ctx, "revoked", i, requests[i%len(requests)], nil))
	}
	until(t, "the attacks have begun", a.allBegan)
	var removing sync.WaitGroup
	var lasted []time.Duration
	removing.Go(func() {
		for i, k := range revoked {
			if sleep(ctx, window/(revokedClients+1)) != nil {
				return
			}
			select {
			case <-k.done:
				t.Errorf("%s: ended before it was revoked: %v", k.name, k.err)
			default:
			}
			cmd := command(t, "client", "remove", hostOf(i), "--data", data)
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("client remove: %v\n%s", err, out)
				return
			}
			began := time.Now()
			<-k.done
			lasted = append(lasted, time.Since(began).Round(time.Millisecond))
		}
	})
	beside := measure(server, good, window)
	removing.Wait()
	for i := range revoked {
		if _, err := session.Dial(ctx, addr, requests[0].config(t, i)); err == nil {
			t.Errorf("%s was revoked and is let in again", hostOf(i))
		}
	}
	_, most := server.memory()
	stop()
	a.wait()
	a.check()
	for _, k := range good {
		select {
		case <-k.done:
			t.Errorf("%s: %v", k.name, k.err)
		default:
		}
	}

	total := alone.compare(t, beside, good, atLeast)
	t.Logf("%d good clients, %v each time: alone %d messages with %v of CPU, beside the others %d with %v (of %d cores): %.1f %%",
		goodClients, window, alone.sum(), alone.cpu, beside.sum(), beside.cpu, runtime.NumCPU(), 100*total)
	t.Logf("attacks: %s", a)
	t.Logf("revoked while streaming, closed after the command returned: %v", lasted)
	t.Logf("memory of the server: at most %d MiB", most>>20)
	if total < atLeast {
		t.Errorf("beside the others the good clients got %.1f %% of what they got alone, want at least %.0f %%", 100*total, 100*atLeast)
	}
	for i, d := range lasted {
		if d > revokedWithin {
			t.Errorf("%s: closed %v after it was revoked, want at most %v", revoked[i].name, d, revokedWithin)
		}
	}
	if len(lasted) != revokedClients {
		t.Errorf("%d clients were closed by a revocation, want %d", len(lasted), revokedClients)
	}
	if most > memoryBound {
		t.Errorf("the server took %d MiB, want at most %d", most>>20, memoryBound>>20)
	}
	cancel()
	for _, k := range good {
		if <-k.done; !errors.Is(k.err, context.Canceled) {
			t.Errorf("%s: %v", k.name, k.err)
		}
	}
}

// A tally is what clients got in a window of time.
type tally struct {
	got []int64 // by client
	cpu time.Duration
}

func measure(server *process, clients []*taker, window time.Duration) (m tally) {
	before := make([]int64, len(clients))
	cpu := server.cpu()
	for i, k := range clients {
		before[i] = k.count.Load()
	}
	time.Sleep(window) // what is measured
	for i, k := range clients {
		m.got = append(m.got, k.count.Load()-before[i])
	}
	m.cpu = server.cpu() - cpu
	return m
}

func (m tally) sum() (n int64) {
	for _, got := range m.got {
		n += got
	}
	return n
}

// compare returns the share of m's messages that there are in later. In the long
// version no client may have less than atLeast of its own.
func (m tally) compare(t *testing.T, later tally, clients []*taker, atLeast float64) float64 {
	worst, who := 2.0, 0
	for i, before := range m.got {
		if before == 0 {
			t.Errorf("%s: got nothing in the time alone", clients[i].name)
			continue
		}
		if share := float64(later.got[i]) / float64(before); share < worst {
			worst, who = share, i
		}
	}
	t.Logf("the client that fared worst, %s, got %d alone and %d beside the others: %.1f %%", clients[who].name, m.got[who], later.got[who], 100*worst)
	if *long && worst < atLeast {
		t.Errorf("%s: got %.1f %% of what it got alone, want at least %.0f %%", clients[who].name, 100*worst, 100*atLeast)
	}
	return float64(later.sum()) / float64(m.sum())
}

// sleep waits unless ctx ends, whose error it returns.
func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
