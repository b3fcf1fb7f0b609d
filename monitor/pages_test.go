package monitor

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"estream/service"
)

var update = flag.Bool("update", false, "rewrite golden files")

// busy returns a lab in which much has happened, and its time is 10:11:00.
func busy(t *testing.T) *lab {
	l := newLab(t, t.TempDir(), learning())
	l.space = Space{Free: 40 << 30, Total: 100 << 30}
	l.status = service.Status{
		Sources: []service.SourceStatus{
			{Name: "fmc-a", Server: "10.0.0.1:8302", Connected: true, Sessions: 1, LastEvent: start.Add(10*time.Minute + 58*time.Second)},
			{Name: "fmc-b", Server: "fmc-b.example.com:8302", Connected: true, Sessions: 3, Received: 5120, Repeated: 5000, Journaled: 120, LastReceived: start.Add(10 * time.Minute)},
		},
		Groups:  []service.GroupStatus{{Name: "ha", Members: []string{"fmc-a", "fmc-b"}, Repeated: 5000, Remembered: 600}},
		Journal: service.JournalStatus{Bytes: 1300 << 20, Segments: 21, Messages: 1234567, Pending: 100, Deleted: 7, Syncs: 99},
		Outputs: []service.OutputStatus{
			{Name: "archive", Destination: "file:/var/log/estream/events.json", Guarantee: "exactly once", Works: true, Messages: 900, Lines: 800, Raw: 20, Filtered: 80},
			{
				Name: "siem", Destination: "tls siem.example.com:6514", Guarantee: "at least once into the network", Works: true, Messages: 500, Lines: 400, Silent: 100, Waiting: 400, Behind: 2,
				Transport:   &service.TransportStats{Lines: 400, Bytes: 40000, Truncated: 2, Connects: 1, Connected: true},
				Undecodable: []service.ProblemCount{{Record: 9, Reason: "unknown record type", Records: 2}, {Record: 10, Reason: "unknown record type", Records: 3}},
			},
		},
	}
	l.certs = []Certificate{{"fmc-a client", start.Add(-time.Hour), start.AddDate(1, 0, 0)}}
	l.observed(1, deviceName(t, 7, "ftd-1"), intrusion(t, 7, uint32(start.Unix())))
	for range 330 {
		l.came(1, 7)
		l.observed(2, connection(t, 9, 1, l.now), connection(t, 8, 0, l.now))
		l.status.Sources[0].Received += 2000
		l.status.Sources[0].Journaled += 2000
		l.status.Sources[0].LastReceived = l.now
		l.status.Outputs[0].Lines += 1999
		l.status.Outputs[1].Lines++
		l.pass(DefaultInterval)
	}
	return l
}

// wrong makes a lab with alarms out of it.
func (l *lab) wrong() {
	l.status.Sources[1].Connected, l.status.Sources[1].LastError = false, "dial tcp: lookup fmc-b.example.com: no such host"
	l.status.Outputs[1].Works, l.status.Outputs[1].Error = false, "connection refused"
	l.status.Outputs[1].Waiting, l.status.Outputs[1].Behind, l.status.Outputs[1].Lost = 250000, 400, 12
	l.status.Journal.HeldBytes, l.status.Journal.HeldBy = 200<<20, "siem"
	l.status.Outputs[0].Works = false
	l.certs[0].NotAfter = l.now.Add(10 * 24 * time.Hour)
	l.pass(2 * time.Minute)
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s: got\n%s\nwant\n%s\nrun: go test ./monitor -update", path, got, want)
	}
}

