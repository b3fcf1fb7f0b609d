package doctor

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"estream/estreamtest"
	"estream/pki"
)

// TestJudge: who is to blame for a connection that was closed without a word, by
// the certificate's addresses, this end, the server, and what networks we are in.
func TestJudge(t *testing.T) {
	for _, c := range []struct {
		issued, local, remote string
		mine                  string
		want                  Cause
	}{
		{"10.0.0.5", "10.0.0.5", "10.0.0.9", "10.0.0.5/24", NotRegistered},             // one network, no translation
		{"127.0.0.1", "127.0.0.1", "127.0.0.1", "", NotRegistered},                     // one host
		{"2001:db8::5", "2001:db8::5", "2001:db8::9", "2001:db8::5/64", NotRegistered}, // IPv6
		{"10.0.0.5", "10.0.0.5", "10.7.0.9", "10.0.0.5/24", AddressOrRevoke},           // a router in between
		{"10.0.0.5", "10.0.0.5", "198.51.100.9", "10.0.0.5/24", WrongHost},             // cannot get there untranslated
		{"100.64.0.5", "100.64.0.5", "198.51.100.9", "100.64.0.5/24", WrongHost},
		{"10.0.0.6", "10.0.0.5", "10.0.0.9", "10.0.0.5/24", WrongHost},
		{"10.1.0.5", "10.0.0.5", "10.7.0.9", "10.0.0.5/24 10.1.0.5/24", WrongHost},   // our other interface
		{"10.3.0.6", "10.0.0.5", "10.7.0.9", "10.0.0.5/24", WrongHost},               // most likely
		{"198.51.100.1", "10.0.0.5", "198.51.100.9", "10.0.0.5/24", AddressOrRevoke}, // perhaps the translated one
		{"", "10.0.0.5", "10.0.0.9", "10.0.0.5/24", AddressOrRevoke},                 // a name without address
		{"10.0.0.1 10.0.0.5", "10.0.0.5", "10.0.0.9", "10.0.0.5/24", NotRegistered},  // a name with two
	} {
		var issued []netip.Addr
		for _, a := range strings.Fields(c.issued) {
			issued = append(issued, netip.MustParseAddr(a))
		}
		var mine []netip.Prefix
		for _, p := range strings.Fields(c.mine) {
			mine = append(mine, netip.MustParsePrefix(p))
		}
		got, why := judge(issued, "siem", netip.MustParseAddr(c.local), netip.MustParseAddr(c.remote), mine)
		if got != c.want || !strings.Contains(why, "siem") {
			t.Errorf("%+v: got %s: %s", c, got, why)
		}
	}
}

// TestAlerts: each alert that refuses a certificate has its cause. crypto/tls has its
// own type in the error, with the same text.
func TestAlerts(t *testing.T) {
	want := map[tls.AlertError]Cause{alertRevoked: NotRegistered, alertExpired: ClientExpired, alertUnknownCA: WrongCA, alertRequired: ClientRefused, 80: TLSFailed}
	for alert, cause := range want {
		d := &diagnosis{}
		var s Step
		d.refused(t.Context(), &s, fmt.Errorf("session: %w", &net.OpError{Op: "remote error", Err: errors.New(alert.Error())}))
		if s.Cause != cause || !strings.Contains(s.Found, alert.Error()) {
			t.Errorf("%v: %+v, want cause %s", alert, s, cause)
		}
	}
	if _, ok := pki.RemoteAlert(&net.OpError{Op: "local error", Err: alertRevoked}); ok {
		t.Error("our own alert was taken for the server's")
	}
}

