package admin

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"
)

// A Token is accepted in place of a login: "Authorization: Bearer TOKEN". The token
// itself is shown once, when it is made; the settings have only what is needed to
// recognise it. It has 256 random bits, so a plain hash protects it.
type Token struct {
	ID      string    `json:"id"`   // 16 hexadecimal digits, a part of the token
	Name    string    `json:"name"` // what it is for, in the words of its maker
	Scope   Scope     `json:"scope"`
	SHA256  []byte    `json:"sha256"`
	Created time.Time `json:"created"`
	Expires time.Time `json:"expires,omitzero"` // zero: never
}

// A token is written as estream_ID_SECRET.
const (
	tokenPrefix = "estream_"
	idSize      = 8  // bytes, in hexadecimal
	secretSize  = 32 // bytes, in base64url without padding
)

// splitToken takes a token apart without saying whether anybody knows it.
func splitToken(token string) (id, secret string, err error) {
	const do = "give the token as it was shown when it was made"
	rest, ok := strings.CutPrefix(token, tokenPrefix)
	if ok {
		id, secret, ok = strings.Cut(rest, "_")
	}
	if !ok || len(id) != hex.EncodedLen(idSize) || len(secret) != base64.RawURLEncoding.EncodedLen(secretSize) {
		return "", "", invalid(fmt.Sprintf("a token of %d characters", len(token)), tokenPrefix+"ID_SECRET", do)
	}
	return id, secret, nil
}

func (t *Token) check() error {
	switch {
	case len(t.ID) != hex.EncodedLen(idSize) || strings.Trim(t.ID, "0123456789abcdef") != "":
		return invalid(fmt.Sprintf("token id %q", t.ID), "16 hexadecimal digits", "")
	case t.Scope != ScopeAdmin && t.Scope != ScopeRead && t.Scope != ScopeReplicate:
		return invalid(fmt.Sprintf("token with scope %q", t.Scope), "admin, read or replicate", "")
	case len(t.SHA256) != sha256.Size:
		return invalid(fmt.Sprintf("token %s with a hash of %d bytes", t.ID, len(t.SHA256)), "32", "")
	}
	return checkName("name of a token", t.Name)
}

// accepted returns the token that text is, or nil.
func (s *Settings) accepted(text string, now time.Time) *Token {
	id, secret, err := splitToken(text)
	if err != nil {
		return nil
	}
	i := slices.IndexFunc(s.Tokens, func(t Token) bool { return t.ID == id })
	if i < 0 {
		return nil
	}
	t := &s.Tokens[i]
	sum := sha256.Sum256([]byte(secret))
	if subtle.ConstantTimeCompare(sum[:], t.SHA256) != 1 || !t.Expires.IsZero() && now.After(t.Expires) {
		return nil
	}
	return t
}

// AddToken makes a token that is valid for a time, or for ever if that is 0, and
// returns it. It cannot be had a second time.
func (s *Store) AddToken(ctx context.Context, name string, scope Scope, valid time.Duration) (token string, t Token, err error) {
	if valid < 0 {
		return "", t, invalid(fmt.Sprintf("validity of %v", valid), "0 (for ever) or more", "")
	}
	var random [idSize + secretSize]byte
	if _, err := rand.Read(random[:]); err != nil {
		return "", t, err
	}
	secret := base64.RawURLEncoding.EncodeToString(random[idSize:])
	sum := sha256.Sum256([]byte(secret))
	t = Token{
		ID: hex.EncodeToString(random[:idSize]), Name: name, Scope: scope, SHA256: sum[:],
		Created: s.now().UTC().Truncate(time.Second),
	}
	if valid > 0 {
		t.Expires = t.Created.Add(valid)
	}
	if err := t.check(); err != nil {
		return "", t, err
	}
	err = s.Update(ctx, func(set *Settings) error {
		set.Tokens = append(set.Tokens, t)
		return nil
	})
	if err != nil {
		return "", t, err
	}
	return tokenPrefix + t.ID + "_" + secret, t, nil
}

// RemoveToken has a token, given by its id, no longer accepted.
func (s *Store) RemoveToken(ctx context.Context, id string) error {
	return s.Update(ctx, func(set *Settings) error {
		i := slices.IndexFunc(set.Tokens, func(t Token) bool { return t.ID == id })
		if i < 0 {
			return notFound("look for it in the list of tokens", "no token %q", id)
		}
		set.Tokens = slices.Delete(set.Tokens, i, i+1)
		return nil
	})
}
