package admin

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"estream/pki"
)

func TestDomains(t *testing.T) {
	s := newStore(t)
	ctx := t.Context()
	for _, name := range []string{"", " Lab", "a\nb", "\xff", strings.Repeat("x", 256)} {
		wantProblem(t, s.AddDomain(ctx, name), Invalid)
	}
	wantProblem(t, s.AddDomain(ctx, "global"), Conflict)
	for _, name := range []string{"Lab", `Global \ Europe`} {
		if err := s.AddDomain(ctx, name); err != nil {
			t.Fatal(err)
		}
	}
	wantProblem(t, s.AddDomain(ctx, "LAB"), Conflict)

	wantProblem(t, s.Assign(ctx, "sensor-1", "Moon"), NotFound)
	wantProblem(t, s.Assign(ctx, "sensor-1", ""), NotFound)
	const uuid = "0A1B2C3D-0000-0000-0000-00000000000F"
	for device, domain := range map[string]string{"sensor-1": "lab", "Sensor-1": "Global", uuid: "Lab"} {
		if err := s.Assign(ctx, device, domain); err != nil {
			t.Fatal(err)
		}
	}
	for device, want := range map[string]string{"sensor-1": "Lab", "Sensor-1": "Global", uuid: "Lab", strings.ToLower(uuid): "Lab", "sensor-2": ""} {
		if got, ok := s.DomainOf(device); got != want || ok != (want != "") {
			t.Errorf("domain of %s is %q, %v; want %q", device, got, ok, want)
		}
	}

	client := pki.Client{Host: "192.0.2.1", Domain: "Lab"}
	wantProblem(t, s.RemoveDomain(ctx, "Global", nil), Conflict)
	wantProblem(t, s.RemoveDomain(ctx, "Moon", nil), NotFound)
	wantProblem(t, s.RemoveDomain(ctx, "Lab", []pki.Client{client}), Conflict)
	client.Revoked = time.Now()
	wantProblem(t, s.RemoveDomain(ctx, "Lab", []pki.Client{client}), Conflict) // its devices
	for _, device := range []string{"sensor-1", uuid} {
		if err := s.Assign(ctx, device, ""); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.RemoveDomain(ctx, "lab", []pki.Client{client}); err != nil {
		t.Fatal(err)
	}
	set, err := s.Settings()
	if err != nil {
		t.Fatal(err)
	}
	if got, want := set.DomainNames(), []string{"Global", `Global \ Europe`}; !slices.Equal(got, want) {
		t.Errorf("domains %q, want %q", got, want)
	}
	// Again under another spelling: the one that was removed does not stand in the way.
	if err := s.AddDomain(ctx, "LAB"); err != nil {
		t.Fatal(err)
	}
	if set, err = s.Settings(); err != nil || len(set.Domains) != 2 {
		t.Errorf("%d domains on disk, %v; want 2", len(set.Domains), err)
	}
}

func TestOverview(t *testing.T) {
	s := newStore(t)
	if err := s.AddDomain(t.Context(), "Lab"); err != nil {
		t.Fatal(err)
	}
	if err := s.Assign(t.Context(), "sensor-1", "Lab"); err != nil {
		t.Fatal(err)
	}
	set, err := s.Settings()
	if err != nil {
		t.Fatal(err)
	}
	got := set.Overview([]pki.Client{
		{Host: "192.0.2.1"}, {Host: "192.0.2.2", Domain: "Lab"}, {Host: "192.0.2.3", Domain: "Gone"}, {Host: "192.0.2.4", Domain: "Lab", Revoked: time.Now()},
	})
	want := []DomainContent{
		{Name: "Global", Clients: []string{"192.0.2.1"}, Devices: []string{}},
		{Name: "Lab", Clients: []string{"192.0.2.2"}, Devices: []string{"sensor-1"}},
		{Name: "Gone", Clients: []string{"192.0.2.3"}, Devices: []string{}, Missing: true},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
}

// What was removed is remembered for a year, so that a partner does not bring it back.
func TestForget(t *testing.T) {
	c := newClock()
	s, err := Open(t.TempDir(), Options{Now: c.Now})
	if err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	for _, do := range []func() error{
		func() error { return s.AddDomain(ctx, "Lab") },
		func() error { return s.Assign(ctx, "sensor-1", "Lab") },
		func() error { return s.Assign(ctx, "sensor-1", "") },
		func() error { return s.RemoveDomain(ctx, "Lab", nil) },
	} {
		if err := do(); err != nil {
			t.Fatal(err)
		}
	}
	for i, want := range []int{1, 0} {
		if i > 0 {
			c.Add(forgetAfter + time.Hour)
		}
		if err := s.SetRole(ctx, "device"); err != nil {
			t.Fatal(err)
		}
		set, err := s.Settings()
		if err != nil {
			t.Fatal(err)
		}
		if len(set.Domains) != want || len(set.Devices) != want {
			t.Errorf("%d domains and %d devices are remembered, want %d", len(set.Domains), len(set.Devices), want)
		}
	}
}

// A change counts as later than the one before it even if the clock was set back.
func TestStamp(t *testing.T) {
	c := newClock()
	s, err := Open(t.TempDir(), Options{Now: c.Now})
	if err != nil {
		t.Fatal(err)
	}
	var last time.Time
	for i, domain := range []string{"Global", "", "Global"} {
		if err := s.Assign(t.Context(), "sensor-1", domain); err != nil {
			t.Fatal(err)
		}
		set, err := s.Settings()
		if err != nil {
			t.Fatal(err)
		}
		if at := set.Devices[0].Changed; !at.After(last) {
			t.Errorf("change %d at %v, the one before at %v", i, at, last)
		} else {
			last = at
		}
		c.Add(-time.Hour)
	}
}

// Joining gives the same whatever the order, and joining again changes nothing.
func TestJoin(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	base := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	side := func() (domains []Domain, devices []Device) {
		for n := range 20 {
			if rng.IntN(2) == 0 {
				continue
			}
			at := base.Add(time.Duration(rng.IntN(3)) * time.Second) // ties are frequent
			domains = append(domains, Domain{fmt.Sprint("d", n), rng.IntN(2) == 0, at})
			devices = append(devices, Device{fmt.Sprint("s", n), fmt.Sprint("d", rng.IntN(3)), at})
		}
		return domains, devices
	}
	sorted := func(s Settings) Settings {
		slices.SortFunc(s.Domains, func(a, b Domain) int { return strings.Compare(a.Name, b.Name) })
		slices.SortFunc(s.Devices, func(a, b Device) int { return strings.Compare(a.Device, b.Device) })
		return s
	}
	for range 50 {
		var states [3]Settings
		for i := range states {
			states[i].Domains, states[i].Devices = side()
		}
		joined := func(order ...int) Settings {
			var s Settings
			for _, i := range order {
				if _, err := s.join(states[i].Domains, states[i].Devices); err != nil {
					t.Fatal(err)
				}
			}
			if news, err := s.join(s.Domains, s.Devices); err != nil || news {
				t.Fatalf("joined with itself: %v, %v", news, err)
			}
			return sorted(s)
		}
		want := joined(0, 1, 2)
		for _, order := range [][]int{{2, 1, 0}, {1, 0, 2}, {0, 1, 0, 2, 1}} {
			if got := joined(order...); !reflect.DeepEqual(got, want) {
				t.Fatalf("order %v:\n%+v\nwant\n%+v", order, got, want)
			}
		}
	}
}

func TestJoinRefuses(t *testing.T) {
	s := newStore(t)
	now := time.Now()
	wantProblem(t, s.Join(t.Context(), []Domain{{Name: "a\x00", Changed: now}}, nil), Invalid)
	wantProblem(t, s.Join(t.Context(), nil, []Device{{Device: "s", Domain: "\n", Changed: now}}), Invalid)
	if err := s.Join(t.Context(), []Domain{{Name: "Old", Removed: true, Changed: now.Add(-2 * forgetAfter)}}, nil); err != nil {
		t.Fatal(err)
	}
	if exists(t, s.path) {
		t.Error("joining nothing new was written")
	}
}
