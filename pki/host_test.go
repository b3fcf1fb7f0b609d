package pki

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestParseAlso(t *testing.T) {
	for in, want := range map[string]string{
		"192.0.2.1": "192.0.2.1/32", "::ffff:192.0.2.1": "192.0.2.1/32", "192.0.2.0/24": "192.0.2.0/24", "0.0.0.0/0": "0.0.0.0/0",
		"::ffff:192.0.2.0/120": "192.0.2.0/24", "2001:db8::1": "2001:db8::1/128", "2001:db8::/32": "2001:db8::/32",
	} {
		if got, err := ParseAlso(in); err != nil || got.String() != want {
			t.Errorf("ParseAlso(%q) = %v, %v, want %s", in, got, err, want)
		}
	}
	for _, in := range []string{"", "host.example", "192.0.2.1/24", "192.0.2.0/33", "fe80::1%eth0", "::ffff:0.0.0.0/90", "192.0.2.0/"} {
		if got, err := ParseAlso(in); !errors.Is(err, ErrHost) {
			t.Errorf("ParseAlso(%q) = %v, %v, want ErrHost", in, got, err)
		}
	}
}

// A client behind address translation comes from addresses that its name has not.
func TestFurtherAddresses(t *testing.T) {
	names := resolver{"inner.example": {netip.MustParseAddr("10.0.0.5")}}
	a := open(t, newDir(t), Options{Resolver: names})
	also := []netip.Prefix{must(ParseAlso("192.0.2.7")), must(ParseAlso("2001:db8::/64")), must(ParseAlso("192.0.2.7"))}
	reg := register(t, a, "inner.example", RegisterOptions{Also: also})
	if !slices.Equal(reg.Client.Also, also[:2]) {
		t.Errorf("registered with %v", reg.Client.Also)
	}
	cred, err := LoadPKCS12(reg.PKCS12, "")
	if err != nil {
		t.Fatal(err)
	}
	state := tls.ConnectionState{HandshakeComplete: true, PeerCertificates: []*x509.Certificate{cred.Leaf}}
	admit := func(remote string) (Client, Reason) {
		c, err := a.Admit(t.Context(), state, netip.MustParseAddr(remote), true)
		return c, reason(err)
	}
	for remote, want := range map[string]Reason{
		"10.0.0.5": 0, "192.0.2.7": 0, "::ffff:192.0.2.7": 0, "2001:db8::9": 0, "192.0.2.8": WrongHost, "2001:db8:1::9": WrongHost,
	} {
		if _, got := admit(remote); got != want {
			t.Errorf("from %s: %v, want %v", remote, got, want)
		}
	}
	if _, err := a.Admit(t.Context(), state, netip.Addr{}, true); reason(err) != WrongHost {
		t.Errorf("unknown peer: %v", err)
	}
	delete(names, "inner.example") // no look-up is needed for them
	translated, got := admit("192.0.2.7")
	if got != 0 {
		t.Errorf("name without address: %v", got)
	}
	names["inner.example"] = []netip.Addr{netip.MustParseAddr("10.0.0.5")}
	inner, _ := admit("10.0.0.5")
	// A session that began by an address ends with it; others do not.
	outside, stop := a.SessionContext(t.Context(), translated)
	defer stop()
	inside, stop := a.SessionContext(t.Context(), inner)
	defer stop()
	if _, err := a.SetAlso(t.Context(), "inner.example", also[1:2]); err != nil {
		t.Fatal(err)
	}
	if reason(context.Cause(outside)) != WrongHost || inside.Err() != nil {
		t.Errorf("sessions: by the address %v, by the name %v", context.Cause(outside), context.Cause(inside))
	}
	if _, got := admit("192.0.2.7"); got != WrongHost {
		t.Errorf("after removal: %v", got)
	}
	if _, err := a.SetAlso(t.Context(), "other.example", nil); !errors.Is(err, ErrNotRegistered) {
		t.Errorf("unknown client: %v", err)
	}
	many := make([]netip.Prefix, maxAlso+1)
	for i := range many {
		many[i] = netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 0, 0, byte(i)}), 32)
	}
	if _, err := a.SetAlso(t.Context(), "inner.example", many); err == nil || !strings.Contains(err.Error(), "at most 64") {
		t.Errorf("%d addresses: %v", len(many), err)
	}
	again := open(t, a.dir, Options{Resolver: names})
	if list, err := again.List(); err != nil || !slices.Equal(list[0].Also, also[1:2]) {
		t.Errorf("after a restart %+v, %v", list, err)
	}
}

