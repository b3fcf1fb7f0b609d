package syslog

import (
	"errors"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"estream/internal/recordtest"
	"estream/internal/syncbuf"
	"estream/layouts"
	"estream/meta"
	"estream/output/conn/rsyslogtest"
	"estream/output/syslog"
	"estream/request/internal/outputtest"
	"estream/wire"
)

// TestRestart: a receiver that was restarted gets what it has not acknowledged, and
// the system's syslog service is found again.
func TestRestart(t *testing.T) {
	urgent := stream(t)
	for name, in := range map[string]rsyslogtest.Input{"unix:": rsyslogtest.Socket, "syslog+tcp://": rsyslogtest.TCP} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := rsyslogtest.Start(t, in)
			var log syncbuf.Buffer
			out := start(t, Options{Target: name + s.Address, Log: log.Logger()})
			outputtest.Give(t, layouts.Default(), urgent, out)
			if err := out.Flush(t.Context()); err != nil {
				t.Fatal(err)
			}
			s.Wait(2)
			s.Kill()
			d := wire.NewDecoder(layouts.Default(), nil)
			r, err := d.Decode(recordtest.Message(t, layouts.Default(), 207, 0, recordtest.Fields{"priority_id": 1}))
			if err != nil {
				t.Fatal(err)
			}
			want := 1
			if err = out.Record(d, r, r.Message, meta.Initial(), nil); err == nil {
				// The kernel took it before it learned that the receiver is gone.
				want = 2
				err = out.Flush(t.Context())
			}
			if err == nil || !strings.Contains(err.Error(), s.Address) || !strings.Contains(err.Error(), "listens there") {
				t.Errorf("without receiver: %v", err)
			}
			s.Start()
			before := len(s.Messages(0))
			if err := out.Record(d, r, r.Message, meta.Initial(), nil); err != nil {
				t.Fatalf("after the restart: %v", err)
			}
			if err := out.Flush(t.Context()); err != nil {
				t.Fatalf("after the restart: %v", err)
			}
			got := s.Messages(before + want)[before:]
			for _, m := range got {
				if !strings.Contains(m.Text, "no message known for rule 0:0:0") {
					t.Errorf("after the restart: %q", m.Text)
				}
			}
			if len(got) != want {
				t.Errorf("%d messages after the restart, expected %d", len(got), want)
			}
		})
	}
}

// TestAgain: what a connection took and nobody acknowledged is sent again on the
// next one, before everything else.
func TestAgain(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	to, err := open(Options{
		Target: "syslog+tcp://" + l.Addr().String(), Framing: syslog.Newline, MaxLine: MaxLine,
		Header: syslog.HeaderOptions{Format: syslog.NoHeader}, Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	first, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{"one\n", "two\n"} {
		if err := to.send(t.Context(), []byte(line)); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(first.(*net.TCPConn).SetLinger(0), first.Close()); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(to.send(t.Context(), []byte("three\n")), to.flush(t.Context()), to.close()); err != nil {
		t.Fatal(err)
	}
	second, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(second); string(got) != "one\ntwo\nthree\n" || err != nil {
		t.Errorf("the second connection brought %q, %v", got, err)
	}
	if n := len(to.(*remote).pending); n != 0 {
		t.Errorf("%d bytes still wait for an acknowledgement", n)
	}
}

// TestPending: what waits for a receiver that acknowledges is bounded.
func TestPending(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	to, err := open(Options{Target: "syslog+tcp://" + l.Addr().String(), MaxLine: MaxLine, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	c, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	go func() { _, _ = io.Copy(io.Discard, c) }()
	line, most := []byte(strings.Repeat("x", 4000)+"\n"), 0
	for range 200 {
		if err := to.send(t.Context(), line); err != nil {
			t.Fatal(err)
		}
		most = max(most, len(to.(*remote).pending))
	}
	if most > maxPending || most < maxPending/2 {
		t.Errorf("up to %d bytes waited", most)
	}
	if err := to.close(); err != nil {
		t.Error(err)
	}
}

// TestHang: a service that takes nothing costs Stall, not for ever.
func TestHang(t *testing.T) {
	l, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: filepath.Join(t.TempDir(), "log"), Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	to, err := open(Options{Target: "unix:" + l.LocalAddr().String(), MaxLine: MaxLine, Stall: 20 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	for range 1 << 16 { // far more than a socket keeps for a reader
		if err = to.send(t.Context(), []byte("x\n")); err != nil {
			break
		}
	}
	if !errors.Is(err, os.ErrDeadlineExceeded) || !strings.Contains(err.Error(), "takes nothing") {
		t.Errorf("%v", err)
	}
	if err := to.close(); err != nil {
		t.Error(err)
	}
}
