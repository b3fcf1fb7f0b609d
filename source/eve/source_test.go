package eve

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"estream/format/catalog"
	"estream/internal/formattest"
	"estream/internal/syncbuf"
	"estream/layouts"
	"estream/meta"
	"estream/source"
)

// TestCEF: in CEF, as eNcore writes it, a rule's name, classification and priority
// are those of the sensor and its maps.
func TestCEF(t *testing.T) {
	set := layouts.Default()
	f, err := catalog.New("cef", catalog.Options{Profile: meta.Compat})
	if err != nil {
		t.Fatal(err)
	}
	data := testFile(t, "wrccdc-2018.json.gz")
	s := once(t, data)
	s.Maps = testMaps(t)
	lines := strings.Split(strings.TrimSpace(formattest.Output(t, set, f, read(t, s).data)), "\n")
	lines = slices.DeleteFunc(lines, func(l string) bool { return !strings.Contains(l, "|INTRUSION:400:") })
	header := strings.NewReplacer(`\`, `\\`, `|`, `\|`)
	// The severity follows from priority and impact, which is always "unknown".
	severities := map[uint32]string{}
	for i, line := range strings.Split(strings.TrimSpace(string(data)), "\n") {
		var a eveAlert
		if err := json.Unmarshal([]byte(line), &a); err != nil {
			t.Fatal(err)
		}
		head := fmt.Sprintf("|INTRUSION:400:%d:%d|%s|", a.Alert.GID, a.Alert.SID, header.Replace(a.Alert.Signature))
		_, rest, ok := strings.Cut(lines[i], head)
		severity, extension, _ := strings.Cut(rest, "|")
		if !ok || !strings.Contains(extension, " cat="+a.Alert.Category+" ") || !strings.Contains(extension, fmt.Sprintf(" spt=%d ", a.SrcPort)) {
			t.Fatalf("%q and category %q are missing in\n%s", head, a.Alert.Category, lines[i])
		}
		if known := severities[a.Alert.Severity]; known != "" && known != severity {
			t.Errorf("priority %d is severity %s and %s", a.Alert.Severity, known, severity)
		}
		severities[a.Alert.Severity] = severity
	}
	if severities[1] <= severities[2] || severities[2] <= severities[3] {
		t.Errorf("severities by priority: got %v, want falling ones", severities)
	}
}

// A collector takes batches from a running source and tells when enough came.
type collector struct {
	mu   sync.Mutex
	sink sink
	more chan struct{}
}

func (c *collector) take(ctx context.Context, b source.Batch) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.sink.take(ctx, b); err != nil {
		return err
	}
	select {
	case c.more <- struct{}{}:
	default:
	}
	return nil
}

// TestSockets: Suricata's stream and datagram sockets, and TCP.
func TestSockets(t *testing.T) {
	dir := t.TempDir()
	alert := strings.Split(string(testFile(t, "tenzir-2011.json")), "\n")[0] + "\n"
	for _, network := range []string{"unix", "unixgram", "tcp"} {
		t.Run(network, func(t *testing.T) {
			address := filepath.Join(dir, network)
			if network == "tcp" {
				address = "127.0.0.1:0"
			}
			ready := make(chan string, 1)
			s := &Source{Listen: network + ":" + address, Layouts: layouts.Default(), Log: quiet(), State: filepath.Join(dir, "state-"+network),
				Listening: func(a net.Addr) { ready <- a.String() }}
			c := &collector{more: make(chan struct{}, 1)}
			ctx, cancel := context.WithCancel(t.Context())
			done := make(chan error, 1)
			go func() { done <- s.Run(ctx, c.take) }()
			select {
			case address = <-ready:
			case err := <-done:
				t.Fatalf("ended: %v", err)
			}
			conn, err := net.Dial(network, address)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := conn.Write([]byte(alert)); err != nil {
				t.Fatal(err)
			}
			if _, err := conn.Write([]byte(httpLine + "\n")); err != nil {
				t.Fatal(err)
			}
			if _, err := conn.Write([]byte(strings.ReplaceAll(alert, "zarasa48", "zarasa49"))); err != nil {
				t.Fatal(err)
			}
			for {
				<-c.more
				c.mu.Lock()
				n := len(only(records(t, c.sink.data), 400))
				c.mu.Unlock()
				if n == 2 {
					break
				}
			}
			if err := conn.Close(); err != nil {
				t.Fatal(err)
			}
			cancel()
			if err := <-done; err != nil {
				t.Fatal(err)
			}
			if n := s.Stats().Lines; n != 3 {
				t.Errorf("%d lines, want 3", n)
			}
			// The flow that is still open survives, and event numbers go on.
			mark, err := decodeMark(c.sink.marks[len(c.sink.marks)-1])
			if err != nil || mark.event != 2 || len(mark.file) != 0 {
				t.Errorf("mark %+v, %v; want event 2 and no file", mark, err)
			}
			s.Mark = c.sink.marks[len(c.sink.marks)-1]
			if old := s.loadState(mark); old.at == nil {
				t.Error("no open flows saved at the end")
			}
		})
	}
}

// TestMalformedLines: what is no event is counted, and logged with its place.
func TestMalformedLines(t *testing.T) {
	var log syncbuf.Buffer
	data := httpLine + "\nnot json\n{\"event_type\":\"flow\"}\n{\"timestamp\":\"2024-05-04T10:00:00Z\"}\n" + `{"timestamp":"2024-05-04T10:00:00Z","event_type":"http","http":{]}` + "\n" + httpLine + "\n"
	s := once(t, []byte(data))
	s.Log = log.Logger()
	read(t, s)
	st := s.Stats()
	if st.Lines != 2 || st.Skipped[ReasonNoJSON] != 2 || st.Skipped[ReasonNoTime] != 1 || st.Skipped[ReasonNoType] != 1 {
		t.Errorf("%d lines, skipped %v", st.Lines, st.Skipped)
	}
	if want := "not json"; strings.Count(log.String(), "line left out") != 1 || !strings.Contains(log.String(), want) ||
		!strings.Contains(log.String(), s.Path) || !strings.Contains(log.String(), "offset=") {
		t.Errorf("log does not say once, with file and offset, what %q is:\n%s", want, log.String())
	}
}

// TestSettings: what cannot work is refused, and types can be left out.
func TestSettings(t *testing.T) {
	for _, s := range []*Source{{}, {Path: "a", Listen: "tcp:x"}, {Listen: "carrier pigeon:x"}, {Listen: "x"}, {Path: filepath.Join(t.TempDir(), "none"), Once: true}} {
		s.Layouts, s.Log = layouts.Default(), quiet()
		if err := s.Run(t.Context(), new(sink).take); err == nil {
			t.Errorf("path %q, listen %q: accepted", s.Path, s.Listen)
		}
	}
	s := once(t, testFile(t, "documented.json"))
	s.Omit = []string{"anomaly", "alert"}
	got := tallyTypes(records(t, read(t, s).data))
	if got[400] != 0 || s.Stats().Omitted != 5 || s.Stats().Types["alert"] != 2 {
		t.Errorf("%d intrusion events, %d omitted, types %v", got[400], s.Stats().Omitted, s.Stats().Types)
	}
}

// TestSensorStats: Suricata's own counters are there for a status.
func TestSensorStats(t *testing.T) {
	s := once(t, testFile(t, "documented.json"))
	read(t, s)
	n := s.Stats().Sensor
	if n.Packets != 100000 || n.Dropped != 17 || n.Bytes != 81234567 || n.Alerts != 2 || n.Flows != 42 || n.Uptime != 320*time.Second ||
		!n.Time.Equal(time.Date(2024, 5, 4, 8, 0, 20, 0, time.UTC)) || !strings.HasPrefix(string(n.Raw), `{"uptime":320,`) {
		t.Errorf("got %+v", n)
	}
	if got := s.Stats().Unknown; len(got) != 1 || got["teleport"] != 1 {
		t.Errorf("unknown types: got %v, want one teleport", got)
	}
}

// TestFollow: a file that grows is read as it grows.
func TestFollow(t *testing.T) {
	path := lineFile(t, nil)
	s := &Source{Path: path, Layouts: layouts.Default(), Log: quiet(), Poll: time.Millisecond}
	c := &collector{more: make(chan struct{}, 1)}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx, c.take) }()
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range strings.SplitAfter(strings.Split(string(testFile(t, "tenzir-2011.json")), "\n")[0]+"\n", ",") {
		if _, err := f.WriteString(part); err != nil {
			t.Fatal(err)
		}
	}
	<-c.more
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	cancel()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if n := len(only(records(t, c.sink.data), 400)); n != 1 {
		t.Errorf("%d events, want 1", n)
	}
}
