package monitor

import (
	"fmt"
	"slices"

	"estream/service"
)

// silence lets the subjects' time pass and looks for silence.
func (m *inspection) silence() {
	sources := map[string]bool{}
	for i := range m.r.Status.Sources {
		s := &m.r.Status.Sources[i]
		sources[s.Name] = s.Connected && m.r.Status.Journal.Stall == ""
	}
	l := limits{quiet: m.config.Alarms.Quiet, sources: m.config.QuietAfter}
	m.quiet.step(m.passed, m.activities(), sources, &l)
	for k, s := range m.quiet.subjects {
		limit, learned, ok := l.of(k, s)
		if !ok || s.idle < limit {
			continue
		}
		text := fmt.Sprintf("no event for %s", Age(s.idle))
		if learned {
			text += fmt.Sprintf("; the longest pause was %s", Age(s.longest()))
		} else {
			text += fmt.Sprintf("; the limit is %s", Age(limit))
		}
		m.add(k.kind+"_quiet", k.name, text, quietCures[k.kind]).since = m.r.At.Add(-s.idle)
	}
}

var quietCures = map[string]string{
	ofSource:   "look at the server's own event pages: are there events, and is eStreamer still enabled for their types?",
	ofCategory: "see whether the policy still logs such events, and whether eStreamer is still enabled for them; alarms.quiet.categories silences this",
	ofDevice:   "see whether the device is up, reaches its Management Center, and logs its connections there; alarms.quiet.devices silences this",
}

// activities returns how many events came from every subject so far.
func (m *inspection) activities() map[subjectKey]activity {
	all := map[subjectKey]activity{}
	events := map[string]uint64{}
	for _, c := range m.r.Counts.Sources {
		events[c.Source] = c.Events
	}
	for _, g := range m.r.Status.Groups {
		m.groupActivity(g, events)
	}
	for i := range m.r.Status.Sources {
		if name := m.r.Status.Sources[i].Name; events[name] > 0 {
			all[subjectKey{ofSource, name}] = activity{[]string{name}, events[name]}
		}
	}
	for _, c := range m.r.Counts.Categories {
		k := subjectKey{ofCategory, c.Category}
		a := all[k]
		all[k] = activity{append(a.sources, c.Source), a.events + c.Events}
	}
	for _, d := range m.r.Counts.Devices {
		all[subjectKey{ofDevice, d.Device}] = activity{d.Sources, d.Events}
	}
	return all
}

// groupActivity makes up for what a Watch cannot see: of the events that both
// members of a pair deliver, the journal has only the first copy. A member from
// which something came while its group had events is not silent.
func (m *inspection) groupActivity(g service.GroupStatus, events map[string]uint64) {
	var group uint64
	for _, name := range g.Members {
		group += events[name]
	}
	grew := group != m.groups[g.Name]
	m.groups[g.Name] = group
	for i := range m.r.Status.Sources {
		s := &m.r.Status.Sources[i]
		if !slices.Contains(g.Members, s.Name) {
			continue
		}
		c := m.copies[s.Name]
		if grew && s.Repeated != c.repeated {
			c.events++
		}
		c.repeated = s.Repeated
		m.copies[s.Name] = c
		events[s.Name] += c.events
	}
}

// copies counts steps in which a member of a group delivered events that another
// one had delivered before.
type copies struct{ repeated, events uint64 }
