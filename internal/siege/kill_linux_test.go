package siege

import (
	"context"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"estream/wire"
)

// TestKill kills the server again and again, while a sensor writes alerts and clients
// come back each time to go on where they were. Every alert has a number: each client
// has to get all of them, in order, and once when what it has already is left out.
func TestKill(t *testing.T) {
	t.Parallel()
	kills, rate := either(50, 6), either(3000, 1500)
	rng := random(t)
	data, dir := newData(t), t.TempDir()
	s := &sensor{path: filepath.Join(dir, "eve.json"), rate: rate, done: make(chan struct{})}
	if err := os.WriteFile(s.path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	begin := func(addr string) *process {
		return serve(t, data, addr, "--eve", s.path, "--bundle", "100")
	}
	server := begin("127.0.0.1:0")
	addr := server.listening()

	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	clients := []*returner{
		{name: "as eNcore", request: requests[0]},
		{name: "flags only", request: requests[1]},
		{name: "newest intrusion events alone", request: request{flags: stamped | wire.FlagExtendedRequest, pairs: []wire.EventPair{{Version: 11, Code: 12}}}},
		{name: "single messages, with packets", request: request{flags: names | stamped | wire.FlagPackets | wire.FlagExtraData | wire.FlagIntrusionImpact}},
	}
	var wg sync.WaitGroup
	for i, c := range clients {
		c.config = c.request.config(t, i)
		wg.Go(func() { c.run(ctx, addr) })
	}
	writing, stop := context.WithCancel(ctx)
	wg.Go(func() { s.run(writing, t) })
	defer wg.Wait()
	defer cancel()
	defer stop()

	advanced := 0 // kills between which every client got something
	for range kills {
		before := make([]uint64, len(clients))
		for i, c := range clients {
			before[i] = c.next.Load()
		}
		// Some lives are too short for that, and end before the clients are back.
		if rng.IntN(4) > 0 {
			until(t, "every client gets on", func() bool {
				for i, c := range clients {
					if c.next.Load() == before[i] && c.failed() == nil {
						return false
					}
				}
				return true
			})
			advanced++
		}
		time.Sleep(time.Duration(rng.IntN(150)) * time.Millisecond) // the moment is the test
		server.kill()
		server = begin(addr)
		server.listening()
	}
	stop()
	<-s.done
	total := s.written
	for _, c := range clients {
		until(t, c.name+": all alerts arrive", func() bool { return c.next.Load() >= total || c.failed() != nil })
	}
	// Nothing comes behind the last one.
	calm := uint64(0)
	settle(t, server, func() bool {
		last := calm
		calm = clients[0].next.Load()
		return calm == last
	})
	cancel()
	wg.Wait()
	t.Logf("%d kills, at %d of them every client had got something since the one before; %d alerts written at %d a second", kills, advanced, total, rate)
	for _, c := range clients {
		t.Logf("%s: %d alerts, each once; %d sessions, %d alerts came again and were known", c.name, c.next.Load(), c.sessions, c.again)
		if err := c.failed(); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		if n := c.next.Load(); n != total {
			t.Errorf("%s: got %d alerts, want %d", c.name, n, total)
		}
		if c.again == 0 || c.sessions < advanced {
			t.Errorf("%s: %d sessions, %d known alerts: that is no test of coming back", c.name, c.sessions, c.again)
		}
	}
}