func TestChange(t *testing.T) {
	clock := newClock()
	a := open(t, newDir(t), Options{Now: clock.now})
	reg := register(t, a, "10.0.0.1", RegisterOptions{Domain: "north", Devices: []string{"sensor"}, NetmapID: true})
	if c := reg.Client; c.Domain != "north" || !slices.Equal(c.Devices, []string{"sensor"}) || !c.NetmapID || !c.Updated.IsZero() {
		t.Errorf("registered %+v", c)
	}
	change := func(c *Client) error {
		c.Host, c.Serial, c.Domain, c.Devices[0] = "10.0.0.2", "x", "south", "other"
		return nil
	}
	first, err := a.Change(t.Context(), "10.0.0.1", change)
	if err != nil {
		t.Fatal(err)
	}
	want := reg.Client
	want.Domain, want.Devices, want.Updated = "south", []string{"other"}, clock.now().UTC().Truncate(time.Microsecond)
	if !same(first, want) || reg.Client.Devices[0] != "sensor" {
		t.Errorf("changed %+v, want %+v", first, want)
	}
	clock.advance(-time.Hour)
	second, err := a.Change(t.Context(), "10.0.0.1", func(c *Client) error { c.NetmapID = false; return nil })
	if err != nil || !second.Updated.After(first.Updated) || second.NetmapID || second.Domain != "south" {
		t.Errorf("second change %+v, %v", second, err)
	}
	wrong := errors.New("wrong")
	for name, change := range map[string]func(*Client) error{
		"refused": func(*Client) error { return wrong },
		"domain":  func(c *Client) error { c.Domain = strings.Repeat("x", maxText+1); return nil },
		"device":  func(c *Client) error { c.Devices = []string{strings.Repeat("x", maxText+1)}; return nil },
		"devices": func(c *Client) error { c.Devices = make([]string, maxDevices+1); return nil },
	} {
		if _, err := a.Change(t.Context(), "10.0.0.1", change); err == nil || name == "refused" && !errors.Is(err, wrong) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if list, err := a.List(); err != nil || !same(list[0], second) {
		t.Errorf("registered %+v, %v, want %+v", list, err, second)
	}
}

// Names change their addresses while the server runs: the new ones count at once.
func TestHostCheckFollowsTheNameService(t *testing.T) {
	names := resolver{"moving.example": {netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.2")}}
	a := open(t, newDir(t), Options{Resolver: names})
	pair := signed(t, a, "moving.example", nil)
	enter(t, a, pair, "moving.example", "moving.example")
	state := tls.ConnectionState{HandshakeComplete: true, PeerCertificates: []*x509.Certificate{pair.cert}}
	check := func(remote string, want Reason) {
		t.Helper()
		if _, err := a.Admit(t.Context(), state, netip.MustParseAddr(remote), true); reason(err) != want {
			t.Errorf("from %s: %v, want %v", remote, err, want)
		}
	}
	check("192.0.2.2", 0)
	names["moving.example"] = []netip.Addr{netip.MustParseAddr("192.0.2.3")}
	check("192.0.2.2", WrongHost)
	check("192.0.2.3", 0)
	delete(names, "moving.example")
	check("192.0.2.3", HostUnresolved)
}

// A resolver that never answers and does not listen to its context either holds up
// nobody for longer than the limit, and no more than so many look-ups run.
func TestHangingResolver(t *testing.T) {
	hangs := &hanging{release: make(chan struct{})}
	defer close(hangs.release)
	a := open(t, newDir(t), Options{Resolver: hangs, ResolveTimeout: time.Millisecond})
	for range maxLookups + 3 {
		if _, err := a.resolve(t.Context(), "slow.example"); !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("got %v, want a deadline", err)
		}
	}
	if n := len(a.lookups); n != maxLookups {
		t.Errorf("%d look-ups run, want %d", n, maxLookups)
	}
	if _, err := a.resolve(t.Context(), "192.0.2.1"); err != nil {
		t.Errorf("an address needs no look-up: %v", err)
	}
}

type hanging struct{ release chan struct{} }

func (h *hanging) LookupNetIP(context.Context, string, string) ([]netip.Addr, error) {
	<-h.release
	return nil, errors.New("released")
}

func TestMustResolve(t *testing.T) {
	a := open(t, newDir(t), Options{Resolver: resolver{"known.example": loopback}})
	if _, err := a.Register(t.Context(), "unknown.example", RegisterOptions{MustResolve: true}); !errors.Is(err, ErrUnresolved) {
		t.Errorf("unknown name: %v, want ErrUnresolved", err)
	}
	for _, host := range []string{"known.example", "192.0.2.1"} {
		if _, err := a.Register(t.Context(), host, RegisterOptions{MustResolve: true}); err != nil {
			t.Errorf("%s: %v", host, err)
		}
	}
}

func TestTrace(t *testing.T) {
	a := open(t, newDir(t), Options{Resolver: resolver{
		"two.example":   {netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("2001:db8::1")},
		"other.example": {netip.MustParseAddr("192.0.2.2")},
	}})
	var got []string
	note := func(what string) func(string, netip.Addr) {
		return func(name string, addr netip.Addr) { got = append(got, what+" "+name+" "+addr.String()) }
	}
	ctx := WithTrace(t.Context(), &Trace{Found: note("found"), Resolved: note("resolved"), Matched: note("matched")})
	for _, test := range []struct{ host, want string }{
		{"two.example", "found two.example 192.0.2.1, found two.example 2001:db8::1, resolved two.example 192.0.2.1, matched two.example 192.0.2.1"},
		{"other.example", "found other.example 192.0.2.2"},
		{"192.0.2.1", "resolved 192.0.2.1 192.0.2.1, matched 192.0.2.1 192.0.2.1"},
	} {
		pair := signed(t, a, test.host, nil)
		enter(t, a, pair, test.host, test.host)
		state := tls.ConnectionState{HandshakeComplete: true, PeerCertificates: []*x509.Certificate{pair.cert}}
		got = nil
		_, err := a.Admit(ctx, state, netip.MustParseAddr("192.0.2.1"), true)
		if text := strings.Join(got, ", "); text != test.want || (err == nil) != strings.Contains(test.want, "matched") {
			t.Errorf("%s: %s, %v, want %s", test.host, text, err, test.want)
		}
	}
	// No function has to be there.
	pair := signed(t, a, "192.0.2.9", nil)
	enter(t, a, pair, "192.0.2.9", "192.0.2.9")
	state := tls.ConnectionState{HandshakeComplete: true, PeerCertificates: []*x509.Certificate{pair.cert}}
	if _, err := a.Admit(WithTrace(t.Context(), &Trace{}), state, netip.MustParseAddr("192.0.2.9"), true); err != nil {
		t.Error(err)
	}
}
