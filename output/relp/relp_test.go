package relp

import (
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"estream/internal/mute"
	"estream/internal/syncbuf"
	"estream/output"
	"estream/output/conn/rsyslogtest"
	"estream/output/syslog"
)

var _ interface {
	output.Output
	output.Counter
} = (*Output)(nil)

func opened(t testing.TB, o Options) *Output {
	t.Helper()
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	o.Header.Hostname = "h"
	out, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := out.Close(); err != nil {
			t.Error(err)
		}
	})
	return out
}

func write(t testing.TB, out *Output, lines ...string) {
	t.Helper()
	if err := out.Write(t.Context(), rsyslogtest.Join(lines)); err != nil {
		t.Fatal(err)
	}
}

func commit(t testing.TB, out *Output) {
	t.Helper()
	if _, err := out.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// TestRefused: lines that the server refuses are handed on with its reason, and
// what could not be kept is offered again before anything else.
func TestRefused(t *testing.T) {
	l := listen(t)
	go func() {
		p := l.accept()
		p.open()
		for {
			txnr, command, data := p.next()
			switch {
			case command == "":
				return
			case strings.HasSuffix(data, "bad"):
				p.say("%s rsp 12 500 no such!\n", txnr)
			default:
				p.say("%s rsp 6 200 OK\n", txnr)
			}
		}
	}()
	full := errors.New("dead letters: disk full")
	var kept []string
	var fails error
	out := opened(t, Options{Address: l.l.Addr().String(), Reject: func(lines []byte, cause error) error {
		if fails == nil {
			kept = append(kept, fmt.Sprintf("%s (%v)", lines, cause))
		}
		return fails
	}})
	write(t, out, "good", "first bad", "good")
	commit(t, out)
	fails = full
	write(t, out, "second bad")
	for range 2 {
		if _, err := out.Commit(t.Context()); !errors.Is(err, full) || errors.Is(err, output.ErrUncommitted) {
			t.Errorf("commit while nothing can be kept: %v", err)
		}
		if err := out.Write(t.Context(), []byte("next\n")); !errors.Is(err, full) || errors.Is(err, output.ErrUncommitted) {
			t.Errorf("write while nothing can be kept: %v", err)
		}
	}
	fails = nil
	commit(t, out)
	name := out.String()
	want := []string{
		"first bad\n (" + name + ": the server refused the line: 500 no such!)",
		"second bad\n (" + name + ": the server refused the line: 500 no such!)",
	}
	if !slices.Equal(kept, want) || out.Stats().Rejected.Load() != 2 || out.Stats().Connects.Load() != 1 {
		t.Errorf("kept %q, counted %d, %d connections", kept, out.Stats().Rejected.Load(), out.Stats().Connects.Load())
	}
}

// TestRefusedUnkept: without anybody to keep them refused lines are in the log.
func TestRefusedUnkept(t *testing.T) {
	l := listen(t)
	go func() {
		p := l.accept()
		p.open()
		for txnr, command, _ := p.next(); command != ""; txnr, command, _ = p.next() {
			p.say("%s rsp 7 500 no.\n", txnr)
		}
	}()
	var log syncbuf.Buffer
	out := opened(t, Options{Address: l.l.Addr().String(), Log: slog.New(slog.NewTextHandler(&log, nil))})
	out.quiet = mute.New(0) // opening the session uses up the message of this minute
	write(t, out, "bad")
	commit(t, out)
	if out.Stats().Rejected.Load() != 1 {
		t.Errorf("%d lines count as refused", out.Stats().Rejected.Load())
	}
	if !strings.Contains(log.String(), "500 no.") {
		t.Errorf("log: %s", log.String())
	}
}

// TestWindow: no more lines are on their way than the window has room for, and
// answers may come in any order.
func TestWindow(t *testing.T) {
	const window = 4
	l := listen(t)
	most := make(chan int, 1)
	go func() {
		p := l.accept()
		p.open()
		for {
			var waiting []string
			for range window {
				txnr, command, _ := p.next()
				if command != "syslog" {
					return
				}
				waiting = append(waiting, txnr)
			}
			if n := p.r.Buffered(); n > 0 {
				most <- n
			}
			for _, txnr := range slices.Backward(waiting) {
				p.say("%s rsp 6 200 OK\n", txnr)
			}
		}
	}()
	out := opened(t, Options{Address: l.l.Addr().String(), Window: window})
	write(t, out, rsyslogtest.Lines(0, 10*window)...)
	commit(t, out)
	select {
	case n := <-most:
		t.Errorf("%d bytes behind a full window", n)
	default:
	}
}

// TestBreak: what counts as uncommitted is what was not confirmed.
func TestBreak(t *testing.T) {
	l := listen(t)
	proceed := make(chan bool)
	go func() {
		for range 2 {
			p := l.accept()
			p.open()
			for confirm := range proceed {
				txnr, _, _ := p.next()
				if !confirm {
					break
				}
				p.say("%s rsp 6 200 OK\n", txnr)
			}
			_ = p.Close()
		}
		l.accept().open()
	}()
	out := opened(t, Options{Address: l.l.Addr().String()})
	write(t, out, "one")
	proceed <- true
	commit(t, out)
	write(t, out, "two")
	proceed <- false
	if _, err := out.Commit(t.Context()); !errors.Is(err, output.ErrUncommitted) {
		t.Errorf("commit of a line without an answer: %v", err)
	}
	if err := out.Write(t.Context(), []byte("three\n")); !errors.Is(err, output.ErrUncommitted) {
		t.Errorf("write after that: %v", err)
	}
	out = opened(t, Options{Address: l.l.Addr().String()})
	write(t, out, "two")
	proceed <- true
	commit(t, out)
	close(proceed) // hangs up with everything confirmed
	<-out.s.c.Done()
	write(t, out, "three")
}

// TestServerClose: after the hint nothing new is sent on this session, and what
// is confirmed is not in doubt.
func TestServerClose(t *testing.T) {
	l := listen(t)
	go func() {
		p := l.accept()
		p.open()
		txnr, _, _ := p.next()
		p.say("0 serverclose 0\n%s rsp 6 200 OK\n", txnr)
		if txnr, command, _ := p.next(); command != "" {
			t.Errorf("after the hint came %s %s", txnr, command)
		}
		p = l.accept()
		p.open()
		txnr, _, data := p.next()
		if !strings.HasSuffix(data, "two") {
			t.Errorf("the second session begins with %q", data)
		}
		p.say("%s rsp 6 200 OK\n", txnr)
	}()
	out := opened(t, Options{Address: l.l.Addr().String()})
	write(t, out, "one")
	commit(t, out)
	write(t, out, "two")
	commit(t, out)
	if out.Stats().Connects.Load() != 2 {
		t.Errorf("%d sessions, expected 2", out.Stats().Connects.Load())
	}
}

// TestTruncated: what is cut stays within the limit, and its length is right.
func TestTruncated(t *testing.T) {
	l := listen(t)
	got := make(chan string, 2)
	go func() {
		p := l.accept()
		p.open()
		for range 2 {
			txnr, _, data := p.next()
			got <- data
			p.say("%s rsp 6 200 OK\n", txnr)
		}
	}()
	out := opened(t, Options{Address: l.l.Addr().String(), MaxLine: 64, Header: syslog.HeaderOptions{Format: syslog.NoHeader}})
	write(t, out, strings.Repeat("x", 100), "")
	commit(t, out)
	if a, b := <-got, <-got; a != strings.Repeat("x", 40)+"...[truncated 60 bytes]" || b != "" {
		t.Errorf("received %q and %q", a, b)
	}
	if out.Stats().Truncated.Load() != 1 {
		t.Errorf("%d lines count as cut", out.Stats().Truncated.Load())
	}
}

// TestOpen neither connects nor accepts what cannot work.
func TestOpen(t *testing.T) {
	out := opened(t, Options{Address: "receiver.invalid:2514", TLS: &tls.Config{}})
	commit(t, out)
	if !out.Empty() || out.String() != "relp+tls://receiver.invalid:2514" || out.Guarantee() != output.AtLeastOnce {
		t.Errorf("%s: %s", out, out.Guarantee())
	}
	for _, o := range []Options{{}, {Address: "h"}, {Address: "h:1", Window: -1}, {Address: "h:1", Window: 1 << 17}, {Address: "h:1", MaxLine: 70}, {Address: "h:1", MaxLine: 1 << 25}, {Address: "h:1", Header: syslog.HeaderOptions{Severity: "x"}}} {
		if out, err := Open(o); err == nil {
			t.Errorf("%+v: opened %v", o, out)
		}
	}
}
