package cli

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"time"

	"estream/config"
	"estream/doctor"
	"estream/encore"
	"estream/pki"
)

// TestOutputChecks tries each kind of destination, once so that it works and once so
// that it does not.
func TestOutputChecks(t *testing.T) {
	dir := t.TempDir()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	open, closed := ln.Addr().String(), "127.0.0.1:"+freePort(t)
	network := func(kind config.Kind, address string) config.Output {
		host, port, err := net.SplitHostPort(address)
		if err != nil {
			t.Fatal(err)
		}
		n, err := net.LookupPort("tcp", port)
		if err != nil {
			t.Fatal(err)
		}
		return config.Output{To: config.Destination{Kind: kind, Host: host, Port: n, Address: address, Path: "/"}}
	}
	file := func(makeDirs bool, path ...string) config.Output {
		return config.Output{To: config.Destination{Kind: config.ToFile, Path: filepath.Join(append([]string{dir}, path...)...)}, File: &config.Rotation{MakeDirs: makeDirs}}
	}
	if err := os.WriteFile(filepath.Join(dir, "there"), []byte("line\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name   string
		output config.Output
		want   string // "": no error
	}{
		{"new file", file(true, "a", "b", "events"), ""},
		{"old file", file(true, "there"), ""},
		{"directory is not made", file(false, "a", "events"), "make the directory, or remove file.make_directories"},
		{"directory is there", file(false, "events"), ""},
		{"directory is a file", file(true, "there", "events"), "there"},
		{"file is a directory", file(true, "."), "is a directory, a file is expected"},
		{"tcp", network(config.ToTCP, open), ""},
		{"tcp closed", network(config.ToTCP, closed), "port-closed"},
		{"relp over tls closed", network(config.ToRELPTLS, closed), "port-closed"},
		{"http", network(config.ToHTTP, open), ""},
		{"http closed", network(config.ToHTTP, closed), "port-closed"},
		{"udp", network(config.ToUDP, closed), ""},
		{"syslog by udp, no address", network(config.ToSyslogUDP, "no name:514"), "lookup no name"},
		{"program", config.Output{To: config.Destination{Kind: config.ToExec, Path: self}}, ""},
		{"no program", config.Output{To: config.Destination{Kind: config.ToExec, Path: filepath.Join(dir, "none")}}, "none"},
	} {
		err := outputCheck(&test.output)(t.Context())
		if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
			t.Errorf("%s: got %v, want %q", test.name, err, test.want)
		}
	}
	if outputCheck(&config.Output{To: config.Destination{Kind: config.ToStdout}}) != nil {
		t.Error("standard output is tried")
	}
	if text, err := os.ReadFile(filepath.Join(dir, "there")); err != nil || string(text) != "line\n" {
		t.Errorf("the check left %q, %v in the file", text, err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 1 {
		t.Errorf("the checks left %v, %v", left, err)
	}
}

// TestHTTPAddress: behind a proxy it is the proxy that must be reached, and its
// password is in no error.
func TestHTTPAddress(t *testing.T) {
	to := &config.Destination{Kind: config.ToHTTPS, Host: "siem.example", Port: 443, Address: "siem.example:443", Path: "/in"}
	for proxy, want := range map[string]string{
		"":                             "siem.example:443",
		"http://user:word@proxy:3128":  "proxy:3128",
		"http://proxy":                 "proxy:80",
		"https://proxy":                "proxy:443",
		"socks5://[2001:db8::1]":       "[2001:db8::1]:1080",
		"http://user:word@proxy:wrong": "",
	} {
		got, err := httpAddress(to, func(r *http.Request) (*url.URL, error) {
			if r.URL.String() != "https://siem.example/in" {
				t.Errorf("asked for %s", r.URL)
			}
			if proxy == "" {
				return nil, nil
			}
			return url.Parse(proxy)
		})
		if got != want || (err != nil) != (want == "") || err != nil && strings.Contains(err.Error(), "word") {
			t.Errorf("proxy %q: got %q, %v, want %q", proxy, got, err, want)
		}
	}
}

func TestJournalNeed(t *testing.T) {
	c := &config.Config{State: t.TempDir(), Journal: config.Journal{RetainSize: 1000}}
	if got := journalNeed(c); got != 1000 {
		t.Errorf("without a journal: got %d, want 1000", got)
	}
	if err := os.MkdirAll(filepath.Join(c.State, "journal", "below"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"1.seg", "below/2"} {
		if err := os.WriteFile(filepath.Join(c.State, "journal", name), make([]byte, 300), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if got := journalNeed(c); got != 400 {
		t.Errorf("with 600 bytes: got %d, want 400", got)
	}
	for _, size := range []config.Size{0, 500} { // none; less than there is
		if c.Journal.RetainSize = size; journalNeed(c) != 0 {
			t.Errorf("retain_size %v: got %d, want 0", size, journalNeed(c))
		}
	}
}

// TestRunningService: what the service says becomes what the doctor judges by. Late
// and quiet is what the service calls so.
func TestRunningService(t *testing.T) {
	const page = `{"version": "x", "sources": [
		{"name": "a", "last_received": "2026-01-02T03:04:05Z", "last_event": "2026-01-02T01:00:00Z"},
		{"name": "b", "last_received": "2026-01-02T03:04:05Z", "last_event": "2020-01-01T00:00:00Z"},
		{"name": "c"}],
	"outputs": [{"name": "o", "behind_seconds": 90.5, "error": "refused"}],
	"alarms": [{"alarm": "source_behind", "subject": "a", "text": "late"}, {"alarm": "device_quiet", "subject": "ftd1", "text": "since 2h"}]}`
	running := new(runningService)
	if err := json.Unmarshal([]byte(page), running); err != nil {
		t.Fatal(err)
	}
	received := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for name, want := range map[string]*doctor.Status{
		"a": {LastReceived: received, LastArchive: time.Date(2026, 1, 2, 1, 0, 0, 0, time.UTC)},
		"b": {LastReceived: received}, // old events were asked for; that is no delay
		"c": nil,
		"d": nil,
	} {
		if got := running.source(name); !reflect.DeepEqual(got, want) {
			t.Errorf("source %s: got %+v, want %+v", name, got, want)
		}
	}
	want := &doctor.Status{
		Outputs: []doctor.OutputStatus{{Name: "o", Lag: 90500 * time.Millisecond, Err: "refused"}},
		Silent:  []string{"device ftd1 (since 2h)"},
	}
	if got := running.machine(); !reflect.DeepEqual(got, want) {
		t.Errorf("machine: got %+v, want %+v", got, want)
	}
}

// TestCreateWhole: a bundle is for its owner alone, and half of one is never there.
func TestCreateWhole(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "bundle")
	if err := os.WriteFile(name, []byte("old"), 0o644); err != nil {
		t.Fatal(err)
	}
	broken := errors.New("broken")
	err := createWhole(name, func(w io.Writer) error {
		_, err := io.WriteString(w, "half")
		return errors.Join(err, broken)
	})
	if text, rerr := os.ReadFile(name); !errors.Is(err, broken) || string(text) != "old" || rerr != nil {
		t.Errorf("after %v there is %q, %v", err, text, rerr)
	}
	if err := createWhole(name, func(w io.Writer) error { _, err := io.WriteString(w, "new"); return err }); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(name)
	if err != nil {
		t.Fatal(err)
	}
	if runtime.GOOS != "windows" && info.Mode() != 0o600 || info.Size() != 3 {
		t.Errorf("got mode %v, %d bytes", info.Mode(), info.Size())
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 1 {
		t.Errorf("left: %v, %v", left, err)
	}
}

// TestBundleSecrets: what a configuration keeps elsewhere is looked for, and what
// could not be read is said.
func TestBundleSecrets(t *testing.T) {
	word := filepath.Join(t.TempDir(), "word")
	if err := os.WriteFile(word, []byte("letmein\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	have, none := config.Secret{File: word}, config.Secret{File: word + ".none"}
	x := &checkup{env: &env{}, flags: &doctorFlags{}}
	x.gather(&config.Config{
		Sources: []config.Source{{Name: "fmc", Port: 8302, Password: none}},
		Outputs: []config.Output{{Name: "siem", HTTP: &config.Batches{User: "joe", Password: have, SecretHeaders: map[string]config.Secret{"X-Key": have}}}},
	})
	if want := []string{"letmein", "joe:letmein", "letmein"}; !reflect.DeepEqual(x.secrets, want) {
		t.Errorf("got %q, want %q", x.secrets, want)
	}
	if want := []string{"password of source fmc"}; !reflect.DeepEqual(x.unread, want) {
		t.Errorf("not read: got %q, want %q", x.unread, want)
	}
	if want := []uint16{8302}; !reflect.DeepEqual(x.ports, want) {
		t.Errorf("ports: got %v, want %v", x.ports, want)
	}
}

// TestProbeStops: an answer that never comes does not outlive the context.
func TestProbeStops(t *testing.T) {
	var out strings.Builder
	ctx, cancel := context.WithCancel(t.Context())
	p := &probe{w: &out}
	p.test(ctx, &probeTarget{
		Probe: encore.Probe{
			Addr: "127.0.0.1:1", Network: "tcp", ConnectTimeout: time.Hour, AnswerTimeout: time.Hour,
			Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
				cancel()
				<-ctx.Done()
				return nil, ctx.Err()
			},
		},
		credentials: func() (*pki.Credentials, error) { return &pki.Credentials{CAs: x509.NewCertPool()}, nil },
		tls:         func(*pki.Credentials) (*tls.Config, error) { return new(tls.Config), nil },
	})
	if p.bad != 1 || !strings.HasSuffix(out.String(), "ERROR    EncoreException: stopped before the end\n") {
		t.Errorf("%d bad:\n%s", p.bad, out.String())
	}
}
