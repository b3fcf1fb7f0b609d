package encore

import (
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"estream/encore/conf"
	"estream/estreamtest"
)

func TestBookmarkText(t *testing.T) {
	for text, want := range map[string]uint32{
		`{"1": 1591210950}`: 1591210950, `{"1":1}`: 1, "{\"1\": 7}\n": 7,
		`{"1": 1591210950.25}`: 0, `{"1": "5"}`: 0, `{"1": -1}`: 0, `{"1": 4294967295}`: 0, `{"2": 5}`: 0, `[1]`: 0, ``: 0, `{"1": 99999999999}`: 0,
	} {
		if got := parseBookmark([]byte(text)); got != want {
			t.Errorf("%s: %d, want %d", text, got, want)
		}
	}
	if got := string(bookmarkText(1591210950)); got != `{"1": 1591210950}` {
		t.Errorf("%s", got)
	}
}

// TestBookmarkOwner: what we wrote is ours, also when the second file is one behind;
// what somebody else wrote is not.
func TestBookmarkOwner(t *testing.T) {
	dir := t.TempDir()
	b := &bookmark{fsys: fsOS, path: filepath.Join(dir, "b"), marks: filepath.Join(dir, "m")}
	if ours, err := b.ours(0); ours || err != nil {
		t.Errorf("nothing written: %v, %v", ours, err)
	}
	for _, second := range []uint32{5, 9, 7} {
		if err := b.advance(second); err != nil {
			t.Fatal(err)
		}
	}
	if got, exists, err := b.load(); got != 9 || !exists || err != nil {
		t.Errorf("%d, %v, %v; it only grows", got, exists, err)
	}
	for second, want := range map[uint32]bool{9: true, 5: true, 7: false, 0: false} {
		if ours, err := b.ours(second); ours != want || err != nil {
			t.Errorf("%d: ours %v, %v", second, ours, err)
		}
	}
	if err := os.WriteFile(b.marks, []byte("{}"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := b.ours(9); err == nil {
		t.Error("a file of another version is accepted")
	}
}

func TestStatusFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "status")
	if got := readStatus(fsOS, path); got != StateStopped.json() {
		t.Errorf("no file: %v", got)
	}
	for _, s := range []State{StateError, StateStopped, StateRunning, StateStarting, StateStopping} {
		if err := writeStatus(fsOS, path, s); err != nil {
			t.Fatal(err)
		}
		if got := readStatus(fsOS, path); got != s.json() {
			t.Errorf("%v: %v", s, got)
		}
	}
	if data, err := os.ReadFile(path); err != nil || string(data) != `{"state": {"id": 3, "description": "Stopping"}}` {
		t.Errorf("%s, %v", data, err)
	}
	if err := os.WriteFile(path, []byte(`{"state": 5}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := readStatus(fsOS, path); got != StateStopped.json() {
		t.Errorf("damaged file: %v", got)
	}
}

// TestKeys: the pair in each form in which it may lie there.
func TestKeys(t *testing.T) {
	center := estreamtest.Start(t)
	r := newRoom(t, center, "estreamer-3.5.4.conf", nil)
	f := FilesFor(r.dir, mustConf(t, r))
	k := &keys{fsOS, &f}
	if err := k.split("wrong"); !errors.Is(err, ErrPassword) || !strings.HasPrefix(err.Error(), "Unable to process pkcs12 file. Possibly a password problem") || k.cached() {
		t.Fatalf("wrong password: %v", err)
	}
	if err := k.split("secret"); err != nil || !k.cached() {
		t.Fatal(err)
	}
	cred, err := k.load()
	if err != nil || cred.CAs == nil {
		t.Fatalf("%v; the server could be verified", err)
	}
	if !strings.HasPrefix(r.read(r.own("pkcs.key")), "-----BEGIN PRIVATE KEY-----\n") {
		t.Error("the key is not in PKCS#8 form")
	}
	// What openssl writes has text around it, and older forms of keys.
	older := pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: olderKey(t, cred.Certificate.PrivateKey)})
	r.write(r.own("pkcs.key"), "Bag Attributes\n    localKeyID: 01\nKey Attributes: <No Attributes>\n"+string(older))
	r.write(r.own("pkcs.cert"), "Bag Attributes\nsubject=CN = x\n"+r.read(r.own("pkcs.cert")))
	if err := os.Remove(f.ca()); err != nil {
		t.Fatal(err)
	}
	if cred, err := k.load(); err != nil || cred.CAs != nil {
		t.Errorf("as eNcore and openssl leave it: %v", err)
	}
	for _, version := range []string{"1.0", "1.2", "1.3"} {
		if _, err := k.tlsConfig(cred, version); err != nil {
			t.Errorf("TLS %s: %v", version, err)
		}
	}
	foreign, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	r.write(r.own("pkcs.key"), string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(foreign)})))
	if _, err := k.load(); err == nil || !strings.Contains(err.Error(), "does not belong to") {
		t.Errorf("a foreign key: %v", err)
	}
	if err := k.clear(); err != nil || k.cached() {
		t.Errorf("%v", err)
	}
}

func olderKey(t *testing.T, key any) []byte {
	t.Helper()
	k, ok := key.(*ecdsa.PrivateKey)
	if !ok {
		t.Fatalf("found a %T", key)
	}
	der, err := x509.MarshalECPrivateKey(k)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

// TestPassword: without anybody to ask the message says where to type it; the blank
// one is tried first, and the one in the configuration is not asked for.
func TestPassword(t *testing.T) {
	center := estreamtest.Start(t)
	r := newRoom(t, center, "estreamer-3.5.4.conf", nil)
	if err := r.client("").Run(t.Context()); err == nil || !strings.Contains(err.Error(), "run test or foreground once") {
		t.Errorf("%v", err)
	}
	f := FilesFor(r.dir, mustConf(t, r))
	k := &keys{fsOS, &f}
	if err := k.ask(t.Context(), "secret", r.terminal("")); err != nil {
		t.Errorf("in the configuration: %v", err)
	}
	p12, err := center.PKCS12("")
	if err != nil {
		t.Fatal(err)
	}
	r.write("client.pkcs12", string(p12))
	if err := k.ask(t.Context(), "", r.terminal("")); err != nil {
		t.Errorf("none needed: %v", err)
	}
}

func TestLogFormat(t *testing.T) {
	at := time.Date(2023, 10, 9, 8, 7, 6, 54321000, time.UTC)
	e := &entry{at: at, name: "Monitor", level: slog.LevelInfo, message: "text"}
	for format, want := range map[string]string{
		conf.DefaultFormat:                       "2023-10-09 08:07:06,054 Monitor      INFO     text",
		"%(levelname)s:%(name)s:%(message)s":     "INFO:Monitor:text",
		"%(levelno)03d %(created).3f 100%%":      "020 1696838826.054 100%",
		"%(name).3s|%(name)10.3s|%(levelno)-4d|": "Mon|       Mon|20  |",
		"%(msecs)d %(levelno)+d %(levelno)s":     "54 +20 20",
		"plain":                                  "plain",
	} {
		f, err := compileFormat(format)
		if err != nil {
			t.Errorf("%s: %v", format, err)
			continue
		}
		if got := string(f.append(nil, e)); got != want {
			t.Errorf("%s: %q, want %q", format, got, want)
		}
	}
	for _, format := range []string{"%s", "%(name)", "%(name", "%(nobody)s", "%(name)x", "%(name)99999s", "%(name)99999999999999999999s", "%", "%(name)."} {
		if _, err := compileFormat(format); err == nil {
			t.Errorf("%s is accepted", format)
		}
	}
	for level, want := range map[slog.Level]string{levelFatal: "CRITICAL", slog.LevelError: "ERROR", slog.LevelWarn: "WARNING", slog.LevelDebug: "DEBUG", levelVerbose: "Level 5", levelTrace: "Level 1"} {
		if got, _ := pythonLevel(level); got != want {
			t.Errorf("level %d: %s, want %s", level, got, want)
		}
	}
	for _, name := range []string{"FATAL", "ERROR", "WARNING", "INFO", "DEBUG"} {
		if got, _ := pythonLevel(levelOf(name)); got != strings.ReplaceAll(name, "FATAL", "CRITICAL") {
			t.Errorf("%s: %s", name, got)
		}
	}
}

// broken fails as long as it is told to.
type broken struct {
	fail bool
	text strings.Builder
}

func (b *broken) Write(p []byte) (int, error) {
	if b.fail {
		return 0, errors.New("disk full")
	}
	return b.text.Write(p)
}

// TestLogLines: one line for each entry, whatever is in it, and a count of those that
// were lost.
func TestLogLines(t *testing.T) {
	w := &broken{}
	f, err := compileFormat("%(name)s %(message)s")
	if err != nil {
		t.Fatal(err)
	}
	log := (&logSink{format: f, to: nil, level: slog.LevelInfo}).logger()
	sink := log.Handler().(*logHandler).sink
	sink.to = append(sink.to, w)
	named(log, "A").Info("two\nlines\x1b[0m", "error", errors.New("a b"), "n", 5, slog.Group("g", "k", "v"))
	log.WithGroup("h").With("k", 1).Info("m", "k2", "")
	log.Debug("not shown")
	w.fail = true
	log.Info("lost")
	log.Info("lost, too")
	w.fail = false
	log.Info("back")
	want := "A two\\nlines\\x1b[0m error=\"a b\" n=5 g.k=v\nController m h.k=1 h.k2=\"\"\nController 2 log lines could not be written\nController back\n"
	if got := w.text.String(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestDestinations(t *testing.T) {
	for uri, want := range map[string]string{
		"udp://h:514":            "udp h 514  ",
		"TCP://[::1]:5":          "tcp ::1 5  ",
		"scp://u@h/a/b{0}":       "scp h 22 u /a/b{0}",
		"scp://u:pw@h:2222/:rel": "scp h 2222 u /:rel",
		"relfile:///a b{0}.json": "relfile  0  ",
		"stdout://":              "stdout  0  ",
		"anything://else":        "anything  0  ",
		"udp://h":                "UdpStream must have an integer port specified.",
		"udp://:514":             "UdpStream must have a host specified.",
		"udp://{host}:{port}":    "UdpStream must have an integer port specified.",
		"tcp://h:x":              "TcpStream must have an integer port specified.",
		"tcp://:5":               "TcpStream must have a host specified.",
		"tcp://h:0":              "TcpStream must have an integer port specified.",
		"data.json":              `has no "//"`,
		"":                       `has no "//"`,
	} {
		d, err := parseDestination(conf.Output{URI: uri}, "/dir", nil)
		got := strings.Join([]string{d.Scheme, d.Host, strconv.Itoa(d.Port), d.User, d.Path}, " ")
		if err != nil {
			got = err.Error()
		}
		if got != want && (err == nil || !strings.Contains(got, want)) {
			t.Errorf("%s: %s, want %s", uri, got, want)
		}
	}
	a, b := conf.Output{Adapter: "json", URI: "x://y"}, conf.Output{Adapter: "json", URI: "x://z"}
	if cursorName(&a) == cursorName(&b) {
		t.Error("two destinations share a position")
	}
}
