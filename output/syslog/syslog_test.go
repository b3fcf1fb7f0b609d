package syslog

import (
	"crypto/tls"
	"errors"
	"io"
	"log/slog"
	"net"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

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

// What the two RFCs allow, written down once more. Texts behind the header are
// the lines.
var grammar = map[Format]*regexp.Regexp{
	RFC5424: regexp.MustCompile(`^<(\d{1,3})>1 (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z) ([!-~]{1,255}) ([!-~]{1,48}) ([!-~]{1,128}) ([!-~]{1,32}) - (.*)$`),
	RFC3164: regexp.MustCompile(`^<(\d{1,3})>((?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) [ \d]\d \d\d:\d\d:\d\d) ([!-~]+) ([!-9;-Z\\-~]{1,32})\[([!-~]+)\]: ()(.*)$`),
}

// TestRsyslog: over each transport, with each framing and header, rsyslog finds
// all lines, in order, with the header's fields where they belong.
func TestRsyslog(t *testing.T) {
	for _, test := range []struct {
		in        rsyslogtest.Input
		transport Transport
		framing   Framing
	}{
		{rsyslogtest.UDP, UDP, OctetCounting},
		{rsyslogtest.TCP, TCP, OctetCounting},
		{rsyslogtest.TCP, TCP, Newline},
		{rsyslogtest.TLS, TLS, OctetCounting},
	} {
		for _, format := range []Format{RFC5424, RFC3164} {
			t.Run(test.transport.String()+"/"+test.framing.String()+"/"+format.String(), func(t *testing.T) {
				s := rsyslogtest.Start(t, test.in)
				o := Options{Transport: test.transport, Address: s.Address, Framing: test.framing}
				o.Header = HeaderOptions{Format: format, Facility: "local3", Severity: "notice", Hostname: "collector.example", AppName: "estream", ProcID: "4711", MsgID: "events"}
				if s.PKI != nil {
					o.TLS = s.PKI.Config()
				}
				out := open(t, o)
				lines := rsyslogtest.Lines(0, 10_000)
				sent := 0
				for batch := range slices.Chunk(lines, 50) {
					write(t, out, batch...)
					if sent += len(batch); test.transport == UDP {
						s.Wait(sent) // or its kernel drops some
					}
				}
				if _, err := out.Commit(t.Context()); err != nil {
					t.Fatal(err)
				}
				got := s.Messages(len(lines))
				if len(got) != len(lines) {
					t.Fatalf("%d messages arrived, expected %d", len(got), len(lines))
				}
				for i, m := range got {
					compare(t, format, m, lines[i])
				}
			})
		}
	}
}

// compare holds what was sent against the grammar and against what rsyslog made of it.
func compare(t *testing.T, format Format, m rsyslogtest.Message, line string) {
	t.Helper()
	f := grammar[format].FindStringSubmatch(m.Raw)
	if f == nil {
		t.Fatalf("not by the grammar of %s: %.200q", format, m.Raw)
	}
	want := rsyslogtest.Message{
		Facility: "local3", Severity: "notice", Time: m.Time, Host: "collector.example", App: "estream",
		Proc: "4711", ID: "events", Version: "1", Text: line, Raw: m.Raw,
	}
	sent, err := time.Parse(time.RFC3339Nano, f[2])
	if format == RFC3164 {
		want.ID, want.Version, want.Text = "-", "0", " "+line
		sent, err = time.ParseInLocation(time.Stamp, f[2], time.Local)
	}
	read, errRead := time.Parse(time.RFC3339Nano, m.Time)
	if err != nil || errRead != nil {
		t.Fatalf("timestamp %q, read as %q: %v, %v", f[2], m.Time, err, errRead)
	}
	if format == RFC3164 {
		sent = sent.AddDate(read.Year(), 0, 0) // it has no year
	}
	if !read.Equal(sent) {
		t.Fatalf("timestamp %q was read as %q", f[2], m.Time)
	}
	if m != want {
		t.Fatalf("rsyslog read\n%.300q, expected\n%.300q", m, want)
	}
	if f[1] != "157" || f[3] != want.Host || f[4] != want.App || f[5] != want.Proc || f[7] != line {
		t.Fatalf("sent %.200q", m.Raw)
	}
}

// TestRsyslogKilled: a stream says what it cannot vouch for.
func TestRsyslogKilled(t *testing.T) {
	s := rsyslogtest.Start(t, rsyslogtest.TCP)
	o := Options{Transport: TCP, Address: s.Address, Header: HeaderOptions{Hostname: "h"}}
	out := open(t, o)
	write(t, out, rsyslogtest.Lines(0, 1000)...)
	if _, err := out.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.Wait(1000)
	again := rsyslogtest.Lines(1000, 1000)
	write(t, out, again...)
	s.Kill()
	if _, err := out.Commit(t.Context()); !errors.Is(err, output.ErrUncommitted) {
		t.Fatalf("commit after the receiver was killed: %v", err)
	}
	s.Start()
	before := len(s.Messages(1000))
	out = open(t, o)
	write(t, out, again...)
	if _, err := out.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	for i, m := range s.Messages(before + 1000)[before:] {
		if m.Text != again[i] {
			t.Fatalf("line %d is %.50q, expected %.50q", i, m.Text, again[i])
		}
	}
}

// received returns all that an output with these options sends for lines.
func received(t *testing.T, o Options, lines ...string) (string, *Output) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	o.Transport, o.Address = TCP, l.Addr().String()
	out := open(t, o)
	write(t, out, lines...)
	c, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(c)
	if err != nil {
		t.Fatal(err)
	}
	return string(b), out
}

