package conn

import (
	"log/slog"
	"net"
	"strings"
	"testing"

	"estream/internal/syncbuf"
	"estream/output"
)

func datagrams(t *testing.T, address string) (*Datagrams, *output.Stats, *syncbuf.Buffer) {
	t.Helper()
	var stats output.Stats
	var log syncbuf.Buffer
	d := NewDatagrams(Options{Name: "udp://" + address, Address: address}, func(dst, line []byte) []byte { return append(dst, line...) }, &stats, slog.New(slog.NewTextHandler(&log, nil)))
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	return d, &stats, &log
}

// TestRefused: datagrams that nobody takes are counted, and hold up nothing.
func TestRefused(t *testing.T) {
	c, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	d, stats, log := datagrams(t, c.LocalAddr().String())
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	const lines = 1000
	for range lines / 10 {
		if err := d.Write(t.Context(), []byte(strings.Repeat("x\n", 10))); err != nil {
			t.Fatal(err)
		}
	}
	// The kernel tells of a refusal when the next datagram is sent, so not of the last.
	if lost := stats.Lost.Load(); stats.Lines.Load() != lines || lost < lines-1 || lost > lines {
		t.Errorf("%d of %d lines lost: expected all but one or all of %d", lost, stats.Lines.Load(), lines)
	}
	if stats.Connected.Load() {
		t.Error("counts as connected")
	}
	if n := strings.Count(log.String(), "datagrams were lost"); n != 1 || !strings.Contains(log.String(), "nothing listens there") {
		t.Errorf("%d messages, expected one with the cause: %s", n, log.String())
	}
}

// TestTooLong: a datagram that this machine cannot send is lost, the others are not.
func TestTooLong(t *testing.T) {
	c, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	d, stats, log := datagrams(t, c.LocalAddr().String())
	if err := d.Write(t.Context(), []byte("one\n"+strings.Repeat("x", 70000)+"\ntwo\n")); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"one", "two"} {
		b := make([]byte, 100)
		n, _, err := c.ReadFrom(b)
		if err != nil || string(b[:n]) != want {
			t.Errorf("received %q, %v, expected %q", b[:n], err, want)
		}
	}
	if stats.Lost.Load() != 1 || !strings.Contains(log.String(), "set a smaller limit") {
		t.Errorf("%d lost: %s", stats.Lost.Load(), log.String())
	}
}

// TestNoName: while the name does not resolve nothing counts as taken.
func TestNoName(t *testing.T) {
	d, stats, _ := datagrams(t, "receiver.invalid:514")
	if err := d.Write(t.Context(), []byte("one\n")); err == nil || !strings.Contains(err.Error(), "correct the host name") {
		t.Errorf("got %v", err)
	}
	if stats.Lines.Load() != 0 || stats.Lost.Load() != 0 {
		t.Errorf("%d lines, %d lost: expected none", stats.Lines.Load(), stats.Lost.Load())
	}
}
