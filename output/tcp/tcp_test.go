package tcp

import (
	"crypto/tls"
	"errors"
	"io"
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

func write(t testing.TB, out *Output, lines []string) {
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

func raw(messages []rsyslogtest.Message) []string {
	lines := make([]string, len(messages))
	for i, m := range messages {
		lines[i] = m.Raw
	}
	return lines
}

func receiver(t testing.TB, in rsyslogtest.Input) (*rsyslogtest.Server, *tls.Config) {
	t.Helper()
	s := rsyslogtest.Start(t, in)
	if s.PKI == nil {
		return s, nil
	}
	return s, s.PKI.Config()
}

// TestRsyslog: 10,000 lines, all there and in order.
func TestRsyslog(t *testing.T) {
	for _, in := range []rsyslogtest.Input{rsyslogtest.TCP, rsyslogtest.TLS} {
		s, config := receiver(t, in)
		out := open(t, Options{Address: s.Address, TLS: config})
		if !out.Empty() {
			t.Error("not empty before the first line")
		}
		lines := rsyslogtest.Lines(0, 10_000)
		for batch := range slices.Chunk(lines, 400) {
			write(t, out, batch)
		}
		commit(t, out)
		if got := raw(s.Messages(len(lines))); !slices.Equal(got, lines) {
			t.Errorf("%s: %d lines arrived, not the %d that were sent, or in another order", out, len(got), len(lines))
		}
		if out.Empty() || out.Stats().Lines.Load() != 10_000 || out.Stats().Connects.Load() != 1 || !out.Stats().Connected.Load() {
			t.Errorf("%s: %d lines, %d connections", out, out.Stats().Lines.Load(), out.Stats().Connects.Load())
		}
	}
}

// TestRsyslogKilled: the receiver dies with lines that are not committed. The
// output says so, and with these sent again nothing is missing.
func TestRsyslogKilled(t *testing.T) {
	for _, in := range []rsyslogtest.Input{rsyslogtest.TCP, rsyslogtest.TLS} {
		s, config := receiver(t, in)
		out := open(t, Options{Address: s.Address, TLS: config})
		const rounds, each = 5, 1000
		arrived := 0
		for round := range rounds {
			lines := rsyslogtest.Lines(round*each, each)
			write(t, out, lines)
			commit(t, out)
			s.Wait(arrived + each)
			// These are lost, in part or as a whole.
			again := rsyslogtest.Lines((round+rounds)*each, each)
			write(t, out, again)
			s.Kill()
			if _, err := out.Commit(t.Context()); !errors.Is(err, output.ErrUncommitted) {
				t.Fatalf("commit after the receiver was killed: %v", err)
			}
			s.Start()
			arrived = len(s.Messages(0))
			out = open(t, Options{Address: s.Address, TLS: config})
			write(t, out, again)
			commit(t, out)
			arrived += each
			s.Wait(arrived)
		}
		seen := map[string]int{}
		for _, line := range raw(s.Messages(0)) {
			seen[line]++
		}
		repeats := 0
		for _, line := range rsyslogtest.Lines(0, 2*rounds*each) {
			if seen[line] == 0 {
				t.Fatalf("%s: %.20q is missing", out, line)
			}
			repeats += seen[line] - 1
		}
		t.Logf("%s: 5 kills, 10000 lines, none missing, %d repeated", out, repeats)
	}
}

// TestTruncated: a line that is too long is cut and marked; the next one is whole.
func TestTruncated(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	out := open(t, Options{Address: l.Addr().String(), MaxLine: 64})
	write(t, out, []string{strings.Repeat("x", 100), strings.Repeat("y", 64)})
	c, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(c)
	want := strings.Repeat("x", 40) + "...[truncated 60 bytes]\n" + strings.Repeat("y", 64) + "\n"
	if string(got) != want || err != nil {
		t.Errorf("received %q, %v, expected %q", got, err, want)
	}
	if out.Stats().Truncated.Load() != 1 {
		t.Errorf("%d lines count as cut", out.Stats().Truncated.Load())
	}
}

// TestOpen neither connects nor accepts what cannot work.
func TestOpen(t *testing.T) {
	out := open(t, Options{Address: "receiver.invalid:514"})
	commit(t, out) // a pipeline commits before it writes
	if out.String() != "tcp://receiver.invalid:514" || out.Guarantee() != output.AtLeastOnceSent {
		t.Errorf("%s: %s", out, out.Guarantee())
	}
	for _, o := range []Options{{}, {Address: "host"}, {Address: "host:514", MaxLine: 10}, {Address: "host:514", MaxLine: -1}} {
		if out, err := Open(o); err == nil {
			t.Errorf("%+v: opened %v", o, out)
		}
	}
}

// sink accepts connections and throws away what they send.
func sink(t testing.TB) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() { _, _ = io.Copy(io.Discard, c) }()
		}
	}()
	return l.Addr().String()
}

func BenchmarkWrite(b *testing.B) {
	lines := []byte(strings.Repeat(strings.Repeat("x", 599)+"\n", 400))
	for name, o := range map[string]Options{"plain": {}, "limit": {MaxLine: 8192}} {
		b.Run(name, func(b *testing.B) {
			o.Address = sink(b)
			out := open(b, o)
			b.SetBytes(int64(len(lines)))
			b.ReportAllocs()
			for b.Loop() {
				if err := out.Write(b.Context(), lines); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/400, "ns/line")
		})
	}
}
