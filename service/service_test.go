package service_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"estream/estreamtest"
	"estream/format/jsonl"
	"estream/internal/durable/faultfs"
	"estream/internal/recordtest"
	"estream/layouts"
	"estream/meta"
	"estream/output"
	"estream/service"
	"estream/source/fmc"
	"estream/wire"
)

const (
	managedDevice = 123
	connection    = 71
)

// device names a managed device.
func device(t *testing.T, id int, name string) []byte {
	return recordtest.Message(t, layouts.Default(), managedDevice, 0, recordtest.Fields{"id": id, "name": name})
}

// event is a connection with a number, as a device saw it.
func event(t *testing.T, deviceID, counter int) []byte {
	h := recordtest.Header
	h.ArchiveTimestamp += uint32(counter)
	return recordtest.MessageAs(t, layouts.Default(), h, connection, 174, recordtest.Fields{
		"header.device_id": deviceID, "device_id": deviceID, "connection_counter": counter, "first_packet_timestamp": 1700000000,
	})
}

// A sink keeps the lines of connection events in memory.
type sink struct {
	mu    sync.Mutex
	lines []string
	more  chan struct{} // closed and replaced at each write
}

func newSink() *sink { return &sink{more: make(chan struct{})} }

func (s *sink) Write(_ context.Context, lines []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for line := range strings.Lines(string(lines)) {
		if strings.Contains(line, `"recordType": 71,`) {
			s.lines = append(s.lines, line)
		}
	}
	close(s.more)
	s.more = make(chan struct{})
	return nil
}
func (s *sink) Commit(context.Context) ([]byte, error) { return nil, nil }
func (s *sink) Empty() bool                            { return false }
func (s *sink) Close() error                           { return nil }
func (s *sink) String() string                         { return "memory" }

// take waits until the sink has n lines, and returns them in order of their text.
func (s *sink) take(t *testing.T, n int) []string {
	t.Helper()
	for {
		s.mu.Lock()
		lines, more := slices.Clone(s.lines), s.more
		s.mu.Unlock()
		if len(lines) >= n {
			slices.Sort(lines)
			return lines
		}
		select {
		case <-more:
		case <-t.Context().Done():
			t.Fatalf("%d lines, want %d", len(lines), n)
		}
	}
}

func (s *sink) output(name string, sources ...string) *service.Output {
	return &service.Output{
		Name: name, Format: jsonl.New(jsonl.Options{Profile: meta.Strict}), Sources: sources,
		Open: func([]byte) (output.Output, error) { return s, nil },
	}
}

func from(name string, c *estreamtest.Center) *service.Source {
	return &service.Source{Name: name, Source: &fmc.Source{Addr: c.Addr(), TLS: c.ClientTLS(), Start: wire.StartOldest, Persist: true}}
}

// run starts a collector and returns a function that stops it.
func run(t *testing.T, c *service.Service) (stop func()) {
	t.Helper()
	c.State, c.Layouts, c.Persist = "/state", layouts.Default(), true
	var log bytes.Buffer
	c.Log = slog.New(slog.NewTextHandler(&log, nil))
	ready := make(chan struct{})
	c.Ready = func() { close(ready) }
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- c.Run(ctx) }()
	select {
	case <-ready:
	case err := <-ended:
		t.Fatalf("the collector ended: %v", err)
	}
	var once sync.Once
	stop = func() {
		once.Do(func() {
			cancel()
			if err := <-ended; err != nil {
				t.Errorf("the collector ended with %v", err)
			}
			if t.Failed() {
				t.Logf("log:\n%s", log.String())
			}
		})
	}
	t.Cleanup(stop)
	return stop
}

// script sends messages and waits for the end. Acknowledgements are not counted: a
// test may stop the collector in front of one.
func script(messages ...[]byte) []estreamtest.Step {
	steps := []estreamtest.Step{estreamtest.Negotiate()}
	for _, m := range messages {
		steps = append(steps, estreamtest.Send(m))
	}
	return append(steps, estreamtest.Stall(nil))
}

