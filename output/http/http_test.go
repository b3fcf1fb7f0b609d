package http

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	nethttp "net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// A service is a web server that records what it took.
type service struct {
	*httptest.Server
	mu       sync.Mutex
	requests []*nethttp.Request
	taken    []string // lines
	// answer decides, with the lines of the n-th request, which is 1 at first; the
	// default is 200. A status other than 2xx takes nothing.
	answer func(w nethttp.ResponseWriter, n int, lines []string) (status int)
}

func newService(t *testing.T, answer func(nethttp.ResponseWriter, int, []string) int) *service {
	s := &service{answer: answer}
	s.Server = httptest.NewUnstartedServer(s)
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	t.Cleanup(func() { s.Close() })
	return s
}

func (s *service) ServeHTTP(w nethttp.ResponseWriter, r *nethttp.Request) {
	var body io.Reader = r.Body
	if r.Header.Get("Content-Encoding") == "gzip" {
		z, err := gzip.NewReader(body)
		if err != nil {
			w.WriteHeader(599)
			return
		}
		body = z
	}
	b, err := io.ReadAll(body)
	if err != nil {
		return // the client has gone
	}
	var lines []string
	if r.Header.Get("Content-Type") == "application/json" {
		var values []json.RawMessage
		if err := json.Unmarshal(b, &values); err != nil {
			w.WriteHeader(599)
			return
		}
		for _, v := range values {
			lines = append(lines, string(v))
		}
	} else {
		lines = strings.Split(strings.TrimSuffix(string(b), "\n"), "\n")
	}
	s.mu.Lock()
	s.requests = append(s.requests, r)
	n := len(s.requests)
	s.mu.Unlock()
	status := 200
	if s.answer != nil {
		status = s.answer(w, n, lines)
	}
	if status/100 == 2 {
		s.mu.Lock()
		s.taken = append(s.taken, lines...)
		s.mu.Unlock()
	}
	if status > 0 {
		w.WriteHeader(status)
		if status/100 != 2 {
			fmt.Fprintf(w, "no to %d lines, said to %q", len(lines), r.Header.Get("Authorization"))
		}
	}
}

func (s *service) got() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.taken)
}

func (s *service) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.requests)
}

func open(t *testing.T, o Options) *Output {
	t.Helper()
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	out, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for range 2 {
			if err := out.Close(); err != nil {
				t.Error(err)
			}
		}
	})
	return out
}

func numbers(from, to int) (lines []string) {
	for i := from; i < to; i++ {
		lines = append(lines, fmt.Sprintf(`{"n":%d}`, i))
	}
	return lines
}

func write(t *testing.T, o *Output, lines ...string) {
	t.Helper()
	if err := o.Write(t.Context(), []byte(strings.Join(lines, "\n")+"\n")); err != nil {
		t.Fatal(err)
	}
}

func commit(t *testing.T, o *Output) {
	t.Helper()
	if _, err := o.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func wantLines(t *testing.T, got, want []string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("got %d lines, want %d: %q", len(got), len(want), got)
	}
}

// TestForms: bodies, headers, and limits of a batch; one connection for all of them.
func TestForms(t *testing.T) {
	for _, o := range []Options{
		{},
		{Form: Array},
		{Form: Array, Gzip: true, Token: "a secret token"},
		{Gzip: true, User: "anna", Password: "a secret password"},
		{MaxBytes: 50}, {MaxLines: 7}, {MaxBytes: 1},
	} {
		s := newService(t, nil)
		s.Start()
		o.URL = s.URL + "/in?x=1"
		o.Header = nethttp.Header{"X-Mine": {"yes"}}
		out := open(t, o)
		for i := 0; i < 100; i += 10 {
			write(t, out, numbers(i, i+10)...)
		}
		commit(t, out)
		wantLines(t, s.got(), numbers(0, 100))
		if n := out.Stats().Connects.Load(); n != 1 {
			t.Errorf("%d connections for %d requests", n, s.count())
		}
		if n := out.Stats().Lines.Load(); n != 100 {
			t.Errorf("%d lines counted", n)
		}
		for _, r := range s.requests {
			user, password, _ := r.BasicAuth()
			if r.Method != "POST" || r.URL.String() != "/in?x=1" || r.Header.Get("X-Mine") != "yes" || r.ContentLength <= 0 ||
				user != o.User || password != o.Password || o.Token != "" && r.Header.Get("Authorization") != "Bearer "+o.Token {
				t.Errorf("request %s %s %v", r.Method, r.URL, r.Header)
			}
			if _, there := r.Header["X-Idempotency-Key"]; there {
				t.Error("a header for net/http was sent")
			}
		}
	}
}

