package fmc

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"strings"
	"testing"
	"time"

	"estream/estreamtest"
	"estream/journal"
	"estream/layouts"
	"estream/session"
	"estream/source"
	"estream/wire"
)

func openJournal(t *testing.T, dir string) *source.Journal {
	t.Helper()
	j, err := source.OpenJournal(context.Background(), dir, layouts.Default(), journal.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return j
}

func contents(t *testing.T, j *source.Journal) []byte {
	t.Helper()
	if err := j.Sync(context.Background()); err != nil {
		t.Fatal(err)
	}
	r := j.NewReader(j.First(), journal.ReaderOptions{NoWait: true})
	defer r.Close()
	var all []byte
	for {
		v, err := r.Next(context.Background())
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, v.Payload...)
	}
}

// TestSourceSurvives: whatever ends a session, events before it are journaled
// and the next session goes on. The script is what a server does to us; every
// row is a negative test from eNcore's list of fatal inputs.
func TestSourceSurvives(t *testing.T) {
	one, two := message(t, 400, 1, "", 2000), message(t, 400, 2, "", 2001)
	for name, bad := range map[string][]estreamtest.Step{
		"close":                {estreamtest.Close()},
		"reset":                {estreamtest.ExpectAcks(2), estreamtest.Drop()},
		"end inside a message": {estreamtest.Send(two[:20]), estreamtest.Close()},
		"error message":        {estreamtest.SendError(19, "No space"), estreamtest.Close()},
		"garbage":              {estreamtest.Garbage(4000, 1), estreamtest.ExpectClose()},
		"header version 9":     {estreamtest.Send([]byte{0, 9, 0, 4, 0, 0, 0, 4, 1, 2, 3, 4}), estreamtest.ExpectClose()},
		"giant message":        {estreamtest.LieLength(wire.TypeEventData, 0xfffffff0, nil), estreamtest.ExpectClose()},
		"lying inner length":   {estreamtest.Send(append(wire.AppendHeader(nil, wire.TypeMessageBundle, 24), 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 4, 0, 0, 0, 200, 1, 2, 3, 4, 5, 6, 7, 8)), estreamtest.ExpectClose()},
		"stall in a message":   {estreamtest.Send(two[:20]), estreamtest.ExpectClose()},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			first := append([]estreamtest.Step{estreamtest.Negotiate(), estreamtest.Send(one)}, bad...)
			c := estreamtest.Start(t, func(*estreamtest.Conn) error { return nil })
			c.Next(first...)
			// The second session repeats the event of the margin, then has a new one.
			done := make(chan struct{})
			c.Next(func(conn *estreamtest.Conn) error {
				if err := estreamtest.Negotiate()(conn); err != nil {
					return err
				}
				if conn.Request.Start != 1999 {
					t.Errorf("second session asks from %d, want 1999: one second before the last event", conn.Request.Start)
				}
				return nil
			}, estreamtest.Send(one), estreamtest.Send(two), estreamtest.ExpectAcks(3), estreamtest.Signal(done), estreamtest.ExpectClose())
			j := openJournal(t, t.TempDir())
			defer j.Close(ctx)
			s := &Source{
				Addr: c.Addr(), TLS: c.ClientTLS(), Journal: j, Number: 1, Start: wire.StartOldest, Log: slog.New(slog.DiscardHandler),
				Session: session.ClientConfig{MessageTimeout: 50 * time.Millisecond},
			}
			ended := make(chan error, 1)
			go func() { ended <- s.Run(ctx) }()
			<-done
			if got, want := contents(t, j), append(bytes.Clone(one), two...); !bytes.Equal(got, want) {
				t.Errorf("journal\n got %x\nwant %x", got, want)
			}
			cancel()
			if err := <-ended; err != nil {
				t.Errorf("Run: %v", err)
			}
			if n := s.Stats().Repeated.Load(); n != 1 {
				t.Errorf("%d repeated, want 1", n)
			}
		})
	}
}

// TestSourceTurnedAway: a server that closes at once, again and again, ends Run
// with the cure; one that cannot be verified ends it at the first try.
func TestSourceTurnedAway(t *testing.T) {
	ctx := context.Background()
	j := openJournal(t, t.TempDir())
	defer j.Close(ctx)
	c := estreamtest.Start(t, estreamtest.Close())
	s := &Source{Addr: c.Addr(), TLS: c.ClientTLS(), Journal: j, Number: 1, Log: slog.New(slog.DiscardHandler)}
	err := s.Run(ctx)
	var e *Explained
	if !errors.As(err, &e) || !strings.Contains(e.Hint, "revoked, not registered") {
		t.Errorf("turned away: %v", err)
	}
	other, err := estreamtest.New(estreamtest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	s = &Source{Addr: other.Addr(), TLS: c.ClientTLS(), Journal: j, Number: 1, Log: slog.New(slog.DiscardHandler)}
	if err := s.Run(ctx); !errors.As(err, &e) || !strings.Contains(e.Hint, "PKCS#12") {
		t.Errorf("foreign server: %v", err)
	}
	_ = other.Close() // the handshake that our side ended is an error of its script
}

// TestFutureArchiveTime: one wrong clock must not move the position for good.
func TestFutureArchiveTime(t *testing.T) {
	now := time.Unix(5000, 0)
	batch := append(message(t, 400, 1, "", 4000), message(t, 400, 2, "", 0xfffffff0)...)
	batch = append(batch, message(t, 123, 1, "x", 0)...)
	low, high, late := archiveRange(batch, now)
	if low != 4000 || high != 4000 || !late {
		t.Errorf("got %d to %d, late %v", low, high, late)
	}
}
