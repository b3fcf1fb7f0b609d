package alert

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"estream/internal/formattest"
	"estream/internal/syncbuf"
	"estream/layouts"
	"estream/meta"
	"estream/request/internal/outputtest"
	"estream/wire"
)

// to is a recorder as a destination.
type to struct {
	recorder
	flushed, closed int
}

func (d *to) Send(ctx context.Context, a *Alert) error { return d.send(ctx, a) }
func (d *to) Flush(context.Context) error              { d.flushed++; return nil }
func (d *to) Lost() uint64                             { return 5 }
func (d *to) Close() error                             { d.closed++; return nil }
func (d *to) String() string                           { return "nowhere" }

// TestCollector: records go in, alerts come out when it is time.
func TestCollector(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := intrusionLayouts(t)[0]
		dst := &to{}
		c := New(dst, Options{})
		low := map[string]any{"priority_id": 3}
		stream := append(ruleMessage(t, "text"), event(t, l, nil)...)
		for range 3 {
			stream = append(stream, event(t, l, low)...)
		}
		outputtest.Give(t, layouts.Default(), stream, c)
		dst.expect(t, "1:2024897*1 text")
		tick := func() {
			t.Helper()
			if err := c.Tick(t.Context(), time.Now()); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(Interval - time.Second)
		tick()
		if dst.expect(t); c.Held() != 3 {
			t.Errorf("%d events are held", c.Held())
		}
		time.Sleep(time.Second)
		tick()
		dst.expect(t, "1:2024897*3 text")
		outputtest.Give(t, layouts.Default(), event(t, l, low), c)
		if err := c.Flush(t.Context()); err != nil || c.Held() != 1 || dst.flushed != 1 {
			t.Errorf("flush: %v, %d held, flushed %d times", err, c.Held(), dst.flushed)
		}
		if err := c.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		dst.expect(t, "1:2024897*1 ")
		if want := (Stats{Events: 5, Alerts: 3, Lost: 5, Other: 1}); c.Stats() != want {
			t.Errorf("got %+v, expected %+v", c.Stats(), want)
		}
		if err := c.Close(t.Context()); err != nil || dst.closed != 1 || dst.flushed != 2 {
			t.Errorf("closed again: %v, %d, flushed %d times", err, dst.closed, dst.flushed)
		}
		if err := errors.Join(c.Tick(t.Context(), time.Now()), c.Record(nil, nil, nil, nil, nil)); err == nil || !strings.Contains(err.Error(), "closed") {
			t.Errorf("used after closing: %v", err)
		}
	})
}

// TestUnreadable: what cannot be decoded is counted, and the log says so, once.
func TestUnreadable(t *testing.T) {
	var log syncbuf.Buffer
	c := New(&to{}, Options{Log: log.Logger()})
	stream := formattest.Damaged(formattest.Random(t, layouts.Default(), 1))
	d, n := wire.NewDecoder(layouts.Default(), nil), uint64(0)
	for len(stream) > 0 {
		message, rest, err := wire.NextMessage(stream)
		if err != nil {
			message, rest = stream, nil
		}
		stream = rest
		r, err := d.Decode(message)
		if err == nil {
			continue
		}
		n++
		if err := c.Record(d, r, message, meta.Initial(), err); err != nil {
			t.Fatal(err)
		}
	}
	if n == 0 || c.Stats().Unreadable != n {
		t.Errorf("%d messages are malformed, %d counted", n, c.Stats().Unreadable)
	}
	if lines := strings.Count(log.String(), "\n"); lines != 1 || !strings.Contains(log.String(), "could not be decoded") {
		t.Errorf("log of %d lines: %s", lines, log.String())
	}
}

// TestCloseFails says what is lost.
func TestCloseFails(t *testing.T) {
	dst := &to{}
	c := New(dst, Options{})
	outputtest.Give(t, layouts.Default(), event(t, intrusionLayouts(t)[0], map[string]any{"priority_id": 3}), c)
	dst.fail = errors.New("no network")
	err := c.Close(t.Context())
	if !errors.Is(err, dst.fail) || !strings.Contains(err.Error(), "1 collected alerts of 1 events are lost") || dst.closed != 1 {
		t.Errorf("%v, closed %d times", err, dst.closed)
	}
}
