package main

import (
	"errors"
	"strings"
	"testing"
	"time"
)

// measured returns a bench with results in which a message has 1000 bytes: for
// each row so many messages in a second, by round.
func measured(t *testing.T, perSecond map[string][]uint64) *bench {
	t.Helper()
	plan, err := planned("^cef-single$")
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{count: 1000, size: 1_000_000, rounds: 3, plan: plan}
	for _, r := range plan {
		for _, n := range perSecond[r.key] {
			r.results = append(r.results, &result{Elapsed: time.Second, Messages: n, In: 1000 * n, CPU: time.Second, Server: time.Second})
		}
		if len(r.results) != b.rounds {
			t.Fatalf("the plan has a row %s", r.key)
		}
	}
	return b
}

// TestReport: shares are medians of the shares within a round, and the floor is
// what decides.
func TestReport(t *testing.T) {
	bare, ceiling := []uint64{1000, 2000, 4000}, []uint64{500, 500, 2000}
	for _, c := range []struct {
		cef   []uint64
		lines []string // each with a name, its figure and the verdict
		floor bool     // missed
	}{
		{[]uint64{400, 500, 800}, []string{"of ceiling 80 % at least 50 % pass", "of bare 25 % at least 25 % pass", "messages/s 500 at least 490000 FAIL"}, false},
		{[]uint64{200, 2000, 800}, []string{"of ceiling 40 % at least 50 % FAIL", "of bare 20 % at least 25 % FAIL"}, true},
	} {
		b := measured(t, map[string][]uint64{"bare": bare, "ceiling-single": ceiling, "cef-single": c.cef})
		var out strings.Builder
		if err := b.report(&out); errors.Is(err, errFloor) != c.floor || err != nil && !c.floor {
			t.Errorf("%v: %v", c.cef, err)
		}
		text := strings.Join(strings.Fields(out.String()), " ")
		for _, line := range c.lines {
			if !strings.Contains(text, "CEF, single messages "+line) {
				t.Errorf("%v: no line %q in\n%s", c.cef, line, out.String())
			}
		}
	}
}

// TestPlan: whatever is selected, what it is compared with is measured before.
func TestPlan(t *testing.T) {
	all, err := planned("")
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range all {
		plan, err := planned("^" + r.key + "$")
		if err != nil {
			t.Fatal(err)
		}
		seen := map[string]bool{}
		for _, p := range plan {
			if p.ceiling != nil && !seen[p.ceiling.key] {
				t.Errorf("%s: %s is measured before %s", r.key, p.key, p.ceiling.key)
			}
			seen[p.key] = true
		}
		if plan[0].key != "bare" || !seen[r.key] {
			t.Errorf("%s: the plan is %v", r.key, seen)
		}
		if _, ok := roles[r.job.Role]; !ok {
			t.Errorf("%s: no role %q", r.key, r.job.Role)
		}
	}
	if _, err := planned("("); err == nil {
		t.Error("a broken expression was taken")
	}
}
