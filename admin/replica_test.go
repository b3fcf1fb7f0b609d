package admin

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"estream/pki"
)

// pair returns two servers with the same CA.
func pair(t *testing.T) (one, other *Service) {
	t.Helper()
	return newService(t), newService(t)
}

// partnerOf returns a partner that is other, listening at address.
func partnerOf(t *testing.T, other *Service, address string) Partner {
	t.Helper()
	token, _, err := other.Store.AddToken(t.Context(), "partner", ScopeReplicate, 0)
	if err != nil {
		t.Fatal(err)
	}
	return Partner{URL: "https://" + address, Token: token}
}

// holdings is what has to be equal on both sides.
func holdings(t *testing.T, s *Service) (clients []pki.Client, files map[string]string, domains []Domain, devices []Device) {
	t.Helper()
	list, err := s.Authority.Registrations()
	if err != nil {
		t.Fatal(err)
	}
	files = map[string]string{}
	for _, r := range list {
		clients = append(clients, r.Client)
		files[r.Client.Serial] = string(r.PKCS12)
	}
	set, err := s.Store.Settings()
	if err != nil {
		t.Fatal(err)
	}
	domains, devices = slices.Clone(set.Domains), slices.Clone(set.Devices)
	slices.SortFunc(clients, func(a, b pki.Client) int { return strings.Compare(a.Serial, b.Serial) })
	slices.SortFunc(domains, func(a, b Domain) int { return strings.Compare(a.Name, b.Name) })
	slices.SortFunc(devices, func(a, b Device) int { return strings.Compare(a.Device, b.Device) })
	return clients, files, domains, devices
}

func wantSame(t *testing.T, one, other *Service) []pki.Client {
	t.Helper()
	c1, f1, d1, v1 := holdings(t, one)
	c2, f2, d2, v2 := holdings(t, other)
	if !reflect.DeepEqual(c1, c2) {
		t.Errorf("clients differ:\n%+v\n%+v", c1, c2)
	}
	if !reflect.DeepEqual(f1, f2) {
		t.Error("PKCS#12 files differ")
	}
	if !reflect.DeepEqual(d1, d2) || !reflect.DeepEqual(v1, v2) {
		t.Errorf("domains or devices differ:\n%+v %+v\n%+v %+v", d1, v1, d2, v2)
	}
	return c1
}