func TestText(t *testing.T) {
	l := busy(t)
	show := func(colour bool) []byte {
		var b bytes.Buffer
		p := NewPage(l.Report(), "v1.2.3")
		if err := WriteText(&b, &p, colour); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	golden(t, "well.txt", show(false))
	l.wrong()
	golden(t, "wrong.txt", show(false))
	colours := regexp.MustCompile("\x1b\\[[0-9;]*m")
	if painted := show(true); bytes.Equal(painted, show(false)) || !bytes.Equal(colours.ReplaceAll(painted, nil), show(false)) {
		t.Errorf("with colours it is\n%s", painted)
	}
	for i := range 30 {
		l.certs = append(l.certs, Certificate{fmt.Sprintf("\x1b[31m%d", i), start, start})
	}
	l.status.Sources[0].Server = "evil\x1b[2J\n"
	l.pass(DefaultInterval)
	if bytes.ContainsRune(show(false), 0x1b) || !bytes.Contains(show(false), []byte("more alarms; ")) {
		t.Errorf("names are shown as they are, or too many alarms\n%s", show(false))
	}
	l.running = false
	l.pass(DefaultInterval)
	golden(t, "stopped.txt", show(false))
}

// TestVerdict: the first word of the page.
func TestVerdict(t *testing.T) {
	alarm := func(s Severity) []Alarm { return []Alarm{{ID: string(s), Severity: s}} }
	for _, tt := range []struct {
		r    Report
		want string
	}{
		{Report{}, "DOES NOT RUN"},
		{Report{Running: true}, "ALL IS WELL"},
		{Report{Running: true, Alarms: alarm(Warning)}, "WORKS, WITH WARNINGS"},
		{Report{Running: true, NotReady: alarm(Critical)}, "NOT READY"},
		{Report{Running: true, Alarms: alarm(Error), NotReady: alarm(Critical)}, "NEEDS HELP"},
		{Report{Running: true, Alarms: alarm(Critical), NotReady: alarm(Critical)}, "DOES NOT WORK"},
	} {
		var b bytes.Buffer
		p := NewPage(&tt.r, "v1")
		if err := WriteText(&b, &p, false); err != nil || !strings.HasPrefix(b.String(), tt.want+"  estream v1") {
			t.Errorf("%+v: %v, %q, want %q", tt.r, err, b.String(), tt.want)
		}
	}
}

// metricsOf returns the metrics of a lab, and fails the test if promtool finds fault with them.
func metricsOf(t *testing.T, l *lab) string {
	t.Helper()
	data, err := NewMetrics(l.Report, "v1.2.3").Text()
	if err != nil {
		t.Fatal(err)
	}
	promtool, err := exec.LookPath("promtool")
	if err != nil {
		t.Fatalf("%v: install Debian's package prometheus, without its recommendations, or run tools/needs.sh", err)
	}
	check := exec.Command(promtool, "check", "metrics")
	check.Stdin = bytes.NewReader(data)
	if out, err := check.CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("promtool check metrics: %v\n%s", err, out)
	}
	return string(data)
}

func TestMetrics(t *testing.T) {
	l := busy(t)
	text := metricsOf(t, l)
	for _, want := range []string{
		`estream_build_info{goversion="go`,
		`estream_ready 1`,
		`estream_events_total{category="intrusion",source="fmc-a"} 331`,
		`estream_events_total{category="security_intelligence",source="fmc-b"} 330`,
		`estream_device_events_total{device="ftd-1"} 331`,
		`estream_device_events_total{device="9 of fmc-b"} 330`,
		`estream_source_received_messages_total{source="fmc-a"} 660000`,
		`estream_source_lag_seconds{source="fmc-a"} 0`,
		`estream_group_repeated_events_total{group="ha"} 5000`,
		`estream_journal_bytes 1.3631488e+09`,
		`estream_output_messages_total{output="siem",result="silent"} 100`,
		`estream_output_undecodable_records_total{output="siem",reason="unknown record type"} 5`,
		`estream_output_truncated_lines_total{output="siem"} 2`,
		`estream_alarms{alarm="device_quiet",severity="warning"} 0`,
		`estream_certificate_not_after_timestamp_seconds{certificate="fmc-a client"} 1.8`,
		`estream_state_free_bytes 4.294967296e+10`,
		"go_goroutines ", "process_start_time_seconds ",
	} {
		if !strings.Contains(text, "\n"+want) {
			t.Errorf("no %s", want)
		}
	}
	for _, not := range []string{`estream_output_truncated_lines_total{output="archive"}`, `estream_source_last_event_timestamp_seconds{source="fmc-b"}`} {
		if strings.Contains(text, not) {
			t.Errorf("%s has a value, and there is none", not)
		}
	}
	l.wrong()
	text = metricsOf(t, l)
	for _, want := range []string{
		"estream_ready 0", `estream_alarms{alarm="output_failed",severity="error"} 2`,
		`estream_alarm_since_timestamp_seconds{alarm="source_disconnected",severity="error",subject="fmc-b"} 1.7`,
	} {
		if !strings.Contains(text, "\n"+want) {
			t.Errorf("no %s", want)
		}
	}
	l.running = false
	l.pass(DefaultInterval)
	if text = metricsOf(t, l); !strings.Contains(text, "\nestream_collector_running 0") || strings.Contains(text, "estream_source") {
		t.Errorf("metrics of a collector that does not run:\n%s", text)
	}
}

