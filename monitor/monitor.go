package monitor

import (
	"context"
	"log/slog"
	"maps"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"estream/config"
	"estream/internal/durable"
	"estream/service"
)

const (
	// DefaultInterval is the time between two looks of a Monitor.
	DefaultInterval = 2 * time.Second
	// saveEvery is how often what was learned is kept on disk.
	saveEvery = 5 * time.Minute
	// rateOver is the time over which rates are taken, in samples of rateStep.
	rateOver = time.Minute
	rateStep = 10 * time.Second
	// longStep is the longest that one look counts for: a jump of the clock, or a
	// machine that slept, is not silence.
	longStep = 15 * time.Second
)

// Options says what a Monitor looks at.
type Options struct {
	Status func() (service.Status, bool) // of the Collector; false when it does not run
	Watch  *Watch
	Config Config
	// Certificates, if not nil, returns those that must not expire, of ours and of servers.
	Certificates func() []Certificate
	// ReceiveQueue, if not nil, returns how many bytes the kernel has received for the
	// session of a source that were not read yet; false if it cannot tell.
	ReceiveQueue func(source string) (bytes int, ok bool)
	State        string        // the state directory, whose disk is watched and which gets LearnedFile
	FS           durable.FS    // nil: the operating system's
	Interval     time.Duration // 0: DefaultInterval
	Summary      time.Duration // between two lines in the log that say how it goes; 0: none
	Now          func() time.Time
	Log          *slog.Logger
}

// A Config is what may change while a Monitor runs.
type Config struct {
	Alarms     config.Alarms
	QuietAfter map[string]time.Duration // sources[].quiet_after by name of the source
}

// A Monitor looks after a Collector. Its exported methods may be called by several goroutines,
// Run by one.
type Monitor struct {
	opt    Options
	report atomic.Pointer[Report]

	mu      sync.Mutex
	next    Config // Configure's
	config  Config
	last    time.Time // of the last step
	alarms  alarms
	quiet   *quiet
	tallies map[string]tally
	groups  map[string]uint64 // events, by group
	copies  map[string]copies // by source
	space   *Space
	samples []service.Status // one every rateStep, oldest first
	noSpace bool             // reading space failed, which was logged
	measure func(dir string) (Space, error)
}

// New returns a Monitor that goes on from what an earlier one has learned. A file
// that cannot be read is reported to the log, and all is learned again.
func New(opt Options) *Monitor {
	if opt.FS == nil {
		opt.FS = durable.OS{}
	}
	if opt.Now == nil {
		opt.Now = time.Now
	}
	if opt.Interval == 0 {
		opt.Interval = DefaultInterval
	}
	m := &Monitor{
		opt: opt, next: opt.Config, tallies: map[string]tally{}, groups: map[string]uint64{}, copies: map[string]copies{},
		alarms: alarms{states: map[string]*alarmState{}, log: opt.Log}, measure: freeSpace,
	}
	var err error
	if m.quiet, err = loadQuiet(opt.FS, m.learnedPath()); err != nil {
		opt.Log.Warn("what was learned about pauses of sources and devices cannot be read; it is learned again", "error", err)
	}
	return m
}

func (m *Monitor) learnedPath() string { return filepath.Join(m.opt.State, LearnedFile) }

// Configure changes the limits, from the next look on.
func (m *Monitor) Configure(c Config) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.next = c
}

// Report returns what the last look found. Before the first one nothing runs, and
// nothing is ready.
func (m *Monitor) Report() *Report {
	if r := m.report.Load(); r != nil {
		return r
	}
	return &Report{At: m.opt.Now()}
}

// Run looks at everything, at once and then in regular steps, until ctx ends.
func (m *Monitor) Run(ctx context.Context) {
	tick := time.NewTicker(m.opt.Interval)
	defer tick.Stop()
	saved, summed := m.opt.Now(), m.opt.Now()
	for {
		r := m.Step()
		if due(r.At, saved, saveEvery) {
			saved = r.At
			m.save()
		}
		if m.opt.Summary > 0 && due(r.At, summed, m.opt.Summary) {
			summed = r.At
			LogSummary(m.opt.Log, r)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			m.save()
			return
		}
	}
}

// due reports whether something last done at last is due again; it is, too, when the clock was set back.
func due(now, last time.Time, every time.Duration) bool {
	passed := now.Sub(last)
	return passed >= every || passed < 0
}

func (m *Monitor) save() {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.quiet.changed {
		return
	}
	if err := m.quiet.save(m.opt.FS, m.learnedPath(), m.config.Alarms.Quiet.Least); err != nil {
		m.opt.Log.Warn("alarms will know less of the past after a restart", "error", err)
	}
}

// Step looks at everything once. Run does so by itself.
func (m *Monitor) Step() *Report {
	m.mu.Lock()
	defer m.mu.Unlock()
	r := &Report{At: m.opt.Now()}
	var passed time.Duration
	if !m.last.IsZero() {
		passed = min(max(r.At.Sub(m.last), 0), max(longStep, 2*m.opt.Interval))
	}
	m.last, m.config = r.At, m.next
	r.Status, r.Running = m.opt.Status()
	r.Counts = m.opt.Watch.Counts()
	r.nameless()
	if m.opt.Certificates != nil {
		r.Certificates = m.opt.Certificates()
	}
	m.lookAtDisk(r)
	if !r.Running {
		m.alarms.forget() // what there was cannot be seen any more
	}
	m.alarms.step(r.At, passed, m.inspect(r, passed))
	r.Alarms, r.NotReady = m.alarms.raised()
	r.Rates = m.rates(r)
	m.report.Store(r)
	return r
}

// lookAtDisk asks how full the disk is.
func (m *Monitor) lookAtDisk(r *Report) {
	space, err := m.measure(m.opt.State)
	if err != nil {
		if !m.noSpace {
			m.opt.Log.Warn("the free space of the state directory cannot be read", "error", err)
		}
		m.space, m.noSpace = nil, true
		return
	}
	m.space, m.noSpace, r.Space = &space, false, space
}

// rates takes the rates of the last minute.
func (m *Monitor) rates(r *Report) Rates {
	if !r.Running {
		m.samples = nil
		return Rates{}
	}
	before := r.Status
	if len(m.samples) > 0 {
		before = m.samples[0]
	}
	if n := len(m.samples); n == 0 || due(r.Status.At, m.samples[n-1].At, rateStep) {
		m.samples = append(m.samples, r.Status)
		if len(m.samples) > int(rateOver/rateStep) {
			m.samples = slices.Delete(m.samples, 0, 1)
		}
	}
	return RatesBetween(before, r.Status)
}

// sorted returns the keys of a map in order.
func sorted[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
