package admin

import (
	"context"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// A Scope is what a user or a token may do.
type Scope string

// Scopes.
const (
	ScopeAdmin     Scope = "admin"     // everything
	ScopeRead      Scope = "read"      // look at everything but keys and passwords
	ScopeReplicate Scope = "replicate" // exchange registrations as a partner; for tokens only
)

// allows reports whether somebody with scope s may do what takes need.
func (s Scope) allows(need Scope) bool { return s == ScopeAdmin || s == need }

// A User may log in to the HTTP API.
type User struct {
	Name  string `json:"name"` // lower case
	Scope Scope  `json:"scope"`
	// Hash is PBKDF2 with HMAC-SHA-256 of the password, Salt and Iterations.
	Hash       []byte `json:"hash"`
	Salt       []byte `json:"salt"`
	Iterations int    `json:"iterations"`
	// Changed is when the password was set, in UTC. Logins from before have ended.
	Changed time.Time `json:"changed"`
}

// Sizes of what protects passwords.
const (
	saltSize      = 16
	hashSize      = 32
	minPassword   = 12   // characters
	maxPassword   = 1024 // bytes
	minIterations = 1000
	maxIterations = 10_000_000 // above, a file could keep a login busy for minutes
)

// iterations is the number of rounds for new passwords: what OWASP recommends for
// PBKDF2 with HMAC-SHA-256, a few tenths of a second. Tests have fewer.
var iterations = 600_000

// checkPassword bounds passwords, of users and of exported files.
func checkPassword(what, password string) error {
	expected := fmt.Sprintf("at least %d characters and at most %d bytes", minPassword, maxPassword)
	switch n := utf8.RuneCountInString(password); {
	case !utf8.ValidString(password):
		return invalid(what+" that is not UTF-8", expected, "choose another")
	case n < minPassword:
		return invalid(fmt.Sprintf("%s of %d characters", what, n), expected, "choose a longer one")
	case len(password) > maxPassword:
		return invalid(fmt.Sprintf("%s of %d bytes", what, len(password)), expected, "choose a shorter one")
	}
	return nil
}

func derive(password string, salt []byte, rounds int) ([]byte, error) {
	return pbkdf2.Key(sha256.New, password, salt, rounds, hashSize)
}

// newUser returns a user with a freshly salted password.
func newUser(name string, scope Scope, password string, changed time.Time) (User, error) {
	u := User{Name: name, Scope: scope, Salt: make([]byte, saltSize), Iterations: iterations, Changed: changed}
	if err := checkPassword("password", password); err != nil {
		return u, err
	}
	if _, err := rand.Read(u.Salt); err != nil {
		return u, err
	}
	var err error
	u.Hash, err = derive(password, u.Salt, u.Iterations)
	return u, err
}

// has reports whether the password is the user's.
func (u *User) has(password string) bool {
	hash, err := derive(password, u.Salt, u.Iterations)
	return err == nil && subtle.ConstantTimeCompare(hash, u.Hash) == 1
}

func (u *User) check() error {
	if err := checkUserName(u.Name); err != nil {
		return err
	}
	if u.Scope != ScopeAdmin && u.Scope != ScopeRead {
		return invalid(fmt.Sprintf("user %s with scope %q", u.Name, u.Scope), "admin or read", "")
	}
	if len(u.Hash) != hashSize || len(u.Salt) < saltSize || u.Iterations < minIterations || u.Iterations > maxIterations {
		return invalid(fmt.Sprintf("user %s with a hash of %d bytes, a salt of %d bytes and %d iterations", u.Name, len(u.Hash), len(u.Salt), u.Iterations),
			fmt.Sprintf("%d, at least %d, and %d to %d", hashSize, saltSize, minIterations, maxIterations), "")
	}
	return nil
}

func checkUserName(name string) error {
	if name == "" || len(name) > 64 || strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789._@-") != "" {
		return invalid(fmt.Sprintf("user %q", name), "1 to 64 lower case letters, digits, and . _ @ -", "choose another name")
	}
	return nil
}

func (s *Settings) user(name string) int {
	return slices.IndexFunc(s.Users, func(u User) bool { return u.Name == name })
}

// AddUser adds a user of the HTTP API, with scope admin or read.
func (s *Store) AddUser(ctx context.Context, name string, scope Scope, password string) error {
	taken := func(set *Settings) error {
		if set.user(name) >= 0 {
			return conflict("to change the password, set it; to change the scope, remove the user first", "user %s exists already", name)
		}
		return nil
	}
	if set, err := s.Settings(); err != nil {
		return err
	} else if err := taken(set); err != nil {
		return err
	}
	// The slow part before the lock is taken.
	u, err := newUser(name, scope, password, stamp(s.now(), time.Time{}))
	if err != nil {
		return err
	}
	if err := u.check(); err != nil {
		return err
	}
	return s.Update(ctx, func(set *Settings) error {
		if err := taken(set); err != nil {
			return err
		}
		set.Users = append(set.Users, u)
		return nil
	})
}

// SetPassword gives a user another password. All logins of the user end.
func (s *Store) SetPassword(ctx context.Context, name, password string) error {
	fresh, err := newUser(name, ScopeRead, password, time.Time{})
	if err != nil {
		return err
	}
	return s.Update(ctx, func(set *Settings) error {
		i := set.user(name)
		if i < 0 {
			return noUser(name)
		}
		u := &set.Users[i]
		u.Hash, u.Salt, u.Iterations = fresh.Hash, fresh.Salt, fresh.Iterations
		u.Changed = stamp(s.now(), u.Changed)
		return nil
	})
}

// RemoveUser removes a user; all logins of the user end.
func (s *Store) RemoveUser(ctx context.Context, name string) error {
	return s.Update(ctx, func(set *Settings) error {
		i := set.user(name)
		if i < 0 {
			return noUser(name)
		}
		set.Users = slices.Delete(set.Users, i, i+1)
		return nil
	})
}

func noUser(name string) error {
	return notFound("look for it in the list of users", "no user %q", name)
}