// TestMetricsHostile: what peers send as names makes neither a scrape fail nor
// more series than are allowed.
func TestMetricsHostile(t *testing.T) {
	l := newLab(t, t.TempDir(), learning())
	l.observed(1, deviceName(t, 1, "a\"\n\\\xff"), deviceName(t, 2, "a\"\n\\\xfe"), intrusion(t, 1, 1), intrusion(t, 2, 1))
	l.observed(9, intrusion(t, 1, 1)) // a source without name, as is
	l.observed(8, intrusion(t, 1, 1)) // this one
	for i := range maxReasons + 10 {
		l.status.Outputs[0].Undecodable = append(l.status.Outputs[0].Undecodable, service.ProblemCount{Reason: fmt.Sprint(i), Records: 1})
	}
	l.pass(DefaultInterval)
	text := metricsOf(t, l)
	for _, want := range []string{`estream_device_events_total{device="a\"?\\?"} 2`, `estream_output_undecodable_records_total{output="siem",reason="other"} 10`} {
		if !strings.Contains(text, "\n"+want) {
			t.Errorf("no %s", want)
		}
	}
}

func get(t *testing.T, h http.Handler, method, path string) (int, string) {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(method, path, nil))
	return w.Code, w.Body.String()
}

func TestHandler(t *testing.T) {
	l := busy(t)
	h := Handler(HandlerOptions{Report: l.Report, Version: "v1.2.3"})
	check := func(when, method, path string, code int, parts ...string) {
		t.Helper()
		got, body := get(t, h, method, path)
		if got != code {
			t.Errorf("%s: %s %s: %d, want %d\n%s", when, method, path, got, code, body)
		}
		for _, part := range parts {
			if !strings.Contains(body, part) {
				t.Errorf("%s: %s %s: no %s in\n%s", when, method, path, part, body)
			}
		}
	}
	check("well", "GET", "/healthz", 200, `"running": true`)
	check("well", "GET", "/readyz", 200, `"ready": true`, `"alarms": []`)
	check("well", "GET", "/status", 200, `"name": "fmc-a"`, `"version": "v1.2.3"`, `"journaled": 660000`)
	check("well", "GET", "/metrics", 200, "estream_ready 1")
	check("well", "POST", "/status", 405)
	check("well", "GET", "/", 404)
	check("well", "GET", "/debug/pprof/", 404)
	l.wrong()
	check("wrong", "GET", "/healthz", 200)
	check("wrong", "GET", "/readyz", 503, `"ready": false`, `"id": "no_output_works:outputs"`, `"id": "certificate_expiring:fmc-a client"`, `"cure": "run `)
	l.running = false
	l.pass(DefaultInterval)
	check("stopped", "GET", "/healthz", 503, `"running": false`)
	check("stopped", "GET", "/readyz", 503, "collector_stopped")
	check("stopped", "GET", "/status", 200, `"sources": []`, `"outputs": []`)
	early := Handler(HandlerOptions{Report: (&Monitor{opt: Options{Now: time.Now}}).Report, Pprof: true})
	for path, want := range map[string]int{"/readyz": 503, "/healthz": 503, "/debug/pprof/": 200, "/debug/pprof/goroutine": 200} {
		if code, body := get(t, early, "GET", path); code != want {
			t.Errorf("before the first look: %s: %d, want %d\n%s", path, code, want, body)
		}
	}
}

// TestPageKeys: the keys of service.Status are where "status --json" has always had them.
func TestPageKeys(t *testing.T) {
	l := busy(t)
	data, err := json.Marshal(NewPage(l.Report(), "v1"))
	if err != nil {
		t.Fatal(err)
	}
	var page, status map[string]json.RawMessage
	plain, err := json.Marshal(l.Report().Status)
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range []struct {
		data []byte
		to   *map[string]json.RawMessage
	}{{data, &page}, {plain, &status}} {
		if err := json.Unmarshal(v.data, v.to); err != nil {
			t.Fatal(err)
		}
	}
	for key, value := range status {
		if !bytes.Equal(page[key], value) {
			t.Errorf("%s: %s, want %s", key, page[key], value)
		}
	}
}

