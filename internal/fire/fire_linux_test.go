package fire

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

const (
	fireRate  = 2_000  // events a second
	fireBurst = 20_000 // in a burst
	mebi      = 1 << 20

	// patience is how long everything may take to arrive after the last fault.
	patience = 2 * time.Minute
	// calm are the times without faults at the beginning and the end of a run.
	calmFirst, calmLast = 3 * time.Second, 10 * time.Second
)

// A site is all that takes part in a run.
type site struct {
	t          *testing.T
	ns         *namespace
	state, out *disk
	center     *center
	relp       *receiver
	tcp        *socket
	folder     *folder
	collector  *collector
	network    sync.Mutex // faults of the whole network do not overlap

	mu    sync.Mutex
	count map[string]int
}

// TestFire lets everything fail and counts what arrives.
func TestFire(t *testing.T) {
	rng := random(t)
	if _, err := program(); err != nil {
		t.Fatal(err)
	}
	s := &site{t: t, ns: newNamespace(t), state: newDisk(t, 384*mebi), out: newDisk(t, 256*mebi), count: map[string]int{}}
	s.folder = &folder{disk: s.out, tally: newTally(jsonKey)}
	s.center = newCenter(t, s.ns, fireRate, fireBurst)
	s.relp = newReceiver(t, s.ns)
	s.tcp = newSocket(t, s.ns, splunkKey)
	s.tcp.open(s.ns)
	s.collector = newCollector(t, s.ns, s.center, s.state.path("estream"), fmt.Sprintf(`
  - {name: file, format: json, to: "file:%s", file: {rotate_size: 16MiB}}
  - {name: relp, format: cef, profile: compat, to: "relp://%s", network: {connect_timeout: 2s, stall_timeout: 5s}}
  - {name: tcp, format: splunk, to: "tcp://%s", network: {connect_timeout: 2s, stall_timeout: 5s}}
`, s.out.path(folderName), s.relp.addr, s.tcp.addr))
	var full [2]int64
	stop := every(100*time.Millisecond, func() {
		full[0], full[1] = max(full[0], s.state.used()), max(full[1], s.out.used())
		if err := s.folder.read(); err != nil {
			t.Errorf("files: %v", err)
		}
		s.relp.mu.Lock()
		defer s.relp.mu.Unlock()
		if err := s.relp.take(); err != nil {
			t.Errorf("RELP: %v", err)
		}
	})
	defer stop()

	began := time.Now()
	s.burn(rng)
	last := s.center.stop()
	burnt := time.Since(began)
	if err := until("everything arrives", patience, func() bool {
		return s.relp.tally.seen() >= last && s.done()
	}); err != nil {
		status, serr := s.collector.status()
		t.Logf("%v: RELP %d, TCP %d of %d; status %+v %v", err, s.relp.tally.seen(), s.tcp.tally.seen(), last, status, serr)
	}
	settled := time.Since(began) - burnt
	s.collector.finish()
	stop()
	if err := s.folder.rest(); err != nil {
		t.Errorf("files: %v", err)
	}
	s.report(last, burnt, settled, full)
}

// done reports whether all outputs have written what the journal holds.
func (s *site) done() bool {
	status, err := s.collector.status()
	for _, o := range status.Outputs {
		if o.Waiting > 0 {
			return false
		}
	}
	return err == nil
}

// burn starts each fault at random times, until it is time to stop.
func (s *site) burn(rng *rand.Rand) {
	type start struct {
		at    time.Duration
		fault fault
		rng   *rand.Rand
	}
	var plan []start
	for _, f := range faults {
		many := max(1, int((int64(f.many)*int64(*fireFor)+int64(15*time.Minute))/int64(30*time.Minute)))
		for range many {
			at := calmFirst + time.Duration(rng.Int64N(int64(max(*fireFor-calmFirst-calmLast, time.Second))))
			plan = append(plan, start{at, f, rand.New(rand.NewPCG(rng.Uint64(), 0))})
		}
	}
	slices.SortFunc(plan, func(a, b start) int { return cmp.Compare(a.at, b.at) })
	var wg sync.WaitGroup
	began := time.Now()
	for _, p := range plan {
		time.Sleep(p.at - time.Since(began)) // the moments are the test
		wg.Go(func() {
			p.fault.do(s, p.rng)
			s.mu.Lock()
			defer s.mu.Unlock()
			s.count[p.fault.name]++
		})
	}
	time.Sleep(*fireFor - calmLast - time.Since(began))
	wg.Wait()
	s.collector.jump(0)
	time.Sleep(*fireFor - time.Since(began))
}

// report prints what happened and holds it against what was promised.
func (s *site) report(last uint64, burnt, settled time.Duration, full [2]int64) {
	var b strings.Builder
	fmt.Fprintf(&b, "%d events in %v (%.0f a second), all there %v later\n\n%-34s %s\n", last, burnt.Round(time.Second),
		float64(last)/burnt.Seconds(), settled.Round(100*time.Millisecond), "fault", "times")
	for _, f := range faults {
		fmt.Fprintf(&b, "%-34s %5d\n", f.name, s.count[f.name])
	}
	fmt.Fprintf(&b, "\n%-10s %12s %8s %10s  %s\n", "output", "events", "lost", "repeated", "promise")
	for _, o := range []struct {
		name, promise string
		tally         *tally
		once, all     bool
	}{
		{"file", "exactly once", s.folder.tally, true, true},
		{"relp", "at least once", s.relp.tally, false, true},
		{"tcp", "at least once what has left the kernel", s.tcp.tally, false, false},
	} {
		lost, missing, repeated := o.tally.count(last)
		fmt.Fprintf(&b, "%-10s %12d %8d %10d  %s\n", o.name, o.tally.seen(), lost, repeated, o.promise)
		if o.all && lost > 0 {
			s.t.Errorf("%s: lost %d events: %s", o.name, lost, strings.Join(missing, " "))
		}
		if o.once && repeated > 0 {
			s.t.Errorf("%s: %d events were written again, such as %s", o.name, repeated, o.tally.example)
		}
		if lines, again, example := o.tally.rest(); o.once && again > 0 {
			s.t.Errorf("%s: of %d lines of metadata %d were written again, such as %s", o.name, lines, again, example)
		}
	}
	c := s.collector
	fmt.Fprintf(&b, "\nfiles read and removed %d; sessions %d; lives of estream run %d, its memory at most %d MiB; disk of the journal at most %d MiB, of the files %d MiB\n",
		s.folder.files, c.log.Count["msg=connected"], c.lives, c.memory/mebi, full[0]/mebi, full[1]/mebi)
	fmt.Fprintf(&b, "lines of its log: %d errors, %d warnings, %d about a full disk\n", c.log.Count["level=ERROR"], c.log.Count["level=WARN"], c.log.Count["no space left"])
	s.t.Log("\n" + b.String())
}
