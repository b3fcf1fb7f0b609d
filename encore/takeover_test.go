package encore

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"estream/encore/conf"
	"estream/estreamtest"
	"estream/internal/corpus"
	"estream/wire"
)

// batch returns messages of the corpus, each with an archive time: event k has
// second from + k.
func batch(t *testing.T, record uint16, from uint32, count int) []byte {
	t.Helper()
	var out []byte
	rest := corpus.Read(t, corpus.Messages)
	for n := 0; n < count; {
		m, after, err := wire.NextMessage(rest)
		if err != nil {
			t.Fatal(err)
		}
		rest = after
		if h, _ := wire.PeekRecord(m); h.Type != record {
			continue
		}
		m = slices.Clone(m)
		second := from + uint32(n)
		copy(m[16:20], []byte{byte(second >> 24), byte(second >> 16), byte(second >> 8), byte(second)})
		out, n = append(out, m...), n+1
	}
	return out
}

const second0 = 1_700_000_000

// TestTakeover: the first session begins at eNcore's bookmark; the next start goes on
// with what we have, and nothing comes twice; a bookmark that somebody changed counts.
func TestTakeover(t *testing.T) {
	t.Parallel()
	center := estreamtest.Start(t)
	r := newRoom(t, center, "estreamer-3.5.4.conf", nil)
	r.write(r.own("bookmark.dat"), fmt.Sprintf(`{"1": %d}`, second0))
	r.write(r.own("cache.dat"), "pickle")

	first := batch(t, 71, second0, 5)
	center.Next(probing())
	center.Next(asks(t, second0), estreamtest.Send(first), estreamtest.Stall(nil))
	stop := r.start(r.client("secret\n"))
	awaitBookmark(t, r, second0+4)
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	if got := r.outputs("data/json/*"); len(got) != 5 {
		t.Fatalf("%d lines, want 5", len(got))
	}

	// Our position, less a margin of a second; the server repeats two events.
	center.Next(probing())
	center.Next(asks(t, second0+3), estreamtest.Send(batch(t, 71, second0, 7)[len(batch(t, 71, second0, 3)):]), estreamtest.Stall(nil))
	stop = r.start(r.client(""))
	awaitBookmark(t, r, second0+6)
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	if got := r.outputs("data/json/*"); len(got) != 7 {
		t.Fatalf("%d lines, want 7", len(got))
	}

	// Somebody sets the bookmark back.
	r.write(r.own("bookmark.dat"), fmt.Sprintf(`{"1": %d}`, second0+2))
	center.Next(probing())
	center.Next(asks(t, second0+2), estreamtest.Send(batch(t, 71, second0+20, 1)), estreamtest.Stall(nil))
	stop = r.start(r.client(""))
	awaitBookmark(t, r, second0+20)
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	if got := r.outputs("data/json/*"); len(got) != 8 {
		t.Fatalf("%d lines, want 8", len(got))
	}
	for _, line := range []string{
		"Opening bookmark file DIR/HOST-PORT_bookmark.dat.",
		fmt.Sprintf("Timestamp: Start = 2 (Bookmark = %d)", second0),
		"DIR/HOST-PORT_cache.dat is left as it is",
		"the journal begins anew",
	} {
		if !strings.Contains(r.plain(r.screen.String()), line) {
			t.Errorf("%q is missing in\n%s", line, r.plain(r.screen.String()))
		}
	}
	if r.read(r.own("cache.dat")) != "pickle" {
		t.Error("eNcore's cache was touched")
	}
}

