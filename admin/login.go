package admin

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"time"
)

// Logins. A login is remembered in memory only, by the hash of what its cookie holds:
// a restart ends all of them, and nothing that could be stolen is on disk.
const (
	// cookieName has the prefix with which browsers refuse a cookie that is not
	// Secure, is for another path, or was set for other hosts as well.
	cookieName = "__Host-estream"
	loginLasts = 12 * time.Hour
	loginIdle  = 30 * time.Minute
	maxLogins  = 1000

	// Tries to log in: from one address (IPv6: one /64), and for one user from
	// everywhere. Good ones do not count.
	addressTries, addressEvery = 10, 10 * time.Second
	userTries, userEvery       = 50, 10 * time.Second

	// maxHashing is how many passwords are looked at at a time.
	maxHashing = 2
)

// An identity is somebody who was recognised.
type identity struct {
	Name  string
	Scope Scope
	login [sha256.Size]byte // of the cookie; zero for a token
}

type login struct {
	user    string
	changed time.Time // of the user, at login
	began   time.Time
	used    time.Time
}

type logins struct {
	store     *Store
	addresses *throttle
	users     *throttle
	hashing   chan struct{}

	mu     sync.Mutex
	byHash map[[sha256.Size]byte]*login
}

func newLogins(store *Store) *logins {
	return &logins{
		store:     store,
		addresses: newThrottle(addressTries, addressEvery, 4096, store.now),
		// Names that nobody has share one key, so there are few.
		users:   newThrottle(userTries, userEvery, maxUsers+1, store.now),
		hashing: make(chan struct{}, maxHashing),
		byHash:  make(map[[sha256.Size]byte]*login),
	}
}

// nobody stands in for users that do not exist: their logins take as long as others.
var nobody = sync.OnceValues(func() (User, error) {
	return newUser("nobody", ScopeRead, "a password that nobody has", time.Time{})
})

// A loginRefusal says why somebody was not let in; wait is set for a throttled one.
type loginRefusal struct{ wait time.Duration }

func (r *loginRefusal) Error() string { return "user or password is wrong" }

// begin checks a password and returns the content of the cookie for a new login.
func (l *logins) begin(ctx context.Context, name, password string, from netip.Addr) (cookie string, u User, err error) {
	set, err := l.store.Settings()
	if err != nil {
		return "", u, err
	}
	if u, err = nobody(); err != nil {
		return "", u, err
	}
	known := false
	if i := set.user(name); i >= 0 && name != "" {
		u, known = set.Users[i], true
	}
	address, user := network(from), u.Name
	if !known {
		user = "" // no user has this name
	}
	for _, t := range []struct {
		*throttle
		key string
	}{{l.addresses, address}, {l.users, user}} {
		if wait := t.take(t.key); wait > 0 {
			return "", u, &loginRefusal{wait}
		}
	}
	select {
	case l.hashing <- struct{}{}:
		defer func() { <-l.hashing }()
	case <-ctx.Done():
		return "", u, ctx.Err()
	}
	if len(password) > maxPassword || !u.has(password) || !known {
		return "", u, &loginRefusal{}
	}
	l.addresses.back(address)
	l.users.back(user)
	cookie, err = l.add(u)
	return cookie, u, err
}

// add remembers a login.
func (l *logins) add(u User) (cookie string, err error) {
	var secret [32]byte
	if _, err := rand.Read(secret[:]); err != nil {
		return "", err
	}
	cookie = base64.RawURLEncoding.EncodeToString(secret[:])
	now := l.store.now()
	l.mu.Lock()
	defer l.mu.Unlock()
	for len(l.byHash) >= maxLogins {
		l.forgetOne(now)
	}
	l.byHash[sha256.Sum256([]byte(cookie))] = &login{user: u.Name, changed: u.Changed, began: now, used: now}
	return cookie, nil
}

// forgetOne forgets the logins that are over, or if there is none the one that was not
// used for longest.
func (l *logins) forgetOne(now time.Time) {
	var oldest *login
	var key [sha256.Size]byte
	for k, g := range l.byHash {
		if g.over(now) {
			delete(l.byHash, k)
		} else if oldest == nil || g.used.Before(oldest.used) {
			oldest, key = g, k
		}
	}
	if len(l.byHash) >= maxLogins {
		delete(l.byHash, key)
	}
}

func (g *login) over(now time.Time) bool {
	return now.Sub(g.began) > loginLasts || now.Sub(g.used) > loginIdle
}

// who returns whose request it is: by bearer token if there is one, else by cookie.
// Somebody who cannot be recognised is nil.
func (l *logins) who(r *http.Request) (*identity, error) {
	set, err := l.store.Settings()
	if err != nil {
		return nil, err
	}
	now := l.store.now()
	if auth := r.Header.Get("Authorization"); auth != "" {
		token, ok := strings.CutPrefix(auth, "Bearer ")
		if !ok {
			return nil, nil
		}
		if t := set.accepted(token, now); t != nil {
			return &identity{Name: "token " + t.ID, Scope: t.Scope}, nil
		}
		return nil, nil
	}
	cookie, err := r.Cookie(cookieName)
	if err != nil {
		return nil, nil // there is none
	}
	key := sha256.Sum256([]byte(cookie.Value))
	l.mu.Lock()
	defer l.mu.Unlock()
	g := l.byHash[key]
	if g == nil {
		return nil, nil
	}
	// A user who was removed, or got another password, is logged out.
	i := set.user(g.user)
	if i < 0 || !set.Users[i].Changed.Equal(g.changed) || g.over(now) {
		delete(l.byHash, key)
		return nil, nil
	}
	g.used = now
	return &identity{Name: g.user, Scope: set.Users[i].Scope, login: key}, nil
}

// end ends the login of a request.
func (l *logins) end(who *identity) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.byHash, who.login)
}

// network is what counts as one address: with IPv6 everybody has 2^64 of them.
func network(addr netip.Addr) string {
	addr = addr.Unmap().WithZone("")
	if addr.Is6() {
		if p, err := addr.Prefix(64); err == nil {
			return p.String()
		}
	}
	return addr.String()
}

// setCookie gives a browser its login; "" takes it back.
func setCookie(w http.ResponseWriter, value string) {
	c := &http.Cookie{
		Name: cookieName, Value: value, Path: "/", MaxAge: int(loginLasts / time.Second),
		Secure: true, HttpOnly: true, SameSite: http.SameSiteStrictMode,
	}
	if value == "" {
		c.MaxAge = -1
	}
	http.SetCookie(w, c)
}
