package monitor

import (
	"context"
	"os"
	"strings"
	"testing"
	"time"

	"estream/service"
)

// TestRun looks at once, sums up, keeps what it learned at the end.
func TestRun(t *testing.T) {
	l := busy(t)
	l.opt.Summary, l.opt.Interval = time.Minute, time.Millisecond
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	looks := make(chan struct{})
	inner := l.opt.Status
	n := 0
	l.opt.Now = func() time.Time { return start.Add(time.Duration(n) * 40 * time.Second) }
	l.opt.Status = func() (service.Status, bool) {
		select {
		case looks <- struct{}{}:
		case <-ctx.Done():
		}
		n++
		s, ok := inner()
		return s, ok
	}
	go func() { defer close(done); l.Run(ctx) }()
	for range 5 {
		<-looks
	}
	stop()
	<-done
	if log := l.log.String(); !strings.Contains(log, "msg=summary connected=2/2 outputs=2/2 received=665120 journaled=660120 written=661220 waiting=400") {
		t.Errorf("log %q", log)
	}
	if _, err := os.Stat(l.learnedPath()); err != nil {
		t.Error(err)
	}
}

// TestSaveFails: said, and tried again with the next chance.
func TestSaveFails(t *testing.T) {
	l := newLab(t, t.TempDir(), learning())
	l.came(1, 7)
	l.pass(DefaultInterval)
	if err := os.RemoveAll(l.dir); err != nil {
		t.Fatal(err)
	}
	l.save()
	if log := l.log.String(); strings.Count(log, "\n") != 1 || !strings.Contains(log, "less of the past") {
		t.Errorf("log %q", log)
	}
	if err := os.Mkdir(l.dir, 0o700); err != nil {
		t.Fatal(err)
	}
	l.save()
	if _, err := os.Stat(l.learnedPath()); err != nil {
		t.Error(err)
	}
	if err := os.Remove(l.learnedPath()); err != nil {
		t.Fatal(err)
	}
	l.save() // nothing is new
	if _, err := os.Stat(l.learnedPath()); err == nil {
		t.Error("what did not change was written")
	}
}
