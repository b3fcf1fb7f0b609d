package admin

import (
	"bytes"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"estream/internal/syncbuf"
	"estream/pki"
	"estream/server/access"
)

// What an administrator does with the web page, from the first login on.
func TestAPI(t *testing.T) {
	s := newService(t)
	var log syncbuf.Buffer
	s.Log = log.Logger()
	r := logged(t, s, serve(t, s))
	var who struct {
		Name  string
		Scope Scope
	}
	if r.want(200, "GET", "/session", nil, &who); who.Name != "alice" || who.Scope != ScopeAdmin {
		t.Errorf("logged in as %+v", who)
	}

	var ev eventsBody
	first := r.want(200, "GET", "/events", nil, &ev).Get("ETag")
	if ev.Role != "center" || len(ev.Boxes) != 10 {
		t.Errorf("events %+v", ev)
	}
	r.header["If-Match"] = first
	r.want(200, "PUT", "/events", map[string]any{"role": "device", "checked": []string{"intrusion"}}, &ev)
	if s.Store.Boxes() != access.Intrusion || ev.Role != "device" {
		t.Errorf("boxes %v, answer %+v", s.Store.Boxes(), ev)
	}
	r.want(412, "PUT", "/events", map[string]any{"role": "center"}, nil)
	delete(r.header, "If-Match")
	r.want(409, "PUT", "/events", map[string]any{"checked": []string{"file"}}, nil)
	r.want(422, "PUT", "/events", map[string]any{"checked": []string{"fire"}}, nil)
	r.want(422, "PUT", "/events", map[string]any{}, nil)
	r.want(200, "PUT", "/events", map[string]any{"role": "center"}, nil)

	r.want(201, "POST", "/domains", map[string]string{"name": "Lab/1"}, nil)
	r.want(409, "POST", "/domains", map[string]string{"name": "Lab/1"}, nil)
	r.want(200, "PUT", "/devices/sensor%2F1", map[string]string{"domain": "Lab/1"}, nil)
	r.want(404, "PUT", "/devices/sensor%2F1", map[string]string{"domain": "Moon"}, nil)
	r.want(422, "PUT", "/devices/sensor%2F1", map[string]string{"domain": ""}, nil)
	var devices struct{ Devices []deviceBody }
	if r.want(200, "GET", "/devices", nil, &devices); !slices.Equal(devices.Devices, []deviceBody{{"sensor/1", "Lab/1"}}) {
		t.Errorf("devices %+v", devices)
	}

	var added struct {
		Client   clientBody
		PKCS12   string
		Warnings []string
	}
	r.want(409, "POST", "/clients", map[string]any{"host": "client.nowhere"}, nil)
	at := r.want(201, "POST", "/clients", map[string]any{
		"host": "2001:DB8::1", "password": "swordfish", "domain": "lab/1", "devices": []string{"sensor/1"}, "netmap_id": true, "also": []string{"192.0.2.0/24"},
	}, &added).Get("Location")
	if added.Client.Host != "2001:db8::1" || added.Client.Domain != "Lab/1" || !added.Client.NetmapID || added.Warnings == nil {
		t.Errorf("added %+v", added)
	}
	status, file, header := r.do("GET", added.PKCS12, nil)
	if status != 200 || header.Get("Content-Type") != "application/x-pkcs12" || header.Get("Content-Disposition") != `attachment; filename=2001-db8--1.pkcs12` {
		t.Errorf("status %d, %v", status, header)
	}
	cred, err := pki.LoadPKCS12(file, "swordfish")
	if err != nil || cred.Leaf.Subject.CommonName != "2001:db8::1" {
		t.Errorf("downloaded file: %v", err)
	}
	var one clientBody
	r.want(200, "GET", strings.TrimPrefix(at, apiPrefix), nil, &one)
	if one.Serial != added.Client.Serial {
		t.Errorf("%s has %+v", at, one)
	}
	r.want(200, "PATCH", "/clients/2001:db8::1", map[string]any{"domain": "", "also": AnyHost()}, &one)
	if one.Domain != Global || !one.AnyHost || !slices.Equal(one.Devices, []string{"sensor/1"}) || !one.NetmapID {
		t.Errorf("changed to %+v", one)
	}
	r.want(404, "PATCH", "/clients/192.0.2.9", map[string]any{}, nil)
	r.want(409, "DELETE", "/domains/Lab%2F1", nil, nil)
	r.want(204, "DELETE", "/devices/sensor%2F1", nil, nil)
	r.want(404, "DELETE", "/devices/sensor%2F1", nil, nil)
	r.want(204, "DELETE", "/domains/lab%2F1", nil, nil)
	var domains struct{ Domains []DomainContent }
	if r.want(200, "GET", "/domains", nil, &domains); len(domains.Domains) != 1 || !slices.Equal(domains.Domains[0].Clients, []string{"2001:db8::1"}) {
		t.Errorf("domains %+v", domains)
	}
	r.want(200, "DELETE", "/clients/2001:db8::1", nil, &one)
	if one.Revoked.IsZero() {
		t.Error("removed, but not revoked")
	}
	r.want(404, "GET", "/clients/2001:db8::1", nil, nil)
	r.want(404, "GET", "/clients/2001:db8::1/pkcs12", nil, nil)
	var list struct{ Clients []clientBody }
	for path, want := range map[string]int{"/clients": 0, "/clients?all=true": 1} {
		if r.want(200, "GET", path, nil, &list); len(list.Clients) != want {
			t.Errorf("%s: %d clients, want %d", path, len(list.Clients), want)
		}
	}

	var partner PartnerStatus
	r.want(422, "PUT", "/partner", map[string]string{"url": "http://192.0.2.2", "token": "x"}, nil)
	token, _, err := s.Store.AddToken(t.Context(), "x", ScopeReplicate, 0)
	if err != nil {
		t.Fatal(err)
	}
	r.want(200, "PUT", "/partner", map[string]string{"url": "https://192.0.2.2:8303", "token": token}, &partner)
	if partner.URL != "https://192.0.2.2:8303" {
		t.Errorf("partner %+v", partner)
	}
	r.want(200, "GET", "/partner", nil, &partner)
	r.want(204, "DELETE", "/partner", nil, nil)
	r.want(404, "DELETE", "/partner", nil, nil)

	r.want(204, "POST", "/logout", nil, nil)
	r.want(401, "GET", "/session", nil, nil)
	text := log.String()
	for _, want := range []string{`msg="administration login" user=alice`, `request="POST /api/v1/clients" by=alice peer=127.0.0.1`, `request="GET /api/v1/clients/2001:db8::1/pkcs12" by=alice`} {
		if !strings.Contains(text, want) {
			t.Errorf("the log lacks %q", want)
		}
	}
	for _, secret := range []string{password, "swordfish", token, r.cookie.Value + "!"} {
		if strings.Contains(text, secret) {
			t.Errorf("the log has the secret %q", secret)
		}
	}
}

// TestDocumented holds docs/admin-api.md against the routes.
func TestDocumented(t *testing.T) {
	page, err := os.ReadFile("../docs/admin-api.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range routes() {
		if !bytes.Contains(page, []byte("`"+r.method+" "+r.path+"`")) {
			t.Errorf("docs/admin-api.md has no `%s %s`", r.method, r.path)
		}
	}
	for _, m := range regexp.MustCompile("`(GET|POST|PUT|PATCH|DELETE) (/[^` ]*)`").FindAllSubmatch(page, -1) {
		if !slices.ContainsFunc(routes(), func(r route) bool { return r.method == string(m[1]) && r.path == string(m[2]) }) {
			t.Errorf("docs/admin-api.md has %s %s, which is no route", m[1], m[2])
		}
	}
}
