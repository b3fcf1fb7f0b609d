package pki

import (
	"bytes"
	"context"
	"crypto/rsa"
	"crypto/x509"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"estream/internal/durable"
)

func TestOpenCreatesAndKeeps(t *testing.T) {
	newKey = generateKey // the sizes of real ones are looked at
	defer func() { newKey = stockKey }()
	dir := filepath.Join(t.TempDir(), "var", "pki")
	first := open(t, dir, Options{})
	modes := map[string]os.FileMode{
		".": 0o700, "clients": 0o700, "ca.pem": 0o600, "ca.crt": 0o644, "server.pem": 0o600, "clients.json": 0o600, "lock": 0o600,
	}
	for name, want := range modes {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if got := info.Mode().Perm(); runtime.GOOS != "windows" && got != want {
			t.Errorf("%s has mode %#o, want %#o", name, got, want)
		}
	}
	for cert, want := range map[*x509.Certificate]int{first.CACertificate(): 3072, first.server.Leaf: 2048} {
		if key, ok := cert.PublicKey.(*rsa.PublicKey); !ok || key.N.BitLen() != want {
			t.Errorf("%s has a key %T, want RSA of %d bits", cert.Subject, cert.PublicKey, want)
		}
	}
	second := open(t, dir, Options{})
	if !first.ca().cert.Equal(second.ca().cert) {
		t.Error("a second start made a new CA")
	}
	if !first.server.Leaf.Equal(second.server.Leaf) {
		t.Error("a second start made a new server certificate")
	}
	if out, err := openssl(t, "", "verify", "-CAfile", filepath.Join(dir, "ca.crt"), "-purpose", "sslserver", filepath.Join(dir, "server.pem")); err != nil {
		t.Errorf("openssl does not accept the server certificate: %v %s", err, out)
	}
}

func TestOpenRefusesLossAndDamage(t *testing.T) {
	client := `{"host":"10.0.0.1","cn":"10.0.0.1","serial":"40000000000000000000000000000001","created":"2026-01-01T00:00:00Z","not_after":"2036-01-01T00:00:00Z"}`
	tests := []struct {
		name, file, content string // content "" deletes
		want                []string
	}{
		{"registry lost", "clients.json", "", []string{"clients.json is missing", "backup"}},
		{"registry cut", "clients.json", `{"version":1,"clients":[`, []string{"clients.json", "backup"}},
		{"registry of the future", "clients.json", `{"version":3,"people":[]}`, []string{"version 3", "reads version 1 to 2"}},
		{"registry without version", "clients.json", `{}`, []string{"version 0"}},
		{"unknown key", "clients.json", `{"version":1,"clients":[{"host":"a","revokd":"x"}]}`, []string{"revokd"}},
		{"text after registry", "clients.json", `{"version":1,"clients":[]}{}`, nil},
		{"same host twice", "clients.json", `{"version":1,"clients":[` + client + `,` + strings.Replace(client, "01\"", "02\"", 1) + `]}`, []string{"client 2", "registered twice"}},
		{"same serial twice", "clients.json", `{"version":1,"clients":[` + client + `,` + client + `]}`, []string{"client 2", "serial"}},
		{"bad serial", "clients.json", `{"version":1,"clients":[` + strings.Replace(client, "4000", "4Z", 1) + `]}`, []string{"client 1", "hexadecimal"}},
		{"bad host", "clients.json", `{"version":1,"clients":[` + strings.Replace(client, "10.0.0.1", "::ffff:10.0.0.1", 1) + `]}`, []string{`"10.0.0.1"`}},
		{"CA damaged", "ca.pem", "nonsense", []string{"ca.pem", "backup"}},
		{"server damaged", "server.pem", "nonsense", []string{"server.pem", "delete it"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			dir := newDir(t)
			path := filepath.Join(dir, test.file)
			if test.content == "" {
				if err := os.Remove(path); err != nil {
					t.Fatal(err)
				}
			} else {
				write(t, path, test.content)
			}
			_, err := Open(dir, Options{})
			if err == nil {
				t.Fatal("opened")
			}
			for _, word := range test.want {
				if !strings.Contains(err.Error(), word) {
					t.Errorf("error %q does not mention %q", err, word)
				}
			}
			if data, err := os.ReadFile(path); test.content != "" && (err != nil || string(data) != test.content) {
				t.Errorf("the damaged file was touched: %q, %v", data, err)
			}
		})
	}
	t.Run("CA lost", func(t *testing.T) {
		dir := newDir(t)
		enterOnly := open(t, dir, Options{})
		c, err := entry("10.0.0.1")
		if err != nil {
			t.Fatal(err)
		}
		if err := enterOnly.update(context.Background(), func(*registry) ([]Client, error) { return []Client{c}, nil }); err != nil {
			t.Fatal(err)
		}
		if err := os.Remove(filepath.Join(dir, "ca.pem")); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(dir, Options{}); err == nil || !strings.Contains(err.Error(), "ca.pem is missing") {
			t.Errorf("got %v, want ca.pem is missing", err)
		}
	})
	t.Run("CA expired", func(t *testing.T) {
		later := func() time.Time { return time.Now().Add(caValidFor + time.Hour) }
		if _, err := Open(newDir(t), Options{Now: later}); err == nil || !strings.Contains(err.Error(), "CA expired") {
			t.Errorf("got %v, want CA expired", err)
		}
	})
}

