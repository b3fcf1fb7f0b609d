package monitor

import (
	"fmt"
	"slices"
	"time"

	"estream/service"
)

const (
	// receiving is how long after its last event a source still counts as one that sends.
	receiving = time.Minute
	// Of a limit, what an alarm has to come down to before it clears.
	clearAt = 0.8
	// queueBytes in the kernel's receive queue mean that we do not keep up with a source.
	queueBytes = 64 << 10
	// The state directory is nearly full below a tenth of its file system, or below
	// spaceEnough where that is less.
	spacePart   = 10
	spaceEnough = 5 << 30
)

// A Space is how much room a file system has, in bytes, for ordinary users.
type Space struct {
	Free  uint64 `json:"free"`
	Total uint64 `json:"total"`
}

// A Certificate is what is to be known of one that must not expire.
type Certificate struct {
	Name      string    `json:"name"` // whose it is and where it stands, for people
	NotBefore time.Time `json:"not_before,omitzero"`
	NotAfter  time.Time `json:"not_after"`
}

// An inspection is one look at everything.
type inspection struct {
	*Monitor
	r      *Report
	passed time.Duration // since the last one
	found  []condition
}

// add takes note of something that is wrong. What it returns is valid until the next call.
func (m *inspection) add(kind, subject, text, cure string) *condition {
	m.found = append(m.found, condition{kind: kind, subject: subject, text: text, cure: cure})
	return &m.found[len(m.found)-1]
}

// inspect returns all that is wrong at present.
func (m *Monitor) inspect(r *Report, passed time.Duration) []condition {
	i := inspection{Monitor: m, r: r, passed: passed}
	if !r.Running {
		i.add(kindStopped, "collector", "the collector does not run", "see the log for why it ended, and restart the service")
		return i.found
	}
	i.journal()
	i.disk()
	i.sources()
	i.outputs()
	i.certificates()
	i.silence()
	return i.found
}

func (m *inspection) journal() {
	if j := &m.r.Status.Journal; j.Stall != "" {
		m.add(kindStalled, "journal", fmt.Sprintf("nothing can be written for %s: %s", Age(seconds(j.StalledFor)), j.Stall),
			"make room on, or repair, the disk of the state directory; sources wait until then, and the servers keep the events")
	}
	if n := m.r.Status.Journal.Damaged; m.recent(kindDamaged+":journal", n) {
		m.add(kindDamaged, "journal", fmt.Sprintf("%s could not be read any more", count(n, "message")),
			"check the disk for errors; copies of the damaged bytes lie beside the segments of the journal")
	}
}

func (m *inspection) disk() {
	if m.space == nil {
		return
	}
	limit := min(m.space.Total/spacePart, spaceEnough)
	if m.alarms.active(kindDiskFull, "state") {
		limit += limit / 5
	}
	if m.space.Free < limit {
		m.add(kindDiskFull, "state", fmt.Sprintf("%s of %s free on the disk of the state directory", Bytes(m.space.Free), Bytes(m.space.Total)),
			"make room, or lower journal.retain_size; events that an output has not written are never deleted")
	}
}

func (m *inspection) sources() {
	ever := false
	for i := range m.r.Status.Sources {
		s := &m.r.Status.Sources[i]
		ever = ever || s.Sessions > 0 || s.Sensor
		if s.Sensor && !s.Connected {
			m.add(kindDisconnected, s.Name, s.Server+" cannot be read: "+clip(s.LastError), "correct what the message says; it is tried again")
		} else if !s.Connected {
			text := "no session with " + s.Server
			if s.LastError != "" {
				text += ": " + clip(s.LastError)
			}
			m.add(kindDisconnected, s.Name, text, "run \"estream doctor\": it names the cause; the server keeps the events for now")
		}
		m.lag(s)
	}
	if s := m.r.Status.Server; s != nil && s.Error != "" {
		m.add(kindNotListening, "server", "no client can connect: "+clip(s.Error), "free the address, or give the server another one: server.listen; it is tried again every few seconds")
	}
	if !ever && len(m.r.Status.Sources) > 0 {
		m.add(kindNoSource, "sources", "no source has had a session since the start", "run \"estream doctor\": it names the cause")
	}
}

// lag looks for a source that falls behind. A silent one has an old last
// event, too, and is not behind.
func (m *inspection) lag(s *service.SourceStatus) {
	limit := m.config.Alarms.Behind
	if limit == 0 || !s.Connected {
		return
	}
	if m.opt.ReceiveQueue != nil {
		if n, ok := m.opt.ReceiveQueue(s.Name); ok && n >= queueBytes {
			m.add(kindQueueFull, s.Name, fmt.Sprintf("the kernel holds %s of events that were not taken yet", Bytes(uint64(n))),
				"see whether CPU or disk of this machine are at their limit; \"estream top\" shows the rates").raise = limit
		}
	}
	i := slices.IndexFunc(m.r.Counts.Sources, func(c SourceCount) bool { return c.Source == s.Name })
	if i < 0 || m.r.Counts.Sources[i].Arrival == 0 {
		return
	}
	if m.alarms.active(kindSourceBehind, s.Name) {
		limit = time.Duration(clearAt * float64(limit)) // and only a newer event clears it
	} else if m.r.At.Sub(time.Unix(0, m.r.Counts.Sources[i].Arrival)) > receiving {
		return
	}
	if lag := m.r.Counts.Sources[i].Lag; lag > limit {
		m.add(kindSourceBehind, s.Name, fmt.Sprintf("events are %s old when they come", Age(lag)),
			"after an interruption this passes; if it stays, compare the clocks of both machines, then look at the server's load and the network")
	}
}

func (m *inspection) certificates() {
	for _, c := range m.r.Certificates {
		days := time.Duration(m.config.Alarms.CertificateDays) * 24 * time.Hour
		switch left := c.NotAfter.Sub(m.r.At); {
		case left <= 0:
			m.add(kindExpired, c.Name, "expired at "+c.NotAfter.UTC().Format(time.DateTime)+" UTC", "make a new one: for a source, create the client again in the Management Center").since = c.NotAfter
		case m.r.At.Before(c.NotBefore):
			m.add(kindNotYetValid, c.Name, "is not valid before "+c.NotBefore.UTC().Format(time.DateTime)+" UTC", "set the clock of this machine right, or of the one that made the certificate")
		case left < days:
			m.add(kindExpiring, c.Name, fmt.Sprintf("expires in %s, at %s UTC", Age(left), c.NotAfter.UTC().Format(time.DateTime)), "make a new one in time: for a source, create the client again in the Management Center").since = c.NotAfter.Add(-days)
		}
	}
}
