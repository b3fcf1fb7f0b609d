package admin

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"estream/pki"
)

// The test binary is its own second process: with this set it adds domains.
const helperEnv = "ESTREAM_ADMIN_HELPER"

func TestMain(m *testing.M) {
	iterations = minIterations // the rounds themselves are not under test
	if os.Getenv(helperEnv) != "" {
		if err := addDomains(os.Args[1], os.Args[2], os.Args[3]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	code := m.Run()
	for _, dir := range []string{template.dir, foreign.dir} {
		if err := os.RemoveAll(dir); dir != "" && err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	os.Exit(code)
}

// addDomains is what the second process does; it prints what is on disk.
func addDomains(data, prefix, count string) error {
	n, err := strconv.Atoi(count)
	if err != nil {
		return err
	}
	s, err := Open(data, Options{})
	if err != nil {
		return err
	}
	for i := range n {
		name := fmt.Sprintf("%s-%d", prefix, i)
		if err := s.AddDomain(context.Background(), name); err != nil {
			return err
		}
		fmt.Println(name)
	}
	return nil
}

func helperCommand(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self, args...)
	cmd.Env = append(os.Environ(), helperEnv+"=1", "GORACE=atexit_sleep_ms=0")
	cmd.Stderr = os.Stderr
	return cmd
}

// template is a data directory with a CA, made once, because a CA takes a second.
var template struct {
	sync.Once
	dir string
	err error
}

// resolver knows every name but those that end in .nowhere.
type resolver struct{}

func (resolver) LookupNetIP(_ context.Context, _, host string) ([]netip.Addr, error) {
	if filepath.Ext(host) == ".nowhere" {
		return nil, errors.New("no such host")
	}
	return []netip.Addr{netip.MustParseAddr("192.0.2.1")}, nil
}

var pkiOptions = pki.Options{Resolver: resolver{}}

// newData returns a data directory of its own for a test, with CA and without clients.
func newData(t testing.TB) string {
	t.Helper()
	template.Do(func() {
		if template.dir, template.err = os.MkdirTemp("", "admin-test-"); template.err == nil {
			_, template.err = pki.Open(filepath.Join(template.dir, "pki"), pkiOptions)
		}
	})
	if template.err != nil {
		t.Fatal(template.err)
	}
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(template.dir)); err != nil {
		t.Fatal(err)
	}
	return dir
}

// newStore returns the settings of an empty data directory.
func newStore(t testing.TB) *Store {
	t.Helper()
	return openStore(t, t.TempDir())
}

func openStore(t testing.TB, data string) *Store {
	t.Helper()
	s, err := Open(data, Options{})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// newService returns the administration of a new server.
func newService(t testing.TB) *Service {
	t.Helper()
	return openService(t, newData(t))
}

func openService(t testing.TB, data string) *Service {
	t.Helper()
	a, err := pki.Open(filepath.Join(data, "pki"), pkiOptions)
	if err != nil {
		t.Fatal(err)
	}
	return &Service{Store: openStore(t, data), Authority: a, Log: slog.New(slog.DiscardHandler)}
}

// made counts registrations that add has made up.
var made atomic.Uint64

// add registers a client without the seconds that a real key takes: its PKCS#12 file is
// none.
func add(t testing.TB, s *Service, host string, ch ClientChange) pki.Client {
	t.Helper()
	now := time.Now().UTC().Truncate(time.Second)
	c := pki.Client{Host: host, CN: host, Serial: fmt.Sprintf("4%031x", made.Add(1)), Created: now, NotAfter: now.Add(time.Hour)}
	set, err := s.Store.Settings()
	if err != nil {
		t.Fatal(err)
	}
	if err := ch.apply(&c, set); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Authority.Merge(t.Context(), []pki.Registered{{Client: c, PKCS12: []byte("file of " + host + c.Serial)}}); err != nil {
		t.Fatal(err)
	}
	return c
}

// wantProblem checks the kind of an error, and that it says what to do if it should.
func wantProblem(t *testing.T, err error, kind Kind) {
	t.Helper()
	var p *Problem
	if !errors.As(err, &p) {
		t.Errorf("got %v, want a problem of kind %d", err, kind)
		return
	}
	if p.Kind != kind || p.What == "" {
		t.Errorf("got a problem of kind %d, %q; want kind %d", p.Kind, p.What, kind)
	}
}

// ptr returns a pointer to a value, for fields that may be missing.
func ptr[T any](v T) *T { return &v }

// clock is a time that tests set.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) Add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

func exists(t *testing.T, name string) bool {
	t.Helper()
	_, err := os.Stat(name)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	return err == nil
}