func TestServerCertificateIsRenewed(t *testing.T) {
	dir := newDir(t)
	now := time.Now()
	a := open(t, dir, Options{Now: func() time.Time { return now }})
	first := a.server.Leaf
	now = first.NotAfter.Add(-renewBefore + time.Minute)
	got, err := a.serverCertificate(nil)
	if err != nil {
		t.Fatal(err)
	}
	if got.Leaf.Equal(first) || !got.Leaf.NotAfter.After(first.NotAfter) {
		t.Errorf("certificate until %s is served, want a renewed one after %s", got.Leaf.NotAfter, first.NotAfter)
	}
	if again := open(t, dir, Options{Now: func() time.Time { return now }}); !again.server.Leaf.Equal(got.Leaf) {
		t.Error("the renewed certificate was not stored")
	}

	// When renewal fails, the old one is served and the log gets one line a minute.
	var log bytes.Buffer
	a.log = slog.New(slog.NewTextHandler(&log, nil))
	write(t, filepath.Join(dir, "server.pem"), "nonsense")
	now = got.Leaf.NotAfter.Add(-renewBefore + time.Minute)
	for range 5 {
		if still, err := a.serverCertificate(nil); err != nil || !still.Leaf.Equal(got.Leaf) {
			t.Errorf("got %v, %v, want the certificate at hand", still, err)
		}
	}
	if n := strings.Count(log.String(), "cannot be renewed"); n != 1 {
		t.Errorf("%d log lines, want 1:\n%s", n, log.String())
	}
}

// A certificate that is capped by the CA's end cannot be prolonged: renewing it on
// every handshake would be a loop.
func TestServerCertificateAtTheEndOfTheCA(t *testing.T) {
	dir := newDir(t)
	a := open(t, dir, Options{})
	end := a.ca().cert.NotAfter.Add(-time.Hour)
	late := open(t, dir, Options{Now: func() time.Time { return end }})
	if !late.server.Leaf.NotAfter.Equal(a.ca().cert.NotAfter) {
		t.Errorf("server certificate until %s, want the CA's end %s", late.server.Leaf.NotAfter, a.ca().cert.NotAfter)
	}
	if late.renewalDue(late.server.Leaf, late.cas.current()) {
		t.Error("renewal is due although nothing longer can be had")
	}
	reg := register(t, late, "10.0.0.1", RegisterOptions{})
	if len(reg.Warnings) != 1 || !strings.Contains(reg.Warnings[0], "CA expires") {
		t.Errorf("warnings %q, want one about the CA", reg.Warnings)
	}
}

func TestOpenSweepsWhatACrashLeft(t *testing.T) {
	dir := newDir(t)
	a := open(t, dir, Options{})
	live := register(t, a, "10.0.0.1", RegisterOptions{})
	stale := []string{
		unfinished(t, filepath.Join(dir, registryFile)),
		unfinished(t, filepath.Join(dir, "clients", strings.Repeat("5", 32)+".p12")),
		filepath.Join(dir, "clients", strings.Repeat("4", 32)+".p12"),
	}
	write(t, stale[2], "a registration was to follow")
	again := open(t, dir, Options{})
	for _, path := range stale {
		if _, err := os.Stat(path); !os.IsNotExist(err) {
			t.Errorf("%s is still there: %v", path, err)
		}
	}
	if data, client, err := again.Export("10.0.0.1"); err != nil || !bytes.Equal(data, live.PKCS12) || !same(client, live.Client) {
		t.Errorf("the live registration suffered: %v, %v", client, err)
	}
}

// unfinished leaves what a crash leaves that comes between writing path and naming it.
func unfinished(t *testing.T, path string) string {
	t.Helper()
	temp, err := durable.WriteTemp(disk{}, path, []byte(`{"version":1,"clien`), 0o600)
	if err != nil {
		t.Fatal(err)
	}
	return temp
}

func TestOpenWarnsOfReadableKey(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no mode bits")
	}
	dir := newDir(t)
	if err := os.Chmod(filepath.Join(dir, "ca.pem"), 0o644); err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	open(t, dir, Options{Logger: slog.New(slog.NewTextHandler(&log, nil))})
	if !strings.Contains(log.String(), "can be read by other users") {
		t.Errorf("no warning in %q", log.String())
	}
}
