package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"estream/collect"
	"estream/estreamtest"
	"estream/wire"
)

// drained runs a messageInput over what produce takes in, and returns its chunks, each
// checked to be whole events.
func drained(t *testing.T, in *messageInput, produce func()) (chunks []collect.Chunk) {
	t.Helper()
	in.ctx, in.put, in.skipped = t.Context(), make(chan *eventRun), map[wire.MessageType]int{}
	first := in.events
	go func() {
		defer close(in.put)
		produce()
		if err := in.flush(); err != nil {
			t.Error(err)
		}
	}()
	next := first
	for {
		c, err := in.Next(t.Context(), nil)
		if err == io.EOF {
			return chunks
		}
		if err != nil {
			t.Fatal(err)
		}
		if c.First != next || len(c.Data) == 0 {
			t.Errorf("chunk begins with event %d, want %d, and has %d bytes", c.First, next, len(c.Data))
		}
		for rest := c.Data; len(rest) > 0; next++ {
			m, more, err := wire.NextMessage(rest)
			if h, _ := wire.ParseHeader(m); err != nil || h.Type != wire.TypeEventData || h.Version != wire.HeaderVersion {
				t.Fatalf("event %d: %v, %+v", next, err, h)
			}
			rest = more
		}
		if c.Cursor != next {
			t.Errorf("chunk ends before event %d, want %d", c.Cursor, next)
		}
		chunks = append(chunks, c)
	}
}

// Events stay together by source, a report finds where each came from until it is
// written, and memory is used again.
func TestMessageInput(t *testing.T) {
	events := estreamtest.Events(2000, 333)
	bundle, err := wire.AppendBundle(nil, 1, 1, 0, events[:3*333])
	if err != nil {
		t.Fatal(err)
	}
	in := &messageInput{report: t.Errorf}
	check := func(err error) {
		if err != nil {
			t.Error(err)
		}
	}
	chunks := drained(t, in, func() {
		check(in.take(location{line: 2}, 1, events[:333]))
		check(in.take(location{line: 3}, 1, bundle))
		check(in.take(location{line: 4}, 1, wire.AppendNull(nil)))
		check(in.take(location{session: 2, time: time.Unix(1700000000, 5000)}, 2, events[:333]))
		for i := range 2000 {
			check(in.take(location{line: 10 + i}, 1, events[i*333:(i+1)*333]))
		}
	})
	if len(chunks) < 5 || chunks[0].Source != 1 || chunks[1].Source != 2 || len(chunks[0].Data) != 4*333 || in.skipped[wire.TypeNull] != 1 {
		t.Fatalf("%d chunks, %d bytes in the first; skipped %v", len(chunks), len(chunks[0].Data), in.skipped)
	}
	var all []byte
	for i, c := range chunks {
		if all = append(all, c.Data...); len(c.Data) > runBytes+333 {
			t.Errorf("chunk %d has %d bytes", i, len(c.Data))
		}
	}
	if want := append(append(bytes.Clone(events[:333]), events[:3*333]...), append(events[:333:333], events...)...); !bytes.Equal(all, want) {
		t.Errorf("%d bytes of events, or others than the %d taken in", len(all), len(want))
	}
	for event, want := range map[uint64]string{
		0: "line 2", 1: "line 3, event 1 of 3", 3: "line 3, event 3 of 3", 4: "2023-11-14T22:13:20.000005Z: session 2", 5: "line 10", 2004: "line 2009", 2005: "event 2005",
	} {
		if got := in.where(&collect.Problem{Message: event}); got != want {
			t.Errorf("event %d: %s, want %s", event, got, want)
		}
	}
	for i := range chunks { // in any order
		chunks[(i+2)%len(chunks)].Release()
	}
	if len(in.under) != 0 || len(in.spare) != len(chunks) {
		t.Errorf("%d runs under way, %d spare after %d", len(in.under), len(in.spare), len(chunks))
	}
	chunks = drained(t, in, func() { check(in.take(location{line: 1}, 7, events[:333])) })
	if len(chunks) != 1 || len(in.spare) < 1 || !bytes.Equal(chunks[0].Data, events[:333]) {
		t.Errorf("%d chunks, %d spare", len(chunks), len(in.spare))
	}
}

// Who no longer reads stops the reading.
func TestMessageInputStops(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	in := &messageInput{ctx: ctx, put: make(chan *eventRun), report: t.Errorf}
	events := estreamtest.Events(1, runBytes)
	if err := in.take(location{}, 1, events); err != nil {
		t.Error(err)
	}
	if err := in.take(location{}, 1, events); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if _, err := in.Next(ctx, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

// Whatever a server sent, what goes on are whole events, as many as there were bytes for.
func FuzzMessageInput(f *testing.F) {
	events := estreamtest.Events(3, 40)
	bundle, err := wire.AppendBundle(nil, 1, 1, 0, events)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(events[:40], true)
	f.Add(bundle, true)
	f.Add(bundle[:len(bundle)-1], false)
	f.Add(bundle[:20], false)
	f.Add(wire.AppendHeader(nil, wire.TypeMessageBundle, 0), true)
	f.Fuzz(func(t *testing.T, message []byte, whole bool) {
		if whole {
			m, _, err := wire.NextMessage(message)
			if err != nil {
				return
			}
			message = m
		}
		reports := 0
		in := &messageInput{report: func(string, ...any) { reports++ }}
		chunks := drained(t, in, func() {
			take := in.cut
			if whole {
				take = in.take
			}
			if err := take(location{line: 1}, 1, message); err != nil {
				t.Error(err)
			}
		})
		n := 0
		for _, c := range chunks {
			n += len(c.Data)
		}
		if n > len(message) || reports > 1 {
			t.Errorf("%d bytes of events in %d, %d reports", n, len(message), reports)
		}
	})
}

// FuzzDecodeTrace: any file that begins like a recording is decoded to its end, with a
// status that says whether all of it was good.
func FuzzDecodeTrace(f *testing.F) {
	header := `{"format":"estream-session/1","session":1}` + "\n"
	for _, lines := range []string{
		`{"n":1,"from":"server","type":0,"hex":"0001000000000000"}` + "\n" + `{"at":1,"end":"x"}` + "\n",
		fmt.Sprintf(`{"n":1,"from":"server","type":4,"hex":"%x"}`, estreamtest.Events(1, 40)) + "\n",
		`{"n":1,"from":"server","problem":"p","hex":"00010fa2000000ff00000001"}` + "\n",
		header, `{"stopped":"x"}`,
	} {
		f.Add(lines)
	}
	f.Fuzz(func(t *testing.T, lines string) {
		var out, errs strings.Builder
		status := Main(context.Background(), []string{"decode", "-f", "raw", "-"}, strings.NewReader(header+lines), &out, &errs)
		if status == exitUsage || status == exitFailed && errs.Len() == 0 {
			t.Errorf("status %d, %q", status, errs.String())
		}
	})
}
