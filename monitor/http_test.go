package monitor

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func get(t *testing.T, h http.Handler, method, path string) (int, string) {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(method, path, nil))
	return w.Code, w.Body.String()
}

func TestHandler(t *testing.T) {
	l := busy(t)
	h := Handler(HandlerOptions{Report: l.Report, Version: "v1.2.3"})
	check := func(when, method, path string, code int, parts ...string) {
		t.Helper()
		got, body := get(t, h, method, path)
		if got != code {
			t.Errorf("%s: %s %s: %d, want %d\n%s", when, method, path, got, code, body)
		}
		for _, part := range parts {
			if !strings.Contains(body, part) {
				t.Errorf("%s: %s %s: no %s in\n%s", when, method, path, part, body)
			}
		}
	}
	check("well", "GET", "/healthz", 200, `"running": true`)
	check("well", "GET", "/readyz", 200, `"ready": true`, `"alarms": []`)
	check("well", "GET", "/status", 200, `"name": "fmc-a"`, `"version": "v1.2.3"`, `"journaled": 660000`)
	check("well", "GET", "/metrics", 200, "estream_ready 1")
	check("well", "POST", "/status", 405)
	check("well", "GET", "/", 404)
	check("well", "GET", "/debug/pprof/", 404)
	l.wrong()
	check("wrong", "GET", "/healthz", 200)
	check("wrong", "GET", "/readyz", 503, `"ready": false`, `"id": "no_output_works:outputs"`, `"id": "certificate_expiring:fmc-a client"`, `"cure": "run `)
	l.running = false
	l.pass(DefaultInterval)
	check("stopped", "GET", "/healthz", 503, `"running": false`)
	check("stopped", "GET", "/readyz", 503, "collector_stopped")
	check("stopped", "GET", "/status", 200, `"sources": []`, `"outputs": []`)
	early := Handler(HandlerOptions{Report: (&Monitor{opt: Options{Now: time.Now}}).Report, Pprof: true})
	for path, want := range map[string]int{"/readyz": 503, "/healthz": 503, "/debug/pprof/": 200, "/debug/pprof/goroutine": 200} {
		if code, body := get(t, early, "GET", path); code != want {
			t.Errorf("before the first look: %s: %d, want %d\n%s", path, code, want, body)
		}
	}
}

// TestPageKeys: the keys of service.Status are where "status --json" has always had them.
func TestPageKeys(t *testing.T) {
	l := busy(t)
	data, err := json.Marshal(NewPage(l.Report(), "v1"))
	if err != nil {
		t.Fatal(err)
	}
	var page, status map[string]json.RawMessage
	plain, err := json.Marshal(l.Report().Status)
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range []struct {
		data []byte
		to   *map[string]json.RawMessage
	}{{data, &page}, {plain, &status}} {
		if err := json.Unmarshal(v.data, v.to); err != nil {
			t.Fatal(err)
		}
	}
	for key, value := range status {
		if !bytes.Equal(page[key], value) {
			t.Errorf("%s: %s, want %s", key, page[key], value)
		}
	}
}

// TestServe: requests are answered, long headers are not, and the end of ctx is the end.
func TestServe(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	log := slog.New(slog.NewTextHandler(t.Output(), nil))
	world := busy(t)
	go func() { done <- Serve(ctx, l, Handler(HandlerOptions{Report: world.Report}), log) }()
	url := "http://" + l.Addr().String()
	resp, err := http.Get(url + "/readyz")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, resp.Body); err != nil || resp.StatusCode != 200 || resp.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("%v %v", resp, err)
	}
	resp.Body.Close()
	req, err := http.NewRequest("GET", url+"/readyz", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("X-Long", strings.Repeat("x", 2*maxHeader))
	if resp, err := http.DefaultClient.Do(req); err == nil {
		if resp.Body.Close(); resp.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
			t.Errorf("a long header: %v", resp.Status)
		}
	}
	idle, err := net.Dial("tcp", l.Addr().String()) // has not said anything
	if err != nil {
		t.Fatal(err)
	}
	defer idle.Close()
	stop()
	if err := <-done; err != nil {
		t.Error(err)
	}
	if _, err := net.Dial("tcp", l.Addr().String()); err == nil {
		t.Error("the port is still open")
	}
}

// TestServeFails: a listener that breaks is an error, and nothing is left behind.
func TestServeFails(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	if err := Serve(t.Context(), l, http.NotFoundHandler(), slog.New(slog.DiscardHandler)); err == nil {
		t.Error("no error")
	}
}

// TestLimited: no more connections than there is room for, and Close wakes those that wait.
func TestLimited(t *testing.T) {
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := newLimited(inner, 1)
	type accepted struct {
		c   net.Conn
		err error
	}
	next := make(chan accepted)
	go func() {
		for range 3 {
			c, err := l.Accept()
			next <- accepted{c, err}
		}
	}()
	for range 2 {
		c, err := net.Dial("tcp", inner.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
	}
	first := <-next
	select {
	case a := <-next:
		t.Fatalf("a second connection: %v", a)
	default:
	}
	first.c.Close()
	first.c.Close() // gives its place back once
	second := <-next
	if second.err != nil || len(l.free) != 1 {
		t.Errorf("%v, %d places taken", second.err, len(l.free))
	}
	l.Close()
	if a := <-next; a.err == nil {
		t.Error("accepted by a closed listener")
	}
	second.c.Close()
}
