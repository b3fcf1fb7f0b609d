package syslog

import (
	"context"
	"crypto/tls"
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

	"estream/format/flat/flattest"
	"estream/internal/formattest"
	"estream/internal/recordtest"
	"estream/layouts"
	"estream/meta"
	"estream/output/conn/rsyslogtest"
	"estream/output/syslog"
	"estream/request/alert"
	"estream/request/internal/outputtest"
	"estream/wire"
)

// stream returns the name of a rule, then one event of each priority. The last one
// has IPv6 addresses and no name.
func stream(t testing.TB) []byte {
	set := layouts.Default()
	text := "ET TROJAN \"Beacon\"\nprio=0"
	all := recordtest.Message(t, set, 66, 0, recordtest.Fields{
		"generator_id": 1, "rule_id": 2024897, "rule_revision": 3, "message_length": len(text), "message": text,
	})
	for priority := 1; priority <= 3; priority++ {
		all = append(all, recordtest.Message(t, set, 207, 0, recordtest.Fields{
			"event_second": 1700000000, "generator_id": 1, "rule_id": 2024897, "rule_revision": 3, "priority_id": priority,
			"source_ip_address": "\xc0\x00\x02\x07", "destination_ip_address": "\xc6\x33\x64\x09",
			"source_port_or_icmp_type": 4710 + priority, "destination_port_or_icmp_code": 80, "ip_protocol_id": 6,
		})...)
	}
	return append(all, recordtest.Message(t, set, 400, 85, recordtest.Fields{
		"generator_id": 119, "rule_id": 15, "rule_revision": 2, "priority_id": 3, "ip_protocol_id": 58,
		"source_ip_address":        netip.MustParseAddr("2001:db8::7").AsSlice(),
		"destination_ip_address":   netip.MustParseAddr("2001:db8::9").AsSlice(),
		"source_port_or_icmp_type": 128,
	})...)
}

// lines are the messages of stream.
var lines = []string{
	`Sourcefire Alert AlertPriority: 1, SourceIp: 192.0.2.7, DestinationIp: 198.51.100.9, sfAlertCount: 1, SourcePort: 4711, DestinationPort: 80, EventMessage: ET TROJAN "Beacon"\nprio=0`,
	`Sourcefire Alert AlertPriority: 2, SourceIp: 192.0.2.7, DestinationIp: 198.51.100.9, sfAlertCount: 1, SourcePort: 4712, DestinationPort: 80, EventMessage: ET TROJAN "Beacon"\nprio=0`,
	`Sourcefire Alert AlertPriority: 3, SourceIp: 192.0.2.7, DestinationIp: 198.51.100.9, sfAlertCount: 1, SourcePort: 4713, DestinationPort: 80, EventMessage: ET TROJAN "Beacon"\nprio=0`,
	`Sourcefire Alert AlertPriority: 3, SourceIp: 2001:db8::7, DestinationIp: 2001:db8::9, sfAlertCount: 1, SourcePort: 128, DestinationPort: 0, EventMessage: no message known for rule 119:15:2`,
}

func start(t testing.TB, o Options) *Output {
	t.Helper()
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	out, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := out.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return out
}

// TestRsyslog: over each way rsyslog receives the lines, as user.notice.
func TestRsyslog(t *testing.T) {
	for _, test := range []struct {
		name    string
		in      rsyslogtest.Input
		prefix  string
		framing syslog.Framing
	}{
		{"socket", rsyslogtest.Socket, "unix:", 0},
		{"udp", rsyslogtest.UDP, "", 0},
		{"tcp", rsyslogtest.TCP, "syslog+tcp://", syslog.Newline},
		{"tls", rsyslogtest.TLS, "syslog+tls://", 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := rsyslogtest.Start(t, test.in)
			o := Options{Target: test.prefix + s.Address, Framing: test.framing}
			o.Header.Hostname = "sensor.example"
			if s.PKI != nil {
				o.TLS = s.PKI.Config()
			}
			out := start(t, o)
			outputtest.Give(t, layouts.Default(), stream(t), out)
			s.Wait(2) // the urgent ones
			if err := out.Tick(t.Context(), time.Now()); err != nil || out.Held() != 2 {
				t.Errorf("too early: %v, %d events are held", err, out.Held())
			}
			if err := out.Tick(t.Context(), time.Now().Add(alert.Interval)); err != nil || out.Held() != 0 {
				t.Errorf("in time: %v, %d events are held", err, out.Held())
			}
			if err := out.Flush(t.Context()); err != nil {
				t.Error(err)
			}
			got := s.Messages(len(lines))
			for i, m := range got {
				if strings.TrimPrefix(m.Text, " ") != lines[i] {
					t.Errorf("message %d is %q, expected %q", i, m.Text, lines[i])
				}
				if m.Facility != "user" || m.Severity != "notice" || m.App != "estream" {
					t.Errorf("message %d is %s.%s of %s: %q", i, m.Facility, m.Severity, m.App, m.Raw)
				}
			}
			if len(got) != len(lines) || out.Stats().Alerts != uint64(len(lines)) || out.Stats().Lost != 0 {
				t.Errorf("%d messages, expected %d; %+v", len(got), len(lines), out.Stats())
			}
		})
	}
}

