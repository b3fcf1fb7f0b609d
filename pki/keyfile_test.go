package pki

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// What a ca.pem may not look like. Nothing is repaired by guessing.
func TestOpenRefusesWrongKeys(t *testing.T) {
	dir := newDir(t)
	a := open(t, dir, Options{})
	own := a.ca()
	leaf := signed(t, a, "10.0.0.1", nil)
	if err := a.Rotate(t.Context(), time.Hour); err != nil {
		t.Fatal(err)
	}
	rotated := a.authorities().entries()
	block := must(sealKey(own.key, ""))
	for name, test := range map[string]struct {
		text  []byte
		words string
	}{
		"no key":           {certPEM(own.cert), "does not begin with the private key"},
		"key alone":        {pem.EncodeToMemory(block), "no certificate"},
		"two keys":         {append(pem.EncodeToMemory(block), formatPEM([]pemEntry{{key: block, cert: own.cert}})...), "two private keys"},
		"key of another":   {formatPEM([]pemEntry{{key: must(sealKey(testKey(), "")), cert: own.cert}}), "does not belong"},
		"not a CA":         {formatPEM([]pemEntry{{key: must(sealKey(testKey(), "")), cert: leaf.cert}}), "not a CA's"},
		"no link":          {formatPEM([]pemEntry{rotated[0], {cert: rotated[1].cert}}), "not followed by"},
		"wrong order":      {formatPEM([]pemEntry{rotated[1], rotated[0]}), ""},
		"damaged key":      {formatPEM([]pemEntry{{key: &pem.Block{Type: pemKey, Bytes: []byte{0x30}}, cert: own.cert}}), "private key"},
		"endless key":      {formatPEM([]pemEntry{{key: &pem.Block{Type: pemKey, Bytes: make([]byte, maxKey+1)}, cert: own.cert}}), "at most"},
		"damaged cert":     {append(pem.EncodeToMemory(block), pem.EncodeToMemory(&pem.Block{Type: pemCertificate, Bytes: []byte{0x30}})...), "certificate 1"},
		"damaged envelope": {formatPEM([]pemEntry{{key: &pem.Block{Type: pemEncryptedKey, Bytes: []byte{0x30}}, cert: own.cert}}), "encrypted private key"},
		"empty":            {nil, "no certificate"},
	} {
		write(t, filepath.Join(dir, caFile), string(test.text))
		_, err := Open(dir, Options{Password: password("secret")})
		if err == nil || !strings.Contains(err.Error(), test.words) || !strings.Contains(err.Error(), caFile) {
			t.Errorf("%s: %v, want a refusal with %q", name, err, test.words)
		}
	}
}

