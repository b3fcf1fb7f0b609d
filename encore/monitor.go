package encore

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"sync"
	"time"
)

// A monitor logs eNcore's status line and keeps the status file.
type monitor struct {
	r  *run
	mu sync.Mutex // one tick at a time

	handled, received uint64 // at the last tick, for the velocity
}

// handled returns how many events all outputs have handled since the start, those
// left out included.
func (r *run) handled() uint64 {
	least := uint64(math.MaxUint64)
	for _, o := range r.outputs {
		least = min(least, o.Stats.Messages.Load())
	}
	return least
}

// committed returns the position up to which all outputs have committed.
func (r *run) committed() uint64 {
	least := uint64(math.MaxUint64)
	for _, o := range r.outputs {
		least = min(least, o.Stats.Committed.Load())
	}
	return least
}

// state returns what the client is doing.
func (r *run) state() State {
	switch s := State(r.phase.Load()); {
	case s != StateRunning:
		return s
	case !r.source.Stats().Connected.Load():
		return StateStarting // also between two sessions
	}
	return StateRunning
}

// tick writes status file and status line.
func (m *monitor) tick() {
	m.mu.Lock()
	defer m.mu.Unlock()
	r := m.r
	log := named(r.log, "Monitor")
	state := r.state()
	if err := writeStatus(r.fsys, r.files.Status, state); err != nil {
		log.Error("Monitor __tick: " + err.Error())
	}
	if r.conf.Monitor.Details {
		log.Info(string(r.details(state, time.Now())))
	}
	log.Info(m.line(state, time.Since(r.began)))
}

func (m *monitor) line(state State, age time.Duration) string {
	r, settings := m.r, &m.r.conf.Monitor
	handled, rate := uint64(0), "0"
	if state == StateRunning {
		handled = r.handled()
		rate = fmt.Sprintf("%.2f", float64(handled)/max(age.Seconds(), 0.001))
	}
	line := state.String() + "."
	if settings.Handled {
		line += fmt.Sprintf(" %d handled;", handled)
	}
	line += fmt.Sprintf(" average rate %s ev/sec; ", rate)
	if settings.Velocity {
		now, received := r.handled(), r.source.Stats().Journaled.Load()
		line += fmt.Sprintf(" velocity %.2f;", velocity(now-min(m.handled, now), received-m.received))
		m.handled, m.received = now, received
	}
	if settings.Bookmark {
		line += fmt.Sprintf(" bookmark %s;", isoTime(r.mark.second()))
	}
	return line
}

// velocity is how many events were handled for each one received: below 1 the
// outputs fall behind. When none came there was nothing to fall behind of.
func velocity(handled, received uint64) float64 {
	if received == 0 {
		return 1
	}
	return float64(handled) / float64(received)
}

// isoTime returns local time without zone, as eNcore shows bookmarks.
func isoTime(second uint32) string { return time.Unix(int64(second), 0).Format("2006-01-02T15:04:05") }

// details returns all of the status as one JSON object.
func (r *run) details(state State, now time.Time) []byte {
	type process struct {
		Name  string `json:"name"`
		PID   int    `json:"pid"`
		Count uint64 `json:"count"`
	}
	handled, age := r.handled(), now.Sub(r.began).Seconds()
	status := struct {
		Start     string    `json:"start"`
		Now       string    `json:"now"`
		Duration  float64   `json:"duration"`
		Bookmark  string    `json:"bookmark"`
		Events    uint64    `json:"events"`
		Rate      float64   `json:"cumulative_rate"`
		Processes []process `json:"processes"`
		State     stateJSON `json:"state"`
	}{
		Start: r.began.Format("2006-01-02T15:04:05"), Now: now.Format("2006-01-02T15:04:05"), Duration: math.Round(age*100) / 100,
		Bookmark: isoTime(r.mark.second()), Events: handled, Rate: math.Round(float64(handled)/max(age, 0.001)*100) / 100, State: state.json(),
	}
	for i, s := range r.stages {
		count := handled
		if i == 0 {
			count = r.source.Stats().Received.Load()
		}
		status.Processes = append(status.Processes, process{s.process, os.Getpid(), count})
	}
	data, err := json.Marshal(status)
	if err != nil {
		return []byte(err.Error()) // numbers and text only
	}
	return data
}
