package fmc

import (
	"context"
	"log/slog"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"estream/internal/durable/faultfs"
	"estream/journal"
	"estream/layouts"
	"estream/session"
	"estream/source"
)

// TestPause: a server that restarts again and again but gets us further each time
// is asked again soon; one that only fails is left in peace longer and longer.
// A server killed 20 times in a minute once kept collectors waiting for minutes.
func TestPause(t *testing.T) {
	for name, progress := range map[string]bool{"progress": true, "no progress": false} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { pauses(t, progress) })
		})
	}
}

func pauses(t *testing.T, progress bool) {
	const sessions = 12
	j, err := source.OpenJournal(t.Context(), "/journal", layouts.Default(), journal.Options{FS: faultfs.New()})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	var dials []time.Time
	dial := func(context.Context, string, string) (net.Conn, error) {
		if dials = append(dials, time.Now()); len(dials) == sessions {
			stop()
			return nil, context.Canceled
		}
		n := uint64(0)
		if progress {
			n = uint64(len(dials))
		}
		event := message(t, 400, n, "", uint32(900_000_000+n))
		client, server := net.Pipe()
		go func() {
			s, err := session.Accept(t.Context(), server, session.ServerConfig{})
			if err != nil {
				t.Error(err)
				return
			}
			if err := s.Send(t.Context(), event, 1); err != nil {
				t.Error(err)
			}
			synctest.Wait() // the client has it
			_ = s.End(t.Context(), nil)
		}()
		return client, nil
	}
	s := &Source{Addr: "127.0.0.1:8302", Journal: j, Number: 1, Persist: true, Log: slog.New(slog.DiscardHandler), Session: session.ClientConfig{DialContext: dial}}
	if err := s.Run(ctx); err != nil {
		t.Fatal(err)
	}
	longest := time.Duration(0)
	for i := range dials[1:] {
		longest = max(longest, dials[i+1].Sub(dials[i]))
	}
	if short := longest <= 3*retryFirst/2+time.Second; short != progress {
		t.Errorf("longest pause %v", longest)
	}
	if err := j.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
}
