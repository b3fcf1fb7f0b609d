package admin

import (
	"bytes"
	"strings"
	"testing"
	"time"
)

func TestUsers(t *testing.T) {
	s := newStore(t)
	ctx := t.Context()
	const password = "correct horse battery"
	for _, name := range []string{"", "Alice", "a b", strings.Repeat("a", 65)} {
		wantProblem(t, s.AddUser(ctx, name, ScopeAdmin, password), Invalid)
	}
	wantProblem(t, s.AddUser(ctx, "alice", "king", password), Invalid)
	wantProblem(t, s.AddUser(ctx, "alice", ScopeReplicate, password), Invalid)
	for _, bad := range []string{"", "short", strings.Repeat("x", 1025), "correct horse \xff battery"} {
		wantProblem(t, s.AddUser(ctx, "alice", ScopeAdmin, bad), Invalid)
	}
	for _, name := range []string{"alice", "bob"} {
		if err := s.AddUser(ctx, name, ScopeAdmin, password); err != nil {
			t.Fatal(err)
		}
	}
	wantProblem(t, s.AddUser(ctx, "alice", ScopeRead, password), Conflict)
	set, err := s.Settings()
	if err != nil {
		t.Fatal(err)
	}
	alice, bob := set.Users[0], set.Users[1]
	if bytes.Equal(alice.Hash, bob.Hash) || !alice.has(password) || alice.has(password+"!") {
		t.Error("the hash is not that of salt and password")
	}
	if err := s.SetPassword(ctx, "alice", "another battery"); err != nil {
		t.Fatal(err)
	}
	wantProblem(t, s.SetPassword(ctx, "carol", "another battery"), NotFound)
	if set, err = s.Settings(); err != nil {
		t.Fatal(err)
	}
	if now := set.Users[0]; now.has(password) || !now.has("another battery") || now.Scope != ScopeAdmin || !now.Changed.After(alice.Changed) {
		t.Errorf("after the change: %+v", now)
	}
	wantProblem(t, s.RemoveUser(ctx, "carol"), NotFound)
	if err := s.RemoveUser(ctx, "alice"); err != nil {
		t.Fatal(err)
	}
	if set, err = s.Settings(); err != nil || len(set.Users) != 1 || set.Users[0].Name != "bob" {
		t.Errorf("left: %+v, %v", set.Users, err)
	}
}

func TestTokens(t *testing.T) {
	c := newClock()
	s, err := Open(t.TempDir(), Options{Now: c.Now})
	if err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	for _, bad := range []struct {
		name  string
		scope Scope
		valid time.Duration
	}{{"", ScopeRead, 0}, {"x", "king", 0}, {"x", ScopeRead, -1}} {
		_, _, err := s.AddToken(ctx, bad.name, bad.scope, bad.valid)
		wantProblem(t, err, Invalid)
	}
	forever, first, err := s.AddToken(ctx, "for ever", ScopeReplicate, 0)
	if err != nil {
		t.Fatal(err)
	}
	day, _, err := s.AddToken(ctx, "a day", ScopeRead, 24*time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	accepted := func(token string) bool {
		t.Helper()
		set, err := s.Settings()
		if err != nil {
			t.Fatal(err)
		}
		return set.accepted(token, c.Now()) != nil
	}
	for _, wrong := range []string{"", "estream_", forever[:len(forever)-1], forever[:len(forever)-1] + "?", forever + "A", "Estream_" + forever[8:], day[:25] + forever[25:]} {
		if accepted(wrong) {
			t.Errorf("%q is accepted", wrong)
		}
	}
	if !accepted(forever) || !accepted(day) {
		t.Error("tokens are not accepted")
	}
	c.Add(25 * time.Hour)
	if !accepted(forever) || accepted(day) {
		t.Error("a day later only the token for ever should be accepted")
	}
	wantProblem(t, s.RemoveToken(ctx, "0123456789abcdef"), NotFound)
	if err := s.RemoveToken(ctx, first.ID); err != nil {
		t.Fatal(err)
	}
	if accepted(forever) {
		t.Error("a removed token is accepted")
	}
	if set, err := s.Settings(); err != nil || len(set.Tokens) != 0 {
		t.Errorf("%d tokens are kept, %v; want the one that ended forgotten", len(set.Tokens), err)
	}
}

func TestThrottle(t *testing.T) {
	c := newClock()
	th := newThrottle(3, time.Second, 2, c.Now)
	for i := range 3 {
		if wait := th.take("a"); wait != 0 {
			t.Fatalf("try %d has to wait %v", i, wait)
		}
	}
	if wait := th.take("a"); wait != time.Second {
		t.Errorf("the fourth try has to wait %v, want 1s", wait)
	}
	th.back("a")
	if wait := th.take("a"); wait != 0 {
		t.Errorf("after one was given back: %v", wait)
	}
	c.Add(time.Second)
	if a, again := th.take("a"), th.take("a"); a != 0 || again != time.Second {
		t.Errorf("a second later: %v, then %v; want one try", a, again)
	}
	// More keys than are remembered: the one that is nearest to having all tries goes.
	for _, key := range []string{"b", "c", "d"} {
		if wait := th.take(key); wait != 0 {
			t.Errorf("%s has to wait %v", key, wait)
		}
	}
	if len(th.keys) > 2 {
		t.Errorf("%d keys are remembered, want at most 2", len(th.keys))
	}
	if wait := th.take("a"); wait == 0 {
		t.Error("the key that was used most was forgotten")
	}
}
