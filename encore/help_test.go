package encore

import (
	"bytes"
	"context"
	"flag"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"estream/encore/conf"
	"estream/estreamtest"
	"estream/internal/durable"
	"estream/layouts"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func TestMain(m *testing.M) {
	time.Local = time.UTC // local times in lines and log
	os.Exit(m.Run())
}

// A screen is what a client writes; others may wait for it.
type screen struct {
	mu   sync.Mutex
	buf  bytes.Buffer
	more chan struct{}
}

func newScreen() *screen { return &screen{more: make(chan struct{})} }

func (s *screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	close(s.more)
	s.more = make(chan struct{})
	return s.buf.Write(p)
}

func (s *screen) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.buf.String()
}

// wait waits until text was written n times.
func (s *screen) wait(t *testing.T, text string, n int) {
	t.Helper()
	over := time.After(time.Minute) // for tests that fail only
	for {
		s.mu.Lock()
		got, more := s.buf.String(), s.more
		s.mu.Unlock()
		if strings.Count(got, text) >= n {
			return
		}
		select {
		case <-more:
		case <-over:
			t.Fatalf("%q was not written %d times:\n%s", text, n, got)
		}
	}
}

// A room is a working directory for a center.
type room struct {
	t      *testing.T
	dir    string
	center *estreamtest.Center
	host   string
	port   string
	screen *screen
}

// newRoom makes a directory with PKCS#12 file and configuration, which is a sample
// with host and port of the center and what change does to it.
func newRoom(t *testing.T, center *estreamtest.Center, sample string, change func(*conf.Document)) *room {
	t.Helper()
	r := &room{t: t, dir: t.TempDir(), center: center, screen: newScreen()}
	data, err := os.ReadFile(filepath.Join("conf", "testdata", sample))
	if err != nil {
		t.Fatal(err)
	}
	doc, err := conf.ParseDocument(data)
	if err != nil {
		t.Fatal(err)
	}
	r.host, r.port = "127.0.0.1", "8302"
	if center != nil {
		if r.host, r.port, err = net.SplitHostPort(center.Addr()); err != nil {
			t.Fatal(err)
		}
		p12, err := center.PKCS12("secret")
		if err != nil {
			t.Fatal(err)
		}
		r.write("client.pkcs12", string(p12))
	}
	doc.Set(r.host, "subscription", "servers", 0, "host")
	port, err := strconv.Atoi(r.port)
	if err != nil {
		t.Fatal(err)
	}
	doc.Set(port, "subscription", "servers", 0, "port")
	if change != nil {
		change(doc)
	}
	r.write(ConfName, string(doc.Bytes()))
	return r
}

func (r *room) write(name, text string) {
	r.t.Helper()
	if err := os.WriteFile(filepath.Join(r.dir, name), []byte(text), 0o600); err != nil {
		r.t.Fatal(err)
	}
}

func (r *room) read(name string) string {
	r.t.Helper()
	data, err := os.ReadFile(filepath.Join(r.dir, name))
	if err != nil {
		r.t.Fatal(err)
	}
	return string(data)
}

// own returns the name of one of the files of the server.
func (r *room) own(rest string) string { return r.host + "-" + r.port + "_" + rest }

// terminal answers with lines.
func (r *room) terminal(lines string) *Terminal {
	return &Terminal{In: strings.NewReader(lines), Out: r.screen, Err: r.screen}
}

func (r *room) client(lines string) *Client {
	return &Client{
		Dir: r.dir, Layouts: layouts.Default(), Destinations: StandardDestinations(r.screen), Terminal: r.terminal(lines), Version: "test",
	}
}

// start runs a client until stop is called; stop returns its error.
func (r *room) start(c *Client) (stop func() error) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- c.Run(ctx) }()
	var once sync.Once
	var err error
	stop = func() error {
		once.Do(func() {
			cancel()
			err = <-done
		})
		return err
	}
	r.t.Cleanup(func() { _ = stop() }) // a test that cares has called it
	return stop
}

// outputs returns the lines of all files that match a pattern, in order of names.
func (r *room) outputs(pattern string) []string {
	r.t.Helper()
	names, err := filepath.Glob(filepath.Join(r.dir, pattern))
	if err != nil {
		r.t.Fatal(err)
	}
	var lines []string
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			r.t.Fatal(err)
		}
		if len(data) > 0 {
			lines = append(lines, strings.Split(strings.TrimSuffix(string(data), "\n"), "\n")...)
		}
	}
	return lines
}

var (
	stamps  = regexp.MustCompile(`(?m)^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} `)
	isos    = regexp.MustCompile(`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}`)
	sums    = regexp.MustCompile(`Sha256: [0-9a-f]{64}`)
	pids    = regexp.MustCompile(`(pid=|Process )\d+`)
	base64s = regexp.MustCompile(`(Response message=)[A-Za-z0-9+/=]+`)
	rates   = regexp.MustCompile(`average rate \d+\.\d\d`)
)

// plain removes from log lines what differs from run to run.
func (r *room) plain(s string) string {
	s = stamps.ReplaceAllString(s, "TIME ")
	s = isos.ReplaceAllString(s, "ISOTIME")
	s = sums.ReplaceAllString(s, "Sha256: SUM")
	s = base64s.ReplaceAllString(s, "${1}BASE64")
	s = rates.ReplaceAllString(s, "average rate R")
	s = strings.ReplaceAll(s, r.dir, "DIR")
	s = strings.ReplaceAll(s, r.host+"-"+r.port, "HOST-PORT")
	s = strings.ReplaceAll(s, r.host+":"+r.port, "HOST:PORT")
	s = pids.ReplaceAllString(s, "${1}PID")
	s = regexp.MustCompile(`Settings: \{.*`).ReplaceAllString(s, "Settings: {...}")
	s = strings.ReplaceAll(s, goVersion(), "GO")
	return strings.ReplaceAll(s, platform(), "PLATFORM")
}

// golden compares text with a file in testdata.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.MkdirAll("testdata", 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s: got\n%s\nwant\n%s", name, got, want)
	}
}

var fsOS = durable.OS{}

func mustConf(t *testing.T, r *room) *conf.Conf {
	t.Helper()
	c, _, _, err := loadConf(r.dir, ConfName)
	if err != nil {
		t.Fatal(err)
	}
	return c
}
