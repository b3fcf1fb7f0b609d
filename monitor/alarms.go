package monitor

import (
	"cmp"
	"context"
	"log/slog"
	"slices"
	"strings"
	"time"
)

// A Severity says how bad an alarm is.
type Severity string

// The severities.
const (
	// Critical: the service cannot do its work; /readyz answers 503.
	Critical Severity = "critical"
	// Error: part of it does not work, or events are lost.
	Error Severity = "error"
	// Warning: nothing is lost yet, and somebody should look.
	Warning Severity = "warning"
)

func (s Severity) rank() int { return slices.Index([]Severity{Critical, Error, Warning}, s) }

// An Alarm is something that calls for attention.
type Alarm struct {
	ID       string    `json:"id"`    // "KIND:SUBJECT"; the same each time
	Kind     string    `json:"alarm"` // one of Kinds
	Severity Severity  `json:"severity"`
	Subject  string    `json:"subject"` // the source, output, device, category or certificate
	Text     string    `json:"text"`    // what is wrong, at present
	Cure     string    `json:"cure"`    // what to do
	Since    time.Time `json:"since"`   // when it began
}

// A Kind is a kind of alarm.
type Kind struct {
	Name     string
	Severity Severity
	// Raise is how long something must be wrong until it is an alarm, Clear how long
	// it must be right until it is none any more. Both keep alarms from flapping.
	Raise, Clear time.Duration
}

// Kinds are all kinds of alarms.
func Kinds() []Kind { return slices.Clone(kinds) }

var kinds = []Kind{
	{kindStopped, Critical, 0, 0},
	{kindStalled, Critical, 5 * time.Second, 10 * time.Second},
	{kindNoOutput, Critical, 30 * time.Second, 10 * time.Second},
	{kindNoSource, Critical, time.Minute, 0},
	{kindNotListening, Critical, 10 * time.Second, 0},
	{kindDisconnected, Error, time.Minute, 30 * time.Second},
	{kindOutputFailed, Error, 30 * time.Second, 30 * time.Second},
	{kindLost, Error, 0, 0},
	{kindDamaged, Error, 0, 0},
	{kindExpired, Error, 0, 0},
	{kindNotYetValid, Error, 0, 0},
	{kindSourceQuiet, Warning, 0, 0},
	{kindCategoryQuiet, Warning, 0, 0},
	{kindDeviceQuiet, Warning, 0, 0},
	{kindSourceBehind, Warning, 30 * time.Second, 30 * time.Second},
	{kindQueueFull, Warning, 0, 30 * time.Second}, // its condition has a limit of its own
	{kindOutputBehind, Warning, 30 * time.Second, 30 * time.Second},
	{kindRejected, Warning, 0, 0},
	{kindShed, Warning, 0, 0},
	{kindDiskFull, Warning, 0, 0},
	{kindExpiring, Warning, 0, 0},
}

// Names of the kinds. They are part of alarm IDs and metrics.
const (
	kindStopped       = "collector_stopped"
	kindStalled       = "journal_stalled"
	kindDamaged       = "journal_damaged"
	kindNoOutput      = "no_output_works"
	kindNoSource      = "no_source_connected"
	kindNotListening  = "server_not_listening"
	kindDisconnected  = "source_disconnected"
	kindSourceBehind  = "source_behind"
	kindQueueFull     = "source_queue_full"
	kindSourceQuiet   = ofSource + "_quiet"
	kindCategoryQuiet = ofCategory + "_quiet"
	kindDeviceQuiet   = ofDevice + "_quiet"
	kindOutputFailed  = "output_failed"
	kindOutputBehind  = "output_behind"
	kindLost          = "events_lost"
	kindRejected      = "events_rejected"
	kindShed          = "events_shed"
	kindDiskFull      = "disk_nearly_full"
	kindExpiring      = "certificate_expiring"
	kindExpired       = "certificate_expired"
	kindNotYetValid   = "certificate_not_yet_valid"
)

// A condition is something that is wrong right now.
type condition struct {
	kind, subject string
	text, cure    string
	since         time.Time     // zero: since it was first seen
	raise         time.Duration // in addition to that of the kind
}

