package monitor

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"estream/internal/corpus"
	"estream/internal/durable/faultfs"
	"estream/internal/recordtest"
	"estream/internal/syncbuf"
	"estream/journal"
	"estream/layouts"
	"estream/source"
	"estream/wire"
)

// TestWatchCorpus compares the counts with those of a slow walk over the same
// messages, all of whose fields are decoded.
func TestWatchCorpus(t *testing.T) {
	stream := corpus.Read(t, corpus.Messages)
	w := newWatch(t)
	for _, batch := range recordtest.Batches(t, stream, 100_000) {
		w.observe(view(1, start, batch))
	}
	set := layouts.Default()
	dec := wire.NewDecoder(set, nil)
	categories, devices, events := map[string]uint64{}, map[uint32]uint64{}, uint64(0)
	for message := range recordtest.Split(t, stream) {
		h, ok := wire.PeekRecord(message)
		if !ok {
			t.Fatalf("%x is no record", message[:8])
		}
		def, err := set.Source().Record(h.Type)
		if err != nil {
			categories[categoryUnknown]++
			events++
			continue
		}
		category := def.Category
		if !def.IsMetadata() {
			events++
			if r, err := dec.Decode(message); err == nil {
				for slot, f := range r.Layout.Fields {
					if category == categoryConn && f.Kind.Integer() && strings.HasPrefix(f.Name, "security_intelligence_") && r.Uint(slot) != 0 {
						category = categorySI
					}
				}
				if slot := r.Layout.Slot("device_id"); slot >= 0 && r.Uint(slot) != 0 {
					devices[uint32(r.Uint(slot))]++
				}
			}
		}
		categories[category]++
	}
	c := w.Counts()
	if len(c.Sources) != 1 || c.Sources[0].Source != "fmc-a" || c.Sources[0].Events != events {
		t.Errorf("sources %+v, want fmc-a with %d events", c.Sources, events)
	}
	got := map[string]uint64{}
	for _, n := range c.Categories {
		got[n.Category] = n.Events
	}
	if !maps.Equal(got, categories) {
		t.Errorf("categories %v, want %v", got, categories)
	}
	if categories[categorySI] == 0 || categories[categoryConn] == 0 || categories[categoryMetadata] == 0 {
		t.Errorf("the corpus has too little: %v", categories)
	}
	var sum, want uint64
	for _, d := range c.Devices {
		sum += d.Events
	}
	for _, n := range devices {
		want += n
	}
	if sum != want || want == 0 {
		t.Errorf("%d events of %d devices, want %d of %d", sum, len(c.Devices), want, len(devices))
	}
}

// TestWatchNames: devices of two sources with one name are one; those without name
// are kept apart by source.
func TestWatchNames(t *testing.T) {
	w := newWatch(t)
	first, later := start, start.Add(time.Minute)
	w.observe(view(1, first, deviceName(t, 7, "ftd-1\x00"), intrusion(t, 7, 100), intrusion(t, 8, 100), connection(t, 0, 0, start)))
	w.observe(view(2, later, intrusion(t, 8, 300), intrusion(t, 9, 200)))
	w.observe(view(2, later, deviceName(t, 9, "ftd-1"), deviceName(t, 10, "\x1b[2Jevil\xff"), intrusion(t, 10, 400), unnamed(9999)))
	var got []string
	for _, d := range w.Counts().Devices {
		got = append(got, fmt.Sprint(d.Device, d.Sources, d.Events, time.Unix(0, d.Arrival).Sub(start), d.Archive))
	}
	want := []string{"8 of fmc-a[fmc-a] 1 0s 100", "8 of fmc-b[fmc-b] 1 1m0s 300", "?[2Jevil?[fmc-b] 1 1m0s 400", "ftd-1[fmc-a fmc-b] 2 1m0s 200"}
	if !slices.Equal(got, want) {
		t.Errorf("devices\n%q, want\n%q", got, want)
	}
	if n := w.Counts().Categories; n[len(n)-1].Category != categoryUnknown || n[len(n)-1].Source != "fmc-b" {
		t.Errorf("categories %v", n)
	}
}

