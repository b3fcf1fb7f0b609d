package monitor

import (
	"context"
	"encoding/binary"
	"log/slog"
	"slices"
	"testing"
	"time"

	"estream/config"
	"estream/internal/recordtest"
	"estream/internal/syncbuf"
	"estream/journal"
	"estream/layouts"
	"estream/service"
	"estream/source"
)

var start = time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)

// names are the sources of the tests, by number.
func names(number uint32) string {
	return map[uint32]string{1: "fmc-a", 2: "fmc-b", 3: "fmc-c"}[number]
}

func newWatch(t testing.TB) *Watch {
	return NewWatch(layouts.Default(), names, slog.New(slog.NewTextHandler(t.Output(), nil)))
}

// A lab is a Monitor whose world is made up: a clock, a collector's status, and a
// Watch that is told what came.
type lab struct {
	*Monitor
	t        *testing.T
	now      time.Time
	status   service.Status
	running  bool
	watch    *Watch
	log      *syncbuf.Buffer
	certs    []Certificate
	queue    map[string]int
	dir      string
	space    Space
	spaceErr error
}

// newLab returns a lab with one source and one output that work.
func newLab(t *testing.T, dir string, c Config) *lab {
	l := &lab{t: t, now: start, running: true, watch: newWatch(t), log: new(syncbuf.Buffer), queue: map[string]int{}, dir: dir, space: Space{90 << 30, 100 << 30}}
	l.status = service.Status{
		Sources: []service.SourceStatus{{Name: "fmc-a", Server: "10.0.0.1:8302", Connected: true, Sessions: 1}},
		Outputs: []service.OutputStatus{{Name: "siem", Destination: "tcp siem:514", Works: true}},
	}
	l.Monitor = New(Options{
		Status: func() (service.Status, bool) {
			if !l.running {
				return service.Status{}, false
			}
			s := l.status
			s.At = l.now
			s.Sources, s.Outputs = slices.Clone(s.Sources), slices.Clone(s.Outputs)
			return s, true
		},
		Watch: l.watch, Config: c, State: dir, Log: l.log.Logger(),
		Certificates: func() []Certificate { return l.certs },
		ReceiveQueue: func(name string) (int, bool) { n, ok := l.queue[name]; return n, ok },
		Now:          func() time.Time { return l.now },
	})
	l.measure = func(string) (Space, error) { return l.space, l.spaceErr }
	l.Step()
	return l
}

// pass lets time pass in steps of two seconds, as Run does.
func (l *lab) pass(d time.Duration) {
	for end := l.now.Add(d); l.now.Before(end); {
		l.now = l.now.Add(DefaultInterval)
		l.Step()
	}
}

// active returns the IDs of all alarms, in order.
func (l *lab) active() []string {
	ids := []string{}
	for _, a := range l.Report().Alarms {
		ids = append(ids, a.ID)
	}
	slices.Sort(ids)
	return ids
}

func (l *lab) want(when string, ids ...string) {
	l.t.Helper()
	slices.Sort(ids)
	if got := l.active(); !slices.Equal(got, ids) {
		l.t.Errorf("%s: alarms %q, want %q", when, got, ids)
	}
}

// came tells the Watch of an intrusion event of a device.
func (l *lab) came(source, device uint32) {
	l.t.Helper()
	l.observed(source, intrusion(l.t, device, uint32(l.now.Unix())))
}

func (l *lab) observed(source uint32, messages ...[]byte) {
	l.watch.observe(view(source, l.now, messages...))
}

func view(source uint32, arrival time.Time, messages ...[]byte) *journal.View {
	return &journal.View{Source: source, Count: uint32(len(messages)), Arrival: arrival, Payload: slices.Concat(messages...)}
}

func intrusion(t testing.TB, device, archive uint32) []byte {
	h := recordtest.Header
	h.Type, h.ArchiveTimestamp = 400, archive
	return recordtest.MessageAs(t, layouts.Default(), h, 400, 60, recordtest.Fields{"device_id": uint64(device)})
}

func connection(t testing.TB, device uint32, list uint64, at time.Time) []byte {
	h := recordtest.Header
	h.ArchiveTimestamp = uint32(at.Unix())
	return recordtest.MessageAs(t, layouts.Default(), h, 71, 174, recordtest.Fields{"device_id": uint64(device), "security_intelligence_list1": list})
}

// deviceName makes record 123.
func deviceName(t testing.TB, number uint32, name string) []byte {
	h := recordtest.Header
	h.Type = recordDevice
	return recordtest.MessageAs(t, layouts.Default(), h, recordDevice, 0, recordtest.Fields{"id": uint64(number), "name": name})
}

// learning is a configuration that learns, with 15 minutes at least.
func learning() Config {
	return Config{Alarms: config.Alarms{
		CertificateDays: 30, Behind: 5 * time.Minute,
		Quiet: config.Quiet{Learn: true, Least: 15 * time.Minute},
	}}
}

func openJournal(t testing.TB, opt journal.Options) *source.Journal {
	t.Helper()
	j, err := source.OpenJournal(context.Background(), t.TempDir(), layouts.Default(), opt)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := j.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return j
}

// unnamed is a message of a record type that no layout knows.
func unnamed(typ uint16) []byte {
	return recordtest.Frame(binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, uint32(typ)), 0))
}
