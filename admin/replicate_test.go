package admin

import (
	"context"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"estream/pki"
)

// The replication runs by itself: over a time in which the partner is away, and in
// which it answers nonsense. The status tells, and the log does so once.
func TestReplicate(t *testing.T) {
	one, other := pair(t)
	one.Every = 10 * time.Millisecond
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := ln.Addr().String()
	partner := partnerOf(t, other, address)
	if err := one.Store.SetPartner(t.Context(), &partner); err != nil {
		t.Fatal(err)
	}
	// Told when the partner's registrations change.
	told := make(chan struct{}, 1)
	other.Reconsider = func(string) {
		select {
		case told <- struct{}{}:
		default:
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- one.Run(ctx) }()
	arrived := func(host string) {
		t.Helper()
		for {
			if _, err := other.Client(host); err == nil {
				return
			}
			<-told
		}
	}
	until := func(what string, is func(PartnerStatus) bool) {
		t.Helper()
		for tick := time.NewTicker(time.Millisecond); ; <-tick.C {
			st, err := one.Partner()
			if err != nil {
				t.Fatal(err)
			}
			if is(st) {
				return
			}
			if t.Context().Err() != nil {
				t.Fatalf("%s: %+v", what, st)
			}
		}
	}
	stop := serveOn(t, other, ln)
	add(t, one, "192.0.2.1", ClientChange{})
	arrived("192.0.2.1")
	until("exchanged", func(st PartnerStatus) bool { return st.Error == "" && !st.Exchanged.IsZero() })

	// Away, and meanwhile both sides go on.
	stop()
	add(t, one, "192.0.2.2", ClientChange{})
	if _, err := one.RemoveClient(t.Context(), "192.0.2.1"); err != nil {
		t.Fatal(err)
	}
	add(t, other, "192.0.2.3", ClientChange{})
	until("away", func(st PartnerStatus) bool { return st.Error != "" && !st.Failing.IsZero() && !st.Exchanged.IsZero() })

	// Somebody else has its address, and does not even have a certificate of the CA.
	var asked atomic.Bool
	stranger := &http.Server{Handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Store(true) })}
	ln, err = net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	foreign := newForeign(t)
	strangerDone := make(chan error, 1)
	stranger.TLSConfig = foreign.Authority.ServerTLSConfig()
	go func() { strangerDone <- stranger.ServeTLS(ln, "", "") }()
	until("stranger", func(st PartnerStatus) bool { return strings.Contains(st.Error, "from another CA") })
	if err := stranger.Close(); err != nil {
		t.Fatal(err)
	}
	<-strangerDone
	if asked.Load() {
		t.Error("a stranger was asked, and got the token")
	}

	// Back.
	if ln, err = net.Listen("tcp", address); err != nil {
		t.Fatal(err)
	}
	stop = serveOn(t, other, ln)
	until("back", func(st PartnerStatus) bool { return st.Error == "" && st.Failing.IsZero() })
	arrived("192.0.2.2")
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
	wantSame(t, one, other)
	if _, err := other.Client("192.0.2.1"); err == nil {
		t.Error("what was removed while the partner was away is registered there")
	}
	stop()
}

// foreign is a data directory with another CA, made once.
var foreign struct {
	sync.Once
	dir string
	err error
}

func newForeign(t *testing.T) *Service {
	t.Helper()
	foreign.Do(func() {
		if foreign.dir, foreign.err = os.MkdirTemp("", "admin-test-"); foreign.err == nil {
			_, foreign.err = pki.Open(filepath.Join(foreign.dir, "pki"), pkiOptions)
		}
	})
	if foreign.err != nil {
		t.Fatal(foreign.err)
	}
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(foreign.dir)); err != nil {
		t.Fatal(err)
	}
	return openService(t, dir)
}
