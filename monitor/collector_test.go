package monitor

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"time"

	"estream/estreamtest"
	"estream/format/jsonl"
	"estream/internal/syncbuf"
	"estream/layouts"
	"estream/meta"
	"estream/output"
	"estream/service"
	"estream/source/fmc"
	"estream/wire"
)

// A drain takes everything.
type drain struct{ output.Stats }

func (d *drain) Write(_ context.Context, lines []byte) error {
	d.Lines.Add(uint64(bytes.Count(lines, []byte("\n"))))
	return nil
}
func (*drain) Commit(context.Context) ([]byte, error) { return nil, nil }
func (*drain) Empty() bool                            { return false }
func (*drain) Close() error                           { return nil }
func (*drain) String() string                         { return "drain" }
func (*drain) Guarantee() output.Guarantee            { return output.AtMostOnce }

// TestCollector watches a real collector: it becomes ready, what its server sent
// is in the report, and all ends with it.
func TestCollector(t *testing.T) {
	center := estreamtest.Start(t, estreamtest.Negotiate(),
		estreamtest.Send(deviceName(t, 7, "ftd-1")), estreamtest.Send(intrusion(t, 7, 1700000000)), estreamtest.Send(intrusion(t, 7, 1700000001)),
		estreamtest.Stall(nil))
	log := new(syncbuf.Buffer)
	w := NewWatch(layouts.Default(), func(uint32) string { return "fmc-a" }, log.Logger())
	c := &service.Service{
		State: t.TempDir(), Layouts: layouts.Default(), Persist: true, Log: log.Logger(), Watch: w.Run,
		Sources: []*service.Source{{Name: "fmc-a", Source: &fmc.Source{Addr: center.Addr(), TLS: center.ClientTLS(), Start: wire.StartOldest, Persist: true}}},
		Outputs: []*service.Output{{
			Name: "drain", Format: jsonl.New(jsonl.Options{Profile: meta.Fixed}), Open: func([]byte) (output.Output, error) { return new(drain), nil },
		}},
	}
	m := New(Options{Status: c.Status, Watch: w, Config: learning(), State: c.State, Log: log.Logger()})
	if m.Report().Ready() || m.Step().Ready() {
		t.Error("ready before the start")
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- c.Run(ctx) }()
	for {
		r := m.Step()
		if r.Ready() && r.Status.Outputs[0].Lines == 3 {
			break
		}
		select {
		case err := <-ended:
			t.Fatalf("the collector ended: %v\n%s", err, log)
		case <-time.After(5 * time.Millisecond): // Status has nothing to wait for
		}
	}
	r := m.Report()
	if s := r.Status.Sources[0]; s.Name != "fmc-a" || !s.Connected || s.Received != 3 || len(r.Alarms) != 0 || r.Space.Total == 0 {
		t.Errorf("report %+v", r)
	}
	var b bytes.Buffer
	p := NewPage(r, "v1")
	if err := WriteText(&b, &p, false); err != nil || !strings.HasPrefix(b.String(), "ALL IS WELL") || !strings.Contains(b.String(), output.AtMostOnce.String()) {
		t.Errorf("%v\n%s", err, b.String())
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if r := m.Step(); r.Ready() || len(r.Alarms) != 1 || r.Alarms[0].ID != "collector_stopped:collector" {
		t.Errorf("after the end: %+v", r.Alarms)
	}
}