// TestFraming counts bytes, not characters, and what is cut stays within the limit.
func TestFraming(t *testing.T) {
	plain := HeaderOptions{Format: NoHeader}
	long := "<13>" + strings.Repeat("ä", 100)
	cut := "<13>" + strings.Repeat("ä", 18) + "...[truncated 164 bytes]"
	for _, test := range []struct {
		o    Options
		want string
	}{
		{Options{Header: plain}, "7 <13>one10 <13>zwölf204 " + long + "0 "},
		{Options{Header: plain, MaxLine: 64}, "7 <13>one10 <13>zwölf64 " + cut + "0 "},
		{Options{Header: plain, Framing: Newline}, "<13>one\n<13>zwölf\n" + long + "\n\n"},
		{Options{Header: plain, Framing: Newline, MaxLine: 64}, "<13>one\n<13>zwölf\n" + cut + "\n\n"},
	} {
		got, out := received(t, test.o, "<13>one", "<13>zwölf", long, "")
		if got != test.want {
			t.Errorf("%+v:\ngot  %q\nwant %q", test.o, got, test.want)
		}
		if n := out.Stats().Truncated.Load(); n != 0 != (test.o.MaxLine != 0) {
			t.Errorf("%+v: %d lines count as cut", test.o, n)
		}
	}
}

// TestOpen neither connects nor accepts what cannot work.
func TestOpen(t *testing.T) {
	for want, o := range map[string]Options{
		"syslog+udp://receiver.invalid:514":  {Address: "receiver.invalid"},
		"syslog+tcp://receiver.invalid:514":  {Transport: TCP, Address: "receiver.invalid"},
		"syslog+tls://receiver.invalid:6514": {Transport: TLS, Address: "receiver.invalid", TLS: &tls.Config{}},
	} {
		out := open(t, o)
		if _, err := out.Commit(t.Context()); err != nil || !out.Empty() {
			t.Errorf("%s: commit before anything is written: %v", out, err)
		}
		promise := output.AtLeastOnceSent
		if o.Transport == UDP {
			promise = output.AtMostOnce
		}
		if out.String() != want || out.Guarantee() != promise {
			t.Errorf("got %s, %s, expected %s, %s", out, out.Guarantee(), want, promise)
		}
	}
	for _, o := range []Options{
		{}, {Address: "h", Transport: 3}, {Address: "h", Transport: TLS}, {Address: "h", TLS: &tls.Config{}},
		{Address: "h", Transport: TLS, TLS: &tls.Config{}, Framing: Newline}, {Address: "h", Framing: Newline},
		{Address: "h", Transport: TCP, Framing: 2}, {Address: "h", MaxLine: 70}, {Address: "h", MaxLine: 65528},
		{Address: "h", Header: HeaderOptions{Facility: "none"}},
	} {
		if out, err := Open(o); err == nil {
			t.Errorf("%+v: opened %v", o, out)
		}
	}
}

// sink takes datagrams and connections and throws away what they bring.
func sink(t testing.TB) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p, err := net.ListenPacket("udp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = l.Close(), p.Close() })
	go func() {
		for b := make([]byte, 1<<16); ; {
			if _, err := p.(*net.UDPConn).Read(b); err != nil {
				return
			}
		}
	}()
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

var benchmarks = map[string]Options{
	"udp":     {},
	"counted": {Transport: TCP},
	"newline": {Transport: TCP, Framing: Newline},
	"rfc3164": {Transport: TCP, Header: HeaderOptions{Format: RFC3164}},
}

func BenchmarkWrite(b *testing.B) {
	lines := []byte(strings.Repeat(strings.Repeat("x", 599)+"\n", 400))
	for name, o := range benchmarks {
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
