package admin

import (
	"bytes"
	"encoding/json"
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"estream/pki"
)

func TestExport(t *testing.T) {
	s := newService(t)
	ctx := t.Context()
	if err := s.Store.AddDomain(ctx, "Lab"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.AddClient(ctx, NewClient{Host: "192.0.2.1", ClientChange: ClientChange{Domain: ptr("Lab")}}); err != nil {
		t.Fatal(err)
	}
	add(t, s, "192.0.2.2", ClientChange{})
	if _, err := s.RemoveClient(ctx, "192.0.2.2"); err != nil {
		t.Fatal(err)
	}
	_, err := s.Export("short", false)
	wantProblem(t, err, Invalid)
	without, err := s.Export(password, false)
	if err != nil {
		t.Fatal(err)
	}
	with, err := s.Export(password, true)
	if err != nil {
		t.Fatal(err)
	}
	for _, clear := range []string{"192.0.2.1", `"Lab"`, "PRIVATE KEY"} {
		if bytes.Contains(with, []byte(clear)) {
			t.Errorf("the file shows %q", clear)
		}
	}
	_, err = ParseExport(with, password+"!")
	wantProblem(t, err, Invalid)

	// A server without a CA needs it in the file.
	fresh := t.TempDir()
	e, err := ParseExport(without, password)
	if err != nil {
		t.Fatal(err)
	}
	wantProblem(t, e.Install(ctx, filepath.Join(fresh, "pki"), pkiOptions), Conflict)
	if e, err = ParseExport(with, password); err != nil {
		t.Fatal(err)
	}
	if err := e.Install(ctx, filepath.Join(fresh, "pki"), pkiOptions); err != nil {
		t.Fatal(err)
	}
	other := openService(t, fresh)
	for i, want := range []int{2, 0} {
		changed, err := other.Import(ctx, e)
		if err != nil || len(changed) != want {
			t.Errorf("import %d: %d changed, %v; want %d", i+1, len(changed), err, want)
		}
	}
	wantSame(t, s, other)
	// The certificate that the first server issued is good for the second one.
	file, c, err := other.Authority.Export("192.0.2.1")
	if err != nil {
		t.Fatal(err)
	}
	cred, err := pki.LoadPKCS12(file, "")
	if err != nil {
		t.Fatal(err)
	}
	if err := cred.Leaf.CheckSignatureFrom(other.Authority.CACertificate()); err != nil || c.Domain != "Lab" {
		t.Errorf("%v, domain %q", err, c.Domain)
	}
	// Another CA.
	stranger := newForeign(t)
	_, err = stranger.Import(ctx, e)
	wantProblem(t, err, Conflict)
}

// Each byte of the file is protected, and the work to open one is bounded.
func TestExportDamaged(t *testing.T) {
	data, err := seal([]byte(`{"cas":["x"]}`), password)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ParseExport(data, password); err != nil {
		t.Fatal(err)
	}
	for i := range data {
		bad := bytes.Clone(data)
		bad[i] ^= 0x01
		if e, err := ParseExport(bad, password); err == nil && (len(e.CAs) != 1 || e.CAs[0] != "x" || !json.Valid(bad)) {
			t.Errorf("a file with another byte %d was accepted", i)
		}
		if _, err := ParseExport(data[:i], password); err == nil {
			t.Errorf("the first %d bytes were accepted", i)
		}
	}
	for field, value := range map[string]any{"iterations": maxIterations + 1, "version": 2, "kdf": "none", "cipher": "none", "format": "none", "salt": "", "nonce": "AAAA"} {
		var env map[string]any
		if err := json.Unmarshal(data, &env); err != nil {
			t.Fatal(err)
		}
		env[field] = value
		bad, err := json.Marshal(env)
		if err != nil {
			t.Fatal(err)
		}
		_, err = ParseExport(bad, password)
		wantProblem(t, err, Invalid)
	}
	_, err = ParseExport([]byte(strings.Repeat(" ", MaxExport+1)), password)
	wantProblem(t, err, Invalid)
	var p *Problem
	if _, err := ParseExport(data, "wrong password"); !errors.As(err, &p) || !strings.Contains(p.What, "password") {
		t.Errorf("wrong password: %v", err)
	}
}
