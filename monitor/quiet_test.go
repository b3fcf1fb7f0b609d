package monitor

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"estream/config"
	"estream/service"
)

// every lets an event come in regular steps for so long.
func (l *lab) every(step, d time.Duration, source, device uint32) {
	for end := l.now.Add(d); l.now.Before(end); l.pass(step) {
		l.came(source, device)
	}
	l.came(source, device)
	l.pass(DefaultInterval)
}

// TestQuietLearned: silence is an alarm after three times the longest pause, but
// not before the least; it clears with the next event.
func TestQuietLearned(t *testing.T) {
	all := []string{"category_quiet:intrusion", "device_quiet:ftd-1", "source_quiet:fmc-a"}
	for _, tt := range []struct {
		name        string
		pause, long time.Duration
		limit       time.Duration
	}{
		{"short pauses", 10 * time.Second, 10 * time.Second, 15 * time.Minute},
		{"one long pause", 10 * time.Second, 14 * time.Minute, 42 * time.Minute},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l := newLab(t, t.TempDir(), learning())
			l.observed(1, deviceName(t, 7, "ftd-1"))
			l.every(tt.pause, 20*time.Minute, 1, 7)
			l.pass(tt.long)
			l.every(tt.pause, time.Minute, 1, 7)
			l.want("while it sends")
			l.pass(tt.limit - 20*time.Second)
			l.want("short of the limit")
			l.pass(time.Minute)
			l.want("behind the limit", all...)
			silence := l.Report().Alarms[0]
			if since := l.now.Sub(silence.Since); since < tt.limit || since > tt.limit+time.Minute {
				t.Errorf("silent since %v, want the time of the last event", since)
			}
			l.came(1, 7)
			l.pass(DefaultInterval)
			l.want("after an event")
			for _, id := range all {
				kind, subject, _ := strings.Cut(id, ":")
				for _, text := range []string{`msg="alarm raised" alarm=` + kind + " subject=" + subject, `msg="alarm cleared" alarm=` + kind + " subject=" + subject} {
					if n := strings.Count(l.log.String(), text); n != 1 {
						t.Errorf("%q is in the log %d times, want once\n%s", text, n, l.log)
					}
				}
			}
		})
	}
}

// TestQuietBurst: what sent for a moment only has no habit to break.
func TestQuietBurst(t *testing.T) {
	l := newLab(t, t.TempDir(), learning())
	l.every(2*time.Second, 5*time.Minute, 1, 7)
	l.pass(3 * time.Hour)
	l.want("after one burst")
	l.came(1, 7) // the next one, hours later
	l.pass(8 * time.Hour)
	l.want("within three times the pause")
	l.pass(2 * time.Hour)
	l.want("behind it", "category_quiet:intrusion", "device_quiet:7 of fmc-a", "source_quiet:fmc-a")
}

// TestQuietConfigured: limits of the operator count before what was learned, also
// for those that never sent; none means that silence is fine.
func TestQuietConfigured(t *testing.T) {
	c := learning()
	c.QuietAfter = map[string]time.Duration{"fmc-a": time.Hour}
	c.Alarms.Quiet.Devices = map[string]time.Duration{"ftd-1": 2 * time.Minute, "ftd-2": 30 * time.Minute, "ftd-3": 0}
	c.Alarms.Quiet.Categories = map[config.Category]time.Duration{"intrusion": 0, "malware": 40 * time.Minute}
	l := newLab(t, t.TempDir(), c)
	l.observed(1, deviceName(t, 7, "ftd-1"), deviceName(t, 9, "ftd-3"))
	for range 20 {
		l.came(1, 9)
		l.every(10*time.Second, time.Minute, 1, 7)
	}
	l.want("at first")
	l.pass(3 * time.Minute)
	l.want("after 3 minutes", "device_quiet:ftd-1")
	l.pass(10 * time.Minute)
	l.want("after 13", "device_quiet:ftd-1", "device_quiet:ftd-2")
	l.pass(30 * time.Minute)
	l.want("after 43", "category_quiet:malware", "device_quiet:ftd-1", "device_quiet:ftd-2")
	l.pass(20 * time.Minute)
	l.want("after 63", "category_quiet:malware", "device_quiet:ftd-1", "device_quiet:ftd-2", "source_quiet:fmc-a")
	c.QuietAfter, c.Alarms.Quiet = nil, config.Quiet{Least: time.Minute}
	l.Configure(c)
	l.pass(DefaultInterval)
	l.want("without limits")
}

// TestQuietListens: silence while nobody listens is none, and no jump of the clock is.
func TestQuietListens(t *testing.T) {
	l := newLab(t, t.TempDir(), learning())
	l.every(10*time.Second, 20*time.Minute, 1, 7)
	source := &l.status.Sources[0]
	source.Connected = false
	l.pass(2 * time.Hour)
	l.want("without session", "source_disconnected:fmc-a")
	source.Connected = true
	l.status.Journal.Stall = "no space left on device"
	l.pass(2 * time.Hour)
	l.want("stalled", "journal_stalled:journal")
	l.status.Journal.Stall = ""
	l.pass(time.Minute)
	l.now = l.now.Add(24 * time.Hour)
	l.pass(time.Minute)
	l.now = l.now.Add(-48 * time.Hour)
	l.pass(time.Minute)
	l.want("after two jumps of the clock")
	l.pass(12 * time.Minute)
	l.want("after 15 minutes altogether", "category_quiet:intrusion", "device_quiet:7 of fmc-a", "source_quiet:fmc-a")
}