// TestNoLine: no record, whatever it holds, makes more than one line of printable
// text for each event.
func TestNoLine(t *testing.T) {
	l, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: filepath.Join(t.TempDir(), "log"), Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	form := regexp.MustCompile(`^<13>\w{3} [ \d]\d \d\d:\d\d:\d\d estream: Sourcefire Alert AlertPriority: \d+, SourceIp: \S*, DestinationIp: \S*, sfAlertCount: 1, SourcePort: \d+, DestinationPort: \d+, EventMessage: [^\x00-\x1f\x7f]+$`)
	out := start(t, Options{Target: "unix://" + l.LocalAddr().String()})
	d, buf, n := wire.NewDecoder(layouts.Default(), nil), make([]byte, 1<<16), uint64(0)
	all := append(flattest.Random(t, layouts.Default(), 2), stream(t)...)
	formattest.Scan(t, layouts.Default(), all, func(message []byte, s *meta.Snapshot) {
		r, err := d.Decode(message)
		if err := out.Record(d, r, message, s, err); err != nil {
			t.Fatal(err)
		}
		if err := out.Tick(t.Context(), time.Now().Add(alert.Interval)); err != nil {
			t.Fatal(err)
		}
		for ; n < out.Stats().Alerts; n++ {
			size, err := l.Read(buf)
			if err != nil {
				t.Fatal(err)
			}
			if !form.Match(buf[:size]) {
				t.Errorf("%q", buf[:size])
			}
		}
	})
	if n < 20 {
		t.Errorf("%d messages: this test lost its point", n)
	}
}

// TestLong: a message has an end, which says that it is one.
func TestLong(t *testing.T) {
	long := &alert.Alert{Message: strings.Repeat("\x1b", alert.MaxMessage)}
	for _, name := range []string{"unix:", "syslog+tcp://"} {
		dir := t.TempDir()
		var got []byte
		if name == "unix:" {
			l, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: filepath.Join(dir, "log"), Net: "unixgram"})
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close()
			to, err := open(Options{Target: name + l.LocalAddr().String(), MaxLine: 200, Stall: time.Minute})
			if err != nil {
				t.Fatal(err)
			}
			if err := (&sender{destination: to}).Send(t.Context(), long); err != nil {
				t.Fatal(err)
			}
			got = make([]byte, 1<<16)
			n, err := l.Read(got)
			if err != nil {
				t.Fatal(err)
			}
			got = got[:n]
			if err := to.close(); err != nil {
				t.Error(err)
			}
		} else {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close()
			to, err := open(Options{Target: name + l.Addr().String(), MaxLine: 200, Framing: syslog.Newline, Header: syslog.HeaderOptions{Hostname: "h"}, Log: slog.New(slog.DiscardHandler)})
			if err != nil {
				t.Fatal(err)
			}
			if err := (&sender{destination: to}).Send(t.Context(), long); err != nil {
				t.Fatal(err)
			}
			c, err := l.Accept()
			if err != nil {
				t.Fatal(err)
			}
			if err := to.close(); err != nil {
				t.Error(err)
			}
			if got, err = io.ReadAll(c); err != nil {
				t.Fatal(err)
			}
			got = got[:len(got)-1]
		}
		if len(got) > 200 || len(got) < 190 || !strings.HasSuffix(string(got), " bytes]") {
			t.Errorf("%s: %d bytes: %q", name, len(got), got)
		}
	}
}

// TestNew: what cannot work is refused at the start, and the error says what to do.
func TestNew(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "file"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	stream, err := net.Listen("unix", filepath.Join(dir, "stream"))
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Close()
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := closed.Close(); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		o    Options
		want string
	}{
		{Options{Target: "unix:" + dir + "/missing"}, "start one, or name a receiver"},
		{Options{Target: "unix:" + dir + "/file"}, "start one, or name a receiver"},
		{Options{Target: "unix:" + dir + "/stream"}, "no socket for datagrams"},
		{Options{Target: "unix:" + dir + "/missing", MaxLine: 70}, "expected"},
		{Options{Target: "unix:" + dir + "/missing", Header: syslog.HeaderOptions{Facility: "local9"}}, "local9"},
		{Options{Target: "syslog+tcp://" + closed.Addr().String()}, "nothing listens there"},
		{Options{Target: "nowhere.invalid"}, "host name"},
		{Options{Target: "kafka://host"}, "syslog+tls://HOST"},
		{Options{Target: "host", TLS: &tls.Config{}}, "syslog+tls://HOST"},
		{Options{Target: "host", Framing: syslog.Newline}, "framing"},
		{Options{Target: "user:secret@host"}, "address"},
	} {
		test.o.Log = slog.New(slog.DiscardHandler)
		out, err := New(test.o)
		if err == nil {
			t.Errorf("%+v: opened %v", test.o, out)
			_ = out.Close(t.Context())
			continue
		}
		if !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v, expected %q in it", test.o.Target, err, test.want)
		}
	}
}