// TestWatchSecurityIntelligence: a connection that no list matched is none.
func TestWatchSecurityIntelligence(t *testing.T) {
	w := newWatch(t)
	w.observe(view(1, start, connection(t, 1, 0, start), connection(t, 1, 0, start), connection(t, 1, 5, start)))
	got := map[string]uint64{}
	for _, c := range w.Counts().Categories {
		got[c.Category] = c.Events
	}
	if want := map[string]uint64{categoryConn: 2, categorySI: 1}; !maps.Equal(got, want) {
		t.Errorf("categories %v, want %v", got, want)
	}
}

// TestWatchBounds: numbers and names of devices come from the peer.
func TestWatchBounds(t *testing.T) {
	w := newWatch(t)
	for i := range uint32(MaxDevices + 500) {
		w.observe(view(1+i%2, start, deviceName(t, i+1, strings.Repeat("ü", 300)), intrusion(t, i+1, 100)))
	}
	c := w.Counts()
	if w.devices != MaxDevices || w.names != MaxDevices || c.Unassigned != 500 {
		t.Errorf("%d devices, %d names, %d events of others; want %d, %d, 500", w.devices, w.names, c.Unassigned, MaxDevices, MaxDevices)
	}
	if len(c.Devices) != 1 || len(c.Devices[0].Device) != maxName {
		t.Errorf("%d devices, first %q; want one of %d bytes", len(c.Devices), c.Devices[0].Device, maxName)
	}
	if n := c.Sources[0].Events + c.Sources[1].Events; n != MaxDevices+500 {
		t.Errorf("%d events, want all %d", n, MaxDevices+500)
	}
}

// TestWatchMalformed: what cannot be decoded counts by its header, and a part of a
// batch that was read before does not count again.
func TestWatchMalformed(t *testing.T) {
	w := newWatch(t)
	good := intrusion(t, 7, 100)
	short := recordtest.Frame(append(slices.Clone(good[wire.HeaderSize:wire.HeaderSize+4]), 0, 0, 0, 0))
	v := view(1, start, good, short, recordtest.Frame(nil), good)
	v.Skip = 1
	w.observe(v)
	got := map[string]uint64{}
	for _, c := range w.Counts().Categories {
		got[c.Category] = c.Events
	}
	if want := map[string]uint64{"intrusion": 2, categoryUnknown: 1}; !maps.Equal(got, want) {
		t.Errorf("categories %v, want %v", got, want)
	}
	w.observe(view(1, start, good[:20])) // must not loop
	// Bodies of record 123 whose length says more than there is.
	for n := range len(deviceName(t, 1, "name")) - wire.HeaderSize {
		w.observe(view(1, start, recordtest.Frame(deviceName(t, 1, "name")[wire.HeaderSize:][:n])))
	}
}

func appendTo(t *testing.T, j *source.Journal, messages ...[]byte) {
	t.Helper()
	if err := j.AppendFrom(t.Context(), 1, source.Batch{Data: slices.Concat(messages...), Count: len(messages)}); err != nil {
		t.Fatal(err)
	}
}

// TestWatchRun: it begins at the end of the journal, with the names from before,
// needs nothing to be durable, and ends with its context.
func TestWatchRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := openJournal(t, journal.Options{CommitInterval: time.Minute})
		appendTo(t, j, deviceName(t, 7, "ftd-1"), intrusion(t, 7, 100))
		w := newWatch(t)
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { defer close(done); w.Run(ctx, j) }()
		synctest.Wait()
		appendTo(t, j, intrusion(t, 7, 200))
		synctest.Wait()
		if c := w.Counts(); len(c.Devices) != 1 || c.Devices[0].Device != "ftd-1" || c.Devices[0].Events != 1 || c.Devices[0].Archive != 200 {
			t.Errorf("devices %+v, want one event of ftd-1", c.Devices)
		}
		stop()
		<-done
	})
}