// TestQuietRestart: silence that began before a restart goes on, and what was learned stays.
func TestQuietRestart(t *testing.T) {
	dir := t.TempDir()
	l := newLab(t, dir, learning())
	l.observed(1, deviceName(t, 7, "ftd-1"))
	l.every(10*time.Second, 20*time.Minute, 1, 7)
	l.pass(30 * time.Minute)
	l.came(1, 7)
	l.pass(time.Hour)
	l.want("before") // the limit is an hour and a half
	l.save()
	if info, err := os.Stat(filepath.Join(dir, LearnedFile)); err != nil || info.Mode().Perm()&0o077 != 0 {
		t.Errorf("%v, %v; want a file for its owner only", info, err)
	}
	l = newLab(t, dir, learning())
	l.pass(29 * time.Minute)
	l.want("after")
	l.pass(2 * time.Minute)
	l.want("two minutes later", "category_quiet:intrusion", "device_quiet:ftd-1", "source_quiet:fmc-a")
}

// TestQuietForgets: alarms about what was switched off do not stay for ever, nor
// those of a device that has another name now, or whose source is gone.
func TestQuietForgets(t *testing.T) {
	l := newLab(t, t.TempDir(), learning())
	l.observed(1, deviceName(t, 7, "ftd-old"))
	l.every(10*time.Second, 20*time.Minute, 1, 7)
	l.observed(1, deviceName(t, 7, "ftd-new"))
	l.every(10*time.Second, 20*time.Minute, 1, 7)
	l.pass(time.Hour)
	l.want("renamed", "category_quiet:intrusion", "device_quiet:ftd-new", "source_quiet:fmc-a")
	for range 7 * 24 {
		l.now = l.now.Add(DefaultInterval)
		l.step(time.Hour)
	}
	l.pass(DefaultInterval)
	l.want("after a week")
	l.every(10*time.Second, 20*time.Minute, 1, 7)
	l.pass(time.Hour)
	l.status.Sources[0].Name = "fmc-z"
	l.pass(DefaultInterval)
	l.want("of another source")
}

// step lets time pass for the subjects only.
func (l *lab) step(d time.Duration) {
	r := *l.Report()
	i := inspection{Monitor: l.Monitor, r: &r, passed: d}
	i.silence()
}

// TestQuietGroup: of a pair, the journal has the first copy of an event only. The
// member that is always second is not silent; one that sends nothing is.
func TestQuietGroup(t *testing.T) {
	l := newLab(t, t.TempDir(), learning())
	l.status.Sources = append(l.status.Sources, service.SourceStatus{Name: "fmc-b", Server: "10.0.0.2:8302", Connected: true, Sessions: 1})
	l.status.Groups = []service.GroupStatus{{Name: "pair", Members: []string{"fmc-a", "fmc-b"}}}
	both := func(d time.Duration) {
		for end := l.now.Add(d); l.now.Before(end); {
			l.came(1, 7)
			l.status.Sources[1].Repeated++
			l.pass(10 * time.Second)
		}
	}
	both(time.Hour)
	l.want("while both send")
	l.every(10*time.Second, 20*time.Minute, 1, 7)
	l.want("while one sends", "source_quiet:fmc-b")
}

// TestQuietFile: whatever is in the file, the Monitor starts, and a file it cannot
// use is said once.
func TestQuietFile(t *testing.T) {
	for _, tt := range []struct{ content, want string }{
		{"", "unexpected end"},
		{"{}", "found version 0, expected 1"},
		{`{"version":2}`, "found version 2, expected 1"},
		{`{"version":1,"subjects":[{"kind":"device","name":"x","span":-5,"idle":1e300,"gaps":[{"hour":-3,"gap":9},{"hour":9000000000000,"gap":-1}]}]}`, ""},
		{strings.Repeat("x", maxLearnedFile+1), LearnedFile},
	} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, LearnedFile), []byte(tt.content), 0o600); err != nil {
			t.Fatal(err)
		}
		l := newLab(t, dir, learning())
		l.came(1, 7)
		l.pass(time.Minute)
		if log := l.log.String(); tt.want == "" && log != "" || !strings.Contains(log, tt.want) || strings.Count(log, "learned again") > 1 {
			t.Errorf("%.40q: log %q, want %q", tt.content, log, tt.want)
		}
		l.save()
		if again, err := loadQuiet(l.opt.FS, l.learnedPath()); err != nil || again.subjects[subjectKey{ofSource, "fmc-a"}] == nil {
			t.Errorf("%.40q: after saving: %v, %v", tt.content, again, err)
		}
	}
}

// TestQuietBounds: subjects that come and go over restarts do not pile up; those
// that are silent for longest go first.
func TestQuietBounds(t *testing.T) {
	q := &quiet{subjects: map[subjectKey]*subject{}}
	for i := range maxSubjects + 100 {
		q.subjects[subjectKey{ofDevice, strings.Repeat("x", i%7) + time.Duration(i).String()}] = &subject{idle: time.Duration(i), heard: true}
	}
	keep := map[subjectKey]bool{}
	for k, s := range q.subjects {
		if s.idle == maxSubjects+99 {
			keep[k] = true
		}
	}
	q.trim(keep)
	var idle []time.Duration
	for _, s := range q.subjects {
		idle = append(idle, s.idle)
	}
	slices.Sort(idle)
	if len(idle) != maxSubjects || idle[len(idle)-1] != maxSubjects+99 || idle[len(idle)-2] != maxSubjects-2 {
		t.Errorf("%d subjects, silent for %d and %d at most", len(idle), idle[len(idle)-2], idle[len(idle)-1])
	}
}
