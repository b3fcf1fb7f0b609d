package doctor

import (
	"fmt"
	"time"
)

// A Verdict is the result of one step.
type Verdict uint8

// The verdicts, from good to bad; a step that was left out stands before them.
const (
	Skipped Verdict = iota // not tried; Found says why
	OK
	Warning // events may come, but somebody should look
	Failed  // events do not come, or will stop
)

var verdictWords = [...]string{Skipped: "skipped", OK: "ok", Warning: "warning", Failed: "failed"}

// String returns "skipped", "ok", "warning" or "failed".
func (v Verdict) String() string {
	if int(v) < len(verdictWords) {
		return verdictWords[v]
	}
	return fmt.Sprintf("verdict %d", uint8(v))
}

// MarshalText returns the word of String, for JSON.
func (v Verdict) MarshalText() ([]byte, error) { return []byte(v.String()), nil }

// UnmarshalText reads the word of String.
func (v *Verdict) UnmarshalText(text []byte) error {
	for i, word := range verdictWords {
		if word == string(text) {
			*v = Verdict(i)
			return nil
		}
	}
	return fmt.Errorf("verdict %q: skipped, ok, warning or failed expected", text)
}

// The names of the steps, in order. They do not change.
const (
	StepFile      = "certificate file"   // the PKCS#12 file can be read
	StepClient    = "client certificate" // it is valid now
	StepName      = "name"               // the server's name has an address
	StepPort      = "port"               // the server's port takes connections
	StepTLS       = "tls"                // versions and ciphers fit
	StepServer    = "server certificate" // it is the one of the PKCS#12 file
	StepAdmission = "admission"          // the server lets this host in
	StepEvents    = "events"             // it sends what was asked for
	StepClock     = "clock"              // both clocks agree
	StepState     = "state directory"    // it can be written and has room
	StepOutput    = "output"             // followed by a blank and the output's name
	StepBacklog   = "backlog"            // nothing waits
)

// A Step is one question and its answer. Its texts are one line each; what came
// from a peer is printable in them.
type Step struct {
	Name    string  `json:"step"`
	Tried   string  `json:"tried"`
	Found   string  `json:"found"`
	Verdict Verdict `json:"verdict"`
	Cause   Cause   `json:"cause,omitempty"` // empty for OK and Skipped
	Cure    string  `json:"cure,omitempty"`
	ByHand  string  `json:"by_hand,omitempty"` // a command that shows the same without estream
	// Millis is how long the step took, in milliseconds.
	Millis int64 `json:"ms"`
}

// A Report is what Diagnose returns.
type Report struct {
	Target string    `json:"target"`
	Began  time.Time `json:"began"`
	Steps  []Step    `json:"steps"`
}

// Worst returns the step that decides: the first that failed, else the first with a
// warning. It reports false when all is well. Later steps often fail because of an
// earlier one, so the first is the one to mend.
func (r Report) Worst() (Step, bool) {
	var found Step
	for _, s := range r.Steps {
		if s.Verdict > found.Verdict && s.Verdict >= Warning {
			found = s
		}
	}
	return found, found.Verdict >= Warning
}

// Cause returns the cause of the step that Worst returns, or "".
func (r Report) Cause() Cause {
	s, _ := r.Worst()
	return s.Cause
}

// Exit statuses of a command that prints reports.
const (
	ExitOK     = 0 // no step failed; there may be warnings
	ExitFailed = 1 // a step failed
)

// ExitStatus returns ExitFailed if any step of the reports failed, else ExitOK.
// Warnings do not count: a quiet network must not fail a script that runs nightly.
func ExitStatus(reports ...Report) int {
	for _, r := range reports {
		if s, _ := r.Worst(); s.Verdict == Failed {
			return ExitFailed
		}
	}
	return ExitOK
}
