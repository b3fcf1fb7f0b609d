package follow

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"estream/internal/syncbuf"
)

// startStream runs a stream until the test ends. Lines come out of the channel;
// the function stops it and returns what Run returned.
func startStream(t *testing.T, s *Stream) (addr net.Addr, got chan string, stop func() error) {
	t.Helper()
	listening := make(chan net.Addr, 1)
	s.Listening = func(a net.Addr) { listening <- a }
	if s.Log == nil {
		s.Log = quiet()
	}
	got = make(chan string, 1000)
	done := make(chan error, 1)
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		done <- s.Run(ctx, func(_ context.Context, lines [][]byte, mark []byte) error {
			if mark != nil || len(s.MarkAt(nil, 0)) > 0 {
				t.Error("a socket has a mark")
			}
			for i, l := range lines {
				if s.Where(i).Offset < 0 || s.Where(i).Name == "" {
					t.Errorf("line %d is at %v", i, s.Where(i))
				}
				got <- string(l)
			}
			return nil
		})
	}()
	select {
	case addr = <-listening:
	case err := <-done:
		t.Fatal(err)
	}
	return addr, got, func() error { cancel(); return <-done }
}

func want(t *testing.T, got chan string, lines ...string) {
	t.Helper()
	for _, l := range lines {
		if g := <-got; g != l {
			t.Errorf("got %.40q, want %.40q", g, l)
		}
	}
}

func dial(t *testing.T, addr net.Addr) net.Conn {
	t.Helper()
	c, err := net.Dial(addr.Network(), addr.String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func send(t *testing.T, c io.Writer, text string) {
	t.Helper()
	if _, err := io.WriteString(c, text); err != nil {
		t.Fatal(err)
	}
}

// shortDir returns a directory whose name leaves room for a socket's: 108 bytes.
func shortDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "f")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

func TestStreams(t *testing.T) {
	dir := shortDir(t)
	for _, s := range []*Stream{
		{Network: "tcp", Address: "127.0.0.1:0"},
		{Network: "unix", Address: filepath.Join(dir, "stream")},
	} {
		s.MaxLine = 100_000
		addr, got, stop := startStream(t, s)
		a, b := dial(t, addr), dial(t, addr)
		send(t, a, "a1\r\n\na2\nhal")
		want(t, got, "a1", "a2")
		send(t, b, "b1\n")
		want(t, got, "b1")
		long := strings.Repeat("x", 100_000)
		send(t, a, "f\n"+long+"\n"+long+"y\n"+strings.Repeat("z", 300_000)+"\nnext\nlast")
		a.Close()
		want(t, got, "half", long, "next", "last")
		st := s.Stats()
		if st.Skipped[ReasonLong] != 2 {
			t.Errorf("%v: skipped %v, want two lines that are too long", s, st.Skipped)
		}
		if err := stop(); err != nil {
			t.Errorf("%v: %v", s, err)
		}
		if st := s.Stats(); st.Lines != 7 || st.Files != 2 {
			t.Errorf("%v: counted %+v, want 7 lines of 2 connections", s, st)
		}
		if n, err := b.Read(make([]byte, 1)); err == nil || n > 0 {
			t.Errorf("%v: a connection is open after the end", s)
		}
	}
}

func TestDatagrams(t *testing.T) {
	s := &Stream{Network: "unixgram", Address: filepath.Join(shortDir(t), "gram"), MaxLine: 1000}
	addr, got, stop := startStream(t, s)
	c := dial(t, addr)
	for _, text := range []string{"one", "two\nthree\n", strings.Repeat("x", 1001), "four\n"} {
		send(t, c, text)
	}
	want(t, got, "one", "two", "three", "four")
	if st := s.Stats(); st.Skipped[ReasonLong] != 1 {
		t.Errorf("skipped %v, want one line", st.Skipped)
	}
	if err := stop(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(s.Address); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the socket is still there: %v", err)
	}
}

// TestSocketFile: a socket that nobody listens on is replaced, nothing else is.
func TestSocketFile(t *testing.T) {
	dir := shortDir(t)
	for _, network := range []string{"unix", "unixgram"} {
		path := filepath.Join(dir, network)
		s := &Stream{Network: network, Address: path, Mode: 0o600}
		_, _, stop := startStream(t, s)
		if fi, err := os.Stat(path); err != nil || fi.Mode().Perm() != 0o600 {
			t.Errorf("%s: permissions %v, %v", network, fi.Mode(), err)
		}
		second := &Stream{Network: network, Address: path, Log: quiet()}
		if err := second.Run(t.Context(), nil); err == nil || !strings.Contains(err.Error(), "another process") {
			t.Errorf("%s twice: %v", network, err)
		}
		if err := stop(); err != nil {
			t.Error(err)
		}
		// What a killed process leaves behind.
		left, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
		if err != nil {
			t.Fatal(err)
		}
		left.Close()
		_, _, stop = startStream(t, s)
		if err := stop(); err != nil {
			t.Errorf("%s over a stale socket: %v", network, err)
		}
		os.Remove(path)
		put(t, path, "a file")
		if err := s.Run(t.Context(), nil); err == nil || !strings.Contains(err.Error(), "socket there") {
			t.Errorf("%s over a file: %v", network, err)
		}
	}
	s := &Stream{Network: "udp", Log: quiet()}
	if err := s.Run(t.Context(), nil); err == nil || !strings.Contains(err.Error(), "unixgram") {
		t.Errorf("unknown network: %v", err)
	}
}

// TestStreamLimits: connections above the limit are closed, an error of take ends
// everything, and Idle is called while it is quiet.
func TestStreamLimits(t *testing.T) {
	var log syncbuf.Buffer
	idle := make(chan struct{}, 1)
	s := &Stream{Network: "tcp", Address: "127.0.0.1:0", MaxConns: 1, Poll: 1, Log: log.Logger(), Idle: func(context.Context) error {
		select {
		case idle <- struct{}{}:
		default:
		}
		return nil
	}}
	addr, got, stop := startStream(t, s)
	first := dial(t, addr)
	send(t, first, "1\n")
	want(t, got, "1")
	second := dial(t, addr)
	if _, err := second.Read(make([]byte, 1)); err == nil {
		t.Error("a second connection is open")
	}
	<-idle
	if err := stop(); err != nil {
		t.Error(err)
	}
	if st := s.Stats(); st.Skipped[ReasonRefused] != 1 || !strings.Contains(log.String(), "refused") {
		t.Errorf("skipped %v, log %s", st.Skipped, log.String())
	}

	full := errors.New("journal is full")
	s = &Stream{Network: "tcp", Address: "127.0.0.1:0", Log: quiet()}
	listening := make(chan net.Addr, 1)
	s.Listening = func(a net.Addr) { listening <- a }
	done := make(chan error)
	go func() { done <- s.Run(t.Context(), func(context.Context, [][]byte, []byte) error { return full }) }()
	send(t, dial(t, <-listening), "1\n")
	if err := <-done; !errors.Is(err, full) {
		t.Errorf("got %v, want the error of take", err)
	}
	s.Idle, s.Poll = func(context.Context) error { return full }, 1
	go func() { <-listening }()
	if err := s.Run(t.Context(), nil); !errors.Is(err, full) {
		t.Errorf("got %v, want the error of Idle", err)
	}
	if !slices.Contains([]string{"tcp:127.0.0.1:0"}, s.String()) {
		t.Errorf("called %s", s)
	}
}