// TestTLS: the caller's certificates count, and others are refused.
func TestTLS(t *testing.T) {
	s := newService(t, nil)
	s.EnableHTTP2 = true
	s.StartTLS()
	pool := x509.NewCertPool()
	pool.AddCert(s.Certificate())
	out := open(t, Options{URL: s.URL, TLS: &tls.Config{RootCAs: pool}})
	write(t, out, numbers(0, 3)...)
	commit(t, out)
	wantLines(t, s.got(), numbers(0, 3))
	stranger := open(t, Options{URL: s.URL})
	write(t, stranger, "x")
	if _, err := stranger.Commit(t.Context()); err == nil || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("a stranger was trusted: %v", err)
	}
}

// TestRetry: answers that time may mend are errors, and after them the same lines go again.
func TestRetry(t *testing.T) {
	for _, status := range []int{401, 403, 404, 408, 415, 425, 429, 500, 502, 503, 504, 302, 308, 304} {
		s := newService(t, func(w nethttp.ResponseWriter, n int, _ []string) int {
			if n == 2 {
				w.Header().Set("Location", "http://user:pw@elsewhere/x?token=1")
				return status
			}
			return 200
		})
		s.Start()
		out := open(t, Options{URL: s.URL, MaxLines: 4, Token: "a secret token", Reject: func([]byte, error) error {
			t.Error("lines were rejected")
			return nil
		}})
		write(t, out, numbers(0, 10)...)
		_, err := out.Commit(t.Context())
		if err == nil || !strings.Contains(err.Error(), fmt.Sprint("status ", status)) || strings.Contains(err.Error(), "secret") {
			t.Errorf("status %d: got error %v", status, err)
		}
		if status == 302 && (!strings.Contains(err.Error(), "leads to http://elsewhere/x:") || strings.Contains(err.Error(), "pw")) {
			t.Errorf("redirection: %v", err)
		}
		if out.Stats().Connected.Load() {
			t.Error("counts as connected")
		}
		write(t, out, numbers(10, 12)...)
		commit(t, out)
		wantLines(t, s.got(), numbers(0, 12))
	}
}

// TestRejected: the lines that the service does not want are found, and no other is lost.
func TestRejected(t *testing.T) {
	bad := map[string]bool{`{"n":0}`: true, `{"n":17}`: true, `{"n":18}`: true, `{"n":63}`: true, `{"n":99}`: true}
	s := newService(t, func(w nethttp.ResponseWriter, n int, lines []string) int {
		if n%5 == 0 {
			return 503 // in the middle of the search
		}
		if slices.ContainsFunc(lines, func(l string) bool { return bad[l] }) {
			return 400
		}
		return 200
	})
	s.Start()
	var rejected []string
	full := true
	out := open(t, Options{URL: s.URL, Token: "a secret token", Reject: func(lines []byte, cause error) error {
		if full {
			full = false
			return errors.New("no room for it")
		}
		if !strings.Contains(cause.Error(), "status 400") || !strings.Contains(cause.Error(), "no to 1 lines") || strings.Contains(cause.Error(), "secret") {
			t.Errorf("cause %v", cause)
		}
		rejected = append(rejected, strings.TrimSuffix(string(lines), "\n"))
		return nil
	}})
	write(t, out, numbers(0, 100)...)
	said := false
	for try := 0; ; try++ {
		_, err := out.Commit(t.Context())
		if err == nil {
			break
		}
		said = said || strings.Contains(err.Error(), "no room for it")
		if try > 100 {
			t.Fatal(err)
		}
	}
	if !said {
		t.Error("a dead-letter file that is full was no error")
	}
	wantLines(t, rejected, slices.DeleteFunc(numbers(0, 100), func(l string) bool { return !bad[l] }))
	wantLines(t, s.got(), slices.DeleteFunc(numbers(0, 100), func(l string) bool { return bad[l] }))
	if n := out.Stats().Rejected.Load(); n != 5 {
		t.Errorf("%d counted", n)
	}
	if n := s.count(); n > 100 {
		t.Errorf("%d requests to find 5 lines in 100", n)
	}
	nobody := open(t, Options{URL: s.URL})
	write(t, nobody, `{"n":0}`)
	if _, err := nobody.Commit(t.Context()); err == nil {
		t.Error("a line was dropped without a dead-letter file")
	}
}

