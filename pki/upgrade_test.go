package pki

import (
	"crypto"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"software.sslmate.com/src/go-pkcs12"
)

// testdata/v1 is a directory as the first release wrote it in November 2026, with two
// clients, and removed.p12, the file of one that was removed and created again. Its
// keys are for this test and admit nobody anywhere.
func TestDirectoryOfTheFirstRelease(t *testing.T) {
	dir := t.TempDir()
	err := filepath.WalkDir(filepath.Join("testdata", "v1"), func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(filepath.Join("testdata", "v1"), path)
		if err != nil {
			return err
		}
		if d.IsDir() {
			return os.MkdirAll(filepath.Join(dir, rel), 0o700)
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(dir, rel), data, 0o600)
	})
	if err != nil {
		t.Fatal(err)
	}
	before := must(os.ReadFile(filepath.Join(dir, registryFile)))
	now := time.Date(2027, 5, 1, 0, 0, 0, 0, time.UTC)
	options := Options{Now: func() time.Time { return now }, Resolver: resolver{"legacy.example": loopback}}
	a := open(t, dir, options)
	file := func(path string) *Registration {
		cred, err := LoadPKCS12(must(os.ReadFile(path)), "secret")
		if err != nil {
			t.Fatal(err)
		}
		// Those of meet have no password.
		pair := &keyPair{cert: cred.Leaf, key: cred.Certificate.PrivateKey.(crypto.Signer)}
		return &Registration{PKCS12: must(pkcs12.LegacyDES.WithIterations(1).Encode(pair.key, pair.cert, cred.CACertificates, ""))}
	}
	again := file(filepath.Join(dir, clientsDir, "5f019338b11b729ef5aecc1246d9e1d2.p12"))
	legacy := file(filepath.Join(dir, clientsDir, "6315a2c6786bd5242cb22d34adfcc00d.p12"))
	removed := file(filepath.Join(dir, "removed.p12"))
	check := func(when string) {
		t.Helper()
		for name, reg := range map[string]*Registration{"again": again, "legacy": legacy} {
			if c, s := meet(t, a, reg, ClientOptions{}); c != nil || s != nil {
				t.Errorf("%s, %s: client %v, server %v", when, name, c, s)
			}
		}
		if _, s := meet(t, a, removed, ClientOptions{}); reason(s) != Revoked {
			t.Errorf("%s, removed: %v, want %v", when, s, Revoked)
		}
	}
	check("opened")
	if after := must(os.ReadFile(filepath.Join(dir, registryFile))); string(after) != string(before) {
		t.Errorf("the registrations were written anew:\n%s", after)
	}
	// As long as nothing new is used the first release can read them.
	register(t, a, "10.0.0.1", RegisterOptions{})
	if after, err := parseVersion(must(os.ReadFile(filepath.Join(dir, registryFile)))); err != nil || after != plainVersion {
		t.Errorf("version %d, %v, want %d", after, err, plainVersion)
	}
	if err := a.Encrypt(t.Context(), "swordfish"); err != nil {
		t.Fatal(err)
	}
	check("encrypted")
	options.Password = password("swordfish")
	a = open(t, dir, options)
	if err := a.Rotate(t.Context(), time.Hour); err != nil {
		t.Fatal(err)
	}
	check("rotated")
	if _, _, err := a.Export("legacy.example"); err != nil {
		t.Error(err)
	}
}