// Both sides change something, for one host even the same, and agree after one
// exchange, whoever begins it.
func TestExchange(t *testing.T) {
	ctx := t.Context()
	one, other := pair(t)
	partner := partnerOf(t, other, serve(t, other))
	exchange := func() {
		t.Helper()
		if err := one.exchange(ctx, partner); err != nil {
			t.Fatal(err)
		}
	}
	do := func(f func() error) {
		t.Helper()
		if err := f(); err != nil {
			t.Fatal(err)
		}
	}
	do(func() error { return one.Store.AddDomain(ctx, "Lab") })
	do(func() error { return one.Store.Assign(ctx, "sensor-1", "Lab") })
	do(func() error { return other.Store.Assign(ctx, "sensor-2", "Global") })
	add(t, one, "192.0.2.1", ClientChange{Domain: ptr("Lab"), Devices: &[]string{"sensor-1"}, NetmapID: ptr(true), Also: &[]string{"198.51.100.0/24"}})
	add(t, other, "192.0.2.2", ClientChange{})
	// The same host on both sides: the file that was made later works.
	add(t, one, "192.0.2.3", ClientChange{})
	add(t, other, "192.0.2.3", ClientChange{})
	add(t, one, "192.0.2.4", ClientChange{})
	do(func() error { _, err := one.RemoveClient(ctx, "192.0.2.4"); return err })
	exchange()
	clients := wantSame(t, one, other)
	hold := map[string]int{}
	for _, c := range clients {
		if c.Revoked.IsZero() {
			hold[c.Host]++
		}
	}
	if want := map[string]int{"192.0.2.1": 1, "192.0.2.2": 1, "192.0.2.3": 1}; len(clients) != 5 || !reflect.DeepEqual(hold, want) {
		t.Errorf("%d registrations, those that hold: %v; want 5, %v", len(clients), hold, want)
	}
	if c, err := other.Client("192.0.2.1"); err != nil || c.Domain != "Lab" || !c.NetmapID || len(c.Devices) != 1 || len(c.Also) != 1 {
		t.Errorf("settings of a client at the partner: %+v, %v", c, err)
	}

	// Nothing new: nothing is written.
	before, err := other.Store.Settings()
	if err != nil {
		t.Fatal(err)
	}
	exchange()
	if after, err := other.Store.Settings(); err != nil || after.Revision != before.Revision {
		t.Errorf("an exchange without news made revision %d of %d", after.Revision, before.Revision)
	}

	// A change on one side and a removal on the other: the removal wins. Of two
	// changes the later one does.
	do(func() error {
		_, err := one.ChangeClient(ctx, "192.0.2.1", ClientChange{NetmapID: ptr(false)})
		return err
	})
	do(func() error { _, err := other.RemoveClient(ctx, "192.0.2.1"); return err })
	do(func() error {
		_, err := one.ChangeClient(ctx, "192.0.2.2", ClientChange{Devices: &[]string{"first"}})
		return err
	})
	do(func() error {
		_, err := other.ChangeClient(ctx, "192.0.2.2", ClientChange{Devices: &[]string{"second"}})
		return err
	})
	do(func() error { return other.Store.Assign(ctx, "sensor-1", "") })
	do(func() error { return other.Store.RemoveDomain(ctx, "Lab", nil) })
	exchange()
	wantSame(t, one, other)
	if _, err := one.Client("192.0.2.1"); err == nil {
		t.Error("a client that the partner removed is registered")
	}
	if c, err := one.Client("192.0.2.2"); err != nil || !slices.Equal(c.Devices, []string{"second"}) {
		t.Errorf("devices %v, %v; want those that were chosen later", c.Devices, err)
	}
	if set, err := one.Store.Settings(); err != nil || len(set.DomainNames()) != 1 {
		t.Errorf("domains %v, want Global only", set.DomainNames())
	}
}

// More registrations than fit into one message, and fewer the other way.
func TestExchangeMany(t *testing.T) {
	one, other := pair(t)
	now := time.Now().UTC().Truncate(time.Second)
	for i, s := range []*Service{one, other} {
		var list []pki.Registered
		for n := range []int{maxFiles + 1, 3}[i] {
			host := fmt.Sprintf("192.0.%d.%d", n/250, n%250)
			if i == 1 {
				host = "2001:db8::" + fmt.Sprintf("%x", n+1)
			}
			list = append(list, pki.Registered{
				Client: pki.Client{Host: host, CN: host, Serial: fmt.Sprintf("4%015x%016x", i, n), Created: now, NotAfter: now.Add(time.Hour)},
				PKCS12: []byte("file of " + host),
			})
		}
		if _, err := s.Authority.Merge(t.Context(), list); err != nil {
			t.Fatal(err)
		}
	}
	if err := one.exchange(t.Context(), partnerOf(t, other, serve(t, other))); err != nil {
		t.Fatal(err)
	}
	if clients := wantSame(t, one, other); len(clients) != maxFiles+4 {
		t.Errorf("%d registrations, want %d", len(clients), maxFiles+4)
	}
}