// TestSocketsTable reads lines as the kernel prints them, and refuses others.
func TestSocketsTable(t *testing.T) {
	const head = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid\n"
	line := "   7: 0100007F:C350 0200007F:206E 01 00000010:00020000 01:00000014 00000003  1000        0 31337 1\n"
	line6 := "   0: 00000000000000000000000001000000:206E 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 7 1\n"
	if bigEndian {
		line, line6 = strings.NewReplacer("0100007F", "7F000001", "0200007F", "7F000002").Replace(line), strings.Replace(line6, "01000000:", "00000001:", 1)
	}
	got, err := parseSockets(strings.NewReader(head + line + line6))
	if err != nil || len(got) != 2 {
		t.Fatal(got, err)
	}
	k := got[0]
	if k.Local.String() != "127.0.0.1:50000" || k.Remote.String() != "127.0.0.2:8302" || !k.Established || k.State != "ESTABLISHED" || k.Send != 16 || k.Receive != 0x20000 || k.RetransmitsNow != 3 || k.Raw != strings.TrimSpace(line) {
		t.Errorf("%+v", k)
	}
	if k := got[1]; k.Local.String() != "[::1]:8302" || k.State != "LISTEN" || k.Established {
		t.Errorf("%+v", k)
	}
	for _, bad := range []string{"0: 1", strings.Replace(line, "0100007F", "01007F", 1), strings.Replace(line, "C350", "Z", 1), strings.Replace(line, "00000010:00020000", "10", 1)} {
		if got, err := parseSockets(strings.NewReader(head + bad)); err == nil {
			t.Errorf("%q was read as %+v", bad, got)
		}
	}
}

// TestServerHello: only what begins like a handshake message of the server, with a
// time within a day, is taken for a clock.
func TestServerHello(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	hello := func(at time.Time) []byte {
		u := uint32(at.Unix())
		return []byte{22, 3, 3, 0, 90, 2, 0, 0, 86, 3, 3, byte(u >> 24), byte(u >> 16), byte(u >> 8), byte(u)}
	}
	at := now.Add(-10 * time.Minute)
	if got, ok := (&helloReader{head: hello(at)}).time(now); !ok || !got.Equal(at) {
		t.Errorf("got %v, %v", got, ok)
	}
	alert := hello(now)
	alert[0] = 21
	for _, head := range [][]byte{nil, hello(now)[:14], hello(now.Add(-25 * time.Hour)), alert} {
		if got, ok := (&helloReader{head: head}).time(now); ok {
			t.Errorf("%x was taken for %v", head, got)
		}
	}
}

// report has every kind of step.
var report = Report{Target: "fmc.example", Began: bundleTime, Steps: []Step{
	{Name: StepName, Tried: "look up fmc.example", Found: "10.0.0.9", Verdict: OK, Millis: 3},
	{Name: StepPort, Tried: "connect", Found: "refused", Verdict: Failed, Cause: PortClosed, Cure: "Start it.", ByHand: "nc -vz fmc.example 8302"},
	{Name: StepTLS, Found: "no connection", Verdict: Skipped},
	{Name: StepState, Tried: "write", Found: "little free", Verdict: Warning, Cause: DiskLow, Cure: "Make room."},
}}

// TestText is the page that people see, with colours and without.
func TestText(t *testing.T) {
	const want = `fmc.example
  ok       name                10.0.0.9
  failed   port                refused
                               tried:   connect
                               cause:   port-closed
                               cure:    Start it.
                               by hand: nc -vz fmc.example 8302
  skipped  tls                 no connection
  warning  state directory     little free
                               tried:   write
                               cause:   disk-nearly-full
                               cure:    Make room.
fmc.example: port: port-closed (failed)
`
	if got := text(t, report); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	var b bytes.Buffer
	if err := WriteText(&b, true, report, Report{Target: "evil\x1b[2J"}); err != nil {
		t.Fatal(err)
	}
	colour := regexp.MustCompile("\x1b\\[[0-9;]*m")
	if len(colour.FindAllString(b.String(), -1)) == 0 {
		t.Error("no colours")
	}
	if got := colour.ReplaceAllString(b.String(), ""); got != want+"\nevil?[2J\nevil?[2J: nothing wrong was found\n" {
		t.Errorf("without its colours it is\n%s", got)
	}
	if UseColour(&b) {
		t.Error("a buffer is a terminal")
	}
}

