package sensors

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"

	"estream/format"
	"estream/format/cef"
	"estream/format/jsonl"
	"estream/internal/durable"
	"estream/layouts"
	"estream/meta"
	"estream/output"
	"estream/service"
	"estream/source/fmc"
	"estream/wire"
)

// A sink keeps the lines of an output.
type sink struct {
	mu    sync.Mutex
	lines []string
}

func (s *sink) Write(_ context.Context, lines []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lines = append(s.lines, strings.Split(strings.TrimSuffix(string(lines), "\n"), "\n")...)
	return nil
}
func (s *sink) Commit(context.Context) ([]byte, error) { return nil, nil }
func (s *sink) Empty() bool                            { return false }
func (s *sink) Close() error                           { return nil }
func (s *sink) String() string                         { return "memory" }

func (s *sink) output(name string, f format.Format) *service.Output {
	return &service.Output{Name: name, Format: f, Open: func([]byte) (output.Output, error) { return s, nil }}
}

// collect runs a collector, the only client of the server, until done says of what was
// sent that it is all, and it is written. It returns the lines as CEF and as JSON.
func (w *world) collect(t *testing.T, done func(*tally) bool) (cefLines, jsonLines []string) {
	t.Helper()
	lines, err := cef.New(cef.Options{})
	if err != nil {
		t.Fatal(err)
	}
	ceflines, jsonlines := new(sink), new(sink)
	outputs := []*service.Output{ceflines.output("cef", lines), jsonlines.output("json", jsonl.New(jsonl.Options{Profile: meta.Strict}))}
	src := &fmc.Source{Addr: w.addr, TLS: w.tls, Start: wire.StartOldest}
	c := &service.Service{
		State: t.TempDir(), FS: durable.OS{}, Layouts: layouts.Default(), Log: w.log.Logger(), Outputs: outputs,
		Sources: []*service.Source{{Source: src}},
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	ended := make(chan error, 1)
	go func() { ended <- c.Run(ctx) }()
	await(t, "the collector has all", func() bool {
		sent := uint64(w.sent.sum(func(uint16) bool { return true })) // all of it to us
		received := src.Stats().Received.Load()
		if !done(w.sent) || received != sent || src.Stats().Journaled.Load() != received {
			return false
		}
		for _, o := range outputs {
			if o.Stats.Messages.Load() != received {
				return false
			}
		}
		return true
	})
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	for _, o := range outputs {
		if n := o.Stats.Raw.Load() + o.Stats.Unwritten.Load(); n > 0 {
			t.Errorf("%s: %d records could not be decoded: %v", o.Name, n, o.Stats.Problems())
		}
	}
	return ceflines.lines, jsonlines.lines
}

// A ruleMap is what the maps of an installation say, read by this test.
type ruleMap struct {
	message map[string]string // by sid
	class   []classification
}

type classification struct {
	name, description string
	priority          int
}

var (
	classLine   = regexp.MustCompile(`^config classification:\s*([^,]+),\s*([^,]+),\s*(\d+)`)
	messageLine = regexp.MustCompile(`^(\d+) \|\| (.*?)\s*(\|\||$)`)
)

func readMaps(t *testing.T, dir string) (m ruleMap) {
	t.Helper()
	m.message = map[string]string{}
	eachLine(t, filepath.Join(dir, "classification.config"), func(line string) {
		if f := classLine.FindStringSubmatch(line); f != nil {
			n, err := strconv.Atoi(f[3])
			if err != nil {
				t.Fatal(err)
			}
			m.class = append(m.class, classification{f[1], f[2], n})
		}
	})
	eachLine(t, filepath.Join(dir, "sid-msg.map"), func(line string) {
		if f := messageLine.FindStringSubmatch(line); f != nil {
			m.message[f[1]] = f[2]
		}
	})
	return m
}

func eachLine(t *testing.T, path string, f func(string)) {
	t.Helper()
	file, err := os.Open(path)
	if os.IsNotExist(err) {
		return // Suricata has no sid-msg.map
	}
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	s := bufio.NewScanner(file)
	for s.Scan() {
		f(s.Text())
	}
	if err := s.Err(); err != nil {
		t.Fatal(err)
	}
}

// A named event is an intrusion event by what a person reads of it.
type named struct {
	rule, name, class string
	priority          int
	severity          string // in CEF
}

func (n named) String() string {
	return fmt.Sprintf("%s %q, class %q, priority %d", n.rule, n.name, n.class, n.priority)
}

// unescape undoes what CEF does to values.
var unescape = strings.NewReplacer(`\=`, `=`, `\\`, `\`, `\|`, `|`)

var category = regexp.MustCompile(`[| ]cat=(.*?) \w+=`)

// cefAlerts returns the intrusion events among CEF lines, without priority: CEF has a
// severity in its place.
func cefAlerts(t *testing.T, lines []string) (list []named) {
	t.Helper()
	for _, line := range lines {
		if !strings.Contains(line, "|INTRUSION:400:") {
			continue
		}
		f := strings.SplitN(line, "|", 8)
		class := category.FindStringSubmatch(f[7])
		if len(f) != 8 || class == nil {
			t.Fatalf("what is it? %s", line)
		}
		list = append(list, named{rule: strings.TrimPrefix(f[4], "INTRUSION:400:"), name: unescape.Replace(f[5]), class: unescape.Replace(class[1]), severity: f[6]})
	}
	return list
}
