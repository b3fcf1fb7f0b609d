package pki

import (
	"bufio"
	"bytes"
	"crypto/x509"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func password(text string) func() (string, error) {
	return func() (string, error) { return text, nil }
}

// keyFiles returns the content of every file of the directory, so that a test can look
// for keys that lie open.
func keyFiles(t *testing.T, dir string) (all []byte) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		all = append(append(all, path...), data...)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestKeysAtRest(t *testing.T) {
	dir := newDir(t)
	running := open(t, dir, Options{})
	reg := register(t, running, "127.0.0.1", RegisterOptions{})
	admin := open(t, dir, Options{})
	if err := admin.Encrypt(t.Context(), ""); err == nil {
		t.Error("an empty password is accepted")
	}
	if err := admin.Encrypt(t.Context(), "swordfish"); err != nil {
		t.Fatal(err)
	}
	all := keyFiles(t, dir)
	cred, err := LoadPKCS12(reg.PKCS12, "")
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range []any{cred.Certificate.PrivateKey, admin.ca().key} {
		der, err := x509.MarshalPKCS8PrivateKey(key)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(all, der[100:200]) {
			t.Error("a key lies open")
		}
	}
	if bytes.Contains(all, []byte("BEGIN PRIVATE KEY")) || bytes.Contains(all, reg.PKCS12[len(reg.PKCS12)-64:]) {
		t.Error("a key or a stored file lies open")
	}
	for _, name := range []string{caFile, serverFile} {
		if _, err := openssl(t, "", "pkey", "-in", filepath.Join(dir, name), "-passin", "pass:swordfish", "-noout", "-check"); err != nil {
			t.Errorf("openssl cannot read %s: %v", name, err)
		}
	}
	for text, words := range map[string]string{"": "no password is configured", "guess": "does not fit"} {
		_, err := Open(dir, Options{Password: password(text)})
		if !errors.Is(err, ErrKeyPassword) || !strings.Contains(err.Error(), words) {
			t.Errorf("opened with %q: %v, want ErrKeyPassword with %q", text, err, words)
		}
	}
	broken := errors.New("no such credential")
	if _, err := Open(dir, Options{Password: func() (string, error) { return "", broken }}); !errors.Is(err, ErrKeyPassword) || !errors.Is(err, broken) {
		t.Errorf("password that cannot be read: %v", err)
	}

	// The server that was running goes on with the keys that it has, without a password.
	if c, s := meet(t, running, reg, ClientOptions{}); c != nil || s != nil {
		t.Errorf("running server: client %v, server %v", c, s)
	}
	if data, _, err := running.Export("127.0.0.1"); err != nil || !bytes.Equal(data, reg.PKCS12) {
		t.Errorf("export by the running server: %v", err)
	}
	second := register(t, running, "10.0.0.2", RegisterOptions{})
	if bytes.Contains(keyFiles(t, dir), second.PKCS12[len(second.PKCS12)-64:]) {
		t.Error("the file of a new client lies open")
	}
	if err := running.Encrypt(t.Context(), "other"); !errors.Is(err, ErrKeyPassword) {
		t.Errorf("password changed by who does not know it: %v", err)
	}

	// A change of the password, and its removal.
	admin = open(t, dir, Options{Password: password("swordfish")})
	if err := admin.Encrypt(t.Context(), "other fish"); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(dir, Options{Password: password("swordfish")}); !errors.Is(err, ErrKeyPassword) {
		t.Errorf("the old password still opens: %v", err)
	}
	admin = open(t, dir, Options{Password: password("other fish")})
	if data, _, err := admin.Export("10.0.0.2"); err != nil || !bytes.Equal(data, second.PKCS12) {
		t.Errorf("export after a change of the password: %v", err)
	}
	if err := admin.Decrypt(t.Context()); err != nil {
		t.Fatal(err)
	}
	plain := open(t, dir, Options{})
	if plain.Encrypted() || !plain.ca().cert.Equal(running.ca().cert) {
		t.Error("encrypted, or another CA")
	}
	for _, r := range []*Registration{reg, second} {
		if data, err := os.ReadFile(plain.pkcs12Path(r.Client)); err != nil || !bytes.Equal(data, r.PKCS12) {
			t.Errorf("stored file of %s: %v", r.Client.Host, err)
		}
	}
	if left, err := filepath.Glob(filepath.Join(dir, "*", "*"+sealedSuffix)); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// A new directory is encrypted from its first moment, and stays so over rotations.
func TestNewDirectoryWithPassword(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "pki")
	clock := newClock()
	options := Options{Password: password("swordfish"), Now: clock.now, Resolver: resolver{}}
	a := open(t, dir, options)
	old := register(t, a, "10.0.0.1", RegisterOptions{})
	if err := a.Rotate(t.Context(), time.Hour); err != nil {
		t.Fatal(err)
	}
	register(t, a, "10.0.0.2", RegisterOptions{})
	if text := keyFiles(t, dir); !a.Encrypted() || bytes.Contains(text, []byte("BEGIN PRIVATE KEY")) || bytes.Count(text, []byte("BEGIN ENCRYPTED PRIVATE KEY")) != 4 {
		t.Errorf("a key lies open, or %d are there, want 2 CAs and 2 of the server", bytes.Count(text, []byte("BEGIN ENCRYPTED PRIVATE KEY")))
	}
	if data, _, err := a.Export("10.0.0.1"); err != nil || !bytes.Equal(data, old.PKCS12) {
		t.Errorf("export of a client of the CA before: %v", err)
	}
	if err := a.Encrypt(t.Context(), "other"); err != nil {
		t.Fatal(err)
	}
	// The password that a has is not the one on disk any more.
	if err := a.Rotate(t.Context(), 0); !errors.Is(err, ErrKeyPassword) {
		t.Errorf("rotation with the earlier password: %v", err)
	}
	if err := a.RenewServer(t.Context()); !errors.Is(err, ErrKeyPassword) {
		t.Errorf("renewal with the earlier password: %v", err)
	}
	// A server without the password follows a rotation in what it trusts, and cannot sign.
	b := open(t, dir, Options{Password: password("other"), Now: clock.now})
	b.password = nil
	a.password = password("other")
	if err := a.Rotate(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	if b.CACertificate().Equal(old.Client.caOf(t, a)) || !b.CACertificate().Equal(a.CACertificate()) {
		t.Error("the rotation is not noticed")
	}
	if _, err := b.Register(t.Context(), "10.0.0.3", RegisterOptions{}); !errors.Is(err, ErrKeyPassword) {
		t.Errorf("registered without the password: %v", err)
	}
	clock.advance(2 * time.Minute)
	b.password = password("other")
	register(t, b, "10.0.0.3", RegisterOptions{})
}

// caOf returns the CA that issued c's certificate.
func (c Client) caOf(t *testing.T, a *Authority) *x509.Certificate {
	t.Helper()
	list, err := a.List()
	if err != nil {
		t.Fatal(err)
	}
	for _, now := range list {
		if now.Serial == c.Serial {
			return a.authorities().bySerial(now.Issuer).cert
		}
	}
	t.Fatal("not registered")
	return nil
}

// Every state that a crash during a change of the password can leave.
func TestCrashDuringChangeOfPassword(t *testing.T) {
	dir := newDir(t)
	a := open(t, dir, Options{})
	register(t, a, "10.0.0.1", RegisterOptions{})
	before := map[string]string{}
	names := []string{caFile, serverFile}
	for _, name := range names {
		before[name] = string(must(os.ReadFile(filepath.Join(dir, name))))
	}
	if err := a.Encrypt(t.Context(), "new"); err != nil {
		t.Fatal(err)
	}
	after := map[string]string{}
	for _, name := range names {
		after[name] = string(must(os.ReadFile(filepath.Join(dir, name))))
	}
	for _, test := range []struct {
		name    string
		staged  []string // written beside
		commit  bool
		renamed []string // have their name already
		want    string   // password that opens it
	}{
		{"first file written", names[:1], false, nil, ""},
		{"all files written", names, false, nil, ""},
		{"decided", names, true, nil, "new"},
		{"first file named", names[1:], true, names[:1], "new"},
		{"all files named", nil, true, names, "new"},
	} {
		t.Run(test.name, func(t *testing.T) {
			for _, name := range names {
				write(t, filepath.Join(dir, name), before[name])
			}
			for _, name := range test.staged {
				write(t, filepath.Join(dir, name+stagedSuffix), after[name])
			}
			for _, name := range test.renamed {
				write(t, filepath.Join(dir, name), after[name])
			}
			if test.commit {
				write(t, filepath.Join(dir, commitFile), strings.Join(names, "\n")+"\n")
			}
			got := open(t, dir, Options{Password: password(test.want)})
			if got.Encrypted() != (test.want != "") {
				t.Errorf("encrypted: %v", got.Encrypted())
			}
			if _, _, err := got.Export("10.0.0.1"); err != nil {
				t.Errorf("stored file: %v", err)
			}
			left, err := filepath.Glob(filepath.Join(dir, "*"+stagedSuffix))
			if _, serr := os.Stat(filepath.Join(dir, commitFile)); err != nil || len(left) > 0 || !errors.Is(serr, fs.ErrNotExist) {
				t.Errorf("left behind: %v, %v, %v", left, err, serr)
			}
		})
	}
	write(t, filepath.Join(dir, commitFile), "../../etc/passwd\n")
	if _, err := Open(dir, Options{}); err == nil || !strings.Contains(err.Error(), "backup") {
		t.Errorf("list with a foreign file: %v", err)
	}
}

// Whatever a process does to keys and CAs when it is killed, the directory opens
// with one of the passwords, all of it, and its clients are admitted.
func TestKilledWriterOfKeys(t *testing.T) {
	for _, mode := range []string{"rekey", "rotate"} {
		t.Run(mode, func(t *testing.T) {
			dir := newDir(t)
			a := open(t, dir, Options{})
			if mode == "rekey" {
				register(t, a, "10.0.0.1", RegisterOptions{})
			}
			for round := range 4 {
				cmd := helperCommand(t, mode, dir)
				cmd.Stderr = nil
				stdout, err := cmd.StdoutPipe()
				if err != nil {
					t.Fatal(err)
				}
				if err := cmd.Start(); err != nil {
					t.Fatal(err)
				}
				out := bufio.NewScanner(stdout)
				lines(t, out, 2+2*round)
				if err := cmd.Process.Kill(); err != nil {
					t.Fatal(err)
				}
				for out.Scan() {
				}
				if err := cmd.Wait(); err == nil {
					t.Fatal("the process ended by itself")
				}
				a := openWithOneOf(t, dir, rekeyPasswords)
				if mode == "rekey" {
					if _, _, err := a.Export("10.0.0.1"); err != nil {
						t.Errorf("stored file: %v", err)
					}
				}
				host := "client" + strings.Repeat("x", round) + ".example"
				a.resolver.(resolver)[host] = loopback
				if c, s := meet(t, a, register(t, a, host, RegisterOptions{}), ClientOptions{}); c != nil || s != nil {
					t.Errorf("new client: client %v, server %v", c, s)
				}
				if err := a.Decrypt(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

func openWithOneOf(t *testing.T, dir string, passwords []string) *Authority {
	t.Helper()
	var errs []error
	for _, text := range passwords {
		a, err := Open(dir, Options{Password: password(text), Resolver: resolver{}})
		if err == nil {
			return a
		}
		errs = append(errs, err)
	}
	t.Fatalf("no password opens it: %v", errors.Join(errs...))
	return nil
}
