package udp

import (
	"log/slog"
	"net"
	"slices"
	"strings"
	"testing"

	"estream/output"
	"estream/output/conn/rsyslogtest"
)

var _ interface {
	output.Output
	output.Counter
} = (*Output)(nil)

func open(t testing.TB, o Options) *Output {
	t.Helper()
	o.Log = slog.New(slog.DiscardHandler)
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

// TestRsyslog: of 10,000 lines, sent no faster than they are read, each arrives
// once and in order.
func TestRsyslog(t *testing.T) {
	s := rsyslogtest.Start(t, rsyslogtest.UDP)
	out := open(t, Options{Address: s.Address})
	lines := rsyslogtest.Lines(0, 10_000)
	sent := 0
	var got []string
	for batch := range slices.Chunk(lines, 50) {
		write(t, out, batch...)
		sent += len(batch)
		s.Wait(sent)
	}
	for _, m := range s.Messages(sent) {
		got = append(got, m.Raw)
	}
	if !slices.Equal(got, lines) {
		t.Errorf("%d lines arrived, not the %d that were sent, or in another order", len(got), len(lines))
	}
	if out.Stats().Lost.Load() != 0 || out.Stats().Lines.Load() != 10_000 {
		t.Errorf("%d lines, %d lost", out.Stats().Lines.Load(), out.Stats().Lost.Load())
	}
}

// TestRsyslogKilled: without a receiver lines go on, and those that nobody took
// are counted. The receiver that comes back gets the next ones.
func TestRsyslogKilled(t *testing.T) {
	s := rsyslogtest.Start(t, rsyslogtest.UDP)
	out := open(t, Options{Address: s.Address})
	write(t, out, rsyslogtest.Lines(0, 50)...)
	s.Wait(50)
	s.Kill()
	write(t, out, rsyslogtest.Lines(50, 50)...)
	s.Start()
	write(t, out, rsyslogtest.Lines(100, 50)...)
	// The kernel tells of a refusal when the next datagram is sent.
	if lost := out.Stats().Lost.Load(); lost != 50 {
		t.Errorf("%d lines count as lost, expected those without a receiver, 50", lost)
	}
	if got := len(s.Messages(100)); got != 100 {
		t.Errorf("%d lines arrived, expected 100", got)
	}
}

// TestDatagrams: one line each, over both versions of IP, cut where it must be.
func TestDatagrams(t *testing.T) {
	for _, address := range []string{"127.0.0.1:0", "[::1]:0"} {
		for _, newline := range []bool{false, true} {
			c, err := net.ListenPacket("udp", address)
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			out := open(t, Options{Address: c.LocalAddr().String(), MaxLine: 65, Newline: newline})
			cut := strings.Repeat("x", 41) + "...[truncated 59 bytes]"
			end := ""
			if newline {
				cut, end = strings.Repeat("x", 40)+"...[truncated 60 bytes]", "\n"
			}
			write(t, out, strings.Repeat("x", 100), "", "short")
			for _, want := range []string{cut + end, end, "short" + end} {
				b := make([]byte, 200)
				if n, _, err := c.ReadFrom(b); err != nil || string(b[:n]) != want {
					t.Errorf("received %q, %v, expected %q", b[:n], err, want)
				}
			}
			if out.Stats().Truncated.Load() != 1 {
				t.Errorf("%d lines count as cut", out.Stats().Truncated.Load())
			}
		}
	}
}

// TestLargest: the default limit is what a datagram can hold, to the byte.
func TestLargest(t *testing.T) {
	c, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	out := open(t, Options{Address: c.LocalAddr().String()})
	write(t, out, strings.Repeat("x", 200_000))
	b := make([]byte, 100_000)
	if n, _, err := c.ReadFrom(b); err != nil || n != MaxLine || out.Stats().Lost.Load() != 0 {
		t.Errorf("received %d bytes, %v, lost %d: expected %d bytes", n, err, out.Stats().Lost.Load(), MaxLine)
	}
}

// TestOpen neither connects nor accepts what cannot work.
func TestOpen(t *testing.T) {
	out := open(t, Options{Address: "receiver.invalid:514"})
	if _, err := out.Commit(t.Context()); err != nil || !out.Empty() {
		t.Errorf("commit before anything is written: %v", err)
	}
	if out.String() != "udp://receiver.invalid:514" || out.Guarantee() != output.AtMostOnce {
		t.Errorf("%s: %s", out, out.Guarantee())
	}
	for _, o := range []Options{{}, {Address: "host"}, {Address: "host:514", MaxLine: 10}, {Address: "host:514", MaxLine: 65528}} {
		if out, err := Open(o); err == nil {
			t.Errorf("%+v: opened %v", o, out)
		}
	}
}

// sink takes datagrams and throws them away.
func sink(t testing.TB) string {
	c, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	go func() {
		b := make([]byte, 1<<16)
		for {
			if _, err := c.(*net.UDPConn).Read(b); err != nil {
				return
			}
		}
	}()
	return c.LocalAddr().String()
}

func BenchmarkWrite(b *testing.B) {
	lines := []byte(strings.Repeat(strings.Repeat("x", 599)+"\n", 400))
	out := open(b, Options{Address: sink(b)})
	b.SetBytes(int64(len(lines)))
	b.ReportAllocs()
	for b.Loop() {
		if err := out.Write(b.Context(), lines); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/400, "ns/line")
}