// TestStart: 0 asks for the oldest data and 1 for new data, at every start.
func TestStart(t *testing.T) {
	t.Parallel()
	for start, asked := range map[int]uint32{0: wire.StartOldest, 1: wire.StartNow} {
		center := estreamtest.Start(t)
		r := newRoom(t, center, "estreamer-3.5.4.conf", func(d *conf.Document) { d.Set(start, "start") })
		for i := range 2 {
			center.Next(probing())
			center.Next(asks(t, asked), estreamtest.Send(batch(t, 71, second0+uint32(i), 1)), estreamtest.Stall(nil))
			stop := r.start(r.client("secret\n"))
			awaitBookmark(t, r, second0+uint32(i))
			if err := stop(); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// TestNewOutput: an output that is added does not get what the others have written,
// and one that is removed does not hold back the journal.
func TestNewOutput(t *testing.T) {
	t.Parallel()
	center := estreamtest.Start(t)
	r := newRoom(t, center, "estreamer-3.5.4.conf", nil)
	run := func(from uint32, second uint32) {
		center.Next(probing())
		center.Next(asks(t, from), estreamtest.Send(batch(t, 71, second, 1)), estreamtest.Stall(nil))
		stop := r.start(r.client("secret\n"))
		awaitBookmark(t, r, second)
		if err := stop(); err != nil {
			t.Fatal(err)
		}
	}
	run(0, second0)
	if err := Configure(t.Context(), r.dir, []string{ConfName, "--output", "splunk"}, nil, r.screen); err != nil {
		t.Fatal(err)
	}
	run(second0-1, second0+10)
	if json, splunk := r.outputs("data/json/*"), r.outputs("data/splunk/*"); len(json) != 1 || len(splunk) != 1 {
		t.Errorf("%d and %d lines, want 1 and 1", len(json), len(splunk))
	}
	if !strings.Contains(r.screen.String(), "output is no longer in the configuration") {
		t.Error("the removed output is not mentioned")
	}
}

// TestContinue: without alwaysAttemptToContinue the client ends with the connection,
// with it the next session goes on.
func TestContinue(t *testing.T) {
	t.Parallel()
	center := estreamtest.Start(t)
	r := newRoom(t, center, "estreamer-3.5.4.conf", nil)
	center.Next(probing())
	center.Next(asks(t, 0), estreamtest.Send(batch(t, 71, second0, 3)), estreamtest.ExpectAcks(4), estreamtest.Close())
	if err := r.client("secret\n").Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	log := r.screen.String()
	for _, line := range []string{"SubscriberParser ERROR    ConnectionClosedException: " + closedText, "Process subscriberParser state is Error.", "Controller   INFO     Stopping...", "Goodbye"} {
		if !strings.Contains(log, line) {
			t.Errorf("%q is missing in\n%s", line, log)
		}
	}
	if got := r.outputs("data/json/*"); len(got) != 3 {
		t.Errorf("%d lines, want 3: what was received must be written", len(got))
	}
	if got, want := r.read(r.own("bookmark.dat")), fmt.Sprintf(`{"1": %d}`, second0+2); got != want {
		t.Errorf("bookmark %s, want %s", got, want)
	}

	center = estreamtest.Start(t)
	r = newRoom(t, center, "estreamer-3.5.4.conf", func(d *conf.Document) { d.Set(true, "alwaysAttemptToContinue") })
	center.Next(estreamtest.Drop()) // not even the test gets through
	center.Next(asks(t, 0), estreamtest.Send(batch(t, 71, second0, 3)), estreamtest.ExpectAcks(4), estreamtest.SendError(5, "busy"), estreamtest.Close())
	center.Next(asks(t, second0+1), estreamtest.Send(batch(t, 71, second0, 5)[len(batch(t, 71, second0, 1)):]), estreamtest.Stall(nil))
	stop := r.start(r.client("secret\n"))
	awaitBookmark(t, r, second0+4)
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	if log := r.screen.String(); !strings.Contains(log, "EncoreException: 5: busy Connecting again.") {
		t.Errorf("log:\n%s", log)
	}
	if got := r.outputs("data/json/*"); len(got) != 5 {
		t.Errorf("%d lines, want 5", len(got))
	}
}

// TestUnreachable: a server that is down ends the client, with status 0 and the
// words that people look for.
func TestUnreachable(t *testing.T) {
	center := estreamtest.Start(t)
	r := newRoom(t, center, "estreamer-3.5.4.conf", nil)
	if err := center.Close(); err != nil {
		t.Fatal(err)
	}
	if err := r.client("secret\n").Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if log := r.screen.String(); !strings.Contains(log, "TimeoutException: Could not connect to eStreamer Server at all.") || !strings.Contains(log, "Goodbye") {
		t.Errorf("log:\n%s", log)
	}
	if got, want := r.read(r.own("status.dat")), `{"state": {"id": 0, "description": "Stopped"}}`; got != want {
		t.Errorf("status %s", got)
	}
}

// TestUnknownRecord: what eNcore dies of is logged with its bytes, and the next event
// is written.
func TestUnknownRecord(t *testing.T) {
	t.Parallel()
	center := estreamtest.Start(t)
	r := newRoom(t, center, "estreamer-3.5.4.conf", nil)
	center.Next(probing())
	unknown := estreamtest.Event(9999, second0, []byte("body"))
	center.Next(asks(t, 0), estreamtest.Send(append(unknown, batch(t, 71, second0+1, 1)...)), estreamtest.Stall(nil))
	stop := r.start(r.client("secret\n"))
	awaitBookmark(t, r, second0+1)
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	if got := r.outputs("data/json/*"); len(got) != 1 || !strings.Contains(got[0], `"recordType": 71`) {
		t.Errorf("%q", got)
	}
	want := additionalData(unknown)
	if log := r.screen.String(); strings.Count(log, want) != 1 || strings.Contains(log, "could not be decoded") {
		t.Errorf("%q is not there once:\n%s", want, log)
	}
}

// TestDisabled: enabled false is no start, and stops a client that runs.
func TestDisabled(t *testing.T) {
	t.Parallel()
	r := newRoom(t, nil, "estreamer-3.5.4.conf", func(d *conf.Document) { d.Set(false, "enabled") })
	if err := r.client("").Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if log := r.plain(r.screen.String()); log != "TIME Controller   INFO     settings.enabled == False. Stopping\n" {
		t.Errorf("log:\n%s", log)
	}
	if _, err := os.Stat(filepath.Join(r.dir, r.own("estream"))); !os.IsNotExist(err) {
		t.Errorf("something was made: %v", err)
	}

	center := estreamtest.Start(t)
	r = newRoom(t, center, "estreamer-3.5.4.conf", nil)
	center.Next(probing())
	center.Next(asks(t, 0), estreamtest.Stall(nil))
	done := make(chan error, 1)
	go func() { done <- r.client("secret\n").Run(t.Context()) }()
	r.screen.wait(t, "StreamingRequestMessage", 1)
	r.write(ConfName, "{ half a file") // an editor at work
	r.screen.wait(t, "cannot be read; going on as before", 1)
	r.write(ConfName, `{"enabled": false}`)
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if log := r.plain(r.screen.String()); !strings.Contains(log, "settings.enabled == False.\nTIME Controller   INFO     Stopping\nTIME Controller   INFO     Stopping...\n") {
		t.Errorf("log:\n%s", log)
	}
}

// TestOnce: a second client of a directory does not start; a pid file whose process
// is gone is no hindrance.
func TestOnce(t *testing.T) {
	t.Parallel()
	center := estreamtest.Start(t)
	r := newRoom(t, center, "estreamer-3.5.4.conf", nil)
	r.write(r.own("proc.pid"), "999999999")
	center.Next(probing())
	center.Next(asks(t, 0), estreamtest.Stall(nil))
	stop := r.start(r.client("secret\n"))
	r.screen.wait(t, "StreamingRequestMessage", 1)
	if got := r.read(r.own("proc.pid")); got != fmt.Sprint(os.Getpid()) {
		t.Errorf("pid file %q", got)
	}
	if err := r.client("").Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	r.screen.wait(t, "Controller   ERROR    EncoreException: PID file already exists", 1)
	f := FilesFor(r.dir, mustConf(t, r))
	if pid, err := running(fsOS, &f); pid != os.Getpid() || err != nil {
		t.Errorf("running: %d, %v", pid, err)
	}
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	r.write(r.own("proc.pid"), "999999999")
	if pid, err := running(fsOS, &f); pid != 0 || err != nil {
		t.Errorf("running: %d, %v", pid, err)
	}
	if _, err := os.Stat(f.PID); !os.IsNotExist(err) {
		t.Error("the pid file of a dead process is still there")
	}
}

// TestSink: without an output events are received, counted and dropped, and the
// bookmark moves.
func TestSink(t *testing.T) {
	t.Parallel()
	center := estreamtest.Start(t)
	r := newRoom(t, center, "estreamer-3.5.4.conf", func(d *conf.Document) {
		d.Set(false, "handler", "outputters", 0, "enabled")
		d.Set(0.02, "monitor", "period")
		d.Set(true, "monitor", "bookmark")
		d.Set(true, "monitor", "velocity")
		d.Set(true, "monitor", "details")
	})
	center.Next(probing())
	center.Next(asks(t, 0), estreamtest.Send(batch(t, 71, second0, 3)), estreamtest.Stall(nil))
	stop := r.start(r.client("secret\n"))
	awaitBookmark(t, r, second0+2)
	at := time.Unix(second0+2, 0).Format("2006-01-02T15:04:05")
	r.screen.wait(t, "Running. 3 handled; average rate ", 1)
	r.screen.wait(t, " ev/sec;  velocity 1.00; bookmark "+at+";\n", 1)
	r.screen.wait(t, `"state":{"id":1,"description":"Running"}`, 1)
	if err := stop(); err != nil {
		t.Fatal(err)
	}
}

// TestRecordSwitches: what the configuration leaves out is not written, and moves the
// bookmark all the same.
func TestRecordSwitches(t *testing.T) {
	t.Parallel()
	center := estreamtest.Start(t)
	r := newRoom(t, center, "estreamer-3.5.4.conf", func(d *conf.Document) {
		d.Set(false, "handler", "records", "connections")
		d.Set([]any{18}, "handler", "records", "include")
		d.Set([]any{400}, "handler", "records", "exclude")
	})
	center.Next(probing())
	var stream []byte
	for i, record := range []uint16{18, 71, 400, 125, 71} {
		stream = append(stream, batch(t, record, second0+uint32(i), 1)...)
	}
	center.Next(asks(t, 0), estreamtest.Send(stream), estreamtest.Stall(nil))
	stop := r.start(r.client("secret\n"))
	awaitBookmark(t, r, second0+4)
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	got := r.outputs("data/json/*")
	if len(got) != 2 || !strings.Contains(got[0], `"recordType": 18`) || !strings.Contains(got[1], `"recordType": 125`) {
		t.Errorf("%d lines: %.60q", len(got), got)
	}
}