// has checks that each line holds one text, in order.
func has(t *testing.T, lines []string, want ...string) {
	t.Helper()
	if len(lines) != len(want) {
		t.Fatalf("%d lines, want %d:\n%s", len(lines), len(want), strings.Join(lines, "\n"))
	}
	for _, w := range want {
		n := 0
		for _, l := range lines {
			if strings.Contains(l, w) {
				n++
			}
		}
		if n == 0 {
			t.Errorf("no line has %q:\n%s", w, strings.Join(lines, "\n"))
		}
	}
}

// TestNamesBySource: two Management Centers give the same number to different
// devices; each event gets the name that its own one has sent, also after a restart.
func TestNamesBySource(t *testing.T) {
	disk := faultfs.New()
	one := estreamtest.Start(t, script(device(t, 3, "alpha"), event(t, 3, 1))...)
	two := estreamtest.Start(t, script(device(t, 3, "beta"), event(t, 3, 2))...)
	lines, only := newSink(), newSink()
	stop := run(t, &service.Service{
		FS: disk, Sources: []*service.Source{from("one", one), from("two", two)},
		Outputs: []*service.Output{lines.output("all"), only.output("only", "two")},
	})
	got := append(lines.take(t, 2), only.take(t, 1)...)
	stop()
	has(t, got[:2], "alpha", "beta")
	has(t, got[2:], "beta")

	// The first event of the next session comes without metadata.
	one.Next(script(event(t, 3, 4))...)
	two.Next(script(event(t, 3, 5))...)
	lines = newSink()
	stop = run(t, &service.Service{
		FS: disk, Sources: []*service.Source{from("two", two), from("one", one)}, Outputs: []*service.Output{lines.output("all")},
	})
	got = lines.take(t, 2)
	stop()
	for i, want := range map[string]string{`"connectionCounter": 4`: "alpha", `"connectionCounter": 5`: "beta"} {
		if !slices.ContainsFunc(got, func(l string) bool { return strings.Contains(l, i) && strings.Contains(l, want) }) {
			t.Errorf("no line with %s and %s:\n%s", i, want, strings.Join(got, "\n"))
		}
	}
}

// dropped waits until a group has dropped n events.
func dropped(t *testing.T, g *fmc.Group, n uint64) {
	t.Helper()
	for end := time.Now().Add(time.Minute); g.Stats().Repeated.Load() < n; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%d events were dropped, want %d", g.Stats().Repeated.Load(), n)
		}
	}
}

// TestGroup: two members of a pair deliver the same events under numbers of their
// own for the device, one of them later. Each event is written once, the second
// one with the same content included, and a restart does not change that.
func TestGroup(t *testing.T) {
	disk := faultfs.New()
	group := func() *fmc.Group { return &fmc.Group{Name: "pair", Members: []string{"one", "two"}} }
	collector := func(g *fmc.Group, lines *sink, centers ...*estreamtest.Center) *service.Service {
		c := &service.Service{FS: disk, Outputs: []*service.Output{lines.output("all")}}
		for i, center := range centers {
			s := from(g.Members[i], center)
			s.Group = g
			c.Sources = append(c.Sources, s)
		}
		return c
	}
	stream := func(deviceID int, counters ...int) [][]byte {
		list := [][]byte{device(t, deviceID, "sensor")}
		for _, n := range counters {
			list = append(list, event(t, deviceID, n))
		}
		return list
	}
	one := estreamtest.Start(t, script(stream(3, 1, 2, 2, 3)...)...)
	two := estreamtest.Start(t, script(stream(7, 1, 2, 2, 3, 4)...)...)
	lines, g := newSink(), group()
	stop := run(t, collector(g, lines, one, two))
	lines.take(t, 5)
	dropped(t, g, 4)
	stop()
	got := lines.take(t, 5)
	has(t, got, `"connectionCounter": 1,`, `"connectionCounter": 2,`, `"connectionCounter": 2,`, `"connectionCounter": 3,`, `"connectionCounter": 4,`)

	// Both are asked from their last event on, also the one whose events were all
	// known, and repeat some.
	asked := func(c *estreamtest.Center, want int, messages ...[]byte) {
		steps := script(messages...)
		c.Next(slices.Insert(steps, 1, estreamtest.Step(func(conn *estreamtest.Conn) error {
			if at := int(conn.Request.Start) - int(recordtest.Header.ArchiveTimestamp); at != want {
				return fmt.Errorf("asked from second %d, want %d", at, want)
			}
			return nil
		}))...)
	}
	asked(one, 2, stream(3, 2, 2, 3, 4, 5)...)
	asked(two, 3, stream(7, 3, 4, 5, 5)...)
	lines, g = newSink(), group()
	stop = run(t, collector(g, lines, one, two))
	lines.take(t, 2)
	dropped(t, g, 7)
	stop()
	has(t, lines.take(t, 2), `"connectionCounter": 5,`, `"connectionCounter": 5,`)
}

