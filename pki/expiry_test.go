package pki

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"
)

func TestExpiring(t *testing.T) {
	const day = 24 * time.Hour
	clock := newClock()
	var log bytes.Buffer
	a := open(t, newDir(t), Options{Now: clock.now, ValidFor: 100 * day, Logger: slog.New(slog.NewTextHandler(&log, nil))})
	register(t, a, "10.0.0.1", RegisterOptions{})
	clock.advance(20 * day)
	register(t, a, "10.0.0.2", RegisterOptions{})
	register(t, a, "10.0.0.3", RegisterOptions{})
	if _, err := a.Remove(t.Context(), "10.0.0.3"); err != nil {
		t.Fatal(err)
	}
	check := func(within time.Duration, want ...string) {
		t.Helper()
		list, err := a.Expiring(within)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, e := range list {
			name := e.Name
			if e.Kind != ExpiryClient {
				name = ""
			}
			got = append(got, strings.TrimSpace(fmt.Sprintf("%s %s %d", e.Kind, name, int(e.NotAfter.Sub(clock.now())/day))))
		}
		if strings.Join(got, ", ") != strings.Join(want, ", ") {
			t.Errorf("within %v: %v, want %v", within, got, want)
		}
	}
	check(79 * day)
	check(90*day, "client 10.0.0.1 79")
	check(11*365*day, "client 10.0.0.1 79", "client 10.0.0.2 99", "server  3629")
	if err := a.Rotate(t.Context(), 40*day); err != nil {
		t.Fatal(err)
	}
	// Clients of the CA before end with it.
	check(90*day, "client 10.0.0.1 39", "client 10.0.0.2 39", "previous ca  39")
	clock.advance(100 * day)
	check(0, "client 10.0.0.1 -60", "client 10.0.0.2 -60")

	warnings := func() string {
		log.Reset()
		a.warnExpiring()
		return log.String()
	}
	if text := warnings(); !strings.Contains(text, "have expired") || !strings.Contains(text, `hosts="10.0.0.1 10.0.0.2"`) || strings.Count(text, "\n") != 1 {
		t.Errorf("warnings:\n%s", text)
	}
	clock.advance(caValidFor - 200*day)
	if _, err := a.serverCertificate(nil); err != nil {
		t.Fatal(err)
	}
	for n := range warnNames + 1 {
		register(t, a, fmt.Sprintf("10.0.1.%d", n), RegisterOptions{})
	}
	text := warnings()
	if !strings.Contains(text, "the internal CA expires") || strings.Contains(text, "expire soon") {
		t.Errorf("warnings:\n%s", text)
	}
	clock.advance(50 * day)
	text = warnings()
	if !strings.Contains(text, "expire soon") || !strings.Contains(text, "count=11") || !strings.Contains(text, `10.0.1.8 ..."`) {
		t.Errorf("warnings:\n%s", text)
	}
}
