package monitor

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"estream/service"
)

// An incident breaks something and mends it.
type incident struct {
	id    string
	text  string        // part of the alarm's text
	after time.Duration // from which on it is an alarm
	// critical says that /readyz fails from the first moment on.
	critical bool
	with     []string // alarms that come with it
	begin    func(l *lab)
	mend     func(l *lab)
	clears   time.Duration // from which on it is none any more
}

var incidents = []incident{
	{
		id: "collector_stopped:collector", text: "does not run", critical: true,
		begin: func(l *lab) { l.running = false }, mend: func(l *lab) { l.running = true },
	},
	{
		id: "journal_stalled:journal", text: "nothing can be written for 1m30s: disk full", after: 5 * time.Second, critical: true, clears: 10 * time.Second,
		begin: func(l *lab) { l.status.Journal.Stall, l.status.Journal.StalledFor = "disk full", 90 },
		mend:  func(l *lab) { l.status.Journal.Stall = "" },
	},
	{
		id: "no_output_works:outputs", text: "no output works", after: 30 * time.Second, critical: true, clears: 10 * time.Second,
		with:  []string{"output_failed:siem"},
		begin: func(l *lab) { l.status.Outputs[0].Works = false }, mend: func(l *lab) { l.status.Outputs[0].Works = true },
	},
	{
		id: "no_source_connected:sources", text: "since the start", after: time.Minute, critical: true,
		with:  []string{"source_disconnected:fmc-a"},
		begin: func(l *lab) { l.status.Sources[0].Sessions, l.status.Sources[0].Connected = 0, false },
		mend:  func(l *lab) { l.status.Sources[0].Sessions, l.status.Sources[0].Connected = 1, true },
	},
	{
		id: "server_not_listening:server", text: "no client can connect: address already in use", after: 10 * time.Second, critical: true,
		begin: func(l *lab) { l.status.Server = &service.ServerStatus{Error: "address already in use"} },
		mend:  func(l *lab) { l.status.Server = &service.ServerStatus{Listen: []string{":8302"}} },
	},
	{
		id: "source_disconnected:fmc-a", text: "no session with 10.0.0.1:8302: x509: no \x60 bell", after: time.Minute, clears: 30 * time.Second,
		begin: func(l *lab) {
			l.status.Sources[0].Connected, l.status.Sources[0].LastError = false, "x509: no \x60\n \x07bell"
		},
		mend: func(l *lab) { l.status.Sources[0].Connected = true },
	},
	{
		id: "output_failed:siem", text: "cannot write to tcp siem:514: connection refused", after: 30 * time.Second, clears: 30 * time.Second,
		begin: func(l *lab) {
			l.status.Outputs = append(l.status.Outputs, service.OutputStatus{Name: "other", Works: true})
			l.status.Outputs[0].Works, l.status.Outputs[0].Error = false, "connection refused"
		},
		mend: func(l *lab) { l.status.Outputs[0].Works = true },
	},
	{
		id: "events_lost:siem", text: "1 event gone from the journal before they were written, 2,000 lines the destination is known to have missed since start", clears: 24 * time.Hour,
		begin: func(l *lab) {
			l.status.Outputs[0].Lost, l.status.Outputs[0].Transport = 1, &service.TransportStats{Lost: 2000}
		},
		mend: func(*lab) {},
	},
	{
		id: "events_rejected:siem", text: "3 lines refused", clears: 24 * time.Hour,
		begin: func(l *lab) { l.status.Outputs[0].Transport = &service.TransportStats{Rejected: 3} }, mend: func(*lab) {},
	},
	{
		id: "events_shed:siem", text: "4 events left out", clears: 24 * time.Hour,
		begin: func(l *lab) { l.status.Outputs[0].Shed = 4 }, mend: func(*lab) {},
	},
	{
		id: "journal_damaged:journal", text: "5 messages could not be read", clears: 24 * time.Hour,
		begin: func(l *lab) { l.status.Journal.Damaged = 5 }, mend: func(*lab) {},
	},
	{
		id: "certificate_expired:fmc-a client", text: "expired at 2026-11-21 09:00:00 UTC",
		begin: func(l *lab) {
			l.certs = []Certificate{{"fmc-a client", start.Add(-time.Hour * 9999), start.Add(-time.Hour)}}
		},
		mend: func(l *lab) { l.certs = nil },
	},
	{
		id: "certificate_not_yet_valid:fmc-a client", text: "not valid before 2026-11-22 10:00:00 UTC",
		begin: func(l *lab) {
			l.certs = []Certificate{{"fmc-a client", start.Add(24 * time.Hour), start.Add(9999 * time.Hour)}}
		},
		mend: func(l *lab) { l.certs[0].NotBefore = start },
	},
	{
		id: "certificate_expiring:fmc-a client", text: "expires in 29d",
		begin: func(l *lab) {
			l.certs = []Certificate{{"fmc-a client", start, l.now.Add(29*24*time.Hour + time.Hour)}, {"fine", start, l.now.Add(31 * 24 * time.Hour)}}
		},
		mend: func(l *lab) { l.certs[0].NotAfter = start.Add(31 * 24 * time.Hour) },
	},
	{
		id: "disk_nearly_full:state", text: "4.00 GiB of 100 GiB free",
		begin: func(l *lab) { l.space.Free = 4 << 30 }, mend: func(l *lab) { l.space.Free = 7 << 30 },
	},
	{
		id: "source_queue_full:fmc-a", text: "the kernel holds 1.00 MiB", after: 5 * time.Minute, clears: 30 * time.Second,
		begin: func(l *lab) { l.queue["fmc-a"] = 1 << 20 }, mend: func(l *lab) { l.queue["fmc-a"] = 100 },
	},
	{
		id: "output_behind:siem", text: "6m behind, 1,234 messages waiting", after: 30 * time.Second, clears: 30 * time.Second,
		begin: func(l *lab) { l.status.Outputs[0].Waiting, l.status.Outputs[0].Behind = 1234, 360 },
		mend:  func(l *lab) { l.status.Outputs[0].Behind = 200 },
	},
}

