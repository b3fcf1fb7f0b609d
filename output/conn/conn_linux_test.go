package conn

import (
	"bufio"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"estream/output"
)

// listen returns a listener on loopback and its address.
func listen(t testing.TB, address string) (net.Listener, string) {
	t.Helper()
	l, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() }) // some tests close it before
	return l, l.Addr().String()
}

func accept(t testing.TB, l net.Listener) net.Conn {
	t.Helper()
	c, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func expect(t testing.TB, r *bufio.Reader, want string) {
	t.Helper()
	got := make([]byte, len(want))
	if _, err := io.ReadFull(r, got); err != nil || string(got) != want {
		t.Fatalf("received %q, %v, expected %q", got, err, want)
	}
}

func stream(t testing.TB, o Options) (*Stream, *output.Stats) {
	t.Helper()
	var stats output.Stats
	o.Name = "tcp://" + o.Address
	s := NewStream(o, nil, &stats, slog.New(slog.DiscardHandler))
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s, &stats
}

// TestStreamComesBack: what was committed before a receiver hung up is not in
// doubt, and the next batch goes to its successor and not into the dead socket.
func TestStreamComesBack(t *testing.T) {
	for _, address := range []string{"127.0.0.1:0", "[::1]:0"} {
		l, address := listen(t, address)
		s, stats := stream(t, Options{Address: address})
		for i, line := range []string{"one\n", "two\n", "three\n"} {
			if err := s.Write(t.Context(), []byte(line)); err != nil {
				t.Fatalf("write %d: %v", i, err)
			}
			c := accept(t, l)
			expect(t, bufio.NewReader(c), line)
			if err := s.Commit(t.Context()); err != nil {
				t.Fatalf("commit %d: %v", i, err)
			}
			if err := c.Close(); err != nil {
				t.Fatal(err)
			}
			// The kernel needs a moment to tell our side, without which there is nothing to notice.
			<-s.c.Done()
		}
		if stats.Connects.Load() != 3 || stats.Lines.Load() != 3 || stats.Bytes.Load() != 14 {
			t.Errorf("%d connections, %d lines, %d bytes: expected 3, 3, 14", stats.Connects.Load(), stats.Lines.Load(), stats.Bytes.Load())
		}
	}
}

// TestStreamUncommitted: after a break with something uncommitted the stream
// vouches for nothing any more, until it is opened anew.
func TestStreamUncommitted(t *testing.T) {
	for name, next := range map[string]func(*Stream) error{
		"commit": func(s *Stream) error { return s.Commit(t.Context()) },
		"write":  func(s *Stream) error { return s.Write(t.Context(), []byte("two\n")) },
	} {
		l, address := listen(t, "127.0.0.1:0")
		s, stats := stream(t, Options{Address: address})
		if err := s.Write(t.Context(), []byte("one\n")); err != nil {
			t.Fatal(err)
		}
		c := accept(t, l)
		expect(t, bufio.NewReader(c), "one\n")
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
		<-s.c.Done()
		for range 2 {
			if err := next(s); !errors.Is(err, output.ErrUncommitted) || !strings.Contains(err.Error(), "closed the connection") {
				t.Errorf("%s after a break: %v", name, err)
			}
		}
		if stats.Connected.Load() {
			t.Error("counts as connected")
		}
	}
}

// TestStreamReset: a reset empties the send queue. That must not look like an
// acknowledgement.
func TestStreamReset(t *testing.T) {
	l, address := listen(t, "127.0.0.1:0")
	s, _ := stream(t, Options{Address: address})
	if err := s.Write(t.Context(), []byte("one\n")); err != nil {
		t.Fatal(err)
	}
	c := accept(t, l).(*net.TCPConn)
	if err := errors.Join(c.SetLinger(0), c.Close()); err != nil { // with "one" unread
		t.Fatal(err)
	}
	<-s.c.Done()
	if err := s.Commit(t.Context()); !errors.Is(err, output.ErrUncommitted) {
		t.Errorf("commit after a reset: %v", err)
	}
}

// TestStreamStalls: a receiver that reads nothing ends a write and a commit, even
// though its kernel answers.
func TestStreamStalls(t *testing.T) {
	batch := []byte(strings.Repeat(strings.Repeat("x", 599)+"\n", 1000))
	l, address := listen(t, "127.0.0.1:0")
	s, _ := stream(t, Options{Address: address, Stall: 300 * time.Millisecond})
	if err := s.Write(t.Context(), []byte("one\n")); err != nil {
		t.Fatal(err)
	}
	accept(t, l)
	var err error
	for err == nil {
		err = s.Write(t.Context(), batch)
	}
	if !errors.Is(err, output.ErrUncommitted) || !errors.Is(err, os.ErrDeadlineExceeded) && !errors.Is(err, syscall.ETIMEDOUT) {
		t.Errorf("write: %v", err)
	}
}

// TestFlushStalls: what is queued and not acknowledged ends a commit.
func TestFlushStalls(t *testing.T) {
	l, address := listen(t, "127.0.0.1:0")
	s, _ := stream(t, Options{Address: address, Stall: 300 * time.Millisecond})
	if err := s.Write(t.Context(), []byte("one\n")); err != nil {
		t.Fatal(err)
	}
	accept(t, l)
	fill(t, s.c)
	if n, known := s.c.Unsent(); n == 0 || !known {
		t.Fatalf("%d bytes queued, known: %v", n, known)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Commit(ended); !errors.Is(err, context.Canceled) || errors.Is(err, output.ErrUncommitted) {
		t.Errorf("commit without time: %v", err) // the connection lives, another commit can succeed
	}
	if err := s.Commit(t.Context()); !errors.Is(err, output.ErrUncommitted) {
		t.Errorf("commit: %v", err)
	}
}

// fill writes to c until our own kernel takes nothing more, and leaves the
// connection as it is.
func fill(t *testing.T, c *Conn) {
	t.Helper()
	var failed error
	chunk := make([]byte, 64<<10)
	for n := 1; n > 0 && failed == nil; {
		err := c.raw.Write(func(fd uintptr) bool {
			n, failed = syscall.Write(int(fd), chunk)
			return true
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if !errors.Is(failed, syscall.EAGAIN) {
		t.Fatalf("filling the send queue: %v", failed)
	}
}

// TestWriteEnds with its context, when the receiver takes nothing.
func TestWriteEnds(t *testing.T) {
	l, address := listen(t, "127.0.0.1:0")
	c, err := Dial(t.Context(), Options{Name: "tcp://" + address, Address: address}, nil)
	if err != nil {
		t.Fatal(err)
	}
	accept(t, l)
	fill(t, c)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- c.Write(ctx, make([]byte, 1<<20)) }()
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if err := c.Close(); err != nil {
		t.Error(err)
	}
}

// TestEndedContext: a stream that is connected finishes its batch, one that is
// not does not begin to connect.
func TestEndedContext(t *testing.T) {
	l, address := listen(t, "127.0.0.1:0")
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	s, _ := stream(t, Options{Address: address})
	if err := s.Write(ended, []byte("one\n")); !errors.Is(err, context.Canceled) {
		t.Errorf("write without a connection: %v", err)
	}
	if err := s.Write(t.Context(), []byte("one\n")); err != nil {
		t.Fatal(err)
	}
	if err := s.Write(ended, []byte("two\n")); err != nil {
		t.Errorf("write with a connection: %v", err)
	}
	expect(t, bufio.NewReader(accept(t, l)), "one\ntwo\n")
	if err := s.Commit(ended); err != nil {
		t.Errorf("commit of what is acknowledged: %v", err)
	}
}

// TestClosed: an output that is closed stays closed.
func TestClosed(t *testing.T) {
	_, address := listen(t, "127.0.0.1:0")
	s, _ := stream(t, Options{Address: address})
	for range 2 {
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Write(t.Context(), []byte("one\n")); err == nil || !strings.Contains(err.Error(), "closed") {
		t.Errorf("write: %v", err)
	}
}

// TestTimeoutIsSet: the kernel finds a peer that went away without a word.
func TestTimeoutIsSet(t *testing.T) {
	_, address := listen(t, "127.0.0.1:0")
	c, err := Dial(t.Context(), Options{Address: address, Stall: 1234 * time.Millisecond}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	var ms int
	var failed error
	err = c.raw.Control(func(fd uintptr) {
		ms, failed = syscall.GetsockoptInt(int(fd), syscall.IPPROTO_TCP, tcpUserTimeout)
	})
	if err != nil || failed != nil || ms != 1234 {
		t.Errorf("TCP_USER_TIMEOUT: %d ms, %v, %v", ms, err, failed)
	}
}
