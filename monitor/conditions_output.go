package monitor

import (
	"fmt"
	"strings"
	"time"

	"estream/service"
)

// lossMemory is how long losses are an alarm after the last of them.
const lossMemory = 24 * time.Hour

func (m *inspection) outputs() {
	works := len(m.r.Status.Outputs) == 0
	for i := range m.r.Status.Outputs {
		o := &m.r.Status.Outputs[i]
		works = works || o.Works
		if !o.Works {
			text := "cannot write to " + o.Destination
			if o.Destination == "" {
				text = "cannot be opened"
			}
			if o.Error != "" {
				text += ": " + clip(o.Error)
			}
			m.add(kindOutputFailed, o.Name, text, "bring the destination back, or correct the output; events wait in the journal and are written then")
		}
		if limit := m.config.Alarms.Behind; limit > 0 && o.Waiting > 0 {
			if m.alarms.active(kindOutputBehind, o.Name) {
				limit = time.Duration(clearAt * float64(limit))
			}
			if behind := seconds(o.Behind); behind > limit {
				m.add(kindOutputBehind, o.Name, fmt.Sprintf("%s behind, %s waiting", Age(behind), count(o.Waiting, "message")),
					"see whether the destination takes what comes: \"estream top\" shows the rates; a filter or sampling makes less of it")
			}
		}
		m.losses(o)
	}
	if !works {
		m.add(kindNoOutput, "outputs", "no output works", "see the alarms of the outputs; events wait in the journal")
	}
}

// losses looks for events that an output will never have.
func (m *inspection) losses(o *service.OutputStatus) {
	lost, rejected, missed := o.Lost, uint64(0), uint64(0)
	if t := o.Transport; t != nil {
		rejected, missed = t.Rejected, t.Lost
	}
	if m.recent(kindLost+":"+o.Name, lost+missed) {
		var texts, cures []string
		if lost > 0 {
			texts = append(texts, count(lost, "event")+" gone from the journal before they were written")
			cures = append(cures, "see the log: either retention deleted them, and journal.retain_size is too small for this output, or the disk is damaged")
		}
		if missed > 0 {
			texts = append(texts, count(missed, "line")+" the destination is known to have missed")
			cures = append(cures, "use a destination that confirms, such as relp, if this must not happen")
		}
		m.add(kindLost, o.Name, strings.Join(texts, ", ")+" since start", strings.Join(cures, "; "))
	}
	if m.recent(kindRejected+":"+o.Name, rejected) {
		m.add(kindRejected, o.Name, count(rejected, "line")+" refused by the destination since start", "\"estream deadletter list\" shows them with the reason")
	}
	if m.recent(kindShed+":"+o.Name, o.Shed) {
		m.add(kindShed, o.Name, count(o.Shed, "event")+" left out since start, as when_full demands while the output is behind",
			"\"estream resend\" sends them from the journal while it has them")
	}
}

// A tally is a count that should stay 0.
type tally struct {
	n     uint64
	since time.Duration // its last change
}

// recent reports whether a count has risen within the last lossMemory.
func (m *inspection) recent(key string, n uint64) bool {
	t, ok := m.tallies[key]
	switch {
	case n == 0:
		delete(m.tallies, key)
		return false
	case !ok, n > t.n:
		t.since = 0
	default:
		t.since += m.passed // also when it began anew
	}
	t.n = n
	m.tallies[key] = t
	return t.since < lossMemory
}
