package alert

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

// A recorder writes down what is sent, and fails when told to.
type recorder struct {
	sent []string
	fail error
}

func (r *recorder) send(_ context.Context, a *Alert) error {
	if r.fail != nil {
		return r.fail
	}
	r.sent = append(r.sent, fmt.Sprintf("%d:%d*%d %s", a.Rule.Generator, a.Rule.Signature, a.Count, a.Message))
	return nil
}

// expect compares what was sent since the last call.
func (r *recorder) expect(t *testing.T, want ...string) {
	t.Helper()
	if got := strings.Join(r.sent, "; "); got != strings.Join(want, "; ") {
		t.Errorf("sent %q, expected %q", got, want)
	}
	r.sent = nil
}

func of(priority, signature uint32, message string) *Alert {
	return &Alert{Priority: priority, Rule: Rule{1, signature}, Message: message, Count: 1}
}

var begin = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// TestBatch: what is urgent leaves at once, everything else with the count of
// its rule after two minutes.
func TestBatch(t *testing.T) {
	r := &recorder{}
	b := NewBatch(r.send, 0, 0)
	add := func(a *Alert, after time.Duration) {
		t.Helper()
		if err := b.Add(t.Context(), a, begin.Add(after)); err != nil {
			t.Fatal(err)
		}
	}
	tick := func(after time.Duration) {
		t.Helper()
		if err := b.Tick(t.Context(), begin.Add(after)); err != nil {
			t.Fatal(err)
		}
	}
	add(of(1, 7, "high"), 0)
	add(of(2, 7, "medium"), 0)
	add(of(0, 7, "none"), 0)
	r.expect(t, "1:7*1 high", "1:7*1 medium", "1:7*1 none")
	tick(time.Hour)
	r.expect(t)
	add(of(3, 7, "first"), 10*time.Second)
	add(of(4, 8, "other"), 11*time.Second)
	add(of(3, 7, "last"), 129*time.Second)
	if b.Held() != 3 || b.Rules() != 2 {
		t.Errorf("%d events of %d rules are held", b.Held(), b.Rules())
	}
	tick(130*time.Second - time.Nanosecond)
	r.expect(t)
	tick(130 * time.Second)
	r.expect(t, "1:7*2 last", "1:8*1 other")
	if b.Held() != 0 || b.Rules() != 0 {
		t.Errorf("%d events of %d rules are held", b.Held(), b.Rules())
	}
	add(of(3, 7, "again"), 131*time.Second)
	tick(250 * time.Second)
	r.expect(t)
	if err := b.SendAll(t.Context()); err != nil {
		t.Fatal(err)
	}
	r.expect(t, "1:7*1 again")
	if want := (Stats{Events: 7, Alerts: 6}); b.stats != want {
		t.Errorf("got %+v, expected %+v", b.stats, want)
	}
}

// TestBatchFails: nothing is lost while the destination does not take it, and
// nothing arrives twice.
func TestBatchFails(t *testing.T) {
	r := &recorder{}
	b := NewBatch(r.send, time.Minute, 2)
	for i := range uint32(2) {
		if err := b.Add(t.Context(), of(3, i, "old"), begin); err != nil {
			t.Fatal(err)
		}
	}
	r.fail = errors.New("no network")
	for name, err := range map[string]error{
		"urgent":   b.Add(t.Context(), of(1, 5, "urgent"), begin),
		"one more": b.Add(t.Context(), of(3, 5, "new"), begin),
		"tick":     b.Tick(t.Context(), begin.Add(time.Hour)),
		"all":      b.SendAll(t.Context()),
	} {
		if !errors.Is(err, r.fail) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if b.Held() != 2 || b.stats.Events != 2 {
		t.Errorf("%d events are held, %+v", b.Held(), b.stats)
	}
	if err := b.Add(t.Context(), of(3, 1, "newer"), begin); err != nil { // nothing has to be sent for it
		t.Fatal(err)
	}
	r.fail = nil
	if err := b.Add(t.Context(), of(3, 5, "new"), begin); err != nil {
		t.Fatal(err)
	}
	r.expect(t, "1:0*1 old")
	if err := b.Tick(t.Context(), begin.Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	r.expect(t, "1:1*2 newer", "1:5*1 new")
	if want := (Stats{Events: 4, Alerts: 3, Early: 1}); b.stats != want {
		t.Errorf("got %+v, expected %+v", b.stats, want)
	}
}

// TestBatchCounts: whatever comes in which order, the counts of what is sent and
// what is held add up for each rule, no rule waits twice, and their number is bounded.
func TestBatchCounts(t *testing.T) {
	const most = 5
	rng := rand.New(rand.NewPCG(3, 4))
	sent, taken, fails := map[Rule]uint64{}, map[Rule]uint64{}, 0
	failure := errors.New("refused")
	b := NewBatch(func(_ context.Context, a *Alert) error {
		if rng.IntN(4) == 0 {
			fails++
			return failure
		}
		sent[a.Rule] += a.Count
		return nil
	}, time.Minute, most)
	now := begin
	for range 20_000 {
		a := of(uint32(rng.IntN(6)), uint32(rng.IntN(12)), "")
		err := b.Add(t.Context(), a, now)
		if err == nil {
			taken[a.Rule]++
		} else if !errors.Is(err, failure) {
			t.Fatal(err)
		}
		if now = now.Add(time.Duration(rng.IntN(5)) * time.Second); rng.IntN(8) == 0 {
			if err := b.Tick(t.Context(), now); err != nil && !errors.Is(err, failure) {
				t.Fatal(err)
			}
		}
		waiting, held := map[Rule]uint64{}, uint64(0)
		for _, h := range b.held {
			if waiting[h.Rule] != 0 {
				t.Fatalf("rule %v waits twice", h.Rule)
			}
			waiting[h.Rule] = h.Count
			held += h.Count
		}
		if len(b.held) > most || len(b.rules) != len(b.held) || uint64(b.Held()) != held {
			t.Fatalf("%d rules wait with %d events, %d are known, Held says %d", len(b.held), held, len(b.rules), b.Held())
		}
		if sent[a.Rule]+waiting[a.Rule] != taken[a.Rule] {
			t.Fatalf("rule %v: %d taken, %d sent, %d wait", a.Rule, taken[a.Rule], sent[a.Rule], waiting[a.Rule])
		}
	}
	if fails == 0 || b.stats.Early == 0 {
		t.Errorf("%d failures, %+v: this test lost its point", fails, b.stats)
	}
}
