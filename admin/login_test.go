package admin

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"estream/internal/syncbuf"
)

// Wrong logins become slow, for one address and for one user, and good ones do not.
func TestAPIThrottle(t *testing.T) {
	c := newClock()
	data := newData(t)
	s := openService(t, data)
	var err error
	if s.Store, err = Open(data, Options{Now: c.Now}); err != nil {
		t.Fatal(err)
	}
	var log syncbuf.Buffer
	s.Log = log.Logger()
	if err := s.Store.AddUser(t.Context(), "alice", ScopeAdmin, password); err != nil {
		t.Fatal(err)
	}
	try := func(from, user, password string) (int, http.Header) {
		body, err := json.Marshal(map[string]string{"user": user, "password": password})
		if err != nil {
			t.Fatal(err)
		}
		req := httptest.NewRequest("POST", apiPrefix+"/login", bytes.NewReader(body))
		req.Header.Set("Content-Type", contentJSON)
		req.RemoteAddr = from
		w := httptest.NewRecorder()
		s.Handler().ServeHTTP(w, req)
		return w.Code, w.Header()
	}
	want := func(status int, from, user, password string) http.Header {
		t.Helper()
		got, header := try(from, user, password)
		if got != status {
			t.Fatalf("%s from %s: status %d, want %d", user, from, got, status)
		}
		return header
	}
	for range 2 * addressTries {
		want(200, "192.0.2.1:1", "alice", password)
	}
	for i := range addressTries {
		want(401, "192.0.2.1:1", fmt.Sprint("user", i), "wrong")
	}
	if after := want(429, "192.0.2.1:2", "alice", password).Get("Retry-After"); after != "10" {
		t.Errorf("Retry-After %q, want 10", after)
	}
	want(200, "192.0.2.2:1", "alice", password)
	c.Add(addressEvery)
	want(200, "192.0.2.1:1", "alice", password)

	// From everywhere: an attacker with many addresses, all of one /64 among them.
	for i := range addressTries {
		want(401, fmt.Sprintf("[2001:db8::%x]:1", i), "bob", "wrong")
	}
	want(429, "[2001:db8::ffff]:1", "bob", "wrong")
	for i := range userTries {
		want(401, fmt.Sprintf("[2001:db8:0:%x::]:1", i+1), "alice", "wrong")
	}
	want(429, "192.0.2.3:1", "alice", password)
	c.Add(userEvery)
	want(200, "192.0.2.3:1", "alice", password)
	if n := strings.Count(log.String(), "login refused"); n != 1 {
		t.Errorf("%d lines about refused logins, want one and the rest counted", n)
	}
}

// A login ends when nobody uses it, and after half a day in any case; of too many the
// one that was not used for longest goes.
func TestLogins(t *testing.T) {
	c := newClock()
	s, err := Open(t.TempDir(), Options{Now: c.Now})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.AddUser(t.Context(), "alice", ScopeAdmin, password); err != nil {
		t.Fatal(err)
	}
	set, err := s.Settings()
	if err != nil {
		t.Fatal(err)
	}
	l := newLogins(s)
	in := func(cookie string) bool {
		t.Helper()
		req := httptest.NewRequest("GET", "/", nil)
		req.AddCookie(&http.Cookie{Name: cookieName, Value: cookie})
		who, err := l.who(req)
		if err != nil {
			t.Fatal(err)
		}
		return who != nil
	}
	begin := func() string {
		t.Helper()
		cookie, err := l.add(set.Users[0])
		if err != nil {
			t.Fatal(err)
		}
		return cookie
	}
	idle, busy := begin(), begin()
	for range int(loginLasts / (20 * time.Minute)) {
		c.Add(20 * time.Minute)
		if !in(busy) {
			t.Fatal("a login that is used ended early")
		}
	}
	if in(idle) {
		t.Error("a login that nobody uses goes on")
	}
	c.Add(20 * time.Minute)
	if in(busy) {
		t.Error("a login goes on for more than half a day")
	}
	first := begin()
	for range maxLogins {
		c.Add(time.Microsecond)
		begin()
	}
	if len(l.byHash) != maxLogins || in(first) {
		t.Errorf("%d logins, the first one still in: %v", len(l.byHash), in(first))
	}
}
