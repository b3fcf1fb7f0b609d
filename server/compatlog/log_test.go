package compatlog_test

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"estream/pki"
	"estream/server/compatlog"
	"estream/wire"
)

// TestDebug: in debug mode each line names the place that logs it, and there are more.
func TestDebug(t *testing.T) {
	log, out := newLog(compatlog.Options{Level: slog.LevelDebug})
	tr := log.Trace()
	tr.Accepted(13615, client)
	tr.Admitted(13615, byAddr, nil, true)
	tr.Request(13615, 8, 0, wire.DefaultFlags)
	slog.New(log.Handler()).Debug("details", "n", 1)
	func() { slog.New(log.Handler()).Info("from a literal") }()
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	place := regexp.MustCompile(`\] log_test\.go:[1-9][0-9]*:TestDebug\(\): `)
	for _, line := range lines {
		if !place.MatchString(line) {
			t.Errorf("%s: lacks file, line and function of this test", line)
		}
	}
	if want := "[DEBUG] log_test.go:"; !strings.Contains(out.String(), want) {
		t.Errorf("lacks %q", want)
	}
	if want := "Created new estreamer child with src 10.48.26.47 : pid 13615\n"; !strings.Contains(out.String(), want) {
		t.Errorf("lacks %q:\n%s", want, out)
	}
	if len(lines) != 9 {
		t.Errorf("%d lines, want 9:\n%s", len(lines), out)
	}
}