// TestWatchGap: what retention deleted before it was read is skipped.
func TestWatchGap(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := openJournal(t, journal.Options{SegmentBytes: 4096, RetainBytes: 8192, RecentBytes: 4096, CommitBytes: 1})
		w := newWatch(t)
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { defer close(done); w.Run(ctx, j) }()
		synctest.Wait()
		w.mu.Lock() // as slow as can be
		const events = 400
		for i := range uint32(events) {
			appendTo(t, j, intrusion(t, 7, 100+i))
			if err := j.Sync(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		w.mu.Unlock()
		synctest.Wait()
		c := w.Counts()
		if c.Skipped == 0 || c.Sources[0].Events == 0 || c.Sources[0].Events >= events || c.Sources[0].Archive != 100+events-1 {
			t.Errorf("skipped %d times, %d of %d events, newest of second %d; want a gap, and the newest of all", c.Skipped, c.Sources[0].Events, events, c.Sources[0].Archive)
		}
		stop()
		<-done
	})
}

// TestWatchUnreadable: a disk that fails is said once, and everything is counted
// when it works again.
func TestWatchUnreadable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		disk := faultfs.New()
		j, err := source.OpenJournal(t.Context(), "/state", layouts.Default(), journal.Options{FS: disk, SegmentBytes: 4096, RecentBytes: 4096, CommitBytes: 1})
		if err != nil {
			t.Fatal(err)
		}
		log := new(syncbuf.Buffer)
		w := NewWatch(layouts.Default(), names, log.Logger())
		done := make(chan struct{})
		go func() { defer close(done); w.Run(t.Context(), j) }()
		synctest.Wait()
		w.mu.Lock()
		const events = 400
		for range events {
			appendTo(t, j, intrusion(t, 7, 100))
			if err := j.Sync(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		disk.SetHook(func(op faultfs.Op) faultfs.Fault {
			if op.Kind == faultfs.KindRead || op.Kind == faultfs.KindOpen {
				return faultfs.Fault{Err: faultfs.ErrInjected}
			}
			return faultfs.Fault{}
		})
		w.mu.Unlock()
		time.Sleep(10 * time.Second) // of the bubble
		if n := strings.Count(log.String(), "cannot be read"); n != 1 {
			t.Errorf("said %d times: %s", n, log)
		}
		disk.SetHook(nil)
		time.Sleep(2 * retryAfter)
		synctest.Wait()
		if c := w.Counts(); c.Sources[0].Events != events || c.Skipped != 0 {
			t.Errorf("%d events, %d gaps; want %d, 0", c.Sources[0].Events, c.Skipped, events)
		}
		if err := j.Close(t.Context()); err != nil {
			t.Error(err)
		}
		<-done
	})
}

// TestWatchClosed: a journal that is closed ends Run.
func TestWatchClosed(t *testing.T) {
	j, err := source.OpenJournal(t.Context(), t.TempDir(), layouts.Default(), journal.Options{})
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() { defer close(done); newWatch(t).Run(t.Context(), j) }()
	if err := j.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	<-done
}

// FuzzWatch: no batch stops the Watch, and it counts every whole message once.
func FuzzWatch(f *testing.F) {
	f.Add(intrusion(f, 7, 100))
	f.Add(connection(f, 7, 1, start))
	f.Add(deviceName(f, 7, "ftd"))
	w := NewWatch(layouts.Default(), names, newWatch(f).log)
	f.Fuzz(func(t *testing.T, batch []byte) {
		total := func() (n uint64) {
			for _, c := range w.Counts().Categories {
				n += c.Events
			}
			return n
		}
		before := total()
		w.observe(view(1, start, batch))
		var want uint64
		for rest := batch; len(rest) > 0; want++ {
			_, next, err := wire.NextMessage(rest)
			if err != nil {
				break
			}
			rest = next
		}
		if got := total() - before; got != want {
			t.Errorf("%d messages counted, want %d", got, want)
		}
	})
}