// TestTooLarge: 413 halves batches, for good, and rejects a line that alone is too much.
func TestTooLarge(t *testing.T) {
	s := newService(t, func(w nethttp.ResponseWriter, n int, lines []string) int {
		if len(strings.Join(lines, "\n")) > 100 {
			return 413
		}
		return 200
	})
	s.Start()
	var rejected [][]byte
	out := open(t, Options{URL: s.URL, Reject: func(lines []byte, _ error) error {
		rejected = append(rejected, bytes.Clone(lines))
		return nil
	}})
	write(t, out, numbers(0, 50)...)
	write(t, out, strings.Repeat("x", 200))
	write(t, out, numbers(50, 100)...)
	commit(t, out)
	wantLines(t, s.got(), numbers(0, 100))
	if len(rejected) != 1 || len(rejected[0]) != 201 {
		t.Errorf("rejected: %q", rejected)
	}
	before := s.count()
	write(t, out, numbers(0, 100)...)
	commit(t, out)
	if n := s.count() - before; n > 20 {
		t.Errorf("%d requests after the limit was known", n)
	}
}

// TestTruncate: a line over MaxLine is cut and marked.
func TestTruncate(t *testing.T) {
	s := newService(t, nil)
	s.Start()
	out := open(t, Options{URL: s.URL, MaxLine: 64})
	write(t, out, "short", strings.Repeat("x", 200), strings.Repeat("y", 63))
	commit(t, out)
	got := s.got()
	if len(got) != 3 || len(got[1]) != 63 || !strings.HasSuffix(got[1], "bytes]") || len(got[2]) != 63 || out.Stats().Truncated.Load() != 1 {
		t.Errorf("got %q", got)
	}
}

// TestBadServices: one that is slow, hangs, closes, sends endless answers or none at all is an
// error in time, or does no harm.
func TestBadServices(t *testing.T) {
	hang := make(chan struct{})
	for name, c := range map[string]struct {
		answer func(nethttp.ResponseWriter, int, []string) int
		want   string // error; "": none
	}{
		"hangs":  {func(nethttp.ResponseWriter, int, []string) int { <-hang; return 200 }, "no complete answer within 100ms"},
		"closes": {func(nethttp.ResponseWriter, int, []string) int { panic(nethttp.ErrAbortHandler) }, "EOF"},
		"headers": {func(w nethttp.ResponseWriter, _ int, _ []string) int {
			w.Header().Set("X", strings.Repeat("x", 1<<20))
			return 200
		}, "headers"},
		"endless":  {func(w nethttp.ResponseWriter, _ int, _ []string) int { flood(w, 200, hang); return 0 }, ""},
		"endless5": {func(w nethttp.ResponseWriter, _ int, _ []string) int { flood(w, 500, hang); return 0 }, "status 500"},
		"trickles": {func(w nethttp.ResponseWriter, _ int, _ []string) int { w.(nethttp.Flusher).Flush(); <-hang; return 0 }, ""},
	} {
		s := newService(t, c.answer)
		s.Start()
		timeout := 10 * time.Second
		if name == "hangs" || name == "trickles" {
			timeout = 100 * time.Millisecond
		}
		out := open(t, Options{URL: s.URL, Timeout: timeout})
		write(t, out, numbers(0, 3)...)
		_, err := out.Commit(t.Context())
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: got error %v, want %q", name, err, c.want)
		}
		if err != nil && len(err.Error()) > 6000 {
			t.Errorf("%s: an error of %d bytes", name, len(err.Error()))
		}
	}
	close(hang)
	gone := newService(t, nil)
	gone.Start()
	url := gone.URL
	gone.Close()
	out := open(t, Options{URL: strings.Replace(url, "//", "//user:pass%20word@", 1) + "/p?key=topsecret"})
	write(t, out, "x")
	_, err := out.Commit(t.Context())
	if err == nil || !strings.Contains(err.Error(), "refused") && !strings.Contains(err.Error(), "actively") || strings.Contains(err.Error()+out.String(), "topsecret") || strings.Contains(err.Error()+out.String(), "pass") {
		t.Errorf("nobody listens: %v (%s)", err, out)
	}
}

func flood(w nethttp.ResponseWriter, status int, stop chan struct{}) {
	w.WriteHeader(status)
	for block := bytes.Repeat([]byte("x"), 32<<10); ; {
		if _, err := w.Write(block); err != nil {
			return
		}
		select {
		case <-stop:
			return
		default:
		}
	}
}

