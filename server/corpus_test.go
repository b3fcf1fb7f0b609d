package server

import (
	"bytes"
	"runtime"
	"slices"
	"testing"

	"estream/internal/corpus"
	"estream/internal/recordtest"
	"estream/layouts"
	"estream/server/access"
	"estream/session"
	"estream/wire"
)

// TestReplay: a recorded stream in the journal obeys requests. A client that asks for
// everything in the newest version gets every event as it was recorded, and no metadata
// twice; an old one gets every event in the old version, or it is counted.
func TestReplay(t *testing.T) {
	b := newBench(t)
	set := layouts.Default()
	recorded := corpus.Read(t, corpus.Messages)
	var events [][]byte
	later := 0 // events of kinds that came with 5.3 and 6.2
	n := map[string]int{}
	for m := range recordtest.Split(t, recorded) {
		h, ok := wire.PeekRecord(m)
		if !ok {
			t.Fatal("no record")
		}
		def, err := set.Source().Record(h.Type)
		if err != nil {
			t.Fatal(err)
		}
		if !def.IsMetadata() {
			events = append(events, m)
			n[def.Category]++
			if def.Category == "ioc" || def.Category == "vpn" {
				later++
			}
		}
	}
	for _, batch := range recordtest.Batches(t, recorded, 256<<10) {
		b.put(1, slices.Collect(recordtest.Split(t, batch))...)
	}
	all := func(cfg session.ClientConfig, want int) (got [][]byte, metadata map[string]int) {
		cl := b.client(access.All(), cfg)
		metadata = map[string]int{}
		before := b.Stats().Inexpressible.Load() + b.Stats().Unservable.Load()
		for len(got)+int(b.Stats().Inexpressible.Load()+b.Stats().Unservable.Load()-before) < want {
			cl.got = nil
			if err := cl.next(); err != nil {
				t.Fatalf("after %d of %d events: %v", len(got), want, err)
			}
			for _, m := range cl.got {
				h, _ := wire.PeekRecord(m)
				if def, err := set.Source().Record(h.Type); err == nil && def.IsMetadata() {
					metadata[string(m[wire.HeaderSize+h.Size:])+string(rune(h.Type))]++
				} else {
					got = append(got, m)
				}
			}
		}
		cl.end()
		return got, metadata
	}
	got, metadata := all(everything, len(events))
	if want := bytes.Join(events, nil); !bytes.Equal(bytes.Join(got, nil), want) {
		t.Errorf("%d events of %d, or not the same", len(got), len(events))
	}
	if len(metadata) < 100 {
		t.Errorf("%d metadata records", len(metadata))
	}
	for m, times := range metadata {
		if times > 2 { // twice: it changed, and changed back
			t.Errorf("metadata is told %d times: %x", times, m)
		}
	}
	got, _ = all(session.ClientConfig{Flags: oldRequest().Flags, Pairs: oldRequest().Pairs}, len(events)-later)
	d := wire.NewDecoder(set, nil)
	blocks := map[uint16]uint32{400: 34, 71: 144, 112: 128, 125: 33, 500: 32, 502: 32, 9: 20, 95: 127}
	for _, m := range got {
		r, err := d.Decode(m)
		if err != nil || r.Trailing != 0 {
			t.Errorf("record %d: %v, %d bytes left", r.Type, err, r.Trailing)
		}
		if want := blocks[r.Type]; want != 0 && r.Block > want {
			t.Errorf("record %d has block %d, want %d", r.Type, r.Block, want)
		}
	}
	lost := b.Stats().Inexpressible.Load() + b.Stats().Unservable.Load()
	t.Logf("%d events %v; %d metadata; version 5.2: %d events, %d left out\n%s", len(events), n, len(metadata), len(got), lost, b.log)
	if lost > uint64(len(events)/10) {
		t.Errorf("%d of %d events are left out for the old client", lost, len(events))
	}
}

// TestIdle: an idle session that has had everything, in another version than the journal
// has, holds on to little: what it needs to go on, and no buffers.
func TestIdle(t *testing.T) {
	b := newBench(t)
	for _, batch := range recordtest.Batches(t, corpus.Read(t, corpus.Messages), 256<<10) {
		b.put(1, slices.Collect(recordtest.Split(t, batch))...)
	}
	b.Limits.SessionsPerClient = Off
	const (
		count     = 6
		batchSize = 16 << 10 // of the client's half, which is in the same process and has two buffers
		most      = 96 << 10
		marker    = 4e9 // archive time of the last event
	)
	b.put(1, connection(t, marker))
	var clients []*client
	start := func() {
		for range count {
			cl := b.client(access.All(), session.ClientConfig{Flags: oldRequest().Flags, Pairs: oldRequest().Pairs, BatchBytes: batchSize})
			clients = append(clients, cl)
			for last := uint32(0); last != marker; cl.got = nil {
				if err := cl.next(); err != nil {
					t.Fatal(err)
				}
				h, _ := wire.PeekRecord(cl.got[len(cl.got)-1])
				last = h.ArchiveTimestamp
			}
		}
	}
	memory := func() uint64 {
		runtime.GC()
		runtime.GC() // the first moves what is in pools aside, the second frees it
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc + m.StackInuse
	}
	start() // what all share is there now
	before := memory()
	start()
	each := (int64(memory()) - int64(before)) / count
	t.Logf("%d bytes for each session, the client's half included", each)
	if each > 2*batchSize+most {
		t.Errorf("an idle session holds on to %d bytes, want at most %d and %d of its client", each, most, 2*batchSize)
	}
	for _, cl := range clients {
		cl.Close(t.Context(), "")
	}
	for _, cl := range clients {
		<-cl.done
	}
}
