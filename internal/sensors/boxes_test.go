package sensors

import (
	"context"
	"fmt"
	"testing"

	"estream/admin"
	"estream/internal/recordtest"
	"estream/layouts"
	"estream/server/access"
	"estream/service"
	"estream/source"
	"estream/synth"
	"estream/wire"
)

// What a Management Center's malware events are: those of its own and those of the
// cloud.
func isMalware(record uint16) bool {
	def, err := layouts.Default().Source().Record(record)
	return err == nil && def.Category == "malware"
}

// TestBoxes: while an event type's box is not checked its events are neither captured
// nor sent, those captured before stay, and with the box they come again. Somebody else
// than the server changes it, as "estream events disable" does.
func TestBoxes(t *testing.T) {
	rounds := make(chan []byte)
	taken := make(chan error)
	w := serve(t, &service.Source{Name: "invented", Feed: &service.Feed{
		Name: "rounds", Run: func(ctx context.Context, _ service.Resume, take service.Take) error {
			for {
				select {
				case data := <-rounds:
					taken <- take(ctx, batch(t, data))
				case <-ctx.Done():
					return nil
				}
			}
		},
	}})
	other, err := admin.Open(w.state, admin.Options{Log: quiet()})
	if err != nil {
		t.Fatal(err)
	}
	set := func(boxes access.Boxes) {
		t.Helper()
		err := other.Update(t.Context(), func(s *admin.Settings) error { s.Boxes = boxes.Names(); return nil })
		if err != nil {
			t.Fatal(err)
		}
		await(t, "the server knows", func() bool { return w.service.Server.Admin.Store.Boxes() == boxes })
	}
	var made []*tally
	put := func() {
		t.Helper()
		data := invent(t, uint64(len(made)+1))
		rounds <- data
		if err := <-taken; err != nil {
			t.Fatal(err)
		}
		y := tallyOf(t, data)
		made = append(made, y)
		if y.malware() == 0 {
			t.Fatal("a round without malware events shows nothing")
		}
		await(t, "the round is durable", func() bool { st, _ := w.service.Status(); return st.Journal.Pending == 0 })
	}
	// whole returns what a new client gets: whole rounds are in the journal, of which all
	// but malware has to come.
	whole := func() *tally {
		t.Helper()
		c := w.connect(t, nil)
		due := 0
		for _, y := range made {
			due += y.events() - y.malware()
		}
		await(t, "the other events", func() bool { return c.counts.events()-c.counts.malware() >= due })
		c.leave(t)
		return tallyOf(t, c.stream)
	}

	put()
	before := whole()
	live := w.connect(t, nil)
	await(t, "malware in a session that goes on", func() bool { return live.counts.malware() == made[0].malware() })
	set(access.AllBoxes &^ access.Malware)
	<-live.done // its request asks for what it may not have any more
	put()
	without := whole()
	set(access.AllBoxes)
	again := whole()
	put()
	after := whole()
	w.stop(t)

	t.Logf("%-34s %8s %8s", "", "malware", "others")
	line := func(what string, y *tally) { t.Logf("%-34s %8d %8d", what, y.malware(), y.events()-y.malware()) }
	for i, y := range made {
		line(fmt.Sprintf("the source's round %d", i+1), y)
	}
	journaled := tallyOf(t, w.journaled(t))
	line("sent, all enabled, round 1", before)
	line("sent, malware disabled, round 1, 2", without)
	line("sent, enabled again, round 1, 2", again)
	line("sent, enabled again, round 1 to 3", after)
	line("captured", journaled)
	for _, tt := range []struct {
		what string
		got  *tally
		want int
	}{
		{"before", before, made[0].malware()},
		{"while disabled", without, 0},
		{"enabled again", again, made[0].malware()},
		{"at the end", after, made[0].malware() + made[2].malware()},
		{"in the journal", journaled, made[0].malware() + made[2].malware()},
	} {
		if tt.got.malware() != tt.want {
			t.Errorf("%s: %d malware events, want %d", tt.what, tt.got.malware(), tt.want)
		}
	}
	if st := journaled.events() - journaled.malware(); st != made[0].events()-made[0].malware()+made[1].events()-made[1].malware()+made[2].events()-made[2].malware() {
		t.Errorf("%d other events in the journal, not as many as the source has made", st)
	}
}

// malware and events count without metadata, of which a client gets what it needs.
func (y *tally) malware() (n int) { return y.sum(isMalware) }

func (y *tally) events() (n int) { return y.sum(func(typ uint16) bool { return !metadata(typ) }) }

func (y *tally) sum(of func(uint16) bool) (n int) {
	y.mu.Lock()
	defer y.mu.Unlock()
	for typ, count := range y.counts {
		if of(typ) {
			n += count
		}
	}
	return n
}

// invent makes a round of events. The last one is no malware: whoever has the others has
// seen what there is of it.
func invent(t *testing.T, seed uint64) (data []byte) {
	t.Helper()
	g, err := synth.New(layouts.Default(), synth.Options{Seed: seed})
	if err != nil {
		t.Fatal(err)
	}
	for n, last := 0, true; n < g.Metadata()+4000 || last; n++ {
		at := len(data)
		data = g.Append(data)
		h, _ := wire.PeekRecord(data[at:])
		last = isMalware(h.Type)
	}
	return data
}

func batch(t *testing.T, data []byte) source.Batch {
	t.Helper()
	b := source.Batch{Data: data}
	for m := range recordtest.Split(t, data) {
		b.Count++
		if h, ok := wire.PeekRecord(m); ok && h.ArchiveTimestamp != 0 {
			if b.MinArchive == 0 || h.ArchiveTimestamp < b.MinArchive {
				b.MinArchive = h.ArchiveTimestamp
			}
			b.MaxArchive = max(b.MaxArchive, h.ArchiveTimestamp)
		}
	}
	return b
}
