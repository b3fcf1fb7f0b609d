package monitor

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
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
		// By way of JSON, as "estream status" gets it.
		data, err := json.Marshal(NewPage(l.Report(), "v1.2.3"))
		if err != nil {
			t.Fatal(err)
		}
		var p Page
		if err := json.Unmarshal(data, &p); err != nil {
			t.Fatal(err)
		}
		var b bytes.Buffer
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