// TestRetryAfter: seconds and dates are understood, and never more than five minutes; the wait
// ends with the context.
func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)
	for value, want := range map[string]time.Duration{
		"": 0, "7": 7 * time.Second, "-1": 0, "soon": 0, "99999999999999999999": 0, "9999999999": longestWait,
		"Sat, 31 Jan 2026 12:00:30 GMT": 30 * time.Second,
		"Sat, 31 Jan 2026 11:00:30 GMT": 0,
		"Sun, 31 Jan 2027 11:00:30 GMT": longestWait,
	} {
		if got := retryAfter(value, now); got != want {
			t.Errorf("%q: got %s, want %s", value, got, want)
		}
	}
	s := newService(t, func(w nethttp.ResponseWriter, n int, _ []string) int {
		w.Header().Set("Retry-After", "3600")
		return 429
	})
	s.Start()
	out := open(t, Options{URL: s.URL})
	write(t, out, "x")
	if _, err := out.Commit(t.Context()); err == nil || !strings.Contains(err.Error(), "wait for 5m0s") {
		t.Errorf("got error %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := out.Commit(ctx); !errors.Is(err, context.Canceled) || s.count() != 1 {
		t.Errorf("after %d requests: %v", s.count(), err)
	}
}

// TestMemory: what is held stays within MaxBytes and one Write while the service is dead.
func TestMemory(t *testing.T) {
	s := newService(t, func(nethttp.ResponseWriter, int, []string) int { return 503 })
	s.Start()
	out := open(t, Options{URL: s.URL, MaxBytes: 1000})
	lines := []byte(strings.Join(numbers(0, 100), "\n") + "\n")
	refused := 0
	for range 50 {
		if err := out.Write(t.Context(), lines); err != nil {
			refused++
		}
	}
	if refused < 45 || cap(out.buf) > 4096 {
		t.Errorf("%d of 50 writes were refused, %d bytes are held", refused, cap(out.buf))
	}
}

// TestMistakes: each is refused when the output is opened, without showing a secret.
func TestMistakes(t *testing.T) {
	for _, o := range []Options{
		{URL: "ftp://host/"}, {URL: "http:///path"}, {URL: "http://u:topsecret@ho st/"},
		{URL: "http://host", MaxBytes: -1}, {URL: "http://host", MaxLine: 3},
		{URL: "http://host", Token: "topsecret", User: "u"},
		{URL: "http://host", Header: nethttp.Header{"X": {"topsecret\r\n"}}},
	} {
		if _, err := Open(o); err == nil || strings.Contains(err.Error(), "topsecret") {
			t.Errorf("%+v: %v", o, err)
		}
	}
}

// FuzzBisect: however lines are refused, each one is either delivered or rejected, once and in order.
func FuzzBisect(f *testing.F) {
	f.Add([]byte("a\nbad\nccc\n\nbad\n"), uint8(10), uint8(3))
	f.Fuzz(func(t *testing.T, lines []byte, maxBytes, maxLines uint8) {
		if len(lines) == 0 || len(lines) > 4096 || lines[len(lines)-1] != '\n' {
			return
		}
		var seen []byte
		out := open(t, Options{URL: "http://host", MaxBytes: int(maxBytes) + 1, MaxLines: int(maxLines) + 1, Reject: func(l []byte, _ error) error {
			seen = append(seen, l...)
			return nil
		}})
		out.client = transport(func(r *nethttp.Request) int {
			b, err := io.ReadAll(r.Body)
			if err != nil {
				t.Fatal(err)
			}
			if bytes.Contains(b, []byte("bad")) {
				return 400 + 13*(len(b)%2)
			}
			seen = append(seen, b...)
			return 200
		})
		if err := out.Write(t.Context(), lines); err != nil {
			t.Fatal(err)
		}
		commit(t, out)
		if !bytes.Equal(seen, lines) {
			t.Errorf("got %q, want %q", seen, lines)
		}
	})
}

type transport func(*nethttp.Request) int

func (f transport) RoundTrip(r *nethttp.Request) (*nethttp.Response, error) {
	status := f(r)
	return &nethttp.Response{StatusCode: status, Body: nethttp.NoBody, Header: nethttp.Header{}}, r.Body.Close()
}

// BenchmarkWrite posts batches of 1 MiB to a server on loopback.
func BenchmarkWrite(b *testing.B) {
	server := httptest.NewServer(nethttp.HandlerFunc(func(_ nethttp.ResponseWriter, r *nethttp.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
	}))
	defer server.Close()
	out, err := Open(Options{URL: server.URL, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		b.Fatal(err)
	}
	defer out.Close()
	batch := bytes.Repeat(append(bytes.Repeat([]byte{'x'}, 799), '\n'), 300)
	b.SetBytes(int64(len(batch)))
	b.ReportAllocs()
	for b.Loop() {
		if err := out.Write(b.Context(), batch); err != nil {
			b.Fatal(err)
		}
	}
}