// A file that becomes unreadable leaves what a running server knows in force.
func TestRunningServerKeepsWhatItKnows(t *testing.T) {
	var log bytes.Buffer
	dir := newDir(t)
	clock := newClock()
	a := open(t, dir, Options{Now: clock.now, Logger: newLogger(&log)})
	reg := register(t, a, "127.0.0.1", RegisterOptions{})
	good := must(os.ReadFile(filepath.Join(dir, caFile)))
	write(t, filepath.Join(dir, caFile), "nonsense")
	for range 3 {
		if c, s := meet(t, a, reg, ClientOptions{}); c != nil || s != nil {
			t.Errorf("client %v, server %v", c, s)
		}
	}
	if n := strings.Count(log.String(), "internal CA cannot be read"); n != 1 {
		t.Errorf("%d lines about it, want 1:\n%s", n, log.String())
	}
	// What another process changes counts at once again, not after a pause.
	write(t, filepath.Join(dir, caFile), string(good))
	if err := open(t, dir, Options{Now: clock.now}).Rotate(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	if _, s := meet(t, a, reg, ClientOptions{PinOnly: true, Pin: &Pin{File: filepath.Join(t.TempDir(), "pin")}}); reason(s) != RetiredCA {
		t.Errorf("after a rotation: %v, want %v", s, RetiredCA)
	}
}

// Keys that operators made or encrypted themselves.
func TestKeysOfOpenSSL(t *testing.T) {
	defer func(n int64) { maxRounds = n }(maxRounds)
	maxRounds = 20_000
	dir := t.TempDir()
	rsaKey := must(rsa.GenerateKey(rand.Reader, 1024))
	ecKey := must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	for name, der := range map[string][]byte{"PKCS#1": x509.MarshalPKCS1PrivateKey(rsaKey), "SEC 1": must(x509.MarshalECPrivateKey(ecKey))} {
		if _, err := parseKey(der); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	plain := filepath.Join(dir, "plain.pem")
	write(t, plain, string(pem.EncodeToMemory(must(sealKey(rsaKey, "")))))
	cert := &x509.Certificate{PublicKey: &rsaKey.PublicKey}
	for args, want := range map[string]string{
		"-v2 aes-256-cbc -v2prf hmacWithSHA512 -iter 4999": "",
		"-v2 aes-128-cbc":             "",
		"-v2 des3":                    "",
		"-v1 PBE-SHA1-3DES":           "",
		"-scrypt":                     "encrypted by another program",
		"-v2 aes-256-cbc -iter 20001": "encrypted by another program",
	} {
		file := filepath.Join(dir, "encrypted.pem")
		if _, err := openssl(t, "", append(strings.Fields("pkcs8 -topk8 -in "+plain+" -out "+file+" -passout pass:secret"), strings.Fields(args)...)...); err != nil {
			t.Fatal(err)
		}
		block, _ := pem.Decode(must(os.ReadFile(file)))
		_, err := openKey(block, &keyPassword{ask: password("secret")}, cert)
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %v, want %q", args, err, want)
		}
		if _, err := openKey(block, &keyPassword{ask: password("guess")}, cert); want == "" && !errors.Is(err, ErrKeyPassword) {
			t.Errorf("%s with a wrong password: %v", args, err)
		}
	}
}

func TestKeyPasswords(t *testing.T) {
	for text, ok := range map[string]bool{"x": true, "ünï ☃ 𝄞": true, "": false, "\xff": false, strings.Repeat("x", maxPassword+1): false} {
		if err := checkKeyPassword(text); (err == nil) != ok {
			t.Errorf("%.10q: %v", text, err)
		}
	}
	if _, err := Open(t.TempDir(), Options{Password: password("\xff")}); err == nil {
		t.Error("a new directory takes a password that is no text")
	}
	if _, err := Open(t.TempDir(), Options{Password: func() (string, error) { return "", os.ErrPermission }}); !errors.Is(err, os.ErrPermission) {
		t.Errorf("password that cannot be read: %v", err)
	}
	var log bytes.Buffer
	open(t, newDir(t), Options{Password: password("secret"), Logger: newLogger(&log)})
	if !strings.Contains(log.String(), "keys are not encrypted") {
		t.Errorf("no warning in %q", log.String())
	}
}

// A sealed file that was altered, or put in the place of another, is not handed out.
func TestSealedFiles(t *testing.T) {
	a := open(t, filepath.Join(t.TempDir(), "pki"), Options{Password: password("secret")})
	one, two := register(t, a, "10.0.0.1", RegisterOptions{}).Client, register(t, a, "10.0.0.2", RegisterOptions{}).Client
	good := must(os.ReadFile(a.pkcs12Path(one) + sealedSuffix))
	bad := bytes.Clone(good)
	bad[len(bad)/2] ^= 1
	future := bytes.Clone(good)
	future[0] = 2
	for name, data := range map[string][]byte{"altered": bad, "of another": must(os.ReadFile(a.pkcs12Path(two) + sealedSuffix)), "empty": nil, "of the future": future, "cut": good[:9]} {
		write(t, a.pkcs12Path(one)+sealedSuffix, string(data))
		if _, _, err := a.Export("10.0.0.1"); err == nil {
			t.Errorf("%s: exported", name)
		}
	}
	write(t, a.pkcs12Path(one)+sealedSuffix, string(good))
	if _, _, err := a.Export("10.0.0.1"); err != nil {
		t.Error(err)
	}
	if err := os.Remove(a.pkcs12Path(one) + sealedSuffix); err != nil {
		t.Fatal(err)
	}
	if _, _, err := a.Export("10.0.0.1"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("lost: %v", err)
	}
}
