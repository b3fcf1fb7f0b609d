package pki

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"
)

// twin returns a second server with the CA of a.
func twin(t *testing.T, a *Authority, opts Options) *Authority {
	t.Helper()
	data, err := a.ExportCA("secret")
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(data, []byte("BEGIN PRIVATE KEY")) {
		t.Error("the exported key lies open")
	}
	dir := t.TempDir()
	if err := ImportCA(t.Context(), dir, data, "guess", opts); !errors.Is(err, ErrKeyPassword) {
		t.Errorf("import with a wrong password: %v", err)
	}
	if err := ImportCA(t.Context(), dir, data, "secret", opts); err != nil {
		t.Fatal(err)
	}
	return open(t, dir, opts)
}

// carry brings the registrations of one server to another by way of JSON.
func carry(t *testing.T, from, to *Authority) []Client {
	t.Helper()
	list, err := from.Registrations()
	if err != nil {
		t.Fatal(err)
	}
	var there []Registered
	if err := json.Unmarshal(must(json.Marshal(list)), &there); err != nil {
		t.Fatal(err)
	}
	changed, err := to.Merge(t.Context(), there)
	if err != nil {
		t.Fatal(err)
	}
	return changed
}

func TestMerge(t *testing.T) {
	clock := newClock()
	options := Options{Now: clock.now}
	a := open(t, newDir(t), options)
	if err := a.Rotate(t.Context(), time.Hour*24*30); err != nil {
		t.Fatal(err)
	}
	b := twin(t, a, Options{Now: clock.now, Password: password("b's own")})
	if !b.Encrypted() || !b.CACertificate().Equal(a.CACertificate()) || len(b.authorities().issuers) != 2 {
		t.Error("the second server has not the CAs of the first, encrypted")
	}
	one := register(t, a, "127.0.0.1", RegisterOptions{})
	register(t, a, "10.0.0.9", RegisterOptions{})
	if n := len(carry(t, a, b)); n != 2 {
		t.Errorf("%d changes, want 2", n)
	}
	if n := len(carry(t, a, b)); n != 0 {
		t.Errorf("%d changes the second time", n)
	}
	if c, s := meet(t, b, one, ClientOptions{}); c != nil || s != nil {
		t.Errorf("client of a at b: client %v, server %v", c, s)
	}
	if data, _, err := b.Export("127.0.0.1"); err != nil || !bytes.Equal(data, one.PKCS12) {
		t.Errorf("export by b: %v", err)
	}
	session, stop := b.SessionContext(t.Context(), one.Client)
	defer stop()

	// Both change something while they do not see each other.
	clock.advance(time.Minute)
	prefix := []netip.Prefix{must(ParseAlso("192.0.2.1"))}
	if _, err := a.SetAlso(t.Context(), "10.0.0.9", prefix); err != nil {
		t.Fatal(err)
	}
	clock.advance(time.Minute)
	if _, err := b.Change(t.Context(), "10.0.0.9", func(c *Client) error { c.Domain = "later"; return nil }); err != nil {
		t.Fatal(err)
	}
	if _, err := a.Remove(t.Context(), "127.0.0.1"); err != nil {
		t.Fatal(err)
	}
	early := register(t, a, "10.0.0.5", RegisterOptions{})
	clock.advance(time.Minute)
	late := register(t, b, "10.0.0.5", RegisterOptions{})
	earlyAtB := register(t, b, "10.0.0.6", RegisterOptions{})
	clock.advance(time.Minute)
	lateAtA := register(t, a, "10.0.0.6", RegisterOptions{})
	again := register(t, a, "127.0.0.1", RegisterOptions{})
	carry(t, a, b)
	carry(t, b, a)
	if n := len(carry(t, a, b)) + len(carry(t, b, a)); n != 0 {
		t.Errorf("%d changes although both know all", n)
	}
	if reason(context.Cause(session)) != Revoked {
		t.Errorf("session at b of a client removed at a: %v", context.Cause(session))
	}
	for name, server := range map[string]*Authority{"a": a, "b": b} {
		if c, s := meet(t, server, again, ClientOptions{}); c != nil || s != nil {
			t.Errorf("%s, registered again: client %v, server %v", name, c, s)
		}
		if _, s := meet(t, server, one, ClientOptions{}); reason(s) != Revoked {
			t.Errorf("%s, removed: %v", name, s)
		}
		list, err := server.List()
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range list {
			switch {
			case c.Serial == early.Client.Serial && !c.Revoked.Equal(late.Client.Created), c.Serial == late.Client.Serial && !c.Revoked.IsZero(),
				c.Serial == earlyAtB.Client.Serial && !c.Revoked.Equal(lateAtA.Client.Created), c.Serial == lateAtA.Client.Serial && !c.Revoked.IsZero(),
				c.Host == "10.0.0.9" && (c.Domain != "later" || c.Also != nil):
				t.Errorf("%s: %+v", name, c)
			}
		}
	}
	listA, errA := a.Registrations()
	listB, errB := b.Registrations()
	order := func(x, y Registered) int { return strings.Compare(x.Client.Serial, y.Client.Serial) }
	slices.SortFunc(listA, order)
	slices.SortFunc(listB, order)
	if errA != nil || errB != nil || !slices.EqualFunc(listA, listB, func(x, y Registered) bool {
		return same(x.Client, y.Client) && bytes.Equal(x.PKCS12, y.PKCS12)
	}) {
		t.Errorf("a has %+v, %v\nb has %+v, %v", listA, errA, listB, errB)
	}
}

