package pki

import (
	"bufio"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
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
const helperEnv = "ESTREAM_PKI_HELPER"

func TestMain(m *testing.M) {
	if mode := os.Getenv(helperEnv); mode != "" {
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
	}
	return errors.New("unknown mode " + mode)
}

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
	cmd.Env = append(os.Environ(), helperEnv+"="+mode)
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
			_, template.err = Open(template.dir, Options{})
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
var testKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

// signed returns a client certificate for cn by a's CA, altered by change.
func signed(t testing.TB, a *Authority, cn string, change func(*x509.Certificate)) *keyPair {
	t.Helper()
	return signedBy(t, a, a.ca, cn, change)
}

func signedBy(t testing.TB, a *Authority, by *keyPair, cn string, change func(*x509.Certificate)) *keyPair {
	t.Helper()
	tmpl, err := a.template(cn, time.Hour)
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