// TestIncidents: what is wrong for long enough is an alarm, once, and what is
// right for long enough is none. /readyz follows the critical ones at once.
func TestIncidents(t *testing.T) {
	for _, tt := range incidents {
		t.Run(tt.id, func(t *testing.T) {
			l := newLab(t, t.TempDir(), learning())
			l.pass(time.Minute)
			l.want("before")
			tt.begin(l)
			l.pass(DefaultInterval)
			if got := !l.Report().Ready(); got != tt.critical {
				t.Errorf("not ready %v, want %v", got, tt.critical)
			}
			if tt.after > 0 {
				l.pass(tt.after - 2*DefaultInterval)
				if slices.Contains(l.active(), tt.id) {
					t.Errorf("an alarm after less than %v", tt.after)
				}
				l.pass(2 * DefaultInterval)
			}
			if !slices.Contains(l.active(), tt.id) {
				t.Fatalf("alarms %q, want %q", l.active(), tt.id)
			}
			for _, a := range l.Report().Alarms {
				if a.ID == tt.id && (!strings.Contains(a.Text, tt.text) || a.Cure == "" || a.Severity.rank() < 0 || a.Since.After(l.now)) {
					t.Errorf("alarm %+v, want the text %q", a, tt.text)
				}
			}
			l.pass(5 * time.Minute)
			l.want("later", append(tt.with, tt.id)...)
			tt.mend(l)
			if tt.clears > time.Hour {
				l.later(tt.clears)
			} else {
				l.pass(tt.clears - DefaultInterval)
			}
			if tt.clears > 0 && tt.clears < time.Hour && !slices.Contains(l.active(), tt.id) {
				t.Errorf("cleared after less than %v", tt.clears)
			}
			l.pass(time.Minute)
			l.want("mended")
			if !l.Report().Ready() {
				t.Errorf("not ready: %+v", l.Report().NotReady)
			}
			kind, _, _ := strings.Cut(tt.id, ":")
			for _, text := range []string{"alarm raised", "alarm cleared"} {
				if n := strings.Count(l.log.String(), `msg="`+text+`" alarm=`+kind); n != 1 {
					t.Errorf("%q is in the log %d times, want once\n%s", text, n, l.log)
				}
			}
		})
	}
}

// later lets a long time pass in steps of the longest that counts.
func (l *lab) later(d time.Duration) {
	for range d / longStep {
		l.now = l.now.Add(longStep)
		l.Step()
	}
}

// TestKinds: every kind of alarm is one that a test has seen.
func TestKinds(t *testing.T) {
	seen := []string{kindSourceQuiet, kindCategoryQuiet, kindDeviceQuiet, kindSourceBehind} // tests of their own
	for _, tt := range incidents {
		kind, _, _ := strings.Cut(tt.id, ":")
		seen = append(seen, kind)
	}
	var all []string
	for _, k := range Kinds() {
		all = append(all, k.Name)
		if k.Severity.rank() < 0 {
			t.Errorf("%s has the severity %q", k.Name, k.Severity)
		}
	}
	slices.Sort(seen)
	slices.Sort(all)
	if !slices.Equal(seen, all) {
		t.Errorf("kinds %q, tested are %q", all, seen)
	}
}

