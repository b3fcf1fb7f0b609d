package serverstatus_test

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"estream/internal/control"
	"estream/internal/serverstatus"
	"estream/internal/syncbuf"
	"estream/journal"
	"estream/pki"
	"estream/server"
)

// TestControl: what commands ask of a server, and what they get when something fails.
func TestControl(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	ln, err := control.Listen(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	stopped := make(chan struct{}, 1)
	var log syncbuf.Buffer
	changed, failure := []string{"boxes"}, error(nil)
	c := &serverstatus.Control{
		Status: full, Reload: func() ([]string, error) { return changed, failure }, Stop: func() { stopped <- struct{}{} }, Log: slog.New(slog.NewTextHandler(&log, nil)),
	}
	served := make(chan error, 1)
	go func() { served <- c.Serve(ctx, ln) }()
	client := control.Dial(path)
	answer, err := client.Get(t.Context(), "/status")
	var s serverstatus.Status
	if err == nil {
		err = json.Unmarshal(answer, &s)
	}
	if err != nil || s.PID != full().PID || len(s.Clients) != 3 {
		t.Errorf("status: %+v, %v", s, err)
	}
	if answer, err := client.Post(t.Context(), "/reload"); err != nil || !strings.Contains(string(answer), `"boxes"`) {
		t.Errorf("reload: %s, %v", answer, err)
	}
	failure = errors.New("settings.json: line 3")
	if _, err := client.Post(t.Context(), "/reload"); err == nil || err.Error() != failure.Error() {
		t.Errorf("reload that fails: %v", err)
	}
	if _, err := client.Post(t.Context(), "/stop"); err != nil {
		t.Error(err)
	}
	<-stopped
	cancel()
	if err := <-served; err != nil {
		t.Error(err)
	}
	var nobody *control.NotRunningError
	if _, err := client.Get(t.Context(), "/status"); !errors.As(err, &nobody) {
		t.Errorf("after the end: %v", err)
	}
	// Nothing to reload, and a listener that breaks.
	c.Reload = nil
	if ln, err = control.Listen(t.Context(), path); err != nil {
		t.Fatal(err)
	}
	go func() { served <- c.Serve(t.Context(), ln) }()
	if answer, err := client.Post(t.Context(), "/reload"); err != nil || !strings.Contains(string(answer), `"changed": []`) {
		t.Errorf("reload of nothing: %s, %v", answer, err)
	}
	if err := ln.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-served; !errors.Is(err, net.ErrClosed) {
		t.Errorf("closed listener: %v", err)
	}
}

// TestFill: a status of parts that have nothing yet, and of a journal with events.
func TestFill(t *testing.T) {
	dir := t.TempDir()
	authority, err := pki.Open(filepath.Join(dir, "pki"), pki.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := authority.Register(t.Context(), "192.0.2.1", pki.RegisterOptions{}); err != nil {
		t.Fatal(err)
	}
	opt := journal.Options{RetainBytes: 1 << 30, RetainAge: time.Hour}
	j, err := journal.Open(filepath.Join(dir, "journal"), opt)
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close(context.Background())
	for _, archive := range []uint32{1591210934, 1591210999} {
		if _, err := j.Append(t.Context(), journal.Batch{Source: 1, Payload: [][]byte{{1}}, Count: 1, MinArchive: archive, MaxArchive: archive}); err != nil {
			t.Fatal(err)
		}
	}
	s := serverstatus.New(7, at, "1.2.3")
	s.AddJournal(j, opt)
	s.AddServer(&server.Server{Authority: authority}, j.End())
	s.AddAuthority(authority)
	s.AddSources(serverstatus.Source{Name: "a", LastEvent: time.Unix(1591210999, 0)}, serverstatus.Source{Name: "b", Error: "gone"})
	if s.PID != 7 || s.Versions.Estream != "1.2.3" || !s.HostCheck || s.Registered != 1 || len(s.Sources) != 2 || len(s.Clients) != 0 {
		t.Errorf("%+v", s)
	}
	if got := s.Journal; got.End != 2 || got.RetainAge != 3600 || got.RetainBytes != 1<<30 || got.Oldest.Unix() != 1591210934 || got.Newest.Unix() != 1591210999 {
		t.Errorf("journal: %+v", got)
	}
	if len(s.Problems) != 1 || s.Problems[0] != "source b: gone" {
		t.Errorf("problems: %q", s.Problems)
	}
	if len(s.Certificates) < 2 {
		t.Errorf("certificates: %+v", s.Certificates)
	}
	if table := serverstatus.HostTable(s.Clients); len(table) != 0 {
		t.Errorf("host table: %v", table)
	}
}
