package pki

import (
	"bufio"
	"context"
	"crypto"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// The test binary is its own second process: with helperEnv set it does what
// "estream client add" in another process does.
const (
	helperEnv  = "ESTREAM_PKI_HELPER"
	helperKeys = "ESTREAM_PKI_HELPER_KEYS" // file with the keys of keyStock
)

func TestMain(m *testing.M) {
	newKey, keyIterations, modernIterations, legacyIterations = stockKey, 1000, 10, 10
	if mode := os.Getenv(helperEnv); mode != "" {
		if err := loadStock(os.Getenv(helperKeys)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		if err := helper(mode, os.Args[1:]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	code := m.Run()
	if template.dir != "" {
		os.RemoveAll(template.dir)
	}
	os.Exit(code)
}

// generateKey is what newKey is outside of tests.
var generateKey = newKey

// keyStock are keys that tests share, because each takes a good part of a second: the
// first for the CA of newDir, three for other CAs, which must differ from it and from
// the CAs before and after, and two for all other certificates.
var keyStock struct {
	sync.Mutex
	keys  [6]crypto.Signer
	used  map[bool]int // number of keys handed out, by whether they are for CAs
	first bool         // the next CA is that of newDir
}

func stockKey(bits int) (crypto.Signer, error) {
	keyStock.Lock()
	defer keyStock.Unlock()
	if keyStock.used == nil {
		keyStock.used = make(map[bool]int)
	}
	ca := bits == caKeyBits
	i := 1 + keyStock.used[ca]%3
	switch {
	case !ca:
		i = 4 + keyStock.used[ca]%2
	case keyStock.first:
		i = 0
	}
	keyStock.used[ca]++
	var err error
	if keyStock.keys[i] == nil {
		keyStock.keys[i], err = generateKey(2048)
	}
	return keyStock.keys[i], err
}

// saveStock writes keyStock to a file for other processes.
func saveStock(t *testing.T) string {
	t.Helper()
	for _, bits := range []int{caKeyBits, caKeyBits, caKeyBits, leafKeyBits, leafKeyBits} {
		if _, err := stockKey(bits); err != nil {
			t.Fatal(err)
		}
	}
	var text []byte
	for _, key := range keyStock.keys[1:] {
		text = append(text, pem.EncodeToMemory(must(sealKey(key, "")))...)
	}
	path := filepath.Join(t.TempDir(), "keys.pem")
	write(t, path, string(text))
	return path
}

func loadStock(path string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	for i := 1; i < len(keyStock.keys) && err == nil; i++ {
		var block *pem.Block
		if block, text = pem.Decode(text); block == nil {
			return fmt.Errorf("%s: %d keys", path, i-1)
		}
		keyStock.keys[i], err = parseKey(block.Bytes)
	}
	return err
}

// ca is the current CA.
func (a *Authority) ca() *keyPair { return a.authorities().current().pair() }

// helper prints a line for each change that is on disk.
func helper(mode string, args []string) error {
	a, err := Open(args[0], Options{Resolver: resolver{}})
	if err != nil {
		return err
	}
	ctx := context.Background()
	switch mode {
	case "register":
		for _, host := range args[1:] {
			if _, err := a.Register(ctx, host, RegisterOptions{}); err != nil {
				return err
			}
			fmt.Println(host)
		}
		return nil
	case "remove":
		_, err := a.Remove(ctx, args[1])
		return err
	case "churn":
		n, err := strconv.Atoi(args[2])
		if err != nil {
			return err
		}
		for i := range n {
			host, err := churn(a, args[1], i)
			if err != nil {
				return err
			}
			fmt.Println(host)
		}
		return nil
	case "rotate":
		return repeat(func() error { return a.Rotate(ctx, 0) }, func() error { return a.Rotate(ctx, time.Hour) }, retire(a))
	case "rekey":
		return rekeyForever(ctx, a)
	}
	return errors.New("unknown mode " + mode)
}

// repeat runs steps in turn until one fails, and prints a line for each.
func repeat(steps ...func() error) error {
	for n := 0; ; n++ {
		if err := steps[n%len(steps)](); err != nil {
			return err
		}
		fmt.Println("step", n)
	}
}

func retire(a *Authority) func() error {
	return func() error {
		_, err := a.Retire(context.Background())
		return err
	}
}

// rekeyForever changes the password between the passwords of rekeyPasswords.
func rekeyForever(ctx context.Context, a *Authority) error {
	var now string
	a.password = func() (string, error) { return now, nil }
	set := func(text string) func() error {
		return func() error {
			var err error
			if text == "" {
				err = a.Decrypt(ctx)
			} else {
				err = a.Encrypt(ctx, text)
			}
			now = text
			return err
		}
	}
	var steps []func() error
	for _, text := range rekeyPasswords {
		steps = append(steps, set(text))
	}
	return repeat(steps...)
}

var rekeyPasswords = []string{"first", "second", ""}

// churn adds a registration without a certificate: the writing alone.
func churn(a *Authority, prefix string, i int) (host string, err error) {
	c, err := entry(fmt.Sprintf("%s-%d.example", prefix, i))
	if err != nil {
		return "", err
	}
	return c.Host, a.update(context.Background(), func(r *registry) ([]Client, error) {
		return append(r.clients, c), nil
	})
}

func helperCommand(t *testing.T, mode string, args ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self, args...)
	// The race detector would have each process sleep for a second at its end.
	cmd.Env = append(os.Environ(), helperEnv+"="+mode, helperKeys+"="+saveStock(t), "GORACE=atexit_sleep_ms=0")
	cmd.Stderr = os.Stderr
	return cmd
}

// entry returns a registration without certificate.
func entry(host string) (Client, error) {
	serial, err := newSerial()
	now := time.Now().UTC().Truncate(time.Second)
	return Client{Host: host, CN: host, Serial: formatSerial(serial), Created: now, NotAfter: now.Add(time.Hour)}, err
}

// template is a directory with a CA, made once, because a CA takes a second.
var template struct {
	sync.Once
	dir string
	err error
}

// newDir returns a directory of its own for a test, with CA and without clients.
func newDir(t testing.TB) string {
	t.Helper()
	template.Do(func() {
		if template.dir, template.err = os.MkdirTemp("", "pki-test-"); template.err == nil {
			keyStock.first = true
			_, template.err = Open(template.dir, Options{})
			keyStock.first = false
		}
	})
	if template.err != nil {
		t.Fatal(template.err)
	}
	dir := t.TempDir()
	err := filepath.WalkDir(template.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(dir, d.Name()), data, 0o600)
	})
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// loopback is where the clients of tests come from.
var loopback = []netip.Addr{netip.MustParseAddr("127.0.0.1")}

func open(t testing.TB, dir string, opts Options) *Authority {
	t.Helper()
	if opts.Resolver == nil {
		opts.Resolver = resolver{}
	}
	a, err := Open(dir, opts)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func register(t testing.TB, a *Authority, host string, opts RegisterOptions) *Registration {
	t.Helper()
	r, err := a.Register(context.Background(), host, opts)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func newLogger(w io.Writer) *slog.Logger { return slog.New(slog.NewTextHandler(w, nil)) }

// resolver answers from a table, and nothing else reaches the network.
type resolver map[string][]netip.Addr

func (r resolver) LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	addrs, ok := r[host]
	if !ok {
		return nil, fmt.Errorf("no such host %s in the table", host)
	}
	return append([]netip.Addr(nil), addrs...), nil
}

// testKey is the key of all certificates that tests sign themselves.
var testKey = sync.OnceValue(func() crypto.Signer {
	key, err := generateKey(2048)
	if err != nil {
		panic(err)
	}
	return key
})

// signed returns a client certificate for cn by a's CA, altered by change.
func signed(t testing.TB, a *Authority, cn string, change func(*x509.Certificate)) *keyPair {
	t.Helper()
	return signedBy(t, a, a.ca(), cn, change)
}

func signedBy(t testing.TB, a *Authority, by *keyPair, cn string, change func(*x509.Certificate)) *keyPair {
	t.Helper()
	tmpl, err := a.template(cn, time.Hour, a.cas.current())
	if err != nil {
		t.Fatal(err)
	}
	tmpl.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	if change != nil {
		change(tmpl)
	}
	pair, err := sign(tmpl, testKey(), by)
	if err != nil {
		t.Fatal(err)
	}
	return pair
}

// enter registers pair's serial for host.
func enter(t testing.TB, a *Authority, pair *keyPair, host, cn string) Client {
	t.Helper()
	c, err := entry(host)
	if err != nil {
		t.Fatal(err)
	}
	c.CN, c.Serial = cn, formatSerial(pair.cert.SerialNumber)
	err = a.update(context.Background(), func(r *registry) ([]Client, error) {
		return append(append([]Client(nil), r.clients...), c), nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// openssl runs the openssl command and returns its standard output.
func openssl(t testing.TB, stdin string, args ...string) (string, error) {
	t.Helper()
	stdout, _, err := opensslOutputs(t, stdin, args...)
	return stdout, err
}

// opensslOutputs returns both outputs. A missing command fails the test: what old
// clients can read is not to go untested.
func opensslOutputs(t testing.TB, stdin string, args ...string) (stdout, stderr string, err error) {
	t.Helper()
	path, err := exec.LookPath("openssl")
	if err != nil {
		t.Fatal("the openssl command is needed for this test: ", err)
	}
	cmd := exec.Command(path, args...)
	cmd.Stdin = strings.NewReader(stdin)
	var out, errs strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err = cmd.Run(); err != nil {
		err = fmt.Errorf("openssl %s: %w\n%s", strings.Join(args, " "), err, errs.String())
	}
	return out.String(), errs.String(), err
}

// lines returns the next n lines of s.
func lines(t *testing.T, s *bufio.Scanner, n int) []string {
	t.Helper()
	var out []string
	for len(out) < n && s.Scan() {
		out = append(out, s.Text())
	}
	if len(out) < n {
		t.Fatalf("got %d lines, want %d: %v", len(out), n, s.Err())
	}
	return out
}

// write replaces a file in a test's directory at once, as an editor would.
func write(t testing.TB, path, text string) {
	t.Helper()
	if err := writeFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