// TestServe: requests are answered, long headers are not, and the end of ctx is the end.
func TestServe(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	log := slog.New(slog.NewTextHandler(t.Output(), nil))
	world := busy(t)
	go func() { done <- Serve(ctx, l, Handler(HandlerOptions{Report: world.Report}), log) }()
	url := "http://" + l.Addr().String()
	resp, err := http.Get(url + "/readyz")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, resp.Body); err != nil || resp.StatusCode != 200 || resp.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("%v %v", resp, err)
	}
	resp.Body.Close()
	req, err := http.NewRequest("GET", url+"/readyz", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("X-Long", strings.Repeat("x", 2*maxHeader))
	if resp, err := http.DefaultClient.Do(req); err == nil {
		if resp.Body.Close(); resp.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
			t.Errorf("a long header: %v", resp.Status)
		}
	}
	idle, err := net.Dial("tcp", l.Addr().String()) // has not said anything
	if err != nil {
		t.Fatal(err)
	}
	defer idle.Close()
	stop()
	if err := <-done; err != nil {
		t.Error(err)
	}
	if _, err := net.Dial("tcp", l.Addr().String()); err == nil {
		t.Error("the port is still open")
	}
}

// TestServeFails: a listener that breaks is an error, and nothing is left behind.
func TestServeFails(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	if err := Serve(t.Context(), l, http.NotFoundHandler(), slog.New(slog.DiscardHandler)); err == nil {
		t.Error("no error")
	}
}

// TestLimited: no more connections than there is room for, and Close wakes those that wait.
func TestLimited(t *testing.T) {
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := newLimited(inner, 1)
	type accepted struct {
		c   net.Conn
		err error
	}
	next := make(chan accepted)
	go func() {
		for range 3 {
			c, err := l.Accept()
			next <- accepted{c, err}
		}
	}()
	for range 2 {
		c, err := net.Dial("tcp", inner.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
	}
	first := <-next
	select {
	case a := <-next:
		t.Fatalf("a second connection: %v", a)
	default:
	}
	first.c.Close()
	first.c.Close() // gives its place back once
	second := <-next
	if second.err != nil || len(l.free) != 1 {
		t.Errorf("%v, %d places taken", second.err, len(l.free))
	}
	l.Close()
	if a := <-next; a.err == nil {
		t.Error("accepted by a closed listener")
	}
	second.c.Close()
}

func TestRates(t *testing.T) {
	before := service.Status{
		At:      start,
		Sources: []service.SourceStatus{{Name: "a", Received: 100, Repeated: 10, Journaled: 90}, {Name: "gone", Received: 5}},
		Outputs: []service.OutputStatus{{Name: "x", Messages: 50, Lines: 40, Bytes: 4000}, {Name: "anew", Lines: 1000}},
	}
	after := service.Status{
		At:      start.Add(10 * time.Second),
		Sources: []service.SourceStatus{{Name: "a", Received: 300, Repeated: 60, Journaled: 240}, {Name: "new", Received: 5000}},
		Outputs: []service.OutputStatus{{Name: "x", Messages: 150, Lines: 90, Bytes: 9000}, {Name: "anew", Lines: 20}},
	}
	r := RatesBetween(before, after)
	if r.Seconds != 10 || r.Received != 20 || r.Written != 7 || len(r.Sources) != 1 || r.Sources["a"] != (SourceRate{20, 5, 15}) || r.Outputs["x"] != (OutputRate{10, 5, 500}) || r.Outputs["anew"].Lines != 2 {
		t.Errorf("%+v", r)
	}
	if r := RatesBetween(after, before); r.Seconds != 0 || r.Sources != nil {
		t.Errorf("backwards: %+v", r)
	}
}

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

func TestUnits(t *testing.T) {
	var got []string
	for _, d := range []time.Duration{0, 59 * time.Second, time.Minute, 192 * time.Second, 90 * time.Minute, 52 * time.Hour, -time.Hour, -1 << 63} {
		got = append(got, Age(d))
	}
	for _, n := range []uint64{0, 1023, 1024, 1300 << 20, 1<<20 - 1, 99 << 10, 1<<64 - 1} {
		got = append(got, Bytes(n))
	}
	for _, n := range []uint64{1, 999, 1000, 1234567} {
		got = append(got, count(n, "event"))
	}
	want := []string{
		"0s", "59s", "1m", "3m12s", "1h30m", "2d4h", "-1h", "-106751d23h", "0 B", "1023 B", "1.00 KiB", "1.27 GiB", "1.00 MiB", "99.0 KiB", "16.0 EiB",
		"1 event", "999 events", "1,000 events", "1,234,567 events",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	if got := clip("a\n\x1b[31m  b" + strings.Repeat("x", 400)); !strings.HasPrefix(got, "a [31m bx") || len(got) > 310 {
		t.Errorf("%q", got)
	}
}