// TestSourceBehind: old events are an alarm while they come; silence is not, nor is
// a single late one, and what is known of the age stays while nothing comes.
func TestSourceBehind(t *testing.T) {
	c := learning()
	c.Alarms.Quiet.Learn = false
	l := newLab(t, t.TempDir(), c)
	send := func(age, d time.Duration) {
		for end := l.now.Add(d); l.now.Before(end); l.pass(DefaultInterval) {
			l.observed(1, intrusion(t, 7, uint32(l.now.Add(-age).Unix())))
		}
	}
	send(4*time.Minute, time.Minute)
	l.want("4 minutes old")
	l.pass(10 * time.Minute)
	l.want("silent")
	send(10*time.Minute, 10*time.Second)
	send(0, time.Minute)
	l.want("late for a moment")
	send(10*time.Minute, time.Minute)
	l.want("late", "source_behind:fmc-a")
	send(270*time.Second, time.Minute)
	l.want("hardly better", "source_behind:fmc-a")
	l.pass(time.Hour)
	l.want("then silent", "source_behind:fmc-a")
	send(3*time.Minute, time.Minute)
	l.want("better")
	for range 10 { // the clocks differ, and events are few
		send(10*time.Minute, 40*time.Second)
		l.pass(20 * time.Minute)
	}
	l.want("few late events", "source_behind:fmc-a")
	if n := strings.Count(l.log.String(), "alarm raised"); n != 2 {
		t.Errorf("raised %d times, want twice\n%s", n, l.log)
	}
	l.status.Sources[0].Connected = false
	l.pass(50 * time.Second)
	l.want("without session")
}

// TestFlapping: a session that comes for a moment does not hide that there is none,
// nor does it fill the log.
func TestFlapping(t *testing.T) {
	l := newLab(t, t.TempDir(), learning())
	for range 60 {
		l.status.Sources[0].Connected = false
		l.pass(50 * time.Second)
		l.status.Sources[0].Connected = true
		l.pass(10 * time.Second)
	}
	l.want("flapping", "source_disconnected:fmc-a")
	if n := strings.Count(l.log.String(), "alarm raised"); n != 1 {
		t.Errorf("raised %d times\n%s", n, l.log)
	}
}

// TestManyAlarms: a thousand at once are not a thousand lines.
func TestManyAlarms(t *testing.T) {
	l := newLab(t, t.TempDir(), learning())
	for i := range 1000 {
		l.certs = append(l.certs, Certificate{fmt.Sprint("c", i), start, l.now})
	}
	l.pass(DefaultInterval)
	if n := len(l.active()); n != 1000 {
		t.Errorf("%d alarms", n)
	}
	if n := strings.Count(l.log.String(), "\n"); n != quotaLines {
		t.Errorf("%d lines, want %d", n, quotaLines)
	}
	l.pass(time.Minute)
	l.certs = nil
	l.pass(DefaultInterval)
	if log := l.log.String(); !strings.Contains(log, "not_logged=970") {
		t.Errorf("the log does not say how many lines are missing:\n%s", log)
	}
}

// TestDiskUnreadable: said once, and no alarm.
func TestDiskUnreadable(t *testing.T) {
	l := newLab(t, t.TempDir(), learning())
	l.space.Free, l.spaceErr = 0, errors.New("no such device")
	l.pass(time.Minute)
	l.want("unreadable")
	if n := strings.Count(l.log.String(), "no such device"); n != 1 || l.Report().Space != (Space{}) {
		t.Errorf("said %d times, space %v", n, l.Report().Space)
	}
}

// TestFreeSpace asks the file system itself.
func TestFreeSpace(t *testing.T) {
	s, err := freeSpace(t.TempDir())
	if err != nil || s.Total == 0 || s.Free > s.Total {
		t.Errorf("%+v, %v", s, err)
	}
	if _, err := freeSpace(t.TempDir() + "/none"); err == nil {
		t.Error("a directory that does not exist has room")
	}
}

// TestLimitsOff: none switches an alarm off.
func TestLimitsOff(t *testing.T) {
	l := newLab(t, t.TempDir(), Config{})
	l.certs = []Certificate{{"soon", start, l.now.Add(5 * time.Minute)}}
	l.status.Outputs[0].Waiting, l.status.Outputs[0].Behind = 1, 1e9
	l.queue["fmc-a"] = 1 << 30
	l.every(time.Second, time.Minute, 1, 7)
	l.want("with all limits off")
	l.pass(5 * time.Minute)
	l.want("expired", "certificate_expired:soon")
}

// TestReportNameless: the only source may go without a name.
func TestReportNameless(t *testing.T) {
	l := newLab(t, t.TempDir(), learning())
	l.status.Sources[0].Name = ""
	l.watch.name = func(uint32) string { return "" }
	l.came(1, 7)
	l.pass(DefaultInterval)
	r := l.Report()
	if r.Status.Sources[0].Name != "10.0.0.1:8302" || r.Counts.Sources[0].Source != "10.0.0.1:8302" || r.Counts.Categories[0].Source != "10.0.0.1:8302" || r.Counts.Devices[0].Sources[0] != "10.0.0.1:8302" {
		t.Errorf("%+v", r)
	}
}