// TestJSON: what scripts read, and the exit status.
func TestJSON(t *testing.T) {
	var b bytes.Buffer
	if err := WriteJSON(&b, report); err != nil {
		t.Fatal(err)
	}
	var got struct {
		Status  int
		Reports []struct {
			Target string
			Cause  Cause
			Steps  []Step
		}
	}
	if err := json.Unmarshal(b.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if got.Status != ExitFailed || len(got.Reports) != 1 || got.Reports[0].Cause != PortClosed || got.Reports[0].Target != report.Target || fmt.Sprint(got.Reports[0].Steps) != fmt.Sprint(report.Steps) {
		t.Errorf("got %+v from %s", got, b.String())
	}
	warned := Report{Steps: report.Steps[3:]}
	if ExitStatus(warned) != ExitOK || ExitStatus(warned, report) != ExitFailed || ExitStatus() != ExitOK {
		t.Error("a warning fails, or a failure does not")
	}
	if err := new(Verdict).UnmarshalText([]byte("fine")); err == nil {
		t.Error("an unknown verdict was read")
	}
}

// TestStopped: a diagnosis that is told to stop reports no causes that are not there.
func TestStopped(t *testing.T) {
	l := newLab(t)
	ctx, stop := context.WithCancel(t.Context())
	target := l.target(l.center(l.serverTLS(), estreamtest.Stall(nil)))
	target.StateDir = l.dir
	var heard []Step
	target.OnStep = func(s Step) {
		heard = append(heard, s)
		if s.Name == StepServer {
			stop()
		}
	}
	r := Diagnose(ctx, target)
	if s, bad := r.Worst(); bad {
		t.Errorf("got %+v", s)
	}
	if len(r.Steps) != 10 || r.Steps[6].Name != StepAdmission || r.Steps[6].Verdict != Skipped || len(heard) != len(r.Steps) {
		t.Errorf("got\n%s", text(t, r))
	}
}

// TestHostile: what a server says does not reach the terminal as it is, and is bounded.
func TestHostile(t *testing.T) {
	l := newLab(t)
	target := l.target(l.center(l.serverTLS(), estreamtest.ExpectRequest(nil), estreamtest.SendError(1, strings.Repeat("\x1b]0;x\a\r\n\u202e", 5000)), estreamtest.Close()))
	s, _ := Diagnose(t.Context(), target).Worst()
	if s.Cause != ServerError || len(s.Found) > maxText+10 || strings.ContainsAny(s.Found, "\x1b\a\r\n\u202e") {
		t.Errorf("%d bytes: %q", len(s.Found), s.Found)
	}
}

// TestNothingStays: the probe of the state directory leaves no file.
func TestNothingStays(t *testing.T) {
	dir := t.TempDir()
	Diagnose(t.Context(), Target{StateDir: dir, Outputs: []OutputCheck{{"o", WritableCheck(filepath.Join(dir, "x"))}}})
	left, err := os.ReadDir(dir)
	if err != nil || len(left) != 0 {
		t.Errorf("left: %v, %v", left, err)
	}
}

// TestPage: docs/troubleshooting.md has a row for every cause, and none that is not.
func TestPage(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "docs", "troubleshooting.md"))
	if err != nil {
		t.Fatal(err)
	}
	known, rows := map[string]bool{}, map[string]int{}
	for _, c := range Causes() {
		known[string(c)] = true
	}
	for _, m := range regexp.MustCompile("(?m)^\\| `([a-z-]+)` \\|").FindAllSubmatch(page, -1) {
		rows[string(m[1])]++
		if !known[string(m[1])] {
			t.Errorf("the page has a cause %s that is none", m[1])
		}
	}
	for c := range known {
		if rows[c] != 1 {
			t.Errorf("the page has %d rows for %s", rows[c], c)
		}
	}
	for _, step := range []string{StepFile, StepClient, StepName, StepPort, StepTLS, StepServer, StepAdmission, StepEvents, StepClock, StepState, StepOutput, StepBacklog} {
		if !bytes.Contains(page, []byte("(`"+step+"`)\n")) {
			t.Errorf("no heading names the step %q", step)
		}
	}
}