// A client of the shared CA cannot pose as the partner: its certificate is not a
// server's.
func TestExchangeImpostor(t *testing.T) {
	one := newService(t)
	reg, err := one.AddClient(t.Context(), NewClient{Host: "192.0.2.1", Legacy: true})
	if err != nil {
		t.Fatal(err)
	}
	cred, err := pki.LoadPKCS12(reg.PKCS12, "")
	if err != nil {
		t.Fatal(err)
	}
	impostor := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		t.Error("the impostor was asked, and got the token")
	}))
	impostor.TLS = &tls.Config{Certificates: []tls.Certificate{cred.Certificate}}
	impostor.Config.ErrorLog = log.New(io.Discard, "", 0)
	impostor.StartTLS()
	defer impostor.Close()
	token := tokenPrefix + "0011223344556677_" + strings.Repeat("A", 43)
	err = one.exchange(t.Context(), Partner{URL: impostor.URL, Token: token})
	var invalid x509.CertificateInvalidError
	if !errors.As(err, &invalid) || invalid.Reason != x509.IncompatibleUsage {
		t.Errorf("got %v, want that the certificate is not meant for servers", err)
	}
}

// A partner refuses those it does not know, another CA, and other versions.
func TestExchangeRefused(t *testing.T) {
	one, other := pair(t)
	address := serve(t, other)
	good := partnerOf(t, other, address)
	read, _, err := other.Store.AddToken(t.Context(), "x", ScopeRead, 0)
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		token, want string
	}{
		"unknown token": {strings.Repeat("A", 20), "status 401"},
		"wrong scope":   {read, "scope replicate"},
	} {
		if name == "unknown token" {
			tt.token = tokenPrefix + "0011223344556677_" + strings.Repeat("A", 43)
		}
		if err := one.exchange(t.Context(), Partner{URL: good.URL, Token: tt.token}); err == nil && tt.want != "" || !strings.Contains(fmt.Sprint(err), "refuses") {
			t.Errorf("%s: %v, want %q", name, err, tt.want)
		}
	}
	r := dial(t, one, address)
	r.token = good.Token
	d, err := one.digest()
	if err != nil {
		t.Fatal(err)
	}
	d.Version = 2
	r.want(422, "POST", "/replica/exchange", d, nil)
	d.Version, d.CAs = 1, []string{strings.Repeat("0", 64)}
	r.want(409, "POST", "/replica/exchange", d, nil)
	r.want(422, "POST", "/replica/take", serials{make([]string, maxFiles+1)}, nil)
	r.want(422, "POST", "/replica/give", registrations{make([]pki.Registered, maxFiles+1)}, nil)
	var got registrations
	r.want(200, "POST", "/replica/take", serials{[]string{"nonsense"}}, &got)
	if len(got.Registrations) != 0 {
		t.Errorf("%d registrations for a serial number that nobody has", len(got.Registrations))
	}
}

// While one side's CA was rotated and the other one's was not, removals still come
// through both ways; what the other side cannot take is said.
func TestExchangeRotated(t *testing.T) {
	ctx := t.Context()
	one, other := pair(t)
	partner := partnerOf(t, other, serve(t, other))
	for _, host := range []string{"192.0.2.1", "192.0.2.2"} {
		add(t, one, host, ClientChange{})
	}
	if err := one.exchange(ctx, partner); err != nil {
		t.Fatal(err)
	}
	if err := one.Authority.Rotate(ctx, time.Hour); err != nil {
		t.Fatal(err)
	}
	if _, err := one.AddClient(ctx, NewClient{Host: "192.0.2.3"}); err != nil {
		t.Fatal(err)
	}
	if _, err := one.RemoveClient(ctx, "192.0.2.1"); err != nil {
		t.Fatal(err)
	}
	if _, err := other.RemoveClient(ctx, "192.0.2.2"); err != nil {
		t.Fatal(err)
	}
	err := one.exchange(ctx, partner)
	if err == nil || !strings.Contains(err.Error(), "0 registrations of the partner and 1 of this server") {
		t.Errorf("got %v, want that one registration is from another CA", err)
	}
	for _, s := range []*Service{one, other} {
		for _, host := range []string{"192.0.2.1", "192.0.2.2"} {
			_, err := s.Client(host)
			wantProblem(t, err, NotFound)
		}
	}
	_, err = other.Client("192.0.2.3")
	wantProblem(t, err, NotFound)
}
