package fire

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"estream/service"
)

// Bounds that a run on a busy machine keeps, too: ten times what is promised.
const (
	lagBound    = 20.0 // seconds; promised are 2
	catchUpTime = 5 * time.Minute
)

const (
	deadBacklog = 128 * mebi // the dead output's share of the journal
	// While the output waits for its next attempt, 5 s at most, it does not look at its
	// backlog; and files of the journal are deleted as a whole.
	deadPause, deadEvent, deadFiles = 6, 1100, 4 * 8 * mebi // seconds, bytes in the journal, bytes
)

// TestDeadOutput has three outputs. The destination of one is dead for a long time,
// and comes back.
func TestDeadOutput(t *testing.T) {
	if _, err := program(); err != nil {
		t.Fatal(err)
	}
	ns := newNamespace(t)
	state, out := newDisk(t, 512*mebi), newDisk(t, 512*mebi)
	files := &folder{disk: out, tally: newTally(jsonKey)}
	alive, dead := newSocket(t, ns, cefKey), newSocket(t, ns, splunkKey)
	alive.open(ns)
	c := newCenter(t, ns, *deadRate, 0)
	r := newCollector(t, ns, c, state.path("estream"), fmt.Sprintf(`
  - {name: file, format: json, to: "file:%s", file: {rotate_size: 16MiB}}
  - {name: alive, format: cef, profile: compat, to: "tcp://%s"}
  - {name: dead, format: splunk, to: "tcp://%s", when_full: {policy: drop, backlog_size: %dMiB}}
`, out.path(folderName), alive.addr, dead.addr, deadBacklog/mebi))
	var m deadMeasures
	stop := every(100*time.Millisecond, func() {
		if err := files.read(); err != nil {
			t.Errorf("files: %v", err)
		}
	})
	defer stop()
	if err := until("events in the file", time.Minute, func() bool { return files.tally.seen() > 0 }); err != nil {
		t.Fatal(err)
	}

	for began := time.Now(); time.Since(began) < *deadFor; time.Sleep(200 * time.Millisecond) {
		s, err := r.status()
		if err != nil {
			t.Fatal(err)
		}
		m.take(t, s, r.resident("VmRSS:"), state.used())
	}
	behind := output(t, m.last, "dead")
	back := time.Now()
	dead.open(ns)
	// Events go on coming meanwhile.
	err := until("the output catches up", catchUpTime, func() bool {
		s, err := r.status()
		return err == nil && output(t, s, "dead").Behind < 2
	})
	if err != nil {
		t.Fatal(err)
	}
	caughtUp := time.Since(back)
	last := c.stop()
	var s service.Status
	if err := until("everything arrives", patience, func() bool {
		var err error
		s, err = r.status()
		return err == nil && alive.tally.seen() >= last && output(t, s, "dead").Waiting == 0 && output(t, s, "file").Waiting == 0
	}); err != nil {
		t.Error(err)
	}
	shed := output(t, s, "dead").Shed
	r.finish()
	stop()
	if err := files.rest(); err != nil {
		t.Errorf("files: %v", err)
	}
	m.report(t, *deadFor, behind, caughtUp, last)
	deadLost, _, deadAgain := dead.tally.count(last)
	t.Logf("dead output: %d events delivered, %d again, %d shed by policy, of %d", dead.tally.seen(), deadAgain, shed, last)
	for name, y := range map[string]*tally{"file": files.tally, "alive": alive.tally} {
		if lost, missing, repeated := y.count(last); lost > 0 || repeated > 0 {
			t.Errorf("%s: lost %d (%s), repeated %d of %d", name, lost, strings.Join(missing, " "), repeated, last)
		}
	}
	// Metadata is shed as well; the lines of events that are missing cannot be more than that.
	if deadLost > shed {
		t.Errorf("the dead output has lost %d events, but has shed %d only", deadLost, shed)
	}
}

func output(t *testing.T, s service.Status, name string) service.OutputStatus {
	i := slices.IndexFunc(s.Outputs, func(o service.OutputStatus) bool { return o.Name == name })
	if i < 0 {
		t.Fatalf("the status knows no output %s: %+v", name, s)
	}
	return s.Outputs[i]
}

// deadMeasures are what the time with a dead output is judged by.
type deadMeasures struct {
	last   service.Status
	lag    []float64 // of the others, seconds
	memory []int64   // bytes
	disk   int64     // the most
}

func (m *deadMeasures) take(t *testing.T, s service.Status, memory, disk int64) {
	m.last = s
	m.lag = append(m.lag, max(output(t, s, "file").Behind, output(t, s, "alive").Behind))
	m.memory = append(m.memory, memory)
	m.disk = max(m.disk, disk)
}

// report prints the measures and holds them against generous bounds.
func (m *deadMeasures) report(t *testing.T, dead time.Duration, behind service.OutputStatus, caughtUp time.Duration, last uint64) {
	lag := slices.Sorted(slices.Values(m.lag))
	half := len(m.memory) / 2
	early, late := slices.Max(m.memory[:max(half, 1)]), slices.Max(m.memory[half:])
	most := lag[len(lag)-1]
	t.Logf("dead for %v at %d events a second, %d events in all", dead, *deadRate, last)
	t.Logf("the others' lag: median %.2f s, 99%% %.2f s, most %.2f s", lag[len(lag)/2], lag[len(lag)*99/100], most)
	t.Logf("memory at most %d MiB in the first half, %d MiB in the second; state directory at most %d MiB", early/mebi, late/mebi, m.disk/mebi)
	t.Logf("when it came back the output was %.1f s and %d messages behind (%s); it caught up in %v while events went on coming", behind.Behind, behind.Waiting, behind.Error, caughtUp.Round(10*time.Millisecond))
	if behind.Works || behind.Waiting == 0 {
		t.Errorf("the dead output was not dead: %+v", behind)
	}
	if most > lagBound {
		t.Errorf("the other outputs were %.1f s behind, expected less than %v", most, lagBound)
	}
	if late > early+early/2+64*mebi {
		t.Errorf("memory grew from %d to %d MiB", early/mebi, late/mebi)
	}
	if most := int64(deadBacklog + deadFiles + deadPause**deadRate*deadEvent); m.disk > most {
		t.Errorf("the state directory had %d MiB, expected at most %d", m.disk/mebi, most/mebi)
	}
}
