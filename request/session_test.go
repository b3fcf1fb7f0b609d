package request_test

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"estream/estreamtest"
	"estream/filter"
	"estream/layouts"
	"estream/meta"
	"estream/request"
	"estream/session"
	"estream/wire"
)

// events returns n messages of a record type without layout, archived from second first
// on, one each second.
func events(first uint32, n int) []byte {
	var stream []byte
	for i := range n {
		stream = append(stream, estreamtest.Event(9999, first+uint32(i), []byte("body"))...)
	}
	return stream
}

// A sink is an Output that remembers.
type sink struct {
	archive []uint32
	flushed int // how many were taken when Flush was called last
	held    int
	ticks   chan struct{}
	closed  bool
	fail    error
	problem int
}

func (o *sink) Record(_ *wire.Decoder, r *wire.Record, message []byte, _ *meta.Snapshot, err error) error {
	if err != nil {
		o.problem++
	}
	if len(message) == 0 || r == nil {
		return errors.New("a record without a message")
	}
	o.archive = append(o.archive, r.ArchiveTimestamp)
	return o.fail
}
func (o *sink) Flush(context.Context) error { o.flushed = len(o.archive); return nil }
func (o *sink) Close(context.Context) error { o.closed, o.held = true, 0; return nil }
func (o *sink) Held() int                   { return o.held }
func (o *sink) Tick(context.Context, time.Time) error {
	select {
	case o.ticks <- struct{}{}:
	default:
	}
	return nil
}

func newSession(center *estreamtest.Center, out request.Output) *request.Session {
	return &request.Session{
		Addr: center.Addr(), Client: session.ClientConfig{TLS: center.ClientTLS(), Flags: 0x00800004}, Layouts: layouts.Default(), Output: out,
	}
}

func TestCount(t *testing.T) {
	center := estreamtest.Start(t, estreamtest.ExpectRequest(nil), estreamtest.Send(events(100, 20)), estreamtest.ExpectClose())
	path := filepath.Join(t.TempDir(), "mark")
	mark, _, _, err := request.OpenBookmark(path, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	out := &sink{}
	s := newSession(center, out)
	s.Count, s.Bookmark = 7, mark
	if err := s.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := s.Finish(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(out.archive) != 7 || out.flushed != 7 || !out.closed || out.problem != 7 || s.Stats.Written != 7 || s.Stats.Undecoded != 7 {
		t.Errorf("%+v, %+v", out, s.Stats)
	}
	if got, err := os.ReadFile(path); string(got) != "106\n" || err != nil {
		t.Errorf("bookmark %q, %v", got, err)
	}
	if err := center.Wait(t.Context(), 1); err != nil {
		t.Error(err)
	}
}

// TestHeld: what an output has collected and not sent keeps the bookmark back until it is
// sent.
func TestHeld(t *testing.T) {
	center := estreamtest.Start(t, estreamtest.ExpectRequest(nil), estreamtest.Send(events(100, 5)), estreamtest.ExpectAcks(5), estreamtest.Close())
	path := filepath.Join(t.TempDir(), "mark")
	mark, _, _, err := request.OpenBookmark(path, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	out := &sink{held: 5}
	s := newSession(center, out)
	s.Bookmark = mark
	if err := s.Run(t.Context()); !errors.Is(err, request.ErrEnded) {
		t.Errorf("%v", err)
	}
	if got, err := os.ReadFile(path); err == nil {
		t.Errorf("bookmark %q while events are held", got)
	}
	if err := s.Finish(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(path); string(got) != "104\n" || err != nil {
		t.Errorf("bookmark %q, %v", got, err)
	}
}

func TestWhere(t *testing.T) {
	center := estreamtest.Start(t, estreamtest.ExpectRequest(nil), estreamtest.Send(events(100, 5)), estreamtest.ExpectAcks(5), estreamtest.Close())
	where, err := filter.Parse(layouts.Default(), "record != 9999")
	if err != nil {
		t.Fatal(err)
	}
	out := &sink{}
	s := newSession(center, out)
	s.Where = where
	if err := s.Run(t.Context()); !errors.Is(err, request.ErrEnded) {
		t.Errorf("%v", err)
	}
	if len(out.archive) != 0 || s.Stats.Filtered != 5 || s.Stats.Received != 5 {
		t.Errorf("%+v, %+v", out, s.Stats)
	}
}

// TestEnds: a session ends without an error at a signal and after a time, while no
// events come, and the output's clock goes on meanwhile.
func TestEnds(t *testing.T) {
	for _, how := range []string{"signal", "time"} {
		t.Run(how, func(t *testing.T) {
			center := estreamtest.Start(t, estreamtest.ExpectRequest(nil), estreamtest.Send(events(100, 1)), estreamtest.ExpectClose())
			out := &sink{ticks: make(chan struct{})}
			s := newSession(center, out)
			ctx, stop := context.WithCancel(t.Context())
			defer stop()
			if how == "time" {
				s.For = 1500 * time.Millisecond
			}
			done := make(chan error)
			go func() { done <- s.Run(ctx) }()
			<-out.ticks
			if how == "signal" {
				stop()
			}
			if err := <-done; err != nil {
				t.Error(err)
			}
			if len(out.archive) != 1 {
				t.Errorf("%+v", out)
			}
		})
	}
}

func TestOutputFails(t *testing.T) {
	center := estreamtest.Start(t, estreamtest.ExpectRequest(nil), estreamtest.Send(events(100, 3)), estreamtest.ExpectClose())
	full := errors.New("no space left")
	s := newSession(center, &sink{fail: full})
	if err := s.Run(t.Context()); !errors.Is(err, full) || strings.Count(err.Error(), "no space left") != 1 {
		t.Errorf("%v", err)
	}
}

// TestHosts: requests go out one after the other, and answers for one and for several
// hosts end as they do, with events in between.
func TestHosts(t *testing.T) {
	single := func(block string) estreamtest.Step {
		return estreamtest.LieLength(wire.TypeSingleHostData, uint32(len(block)), []byte(block))
	}
	multiple := func(block string) estreamtest.Step {
		return estreamtest.LieLength(wire.TypeMultipleHostData, uint32(len(block)), []byte(block))
	}
	center := estreamtest.Start(t,
		estreamtest.ExpectRequest(nil), estreamtest.Send(events(100, 2)),
		estreamtest.ExpectHostRequest(nil), single("one"),
		estreamtest.ExpectHostRequest(nil), multiple("two"), estreamtest.Send(events(102, 1)), multiple("three"), multiple(""),
		estreamtest.ExpectHostRequest(nil), single(""),
		estreamtest.ExpectClose())
	hosts, err := request.ParseHosts("10.0.0.1;10.0.0.0/30;10.0.0.9", request.DefaultHostType)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	out := &sink{}
	s := newSession(center, out)
	s.Hosts, s.Host = hosts, func(r wire.HostDataRequest, block []byte, _ *meta.Snapshot) error {
		got = append(got, fmt.Sprintf("%v %s", r.First, block))
		return nil
	}
	if err := s.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if want := []string{"10.0.0.1 one", "10.0.0.0 two", "10.0.0.0 three", "10.0.0.9 "}; !slices.Equal(got, want) || s.Stats.Hosts != 3 {
		t.Errorf("%q, %+v", got, s.Stats)
	}
	if err := center.Wait(t.Context(), 1); err != nil {
		t.Error(err)
	}
	if r := hosts[1]; r.Last != netip.MustParseAddr("10.0.0.3") {
		t.Errorf("%+v", r)
	}
}
