package e2e

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"estream/synth"
)

// TestDiskFull fills the collector's disk. It says so, keeps what it has, lets
// the source wait, and goes on when there is room.
func TestDiskFull(t *testing.T) {
	t.Run("in memory", func(t *testing.T) {
		w := newWorld(t)
		synctest.Test(t, func(t *testing.T) {
			w.t = t
			w.full(t)
		})
	})
	t.Run("journal", fullJournal)
	t.Run("output", fullOutput)
}

// full lets the disk have room for a third of what comes, then for two thirds,
// then for all. Each time the collector has minutes to find out.
func (w *world) full(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- w.serve(ctx, w.server) }()
	need := int64(len(w.want)) * 12 / 10 // the journal is a sixth of the output
	w.collector.SetCapacity(need / 3)
	done := make(chan error, 1)
	go func() { done <- w.collect(ctx, w.collector) }()
	for _, room := range []int64{need * 2 / 3, 0} {
		time.Sleep(3 * time.Minute)
		select {
		case err := <-done:
			t.Fatalf("the collector ended on a full disk: %v", err)
		default:
		}
		w.collector.SetCapacity(room)
	}
	if err := <-done; err != nil {
		t.Errorf("collector: %v", err)
	}
	stop()
	if err := <-served; err != nil {
		t.Errorf("server: %v", err)
	}
	if len(w.log.Matching("no space left")) == 0 {
		t.Error("the collector said nothing of a full disk")
	}
	w.check()
}

// served starts a server that sends count messages, which are in the file stream.
func served(t *testing.T, count int, seed uint64) (p place, server *process, stream string) {
	t.Helper()
	stream = filepath.Join(t.TempDir(), "stream.bin")
	if err := writeStream(stream, count, synth.Options{Seed: seed, Duplicates: 0.02, Metadata: 0.02}); err != nil {
		t.Fatal(err)
	}
	p = newPlace(t)
	return p, p.serve(t, "127.0.0.1:0", "--replay-as-is", stream), stream
}

// fullJournal has the journal on a full disk. Nothing that came is lost, also
// when the collector is killed there and started again.
func fullJournal(t *testing.T) {
	const size, room = 64 << 20, 8 << 20
	disk, ok := smallDisk(t, size)
	if !ok {
		return
	}
	const count = 40_000 // 33 MB: the disk, and what the collector keeps in memory, and more
	p, server, stream := served(t, count, 3)
	addr := server.listening()
	ballast := fill(t, disk, size-room)
	s := sink{state: filepath.Join(disk, "state"), file: filepath.Join(t.TempDir(), "events.json")}

	c := s.collect(t, addr, p)
	t.Log(c.await("no space left on device"))
	c.kill()
	c = s.collect(t, addr, p, "--exit-when-idle", "2s")
	t.Log(c.await("no space left on device"))
	server.await("source has been read to its end")
	if end := journalEnd(t, s.journal()); end == 0 || end >= count {
		t.Errorf("the journal on the full disk holds %d messages, want some, and not all %d", end, count)
	}
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	c.finish()
	if lines := compareDecoded(t, s.file, stream); lines != count {
		t.Errorf("the file has %d lines, want %d", lines, count)
	}
	compareJournal(t, s.journal(), stream)
	server.interrupt()
}

// fullOutput has the output on a full disk. The journal goes on without it.
func fullOutput(t *testing.T) {
	const size, room = 96 << 20, 16 << 20
	disk, ok := smallDisk(t, size)
	if !ok {
		return
	}
	const count = 12_000 // 60 MB of JSON
	p, server, stream := served(t, count, 4)
	addr := server.listening()
	ballast := fill(t, disk, size-room)
	s := sink{state: filepath.Join(t.TempDir(), "state"), file: filepath.Join(disk, "events.json")}

	c := s.collect(t, addr, p, "--exit-when-idle", "2s")
	t.Log(c.await("no space left on device"))
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for journalEnd(t, s.journal()) < count {
		select {
		case <-tick.C:
		case <-c.done:
			t.Fatalf("the collector ended: %v\n%s", c.err, c.log)
		}
	}
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	c.finish()
	if lines := compareDecoded(t, s.file, stream); lines != count {
		t.Errorf("the file has %d lines, want %d", lines, count)
	}
	server.interrupt()
}

// fill writes a file of n bytes.
func fill(t *testing.T, dir string, n int) string {
	t.Helper()
	path := filepath.Join(dir, "ballast")
	if err := os.WriteFile(path, make([]byte, n), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