// One of two servers has rotated its CA: it knows what the other's clients have.
func TestMergeAfterRotationHereOnly(t *testing.T) {
	a := open(t, newDir(t), Options{})
	b := twin(t, a, Options{})
	if err := b.Rotate(t.Context(), time.Hour); err != nil {
		t.Fatal(err)
	}
	reg := register(t, a, "127.0.0.1", RegisterOptions{})
	changed := carry(t, a, b)
	if len(changed) != 1 || changed[0].Issuer != formatSerial(a.CACertificate().SerialNumber) {
		t.Errorf("changed %+v, want the CA of the other server as issuer", changed)
	}
	if n := len(carry(t, a, b)); n != 0 {
		t.Errorf("%d changes the second time", n)
	}
	if c, s := meet(t, b, reg, ClientOptions{}); c != nil || s != nil {
		t.Errorf("client %v, server %v", c, s)
	}
}

func TestMergeRefuses(t *testing.T) {
	a := open(t, newDir(t), Options{})
	reg := register(t, a, "10.0.0.1", RegisterOptions{})
	c, err := entry("10.0.0.2")
	if err != nil {
		t.Fatal(err)
	}
	with := func(change func(*Client)) Client { c := c; change(&c); return c }
	for name, r := range map[string]Registered{
		"no file":        {Client: c},
		"large file":     {c, make([]byte, MaxPKCS12+1)},
		"bad host":       {with(func(c *Client) { c.Host = "a b" }), []byte("x")},
		"bad serial":     {with(func(c *Client) { c.Serial = "../../x" }), []byte("x")},
		"other CA":       {with(func(c *Client) { c.Issuer = strings.Repeat("5", 32) }), []byte("x")},
		"serial in use":  {with(func(c *Client) { c.Serial = reg.Client.Serial }), []byte("x")},
		"many addresses": {with(func(c *Client) { c.Also = make([]netip.Prefix, maxAlso+1) }), []byte("x")},
		"bad address":    {with(func(c *Client) { c.Also = []netip.Prefix{{}} }), []byte("x")},
	} {
		good, err := entry("10.0.0.3")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := a.Merge(t.Context(), []Registered{{good, []byte("x")}, r}); err == nil || !strings.Contains(err.Error(), "registration 2 of 2") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if list, err := a.List(); err != nil || len(list) != 1 {
		t.Errorf("registered %+v, %v, want one", list, err)
	}
	gone := with(func(c *Client) {
		c.Created, c.NotAfter, c.Revoked = c.Created.Add(-3*time.Hour), c.Created.Add(-time.Hour), c.Created.Add(-2*time.Hour)
	})
	if changed, err := a.Merge(t.Context(), []Registered{{Client: gone}}); err != nil || len(changed) != 0 {
		t.Errorf("forgotten revocation: %+v, %v", changed, err)
	}
	data, err := a.ExportCA("secret")
	if err != nil {
		t.Fatal(err)
	}
	if err := ImportCA(t.Context(), a.dir, data, "secret", Options{}); err == nil || !strings.Contains(err.Error(), "1 clients have") {
		t.Errorf("import over registrations: %v", err)
	}
	for name, data := range map[string][]byte{"nothing": nil, "text": []byte("hello"), "certificate alone": certPEM(a.CACertificate()),
		"too much": make([]byte, maxPEM+1), "many CAs": bytes.Repeat(data, maxRetired+2)} {
		if err := ImportCA(t.Context(), t.TempDir(), data, "secret", Options{}); err == nil {
			t.Errorf("import of %s", name)
		}
	}
	if _, err := a.ExportCA(""); err == nil {
		t.Error("exported without a password")
	}
}

func TestFreeze(t *testing.T) {
	a := open(t, newDir(t), Options{})
	release, err := a.Freeze(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := a.Remove(ended, "10.0.0.1"); !errors.Is(err, context.Canceled) {
		t.Errorf("change of a frozen directory: %v", err)
	}
	if err := release(); err != nil {
		t.Fatal(err)
	}
	register(t, a, "10.0.0.1", RegisterOptions{})
}
