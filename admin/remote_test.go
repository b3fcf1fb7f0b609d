package admin

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
)

const password = "correct horse battery"

// A remote speaks to a running HTTP API over TLS.
type remote struct {
	t      *testing.T
	base   string
	http   *http.Client
	cookie *http.Cookie
	token  string
	header map[string]string
}

// serve starts the HTTP API of a service and returns its address.
func serve(t *testing.T, s *Service) (address string) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	serveOn(t, s, ln)
	return ln.Addr().String()
}

// serveOn starts the HTTP API on a listener and returns a function that stops it.
func serveOn(t *testing.T, s *Service, ln net.Listener) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Serve(ctx, ln) }()
	var stopped bool
	stop = func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		if err := <-done; err != nil {
			t.Errorf("serve: %v", err)
		}
	}
	t.Cleanup(stop)
	return stop
}

func dial(t *testing.T, s *Service, address string) *remote {
	t.Helper()
	conf, err := s.partnerTLS()
	if err != nil {
		t.Fatal(err)
	}
	tr := &http.Transport{TLSClientConfig: conf}
	t.Cleanup(tr.CloseIdleConnections)
	return &remote{t: t, base: "https://" + address, http: &http.Client{Transport: tr}, header: map[string]string{}}
}

// do sends a request and returns status, body and header. A body that is a string is
// sent as it is, anything else as JSON.
func (r *remote) do(method, path string, body any) (int, []byte, http.Header) {
	r.t.Helper()
	var in io.Reader
	switch b := body.(type) {
	case nil:
	case string:
		in = strings.NewReader(b)
	default:
		data, err := json.Marshal(b)
		if err != nil {
			r.t.Fatal(err)
		}
		in = bytes.NewReader(data)
	}
	req, err := http.NewRequestWithContext(r.t.Context(), method, r.base+path, in)
	if err != nil {
		r.t.Fatal(err)
	}
	if in != nil {
		req.Header.Set("Content-Type", contentJSON)
	}
	if r.token != "" {
		req.Header.Set("Authorization", "Bearer "+r.token)
	}
	if r.cookie != nil {
		req.AddCookie(r.cookie)
	}
	for k, v := range r.header {
		req.Header.Set(k, v)
	}
	resp, err := r.http.Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	for _, c := range resp.Cookies() {
		r.cookie = c
	}
	return resp.StatusCode, data, resp.Header
}

// want checks the status of an answer and reads its body into to, unless that is nil.
func (r *remote) want(status int, method, path string, body, to any) http.Header {
	r.t.Helper()
	got, data, header := r.do(method, apiPrefix+path, body)
	if got != status {
		r.t.Fatalf("%s %s: status %d, want %d: %s", method, path, got, status, data)
	}
	if status >= 400 {
		var e errorBody
		if err := json.Unmarshal(data, &e); err != nil || e.Error.What == "" {
			r.t.Errorf("%s %s: an error without explanation: %s", method, path, data)
		}
		if to, ok := to.(*errorText); ok {
			*to = e.Error
		}
		return header
	}
	if to != nil {
		if err := json.Unmarshal(data, to); err != nil {
			r.t.Fatalf("%s %s: %v: %s", method, path, err, data)
		}
	}
	return header
}

// logged returns a remote that is logged in as an administrator.
func logged(t *testing.T, s *Service, address string) *remote {
	t.Helper()
	if err := s.Store.AddUser(t.Context(), "alice", ScopeAdmin, password); err != nil {
		t.Fatal(err)
	}
	r := dial(t, s, address)
	r.want(http.StatusOK, "POST", "/login", map[string]string{"user": "alice", "password": password}, nil)
	if c := r.cookie; c == nil || c.Name != "__Host-estream" || !c.Secure || !c.HttpOnly || c.SameSite != http.SameSiteStrictMode || c.Path != "/" || c.Domain != "" {
		t.Errorf("cookie %+v", r.cookie)
	}
	return r
}
