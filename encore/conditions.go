package encore

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os/exec"
	"time"

	"estream/encore/conf"
	"estream/internal/mute"
)

// Times of the conditions for going on.
const (
	conditionPause = 500 * time.Millisecond
	splunkTime     = 30 * time.Second // for an answer of "splunk status"
)

// A stopCause says why a client stops that nobody interrupted. Its lines are what
// eNcore logs.
type stopCause struct{ lines []string }

func (e *stopCause) Error() string { return e.lines[0] }

var (
	errDisabled  = &stopCause{[]string{"settings.enabled == False.", "Stopping"}}
	errRequested = &stopCause{[]string{"Stop was requested.", "Stopping"}}
	errEnter     = &stopCause{[]string{"User pressed <enter>.", "Stopping"}}
	errSplunk    = &stopCause{[]string{"Splunk is not running.", "Stopping"}}
	errBase      = &stopCause{[]string{"Base condition error", "Stopping"}}
	errSession   = &stopCause{[]string{"Process state is Error."}}
)

// checkConditions returns an error for a condition that does not exist.
func checkConditions(c *conf.Conf) error {
	for _, name := range c.Conditions {
		if name != "splunk" && name != "base" {
			return fmt.Errorf("$.conditions: found %q, expected splunk or base", name)
		}
	}
	return nil
}

// watch looks at the conditions until ctx ends, and stops the client at the first
// one that does not hold. A configuration that cannot be read just now, since an
// editor is writing it, changes nothing.
func (r *run) watch(ctx context.Context) {
	unreadable := mute.New(time.Minute)
	for pause(ctx, conditionPause) {
		if _, err := r.fsys.Stat(r.files.request()); err == nil {
			r.stop(errRequested)
		}
		now, err := r.load()
		switch {
		case err == nil && !now.Enabled:
			r.stop(errDisabled)
		case err != nil && unreadable.Ok():
			r.log.Warn("the configuration cannot be read; going on as before: " + err.Error())
		}
		for _, name := range r.conf.Conditions {
			switch {
			case name == "base":
				r.stop(errBase)
			case name == "splunk" && !splunkRuns(ctx, r.log) && ctx.Err() == nil:
				r.stop(errSplunk)
			}
		}
	}
}

// splunkRuns asks Splunk's own program, which must be in the PATH.
func splunkRuns(ctx context.Context, log *slog.Logger) bool {
	ctx, cancel := context.WithTimeout(ctx, splunkTime)
	defer cancel()
	err := exec.CommandContext(ctx, "splunk", "status").Run()
	if errors.Is(err, exec.ErrNotFound) {
		log.Error("condition splunk: " + err.Error())
	}
	return err == nil
}
