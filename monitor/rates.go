package monitor

import (
	"log/slog"

	"estream/service"
)

// Rates are how fast counters have grown, per second.
type Rates struct {
	Seconds  float64               `json:"seconds"` // over which they were taken; 0: there are none yet
	Received float64               `json:"received"`
	Written  float64               `json:"written"` // lines, all outputs together
	Sources  map[string]SourceRate `json:"sources,omitempty"`
	Outputs  map[string]OutputRate `json:"outputs,omitempty"`
}

// A SourceRate is what a source brings, in messages per second.
type SourceRate struct {
	Received  float64 `json:"received"`
	Repeated  float64 `json:"repeated"`
	Journaled float64 `json:"journaled"`
}

// An OutputRate is what an output takes per second.
type OutputRate struct {
	Messages float64 `json:"messages"`
	Lines    float64 `json:"lines"`
	Bytes    float64 `json:"bytes"`
}

// RatesBetween returns how fast the counters of two Status values grew. Sources
// and outputs that are in only one of them are left out; a counter that began
// anew in between counts from 0. Without time between the two there are no rates.
func RatesBetween(before, after service.Status) Rates {
	seconds := after.At.Sub(before.At).Seconds()
	if seconds <= 0 {
		return Rates{}
	}
	rate := func(before, after uint64) float64 {
		if after < before {
			before = 0
		}
		return float64(after-before) / seconds
	}
	r := Rates{Seconds: seconds, Sources: map[string]SourceRate{}, Outputs: map[string]OutputRate{}}
	sources := map[string]*service.SourceStatus{}
	for i := range before.Sources {
		sources[before.Sources[i].Name] = &before.Sources[i]
	}
	for i := range after.Sources {
		a := &after.Sources[i]
		if b := sources[a.Name]; b != nil {
			s := SourceRate{rate(b.Received, a.Received), rate(b.Repeated, a.Repeated), rate(b.Journaled, a.Journaled)}
			r.Sources[a.Name] = s
			r.Received += s.Received
		}
	}
	outputs := map[string]*service.OutputStatus{}
	for i := range before.Outputs {
		outputs[before.Outputs[i].Name] = &before.Outputs[i]
	}
	for i := range after.Outputs {
		a := &after.Outputs[i]
		if b := outputs[a.Name]; b != nil {
			o := OutputRate{rate(b.Messages, a.Messages), rate(b.Lines, a.Lines), rate(b.Bytes, a.Bytes)}
			r.Outputs[a.Name] = o
			r.Written += o.Lines
		}
	}
	return r
}

// LogSummary writes one line that says how it goes.
func LogSummary(log *slog.Logger, r *Report) {
	var received, journaled, lines, waiting uint64
	connected, works := 0, 0
	for i := range r.Status.Sources {
		s := &r.Status.Sources[i]
		received, journaled = received+s.Received, journaled+s.Journaled
		if s.Connected {
			connected++
		}
	}
	for i := range r.Status.Outputs {
		o := &r.Status.Outputs[i]
		lines, waiting = lines+o.Lines+o.Raw, max(waiting, o.Waiting)
		if o.Works {
			works++
		}
	}
	log.Info("summary",
		"connected", fraction(connected, len(r.Status.Sources)), "outputs", fraction(works, len(r.Status.Outputs)),
		"received", received, "journaled", journaled, "written", lines, "waiting", waiting,
		"received_per_second", perSecond(r.Rates.Received), "written_per_second", perSecond(r.Rates.Written),
		"journal_bytes", r.Status.Journal.Bytes, "alarms", len(r.Alarms))
}
