package admin

import (
	"context"
	"log/slog"
	"net"
	"testing"
	"time"

	"estream/internal/recordtest"
	"estream/journal"
	"estream/layouts"
	"estream/pki"
	"estream/server"
	"estream/session"
	"estream/source"
	"estream/wire"
)

// A streaming client is a registered one in a live session.
type streaming struct {
	t *testing.T
	*session.Client
}

// connect registers a client behind address translation and begins its session.
func connect(t *testing.T, s *Service, address, host string, ch ClientChange) *streaming {
	t.Helper()
	ch.Also = &[]string{"127.0.0.0/8"}
	reg, err := s.AddClient(t.Context(), NewClient{Host: host, Legacy: true, ClientChange: ch})
	if err != nil {
		t.Fatal(err)
	}
	cred, err := pki.LoadPKCS12(reg.PKCS12, "")
	if err != nil {
		t.Fatal(err)
	}
	conf, err := pki.ClientTLSConfig(cred, pki.ClientOptions{})
	if err != nil {
		t.Fatal(err)
	}
	c, err := session.Dial(t.Context(), address, session.ClientConfig{TLS: conf, Start: wire.StartOldest})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close(context.WithoutCancel(t.Context()), "") }) // the server may have ended it
	return &streaming{t, c}
}

// event waits for one message.
func (c *streaming) event() {
	c.t.Helper()
	b, err := c.ReadBatch(c.t.Context())
	if err != nil {
		c.t.Fatal(err)
	}
	if err := c.Ack(c.t.Context(), b); err != nil {
		c.t.Fatal(err)
	}
}

// ended waits for the end of the session.
func (c *streaming) ended() {
	c.t.Helper()
	for {
		b, err := c.ReadBatch(c.t.Context())
		if err != nil {
			if c.t.Context().Err() != nil {
				c.t.Fatal(err)
			}
			return
		}
		if err := c.Ack(c.t.Context(), b); err != nil {
			return // it has ended meanwhile
		}
	}
}

// A change by another process ends the sessions that it concerns, and the others go on.
func TestLiveSessions(t *testing.T) {
	data := newData(t)
	running, command := openService(t, data), openService(t, data)
	j, err := source.OpenJournal(t.Context(), t.TempDir(), layouts.Default(), journal.Options{CommitInterval: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := j.Close(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	}()
	core := &server.Server{
		Authority: running.Authority, Journal: j, Log: slog.New(slog.DiscardHandler),
		Rights: running.Rights, DomainOf: running.Store.DomainOf,
	}
	running.Reconsider = core.Reconsider
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 3)
	go func() { done <- core.Serve(ctx, ln) }()
	go func() { done <- running.Run(ctx) }()
	go func() { done <- running.Authority.Run(ctx) }()
	defer func() {
		cancel()
		for range cap(done) {
			if err := <-done; err != nil {
				t.Error(err)
			}
		}
	}()
	address := ln.Addr().String()
	put := func() {
		t.Helper()
		m := recordtest.Message(t, layouts.Default(), 112, 173, nil)
		if err := j.AppendFrom(t.Context(), 1, source.Batch{Data: m, Count: 1}); err != nil {
			t.Fatal(err)
		}
	}

	changed := connect(t, command, address, "192.0.2.1", ClientChange{})
	removed := connect(t, command, address, "192.0.2.2", ClientChange{})
	left := connect(t, command, address, "192.0.2.3", ClientChange{})
	all := []*streaming{changed, removed, left}
	steps := []struct {
		name string
		do   func() error
	}{
		{"netmap id", func() error {
			_, err := command.ChangeClient(ctx, "192.0.2.1", ClientChange{NetmapID: ptr(true)})
			return err
		}},
		{"removed", func() error { _, err := command.RemoveClient(ctx, "192.0.2.2"); return err }},
		{"correlation events unchecked", func() error { return command.Store.CheckBoxes(ctx, nil, []string{"correlation"}) }},
	}
	for i, step := range steps {
		put()
		for _, c := range all[i:] {
			c.event()
		}
		if err := step.do(); err != nil {
			t.Fatalf("%s: %v", step.name, err)
		}
		all[i].ended()
	}
}