// TestHandler: everything else of the server is in the log with its attributes.
func TestHandler(t *testing.T) {
	log, out := newLog(compatlog.Options{})
	l := slog.New(log.Handler()).With("source", "eve one").WithGroup("file")
	l.Warn("line is no JSON", "offset", 17, slog.Group("at", "line", 3), "empty", "", "error", errors.New("unexpected end\nof line"))
	l.Debug("not shown")
	want := "Jun  3 07:22:14 fmc SF-IMS[7414]: [7414] Event Streamer:service [WARN] line is no JSON source=\"eve one\" file.offset=17 file.at.line=3 file.empty=\"\" file.error=\"unexpected end\\nof line\"\n"
	// The time is that of the record.
	if got := out.String(); len(got) < 15 || got[15:] != want[15:] {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	if stamp := out.String()[:15]; stamp != time.Now().UTC().Format(time.Stamp) && stamp != time.Now().UTC().Add(-time.Second).Format(time.Stamp) {
		t.Errorf("time %q is not now in UTC", stamp)
	}
}

// failing is a writer that can be out of order.
type failing struct {
	strings.Builder
	err error
}

func (f *failing) Write(p []byte) (int, error) {
	if f.err != nil {
		return 0, f.err
	}
	return f.Builder.Write(p)
}

// TestLost: lines that could not be written are counted, and the count is logged.
func TestLost(t *testing.T) {
	w := new(failing)
	log, other := newLog(compatlog.Options{Sinks: []compatlog.Sink{compatlog.NewFile(w, "fmc")}})
	l := slog.New(log.Handler())
	w.err = errors.New("no space left on device")
	l.Info("one")
	l.Info("two")
	w.err = nil
	l.Info("three")
	l.Info("four")
	if got := strings.Count(other.String(), "\n"); got != 4 {
		t.Errorf("the sink that works has %d lines, want 4:\n%s", got, other)
	}
	if got := w.String(); strings.Count(got, "\n") != 3 || !strings.Contains(got, "[WARN] 2 log lines could not be written\n") {
		t.Errorf("after the failure:\n%s", got)
	}
}

// TestFlood: a peer cannot fill the log by connecting, and clients with a certificate
// show nevertheless.
func TestFlood(t *testing.T) {
	now := time.Unix(1591210934, 0)
	log, out := newLog(compatlog.Options{Now: func() time.Time { return now }})
	tr := log.Trace()
	refused := &pki.Refusal{Reason: pki.NotTLS, Remote: client.Addr()}
	const many = 10 * compatlog.SessionBurst
	for n := range uint64(many) {
		tr.Accepted(n+1, client)
		tr.Refused(n+1, refused)
		tr.Ended(n+1, refused)
	}
	if got := strings.Count(out.String(), "Accepted IPv4"); got != compatlog.SessionBurst {
		t.Errorf("%d connections are listed, want %d", got, compatlog.SessionBurst)
	}
	out.Reset()
	tr.Accepted(many+1, client)
	tr.Admitted(many+1, byAddr, nil, true)
	tr.Ended(many+1, nil)
	if got := out.String(); strings.Count(got, "\n") != 7 || !strings.Contains(got, "Accepted IPv4") || !strings.Contains(got, "Matched Certificate") {
		t.Errorf("the session in the middle of it:\n%s", got)
	}
	out.Reset()
	now = now.Add(time.Minute)
	tr.Accepted(many+2, client)
	tr.Ended(many+2, nil)
	want := fmt.Sprintf("Event Streamer:sfestreamer [ERROR] %d connections in quick succession are not listed here, of which %[1]d were refused\n", many-compatlog.SessionBurst)
	if got := out.String(); !strings.Contains(got, want) || strings.Count(got, "\n") != 6 {
		t.Errorf("a minute later:\n%swant %s", got, want)
	}
}

// TestUnknownSession: a call for a connection that was never accepted, or has ended, is
// no line and no panic.
func TestUnknownSession(t *testing.T) {
	log, out := newLog(compatlog.Options{})
	tr := log.Trace()
	tr.Refused(1, io.EOF)
	tr.Admitted(1, byAddr, []netip.Addr{client.Addr()}, true)
	tr.Request(1, 8, 0, 0)
	tr.Failed(1, io.EOF)
	tr.Ended(1, nil)
	if out.Len() > 0 {
		t.Errorf("%s", out)
	}
}

// TestSyslog: lines reach a daemon that reads a datagram socket or a stream, in the
// form that is usual on one machine, and go on when the daemon was restarted.
func TestSyslog(t *testing.T) {
	for _, network := range []string{"unixgram", "unix"} {
		t.Run(network, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "log")
			d := newDaemon(t, network, path)
			sink, err := compatlog.DialSyslog(path)
			if err != nil {
				t.Fatal(err)
			}
			log, _ := newLog(compatlog.Options{Level: slog.LevelDebug, Sinks: []compatlog.Sink{sink}})
			log.Trace().Accepted(1, client)
			want := "<30>Jun  3 07:22:14 SF-IMS[7414]: [7414] Event Streamer:ConnectionHandler [INFO] log_test.go:"
			if got := d.line(); !strings.HasPrefix(got, want) || !strings.HasSuffix(got, "Accepted IPv4 connection from 10.48.26.47:46538/tcp") {
				t.Errorf("got %q, want %s...", got, want)
			}
			d.line()
			d.line()
			if got := d.line(); !strings.HasPrefix(got, "<31>") {
				t.Errorf("debug: %q", got)
			}
			log.Trace().Failed(1, io.EOF)
			if got := d.line(); !strings.HasPrefix(got, "<27>") {
				t.Errorf("error: %q", got)
			}
			d.close()
			d = newDaemon(t, network, path)
			slog.New(log.Handler()).Warn("again")
			if got := d.line(); !strings.HasPrefix(got, "<28>") || !strings.HasSuffix(got, "(): again") {
				t.Errorf("warning to a new daemon: %q", got)
			}
			if err := log.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	if _, err := compatlog.DialSyslog(filepath.Join(t.TempDir(), "none")); err == nil {
		t.Error("no daemon listens, and that is no error")
	}
}

// A daemon receives lines at a socket.
type daemon struct {
	t     *testing.T
	lines chan string
	close func()
}

func newDaemon(t *testing.T, network, path string) *daemon {
	t.Helper()
	d := &daemon{t: t, lines: make(chan string, 100)}
	if network == "unixgram" {
		conn, err := net.ListenUnixgram(network, &net.UnixAddr{Name: path, Net: network})
		if err != nil {
			t.Fatal(err)
		}
		d.close = func() { _ = conn.Close(); _ = os.Remove(path) }
		go d.read(conn, false)
		t.Cleanup(d.close)
		return d
	}
	ln, err := net.Listen(network, path)
	if err != nil {
		t.Fatal(err)
	}
	conns := make(chan net.Conn, 10)
	d.close = func() {
		_ = ln.Close()
		for len(conns) > 0 {
			_ = (<-conns).Close()
		}
	}
	t.Cleanup(d.close)
	go func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			conns <- conn
			go d.read(conn, true)
		}
	}()
	return d
}

func (d *daemon) read(conn net.Conn, stream bool) {
	buf, rest := make([]byte, 64<<10), ""
	for {
		n, err := conn.Read(buf)
		if err != nil {
			return
		}
		if !stream {
			d.lines <- string(buf[:n])
			continue
		}
		rest += string(buf[:n])
		for {
			line, after, ok := strings.Cut(rest, "\n")
			if !ok {
				break
			}
			d.lines <- line
			rest = after
		}
	}
}

func (d *daemon) line() string {
	d.t.Helper()
	select {
	case l := <-d.lines:
		return l
	case <-time.After(10 * time.Second):
		d.t.Fatal("no line came")
		return ""
	}
}
