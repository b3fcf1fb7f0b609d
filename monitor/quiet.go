package monitor

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"estream/config"
)

const (
	// gapHours is how far back, from its last event, the pauses of a subject count, and
	// gapFactor how many times the longest of them silence is normal.
	gapHours  = 24
	gapFactor = 3
	// forgetAfter is how long silence that was learned is an alarm. Whatever is still
	// silent then was switched off on purpose.
	forgetAfter = 7 * 24 * time.Hour
	// maxSubjects bounds what is remembered over restarts: devices come and go.
	maxSubjects = MaxDevices + 1000
)

// A subjectKey names what may fall silent.
type subjectKey struct{ kind, name string }

// Kinds of subjects; the alarms are called "source_quiet" and so on.
const (
	ofSource   = "source"
	ofCategory = "category"
	ofDevice   = "device"
)

// A subject is a source, category or device that sends, and may fall silent. Its
// time stands still while none of its sources has a session or the journal is
// stalled: silence only counts when there was somebody to listen. That it is
// measured in steps of the Monitor keeps a jump of the clock from mattering.
type subject struct {
	sources []string      // that had events of it
	span    time.Duration // from its first to its last event
	idle    time.Duration // since its last event
	gaps    [gapHours]gap // longest pause that ended in an hour of span
	events  uint64        // counted by this process
	heard   bool          // at least one event, ever
}

type gap struct {
	hour int64 // of span
	gap  time.Duration
}

// advance lets time pass, in which n events came.
func (s *subject) advance(passed time.Duration, n bool) {
	s.idle += passed
	if !n {
		return
	}
	if s.heard {
		s.span += s.idle
		hour := int64(s.span / time.Hour)
		g := &s.gaps[hour%gapHours]
		if g.hour != hour {
			*g = gap{hour: hour}
		}
		g.gap = max(g.gap, s.idle)
	}
	s.idle, s.heard = 0, true
}

// longest returns the longest pause in the day before the last event.
func (s *subject) longest() (d time.Duration) {
	first := int64(s.span/time.Hour) - gapHours
	for _, g := range s.gaps {
		if g.hour > first {
			d = max(d, g.gap)
		}
	}
	return d
}

// A quiet watches subjects.
type quiet struct {
	subjects map[subjectKey]*subject
	changed  bool // since it was saved
}

// An activity is what is known of a subject at one moment.
type activity struct {
	sources []string
	events  uint64
}

// limits says after which silence to raise an alarm.
type limits struct {
	quiet   config.Quiet
	sources map[string]time.Duration
}

// of returns the limit of a subject; false if its silence is fine.
func (l *limits) of(k subjectKey, s *subject) (limit time.Duration, learned, ok bool) {
	switch k.kind {
	case ofSource:
		limit = l.sources[k.name]
		ok = limit > 0
	case ofCategory:
		limit, ok = l.quiet.Categories[config.Category(k.name)]
	case ofDevice:
		limit, ok = l.quiet.Devices[k.name]
	}
	switch {
	case ok:
		return limit, false, limit > 0
	case !l.quiet.Learn, k.kind == ofCategory && (k.name == categoryMetadata || k.name == categoryUnknown):
		return 0, false, false
	case s.span < l.quiet.Least:
		return 0, true, false // one burst is no habit
	}
	return max(l.quiet.Least, gapFactor*s.longest()), true, true
}

// configured lists the subjects that are expected to send whether or not they ever did.
func (l *limits) configured() (keys []subjectKey) {
	for name, d := range l.sources {
		if d > 0 {
			keys = append(keys, subjectKey{ofSource, name})
		}
	}
	for name, d := range l.quiet.Categories {
		if d > 0 {
			keys = append(keys, subjectKey{ofCategory, string(name)})
		}
	}
	for name, d := range l.quiet.Devices {
		if d > 0 {
			keys = append(keys, subjectKey{ofDevice, name})
		}
	}
	return keys
}

// step lets time pass. sources says of every source whether it is listened to.
func (q *quiet) step(passed time.Duration, now map[subjectKey]activity, sources map[string]bool, l *limits) {
	expected := map[subjectKey]bool{}
	for _, k := range l.configured() {
		expected[k] = true
		if q.subjects[k] == nil {
			q.subjects[k] = &subject{}
		}
	}
	for k := range now {
		if q.subjects[k] == nil {
			q.subjects[k] = &subject{}
		}
	}
	anyone := slices.Contains(slices.Collect(maps.Values(sources)), true)
	for k, s := range q.subjects {
		a, known := now[k]
		if known && len(a.sources) > 0 {
			s.sources = a.sources
		}
		// A device under a new name is not a silent one under the old; a source that is
		// gone from the configuration takes along what only it had.
		gone := !known && s.events > 0 || len(s.sources) > 0 && !slices.ContainsFunc(s.sources, func(name string) bool { _, ok := sources[name]; return ok })
		if limit, learned, _ := l.of(k, s); learned && s.idle > limit+forgetAfter {
			gone = true
		}
		if gone && !expected[k] {
			delete(q.subjects, k)
			q.changed = true
			continue
		}
		came := known && a.events != s.events
		listening := anyone
		if len(s.sources) > 0 {
			listening = slices.ContainsFunc(s.sources, func(name string) bool { return sources[name] })
		}
		if came || listening {
			s.advance(passed, came)
			q.changed = true
		}
		s.events = a.events
	}
	q.trim(expected)
}

// trim forgets those that have been silent for longest when there are too many.
func (q *quiet) trim(keep map[subjectKey]bool) {
	excess := len(q.subjects) - maxSubjects
	if excess <= 0 {
		return
	}
	keys := slices.SortedFunc(maps.Keys(q.subjects), func(a, b subjectKey) int {
		return cmp.Compare(q.subjects[b].idle, q.subjects[a].idle)
	})
	for _, k := range keys {
		if excess > 0 && !keep[k] {
			delete(q.subjects, k)
			excess--
		}
	}
}