// alarms turns conditions into alarms.
type alarms struct {
	states map[string]*alarmState
	log    *slog.Logger
	quota  quota
}

// An alarmState is a condition that was seen, and has not been away for long.
type alarmState struct {
	Alarm
	kind    *Kind
	raise   time.Duration
	on      time.Duration // for how long it has been wrong
	off     time.Duration // and since then right
	raised  bool
	present bool
}

// active reports whether an alarm is raised, for limits that differ by that.
func (a *alarms) active(kind, subject string) bool {
	s := a.states[kind+":"+subject]
	return s != nil && s.raised
}

// step lets time pass and takes what is wrong now.
func (a *alarms) step(now time.Time, passed time.Duration, wrong []condition) {
	a.quota.step(passed)
	for _, s := range a.states {
		s.present = false
	}
	for _, c := range wrong {
		id := c.kind + ":" + c.subject
		s := a.states[id]
		if s == nil {
			k := &kinds[slices.IndexFunc(kinds, func(k Kind) bool { return k.Name == c.kind })]
			s = &alarmState{kind: k, Alarm: Alarm{ID: id, Kind: c.kind, Severity: k.Severity, Subject: c.subject, Since: now}}
			if !c.since.IsZero() {
				s.Since = c.since
			}
			a.states[id] = s
		} else {
			s.on += passed
		}
		s.Text, s.Cure, s.raise, s.off, s.present = c.text, c.cure, s.kind.Raise+c.raise, 0, true
	}
	// In the order of IDs, so that the log reads the same each time.
	for _, id := range sorted(a.states) {
		s := a.states[id]
		if s.present && !s.raised && s.on >= s.raise {
			s.raised = true
			a.write(levels[s.Severity], "alarm raised", "alarm", s.Kind, "subject", s.Subject, "text", s.Text, "cure", s.Cure)
		}
		if s.present {
			continue
		}
		if s.off += passed; s.off < s.kind.Clear {
			continue
		}
		delete(a.states, id)
		if s.raised {
			a.write(slog.LevelInfo, "alarm cleared", "alarm", s.Kind, "subject", s.Subject, "lasted", now.Sub(s.Since).Round(time.Second))
		}
	}
}

// forget drops all alarms but that about the collector, without calling them mended.
func (a *alarms) forget() {
	for id, s := range a.states {
		if s.Kind != kindStopped {
			delete(a.states, id)
		}
	}
}

var levels = map[Severity]slog.Level{Critical: slog.LevelError, Error: slog.LevelError, Warning: slog.LevelWarn}

// raised returns the alarms, worst first, and what stands in the way of work right
// now whether or not it has lasted long enough to be an alarm.
func (a *alarms) raised() (raised, critical []Alarm) {
	for _, s := range a.states {
		if s.raised {
			raised = append(raised, s.Alarm)
		}
		if s.present && s.Severity == Critical {
			critical = append(critical, s.Alarm)
		}
	}
	for _, list := range [][]Alarm{raised, critical} {
		slices.SortFunc(list, func(x, y Alarm) int {
			return cmp.Or(cmp.Compare(x.Severity.rank(), y.Severity.rank()), strings.Compare(x.ID, y.ID))
		})
	}
	return raised, critical
}

func (a *alarms) write(level slog.Level, text string, args ...any) {
	held, ok := a.quota.take()
	if !ok {
		return
	}
	if held > 0 {
		args = append(args, "not_logged", held)
	}
	a.log.Log(context.Background(), level, text, args...)
}

// A quota lets so many log lines through at once, and one more every few seconds:
// a thousand devices that fall silent at once are one event.
type quota struct {
	used float64
	held uint64
}

const (
	quotaLines  = 30
	quotaRefill = 10 * time.Second // for a line
)

func (q *quota) step(passed time.Duration) {
	q.used = max(0, q.used-passed.Seconds()/quotaRefill.Seconds())
}

// take reports whether a line may be written, and how many were held back before it.
func (q *quota) take() (held uint64, ok bool) {
	if q.used+1 > quotaLines {
		q.held++
		return 0, false
	}
	q.used++
	held, q.held = q.held, 0
	return held, true
}
