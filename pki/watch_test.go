package pki

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"os"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestRemoveEndsSessionsOfThisProcess(t *testing.T) {
	a := open(t, newDir(t), Options{})
	gone := register(t, a, "10.0.0.1", RegisterOptions{}).Client
	stays := register(t, a, "10.0.0.2", RegisterOptions{}).Client
	first, stop1 := a.SessionContext(context.Background(), gone)
	defer stop1()
	second, stop2 := a.SessionContext(context.Background(), gone)
	defer stop2()
	other, stop3 := a.SessionContext(context.Background(), stays)
	defer stop3()
	if ok, err := a.Registered(gone); !ok || err != nil {
		t.Errorf("registered: %v, %v", ok, err)
	}
	if _, err := a.Remove(context.Background(), "10.0.0.1"); err != nil {
		t.Fatal(err)
	}
	for _, ctx := range []context.Context{first, second} {
		if ctx.Err() == nil || reason(context.Cause(ctx)) != Revoked {
			t.Errorf("session of the removed client: %v, want it ended as revoked", context.Cause(ctx))
		}
	}
	if other.Err() != nil {
		t.Errorf("session of another client ended: %v", context.Cause(other))
	}
	if ok, err := a.Registered(gone); ok || err != nil {
		t.Errorf("registered after removal: %v, %v", ok, err)
	}
	// A session that was admitted a moment before the removal.
	late, stop4 := a.SessionContext(context.Background(), gone)
	defer stop4()
	if reason(context.Cause(late)) != Revoked {
		t.Errorf("late session: %v, want revoked", context.Cause(late))
	}
	// The new registration of the same host does not revive the old session's right.
	again := register(t, a, "10.0.0.1", RegisterOptions{}).Client
	if ok, err := a.Registered(gone); ok || err != nil {
		t.Errorf("old registration after the new one: %v, %v", ok, err)
	}
	renewed, stop5 := a.SessionContext(context.Background(), again)
	if renewed.Err() != nil {
		t.Errorf("new session: %v", context.Cause(renewed))
	}
	stop5()
	if !errors.Is(context.Cause(renewed), context.Canceled) {
		t.Errorf("stopped session: %v, want canceled", context.Cause(renewed))
	}
	stop3()
	if n := len(a.holds); n != 0 {
		t.Errorf("%d sessions are still remembered", n)
	}
}

func TestRunSeesRemovalByAnotherProcess(t *testing.T) {
	dir := newDir(t)
	a := open(t, dir, Options{})
	client := register(t, a, "10.0.0.1", RegisterOptions{}).Client
	kept := register(t, a, "10.0.0.2", RegisterOptions{}).Client
	ctx, cancel := context.WithCancel(context.Background())
	running := make(chan error, 1)
	go func() { running <- a.Run(ctx) }()
	session, stop := a.SessionContext(ctx, client)
	defer stop()
	other, stopOther := a.SessionContext(ctx, kept)
	defer stopOther()
	if out, err := helperCommand(t, "remove", dir, "10.0.0.1").Output(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	select {
	case <-session.Done():
	case <-time.After(time.Minute): // so as not to hang; how fast it is is not judged
		t.Fatal("the session of the removed client goes on")
	}
	if reason(context.Cause(session)) != Revoked {
		t.Errorf("ended with %v, want revoked", context.Cause(session))
	}
	if other.Err() != nil {
		t.Errorf("another client's session ended: %v", context.Cause(other))
	}
	cancel()
	if err := <-running; err != nil {
		t.Errorf("Run: %v", err)
	}
}

// The time of a CA ends for live sessions, too, whoever ends it.
func TestRunSeesTheEndOfACA(t *testing.T) {
	dir := newDir(t)
	a := open(t, dir, Options{})
	client := register(t, a, "10.0.0.1", RegisterOptions{}).Client
	ctx, cancel := context.WithCancel(t.Context())
	running := make(chan error, 1)
	go func() { running <- a.Run(ctx) }()
	session, stop := a.SessionContext(ctx, client)
	defer stop()
	admin := open(t, dir, Options{})
	if err := admin.Rotate(ctx, time.Hour); err != nil {
		t.Fatal(err)
	}
	if _, err := admin.Retire(ctx); err != nil {
		t.Fatal(err)
	}
	select {
	case <-session.Done():
	case <-time.After(time.Minute): // so as not to hang
		t.Fatal("the session goes on")
	}
	if reason(context.Cause(session)) != RetiredCA {
		t.Errorf("ended with %v, want %v", context.Cause(session), RetiredCA)
	}
	cancel()
	if err := <-running; err != nil {
		t.Errorf("Run: %v", err)
	}
}

// lockedBuffer is a log that a test may read while it is written.
type lockedBuffer struct {
	mu      sync.Mutex
	b       bytes.Buffer
	written chan struct{}
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.b.Write(p)
	l.written <- struct{}{}
	return len(p), nil
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// A registry that is unreadable for a while ends no session, and is logged once.
func TestRunSurvivesAnUnreadableRegistry(t *testing.T) {
	log := &lockedBuffer{written: make(chan struct{}, 100)}
	a := open(t, newDir(t), Options{Logger: slog.New(slog.NewTextHandler(log, nil))})
	client := register(t, a, "10.0.0.1", RegisterOptions{}).Client
	good, err := os.ReadFile(a.path(registryFile))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	running := make(chan error, 1)
	session, stop := a.SessionContext(ctx, client)
	defer stop()
	write(t, a.path(registryFile), "{")
	go func() { running <- a.Run(ctx) }()
	<-log.written
	if session.Err() != nil {
		t.Errorf("session ended: %v", context.Cause(session))
	}
	write(t, a.path(registryFile), string(good))
	<-log.written
	cancel()
	if err := <-running; err != nil {
		t.Errorf("Run: %v", err)
	}
	if text := log.String(); strings.Count(text, "cannot be read") != 1 || strings.Count(text, "can be read again") != 1 {
		t.Errorf("log:\n%s", text)
	}
}
