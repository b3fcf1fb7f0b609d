package admin

import (
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// Users and tokens over the API: what they were given is what they may, at once.
func TestAPIUsers(t *testing.T) {
	s := newService(t)
	address := serve(t, s)
	r := logged(t, s, address)
	r.want(201, "POST", "/users", map[string]string{"name": "bob", "scope": "read", "password": password}, nil)
	r.want(409, "POST", "/users", map[string]string{"name": "bob", "scope": "read", "password": password}, nil)
	r.want(422, "POST", "/users", map[string]string{"name": "carol", "scope": "read", "password": "short"}, nil)
	bob := dial(t, s, address)
	bob.want(401, "POST", "/login", map[string]string{"user": "bob", "password": "wrong horse battery"}, nil)
	bob.want(401, "POST", "/login", map[string]string{"user": "nobody", "password": "a password that nobody has"}, nil)
	bob.want(200, "POST", "/login", map[string]string{"user": "bob", "password": password}, nil)
	bob.want(200, "GET", "/events", nil, nil)
	bob.want(403, "PUT", "/events", map[string]any{"role": "device"}, nil)
	bob.want(403, "PUT", "/users/alice/password", map[string]string{"password": "bob was here!", "old": password}, nil)
	bob.want(401, "PUT", "/users/bob/password", map[string]string{"password": "another battery", "old": "wrong horse battery"}, nil)
	bob.want(204, "PUT", "/users/bob/password", map[string]string{"password": "another battery", "old": password}, nil)
	bob.want(401, "GET", "/events", nil, nil) // the login ended with the old password
	bob.want(401, "POST", "/login", map[string]string{"user": "bob", "password": password}, nil)
	bob.want(200, "POST", "/login", map[string]string{"user": "bob", "password": "another battery"}, nil)

	// Nobody gets to see a hash.
	for _, path := range []string{"/users", "/tokens"} {
		if _, data, _ := bob.do("GET", apiPrefix+path, nil); regexp.MustCompile("hash|salt|sha256").Match(data) {
			t.Errorf("%s: %s", path, data)
		}
	}
	r.want(204, "DELETE", "/users/bob", nil, nil)
	bob.want(401, "GET", "/events", nil, nil)
	r.want(404, "DELETE", "/users/bob", nil, nil)

	var token struct{ ID, Token string }
	r.want(422, "POST", "/tokens", map[string]any{"name": "x", "scope": "read", "days": 40000}, nil)
	r.want(201, "POST", "/tokens", map[string]any{"name": "x", "scope": "read", "days": 3}, &token)
	prog := dial(t, s, address)
	prog.token = token.Token
	prog.want(200, "GET", "/clients", nil, nil)
	prog.want(403, "DELETE", "/clients/192.0.2.1", nil, nil)
	r.want(204, "DELETE", "/tokens/"+token.ID, nil, nil)
	prog.want(401, "GET", "/clients", nil, nil)
	r.want(404, "DELETE", "/tokens/"+token.ID, nil, nil)
}

// Every route refuses those whose scope is too small, before it reads their body.
func TestAPIScopes(t *testing.T) {
	s := newService(t)
	address := serve(t, s)
	remotes := map[Scope]*remote{"": dial(t, s, address)}
	for _, scope := range []Scope{ScopeRead, ScopeReplicate, ScopeAdmin} {
		token, _, err := s.Store.AddToken(t.Context(), string(scope), scope, 0)
		if err != nil {
			t.Fatal(err)
		}
		remotes[scope] = dial(t, s, address)
		remotes[scope].token = token
	}
	for _, rt := range routes() {
		for _, scope := range slices.Sorted(maps.Keys(remotes)) {
			r := remotes[scope]
			path := strings.NewReplacer("{host}", "192.0.2.1", "{name}", "x", "{device}", "x", "{id}", "x").Replace(rt.path)
			want := 0
			switch {
			case rt.need == "":
			case scope == "":
				want = 401
			case !scope.allows(rt.need):
				want = 403
			}
			status, data, _ := r.do(rt.method, apiPrefix+path, "not JSON")
			if refused := status == 401 || status == 403; want != 0 && status != want || want == 0 && refused {
				t.Errorf("%s %s with scope %q: status %d, want %d: %s", rt.method, rt.path, scope, status, want, data)
			}
		}
	}
}

// Pages of other sites, forms, and bodies that are something else.
func TestAPIHostile(t *testing.T) {
	s := newService(t)
	r := logged(t, s, serve(t, s))
	domain := map[string]string{"name": "Lab"}
	for _, h := range []map[string]string{
		{"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Origin": "https://evil.example"}, {"Origin": "null"},
	} {
		r.header = h
		r.want(403, "POST", "/domains", domain, nil)
	}
	r.header = map[string]string{"Sec-Fetch-Site": "same-origin", "Origin": r.base}
	for _, kind := range []string{"application/x-www-form-urlencoded", "text/plain", "multipart/form-data", ""} {
		r.header["Content-Type"] = kind
		r.want(415, "POST", "/domains", domain, nil)
	}
	r.header["Content-Type"] = "application/json; charset=utf-8"
	var text errorText
	for _, body := range []string{"", "[]", "{", `{"name":"Lab","nmae":"Lab"}`, `{"name":"Lab"}{}`, `{"name":5}`} {
		if r.want(400, "POST", "/domains", body, &text); text.Expected == "" || text.Do == "" {
			t.Errorf("%q: %+v", body, text)
		}
	}
	r.want(413, "POST", "/domains", `{"name":"`+strings.Repeat("x", maxRequest)+`"}`, nil)
	r.want(413, "POST", "/login", `{"user":"`+strings.Repeat("x", maxLogin)+`"}`, nil)
	r.want(404, "GET", "/nothing", nil, nil)
	r.want(404, "GET", "/../../etc/passwd", nil, nil)
	if h := r.want(405, "DELETE", "/clients", nil, nil); h.Get("Allow") != "GET, POST" {
		t.Errorf("Allow: %q", h.Get("Allow"))
	}
	r.want(201, "POST", "/domains", domain, nil)
	if h := r.want(200, "GET", "/domains", nil, nil); h.Get("Cache-Control") != "no-store" || h.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("header %v", h)
	}
	// A cookie that somebody made up, and a header that is no bearer token.
	r.cookie = &http.Cookie{Name: cookieName, Value: "made-up"}
	r.want(401, "GET", "/domains", nil, nil)
	r.header = map[string]string{"Authorization": "Basic YWxpY2U6cGFzc3dvcmQ="}
	if h := r.want(401, "GET", "/domains", nil, nil); h.Get("WWW-Authenticate") == "" {
		t.Error("no WWW-Authenticate")
	}
}
