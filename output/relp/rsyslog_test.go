package relp

import (
	"crypto/tls"
	"errors"
	"slices"
	"testing"

	"estream/output"
	"estream/output/conn/rsyslogtest"
)

func receiver(t testing.TB, in rsyslogtest.Input) (*rsyslogtest.Server, *tls.Config) {
	t.Helper()
	s := rsyslogtest.Start(t, in)
	if s.PKI == nil {
		return s, nil
	}
	return s, s.PKI.Config()
}

// TestRsyslog: 10,000 lines, all there and in order as soon as they are committed.
func TestRsyslog(t *testing.T) {
	for _, in := range []rsyslogtest.Input{rsyslogtest.RELP, rsyslogtest.RELPTLS} {
		s, config := receiver(t, in)
		out := opened(t, Options{Address: s.Address, TLS: config})
		lines := rsyslogtest.Lines(0, 10_000)
		for batch := range slices.Chunk(lines, 400) {
			write(t, out, batch...)
		}
		commit(t, out)
		// What RELP confirms this server has written: nothing to wait for.
		got := s.Messages(0)
		if len(got) != len(lines) {
			t.Fatalf("%s: %d messages in the file after the commit, expected %d", out, len(got), len(lines))
		}
		for i, m := range got {
			if m.Text != lines[i] || m.App != "estream" || m.Host != "h" {
				t.Fatalf("%s: message %d is %.200q, expected %.50q", out, i, m, lines[i])
			}
		}
		if out.Stats().Lines.Load() != 10_000 || out.Stats().Connects.Load() != 1 {
			t.Errorf("%s: %d lines, %d connections", out, out.Stats().Lines.Load(), out.Stats().Connects.Load())
		}
		if err := out.Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestRsyslogKilled: the server dies again and again in the middle of writing.
// Every committed line is there, at least once.
func TestRsyslogKilled(t *testing.T) {
	for _, in := range []rsyslogtest.Input{rsyslogtest.RELP, rsyslogtest.RELPTLS} {
		s, config := receiver(t, in)
		o := Options{Address: s.Address, TLS: config}
		out := opened(t, o)
		lines := rsyslogtest.Lines(0, 10_000)
		committed, kills, down := 0, 0, false
		for pos := 0; committed < len(lines); {
			var err error
			if pos < len(lines) {
				if err = out.Write(t.Context(), rsyslogtest.Join(lines[pos:pos+250])); err == nil {
					pos += 250
				}
			}
			if err == nil && pos%1000 == 0 {
				if pos/2000 > kills {
					s.Kill() // with up to a window of lines on their way
					kills, down = kills+1, true
				}
				if _, err = out.Commit(t.Context()); err == nil {
					committed = pos
				}
			}
			if err == nil {
				continue
			}
			if !down {
				t.Fatalf("%s: line %d, with a server: %v", out, pos, err)
			}
			s.Start()
			down = false
			if errors.Is(err, output.ErrUncommitted) {
				out, pos = opened(t, o), committed
			} // otherwise the same lines again
		}
		seen := map[string]int{}
		for _, m := range s.Messages(0) {
			seen[m.Text]++
		}
		repeats := 0
		for _, line := range lines {
			if seen[line] == 0 {
				t.Fatalf("%s: %.20q is missing", out, line)
			}
			repeats += seen[line] - 1
		}
		t.Logf("%s: %d kills, %d lines, none missing, %d repeated", out, kills, len(lines), repeats)
	}
}

// TestStopped: a server that ends by the rules, all confirmed, leaves nothing in
// doubt, and its successor gets the next line.
func TestStopped(t *testing.T) {
	s := rsyslogtest.Start(t, rsyslogtest.RELP)
	out := opened(t, Options{Address: s.Address})
	write(t, out, "one")
	commit(t, out)
	s.Stop()
	commit(t, out)
	s.Start()
	write(t, out, "two")
	commit(t, out)
	if got := s.Messages(0); len(got) != 2 || got[0].Text != "one" || got[1].Text != "two" {
		t.Errorf("got %q", got)
	}
}
