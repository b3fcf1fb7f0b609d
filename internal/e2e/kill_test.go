package e2e

import (
	"strconv"
	"strings"
	"testing"
	"time"
)

// pace is how fast the server replays, in messages a second.
const pace = "20000"

// TestKillCollector kills the collector 100 times while a server replays a
// stream to it.
func TestKillCollector(t *testing.T) {
	const kills, wantInside = 100, 90
	stream := sharedStream(t)
	rng := random(t)
	p, s := newPlace(t), newSink(t.TempDir())
	server := p.serve(t, "127.0.0.1:0", "--replay-as-is", stream, "--rate", pace)
	addr := server.listening()

	var (
		marks    []int64 // bytes of the journal at each kill
		tails    int     // kills that found lines in the file which no cursor vouched for
		cursors  int     // kills at which the output had committed something
		sessions int
		held     uint64
	)
	// On a busy machine a start takes long. Then fewer lives are waited for, so that
	// the kills do not outlast the stream.
	const schedule = 120 * time.Millisecond
	began := time.Now()
	for n := range kills {
		before := journalBytes(s.journal())
		length, _ := committed(t, s)
		c := s.collect(t, addr, p)
		switch {
		case n%10 == 9: // after the output has committed
			awaitThat(c, func() bool { now, _ := committed(t, s); return now > length })
			lives(c, time.Duration(rng.IntN(100))*time.Millisecond)
		case n%2 == 0 && time.Since(began) < time.Duration(n)*schedule: // in the middle of receiving
			awaitThat(c, func() bool { return journalBytes(s.journal()) > before })
			lives(c, time.Duration(rng.IntN(40))*time.Millisecond)
		default: // at any moment, also while it starts
			lives(c, time.Duration(rng.IntN(90))*time.Millisecond)
		}
		c.kill()
		marks = append(marks, journalBytes(s.journal()))
		sessions += len(c.log.Matching("msg=connected"))
		if length, ok := committed(t, s); ok {
			if length > 0 {
				cursors++
			}
			if fileSize(s.file) > length {
				tails++
			}
		}
		if n%20 == 19 {
			end := journalEnd(t, s.journal())
			if end < held {
				t.Fatalf("kill %d: the journal holds %d messages, 20 kills before it held %d", n+1, end, held)
			}
			held = end
		}
	}
	server.await("source has been read to its end")
	last := s.collect(t, addr, p, "--exit-when-idle", "1s")
	last.finish()
	sessions += len(last.log.Matching("msg=connected"))

	end := journalEnd(t, s.journal())
	inside := between(marks, journalBytes(s.journal()))
	lines := compareDecoded(t, s.file, stream)
	compareCollected(t, s.file, addr, p)
	compareJournal(t, s.journal(), stream)
	server.interrupt()
	t.Logf("kills %d, between the first and the last journal write %d, with lines in the file that no cursor vouched for %d, after a commit of the output %d", kills, inside, tails, cursors)
	t.Logf("sessions %d; the server sent %d messages for the %d that there are; lines %d, equal to decode and to an uninterrupted collect", sessions, sent(t, server), end, lines)
	if end != longCount || lines != longCount {
		t.Errorf("journal holds %d messages and the file %d lines, want %d", end, lines, longCount)
	}
	if inside < wantInside {
		t.Errorf("%d kills between the first and the last journal write, want at least %d", inside, wantInside)
	}
	if tails == 0 || cursors == 0 {
		t.Errorf("%d kills left lines to cut off, %d came after a commit: want some of both", tails, cursors)
	}
}

// TestKillServer kills the server 20 times while it replays; one collector runs
// through. This time events come in bundles.
func TestKillServer(t *testing.T) {
	const kills, wantInside = 20, 18
	stream := sharedStream(t)
	rng := random(t)
	p, s := newPlace(t), newSink(t.TempDir())
	args := []string{"--replay-as-is", stream, "--rate", pace, "--bundle", "100"}
	server := p.serve(t, "127.0.0.1:0", args...)
	addr := server.listening()
	c := s.collect(t, addr, p, "--exit-when-idle", "3s")

	var (
		marks []int64
		held  uint64
	)
	connected := 0 // kills that broke a session
	for n := range kills {
		// Every other life ends in the middle of a session, the rest at any moment.
		if n%2 == 0 {
			before := journalBytes(s.journal())
			awaitThat(c, func() bool { return journalBytes(s.journal()) > before })
		}
		lives(server, time.Duration(50+rng.IntN(250))*time.Millisecond)
		server.kill()
		connected += len(server.log.Matching(`msg="session began"`))
		end := journalEnd(t, p.journal())
		if end < held {
			t.Fatalf("kill %d: the journal holds %d messages, after the kill before it held %d", n+1, end, held)
		}
		held = end
		marks = append(marks, journalBytes(p.journal()))
		server = p.serve(t, addr, args...)
		server.listening()
	}
	server.await("source has been read to its end")
	c.finish()
	inside := between(marks, journalBytes(p.journal()))
	lines := compareDecoded(t, s.file, stream)
	compareCollected(t, s.file, addr, p)
	server.interrupt()
	compareJournal(t, p.journal(), stream)
	compareJournal(t, s.journal(), stream)
	t.Logf("kills %d, between the first and the last journal write %d; sessions broken %d; lines %d, equal to decode and to an uninterrupted collect", kills, inside, connected, lines)
	if line := c.log.Matching("msg=end"); len(line) == 1 {
		t.Log("collector:", line[0])
	}
	if lines != longCount {
		t.Errorf("the file has %d lines, want %d", lines, longCount)
	}
	if inside < wantInside || connected == 0 {
		t.Errorf("%d kills between the first and the last journal write, want at least %d; %d broke a session, want some", inside, wantInside, connected)
	}
}

func sharedStream(t *testing.T) string {
	t.Helper()
	stream, err := longStream()
	if err != nil {
		t.Fatal(err)
	}
	describe(t, stream)
	return stream
}

// lives lets a process live for some more time, the moment of its end being what
// the test is about.
func lives(p *process, d time.Duration) {
	select {
	case <-time.After(d):
	case <-p.done:
	}
}

// awaitThat waits until something is so, or p has ended. It gives up after a
// second: at the end of the stream there is nothing left to wait for.
func awaitThat(p *process, so func() bool) {
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	enough := time.After(time.Second)
	for !so() {
		select {
		case <-tick.C:
		case <-enough:
			return
		case <-p.done:
			return
		}
	}
}

// between counts the marks after the first write of a journal and before its last.
// A kill leaves at most part of one commit behind that the next start cuts off.
func between(marks []int64, end int64) (n int) {
	for _, m := range marks {
		if m > 0 && m < end {
			n++
		}
	}
	return n
}

// sent adds up what a server says it has sent in its sessions.
func sent(t *testing.T, server *process) (total uint64) {
	t.Helper()
	for _, line := range server.log.Matching(" sent=") {
		_, rest, _ := strings.Cut(line, " sent=")
		digits, _, _ := strings.Cut(rest, " ")
		n, err := strconv.ParseUint(digits, 10, 64)
		if err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		total += n
	}
	return total
}
