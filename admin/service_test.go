package admin

import (
	"context"
	"net/netip"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"estream/internal/syncbuf"
	"estream/pki"
	"estream/server/access"
)

func TestAddClient(t *testing.T) {
	s := newService(t)
	ctx := t.Context()
	tests := []struct {
		name string
		n    NewClient
		kind Kind
	}{
		{"no host", NewClient{Host: "not a host"}, Invalid},
		{"no such name", NewClient{Host: "client.nowhere"}, Conflict},
		{"no such domain", NewClient{Host: "192.0.2.1", ClientChange: ClientChange{Domain: ptr("Lab")}}, NotFound},
		{"no device", NewClient{Host: "192.0.2.1", ClientChange: ClientChange{Devices: &[]string{""}}}, Invalid},
		{"no network", NewClient{Host: "192.0.2.1", ClientChange: ClientChange{Also: &[]string{"192.0.2.0/33"}}}, Invalid},
		{"many networks", NewClient{Host: "192.0.2.1", ClientChange: ClientChange{Also: ptr(make([]string, 65))}}, Conflict},
		{"many devices", NewClient{Host: "192.0.2.1", ClientChange: ClientChange{Devices: ptr(make([]string, 1001))}}, Conflict},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := s.AddClient(ctx, tt.n)
			wantProblem(t, err, tt.kind)
		})
	}
	if list, err := s.Authority.List(); err != nil || len(list) != 0 {
		t.Fatalf("%d clients, %v; want none", len(list), err)
	}
	reg, err := s.AddClient(ctx, NewClient{Host: "client.nowhere", AllowUnresolved: true, Password: "x"})
	if err != nil || len(reg.Warnings) == 0 || len(reg.PKCS12) == 0 {
		t.Errorf("allowed name without address: %+v, %v; want a file and a warning", reg, err)
	}
	_, err = s.AddClient(ctx, NewClient{Host: "client.nowhere", AllowUnresolved: true})
	wantProblem(t, err, Conflict)
}

func TestRights(t *testing.T) {
	s := newService(t)
	ctx := t.Context()
	if err := s.Store.AddDomain(ctx, "Lab"); err != nil {
		t.Fatal(err)
	}
	const uuid = "0A1B2C3D-0000-0000-0000-00000000000F"
	plain := add(t, s, "192.0.2.1", ClientChange{})
	lab := add(t, s, "192.0.2.2", ClientChange{
		Domain: ptr("lab"), Devices: &[]string{"sensor-1", uuid, "sensor-1"}, NetmapID: ptr(true), Also: &[]string{"198.51.100.7", "198.51.100.0/24"},
	})
	want := func(c pki.Client, want access.Rights) {
		t.Helper()
		if got := s.Rights(c); !got.Equal(&want) {
			t.Errorf("%s may %+v, want %+v", c.Host, got, want)
		}
	}
	want(plain, access.All())
	want(lab, access.Rights{Boxes: access.AllBoxes, Domain: "Lab", Devices: []string{"sensor-1", strings.ToLower(uuid)}, NetmapID: true})
	if c, err := s.Client("192.0.2.2"); err != nil || len(c.Also) != 2 || c.Also[0] != netip.MustParsePrefix("198.51.100.7/32") {
		t.Errorf("further addresses %v, %v", c.Also, err)
	}

	// Rights are those of now, whatever the client's registration was at first.
	if _, err := s.ChangeClient(ctx, "192.0.2.2", ClientChange{Devices: &[]string{}, NetmapID: ptr(false), Also: ptr(AnyHost())}); err != nil {
		t.Fatal(err)
	}
	want(lab, access.Rights{Boxes: access.AllBoxes, Domain: "Lab"})
	if c, err := s.Client("192.0.2.2"); err != nil || !IsAnyHost(c) {
		t.Errorf("host check is not off: %+v, %v", c, err)
	}
	if _, err := s.ChangeClient(ctx, "192.0.2.2", ClientChange{Domain: ptr("global")}); err != nil {
		t.Fatal(err)
	}
	want(lab, access.All())
	if err := s.Store.SetRole(ctx, "device"); err != nil {
		t.Fatal(err)
	}
	want(plain, access.Rights{Boxes: access.Device.Boxes()})
	if _, err := s.RemoveClient(ctx, "192.0.2.1"); err != nil {
		t.Fatal(err)
	}
	want(plain, access.Rights{})

	_, err := s.ChangeClient(ctx, "192.0.2.1", ClientChange{NetmapID: ptr(true)})
	wantProblem(t, err, NotFound)
	_, err = s.RemoveClient(ctx, "192.0.2.1")
	wantProblem(t, err, NotFound)
	_, err = s.Client("192.0.2.1")
	wantProblem(t, err, NotFound)
	_, err = s.Client("no host")
	wantProblem(t, err, Invalid)
}

// A running server notices what another process changes, in the settings and in the
// registrations, and tells its sessions; nothing happens while nothing changes.
func TestRunNotices(t *testing.T) {
	data := newData(t)
	running, command := openService(t, data), openService(t, data)
	var log syncbuf.Buffer
	running.Log = log.Logger()
	told := make(chan access.Rights, 100)
	var times atomic.Int32
	var client pki.Client
	running.Reconsider = func(host string) {
		if host != "" {
			t.Errorf("told about %q, want all", host)
		}
		times.Add(1)
		told <- running.Rights(client)
	}
	client = add(t, command, "192.0.2.1", ClientChange{})
	running.init()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- running.Run(ctx) }()
	until := func(want access.Rights) {
		t.Helper()
		for got := range told {
			if got.Equal(&want) {
				return
			}
		}
	}
	if err := command.Store.CheckBoxes(t.Context(), nil, []string{"malware"}); err != nil {
		t.Fatal(err)
	}
	until(access.Rights{Boxes: access.AllBoxes &^ access.Malware})
	if running.Store.Boxes().Has("malware") {
		t.Error("malware events are still captured")
	}
	if _, err := command.ChangeClient(t.Context(), client.Host, ClientChange{NetmapID: ptr(true)}); err != nil {
		t.Fatal(err)
	}
	until(access.Rights{Boxes: access.AllBoxes &^ access.Malware, NetmapID: true})
	if _, err := command.RemoveClient(t.Context(), client.Host); err != nil {
		t.Fatal(err)
	}
	until(access.Rights{})
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
	if n := times.Load(); n != 3 {
		t.Errorf("sessions were looked at %d times for 3 changes", n)
	}
	if n := strings.Count(log.String(), "settings changed"); n != 1 {
		t.Errorf("%d lines about changed settings, want one:\n%s", n, log.String())
	}
	if !strings.Contains(running.String(), filepath.Join(data, settingsDir)) {
		t.Errorf("task is called %q", running)
	}
}
