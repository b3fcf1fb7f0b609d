package foreign

import (
	"bufio"
	"bytes"
	"context"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"estream/internal/recordtest"
	"estream/internal/syncbuf"
	"estream/journal"
	"estream/layouts"
	"estream/pki"
	"estream/server"
	"estream/session"
	"estream/source"
	"estream/synth"
	"estream/wire"
)

// An identity is an authority and one client's credentials as files. Making keys
// takes seconds, so all tests share one.
type identity struct {
	authority *pki.Authority
	cert, key string
}

var (
	identityDir  string // of TestMain
	theIdentity  identity
	identityOnce sync.Once
)

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "foreign")
	if err != nil {
		panic(err)
	}
	identityDir = dir
	code := m.Run()
	if err := os.RemoveAll(dir); err != nil {
		panic(err)
	}
	os.Exit(code)
}

func credentials(t *testing.T) identity {
	identityOnce.Do(func() {
		authority, err := pki.Open(filepath.Join(identityDir, "pki"), pki.Options{})
		if err != nil {
			t.Fatal(err)
		}
		registration, err := authority.Register(t.Context(), "127.0.0.1", pki.RegisterOptions{})
		if err != nil {
			t.Fatal(err)
		}
		c, err := pki.LoadPKCS12(registration.PKCS12, "")
		if err != nil {
			t.Fatal(err)
		}
		key, err := x509.MarshalPKCS8PrivateKey(c.Certificate.PrivateKey)
		if err != nil {
			t.Fatal(err)
		}
		write := func(name, kind string, der []byte) string {
			path := filepath.Join(identityDir, name)
			if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
				t.Fatal(err)
			}
			return path
		}
		theIdentity = identity{authority, write("client.crt", "CERTIFICATE", c.Leaf.Raw), write("client.key", "PRIVATE KEY", key)}
	})
	if theIdentity.authority == nil {
		t.Fatal("the test that made the credentials has failed")
	}
	return theIdentity
}

// stream makes count records behind their metadata, the same ones each time.
func stream(t *testing.T, count int) (data []byte, messages int) {
	g, err := synth.New(layouts.Default(), synth.Options{Seed: 49, EventsPerSecond: 100})
	if err != nil {
		t.Fatal(err)
	}
	messages = g.Metadata() + count
	for range messages {
		data = g.Append(data)
	}
	return data, messages
}

// keepAlive is short: after three in a row a client knows that it got less than it
// waits for.
const keepAlive = 3 * time.Second

// A running server has the stream in its journal.
type running struct {
	identity
	addr *net.TCPAddr
	core *server.Server
	log  *syncbuf.Buffer
}

// start runs a server on loopback until the test ends. change is applied to it
// before.
func start(t *testing.T, data []byte, messages int, change func(*server.Server)) *running {
	id := credentials(t)
	set := layouts.Default()
	j, err := source.OpenJournal(t.Context(), filepath.Join(t.TempDir(), "journal"), set, journal.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := j.Close(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	})
	for len(data) > 0 {
		n := min(200, messages)
		part, err := source.First(data, n)
		if err != nil {
			t.Fatal(err)
		}
		b := source.Batch{Data: part, Count: n}
		for m := range recordtest.Split(t, part) {
			h, _ := wire.PeekRecord(m)
			if b.MinArchive == 0 || h.ArchiveTimestamp < b.MinArchive {
				b.MinArchive = h.ArchiveTimestamp
			}
			b.MaxArchive = max(b.MaxArchive, h.ArchiveTimestamp)
		}
		if err := j.AppendFrom(t.Context(), 1, b); err != nil {
			t.Fatal(err)
		}
		data, messages = data[len(part):], messages-n
	}
	if err := j.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
	r := &running{identity: id, log: new(syncbuf.Buffer)}
	r.core = &server.Server{Authority: id.authority, Journal: j, Log: r.log.Logger()}
	if change != nil {
		change(r.core)
	}
	r.core.Session.KeepAlive = keepAlive
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r.addr = ln.Addr().(*net.TCPAddr)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- r.core.Serve(ctx, ln) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		if t.Failed() {
			t.Logf("the server's log:\n%s", r.log.String())
		}
	})
	return r
}

// A line is what a client prints about a record, or at the end about its session.
type line map[string]any

func (l line) number(key string) uint64 {
	n, _ := l[key].(json.Number)
	v, _ := strconv.ParseUint(n.String(), 10, 64)
	return v
}

// python runs a client to its end, and returns what it printed about records and
// about its session.
func (r *running) python(t *testing.T, client string, args ...string) (records []line, end line) {
	t.Helper()
	records, end, stderr, err := r.try(t, client, args...)
	if err != nil {
		t.Fatalf("%s: %v after %d records\n%s", client, err, len(records), stderr)
	}
	return records, end
}

func (r *running) try(t *testing.T, client string, args ...string) (records []line, end line, stderr string, err error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "python3", append([]string{
		"-B", filepath.Join("testdata", client), "--host", r.addr.IP.String(), "--port", strconv.Itoa(r.addr.Port), "--cert", r.cert, "--key", r.key,
	}, args...)...)
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	var missing *exec.Error
	if errors.As(err, &missing) {
		t.Fatalf("%v: install Python 3 (make test does)", err)
	}
	scanner := bufio.NewScanner(bytes.NewReader(out))
	scanner.Buffer(nil, 1<<20)
	for scanner.Scan() {
		d := json.NewDecoder(strings.NewReader(scanner.Text()))
		d.UseNumber()
		var l line
		if jerr := d.Decode(&l); jerr != nil {
			t.Fatalf("%s printed %q: %v", client, scanner.Text(), jerr)
		}
		if _, ok := l["record"]; ok {
			records = append(records, l)
		} else {
			end = l
		}
	}
	return records, end, errs.String(), err
}

// inStart is a second inside the stream.
const inStart = synth.DefaultStart + 5

// withBundles runs a test in single messages and in bundles.
func withBundles(t *testing.T, f func(t *testing.T, cfg session.ServerConfig)) {
	t.Run("single messages", func(t *testing.T) { f(t, session.ServerConfig{}) })
	t.Run("bundles", func(t *testing.T) { f(t, session.ServerConfig{BundleMessages: 50}) })
}