// TestChange gives a running collector another source and output, and takes them
// away again.
func TestChange(t *testing.T) {
	one := estreamtest.Start(t, script(device(t, 3, "alpha"), event(t, 3, 1))...)
	two := estreamtest.Start(t, script(device(t, 3, "beta"), event(t, 3, 2))...)
	first, second := newSink(), newSink()
	source, other := from("one", one), from("two", two)
	out, added := first.output("first"), second.output("second")
	c := &service.Service{FS: faultfs.New(), Sources: []*service.Source{source}, Outputs: []*service.Output{out}}
	run(t, c)
	first.take(t, 1)
	if err := c.Change([]*service.Source{source, other}, []*service.Output{out, added}, nil); err != nil {
		t.Fatal(err)
	}
	has(t, first.take(t, 2), "alpha", "beta")
	has(t, second.take(t, 2), "alpha", "beta") // a new output begins with what the journal holds
	if n := source.Stats().Sessions.Load(); n != 1 {
		t.Errorf("the source that stayed had %d sessions, want 1", n)
	}
	if err := c.Change([]*service.Source{source}, []*service.Output{added}, nil); err != nil {
		t.Fatal(err)
	}
	if other.Stats().Connected.Load() {
		t.Error("the source that was taken away still has a session")
	}
	// Its position is forgotten: it begins anew.
	again := newSink()
	if err := c.Change([]*service.Source{source}, []*service.Output{added, again.output("first")}, nil); err != nil {
		t.Fatal(err)
	}
	has(t, again.take(t, 2), "alpha", "beta")
}

// A stubborn output takes its time to close.
type stubborn struct {
	*sink
	closing, release chan struct{}
}

func (s *stubborn) Close() error {
	close(s.closing)
	<-s.release
	return nil
}

// TestStatusWhileChanging: an output that takes long to end keeps nobody from
// asking for the status.
func TestStatusWhileChanging(t *testing.T) {
	out := &stubborn{newSink(), make(chan struct{}), make(chan struct{})}
	o := out.output("slow")
	o.Open = func([]byte) (output.Output, error) { return out, nil }
	s := &service.Service{FS: faultfs.New(), Sources: []*service.Source{{Name: "sensor", Feed: numbered(t, 1)}}, Outputs: []*service.Output{o}}
	run(t, s)
	out.take(t, 1)
	changed := make(chan error)
	go func() { changed <- s.Change(nil, nil, nil) }()
	<-out.closing
	if st, ok := s.Status(); !ok || len(st.Outputs) != 1 || len(st.Sources) != 0 {
		t.Errorf("while the output closes: %+v", st)
	}
	close(out.release)
	if err := <-changed; err != nil {
		t.Error(err)
	}
	if st, ok := s.Status(); !ok || len(st.Outputs) != 0 {
		t.Errorf("afterwards: %+v", st)
	}
}
