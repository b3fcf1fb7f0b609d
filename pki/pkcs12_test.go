package pki

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"software.sslmate.com/src/go-pkcs12"
)

// What Register writes is read by openssl, in both forms, and by ourselves.
func TestIssuedFilesAreReadByOpenSSL(t *testing.T) {
	modern, legacy := modernIterations, legacyIterations
	defer func() { modernIterations, legacyIterations = modern, legacy }()
	modernIterations, legacyIterations = 100_000, 2048 // as outside of tests
	a := open(t, newDir(t), Options{})
	n := 0
	for _, legacy := range []bool{false, true} {
		for _, password := range []string{"", "with space & more"} {
			t.Run(fmt.Sprintf("legacy=%v/%q", legacy, password), func(t *testing.T) {
				n++
				host := fmt.Sprintf("10.0.0.%d", n)
				reg := register(t, a, host, RegisterOptions{Password: password, Legacy: legacy})
				cred, err := LoadPKCS12(reg.PKCS12, password)
				if err != nil {
					t.Fatal(err)
				}
				if cred.Leaf.Subject.CommonName != host || formatSerial(cred.Leaf.SerialNumber) != reg.Client.Serial {
					t.Errorf("read %v, want %+v", cred.Leaf.Subject, reg.Client)
				}
				if len(cred.CACertificates) != 1 || !cred.CACertificates[0].Equal(a.CACertificate()) {
					t.Errorf("CA certificates %v, want ours", cred.CACertificates)
				}
				file := filepath.Join(t.TempDir(), "client.pkcs12")
				write(t, file, string(reg.PKCS12))
				pass := filepath.Join(t.TempDir(), "password")
				write(t, pass, password+"\n")
				out, info, err := opensslOutputs(t, "", "pkcs12", "-in", file, "-passin", "file:"+pass, "-nodes", "-info")
				if err != nil {
					t.Fatal(err)
				}
				if strings.Count(out, "BEGIN CERTIFICATE") != 2 || strings.Count(out, "BEGIN PRIVATE KEY") != 1 {
					t.Errorf("openssl found\n%s\nwant 2 certificates and a key", out)
				}
				want := "PBES2, PBKDF2, AES-256-CBC, Iteration 100000, PRF hmacWithSHA256"
				if legacy {
					want = "pbeWithSHA1And3-KeyTripleDES-CBC, Iteration 2048"
				}
				if strings.Count(info, want) != 2 {
					t.Errorf("openssl says\n%s\nwant %q for key and certificates", info, want)
				}
				if _, err := openssl(t, "", "pkcs12", "-in", file, "-passin", "pass:wrong", "-nodes"); err == nil {
					t.Error("openssl reads it with a wrong password")
				}
			})
		}
	}
}

// Everything that openssl can write and a client might be given.
func TestLoadFilesOfOpenSSL(t *testing.T) {
	a := open(t, newDir(t), Options{})
	variants := [][]string{
		{},
		{"-descert"},
		{"-legacy"},
		{"-legacy", "-iter", "1023"},
		{"-legacy", "-certpbe", "PBE-SHA1-RC2-128", "-keypbe", "PBE-SHA1-RC2-128"},
		{"-certpbe", "PBE-SHA1-2DES", "-keypbe", "PBE-SHA1-2DES"},
		{"-certpbe", "PBE-SHA1-3DES", "-keypbe", "PBE-SHA1-3DES", "-macalg", "sha1"},
		{"-certpbe", "AES-128-CBC", "-keypbe", "AES-192-CBC"},
		{"-certpbe", "DES-EDE3-CBC"},
		{"-certpbe", "NONE", "-keypbe", "NONE"},
		{"-macalg", "sha224"}, {"-macalg", "sha384"}, {"-macalg", "sha512"},
		{"-iter", "1"}, {"-iter", "3"}, {"-iter", "2047"}, {"-iter", "60001"}, {"-nomaciter"},
		{"-name", "a friendly name", "-CSP", "Microsoft RSA SChannel Cryptographic Provider"},
		{"-keyex"},
	}
	keys := map[string]crypto.Signer{"rsa": testKey()}
	var err error
	if keys["ecdsa"], err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		t.Fatal(err)
	}
	if _, keys["ed25519"], err = ed25519.GenerateKey(rand.Reader); err != nil {
		t.Fatal(err)
	}
	for name, key := range keys {
		dir := t.TempDir()
		pair := issueFor(t, a, key)
		if err := writeKeyPair(filepath.Join(dir, "client.pem"), pair, ""); err != nil {
			t.Fatal(err)
		}
		for _, variant := range variants {
			for _, password := range []string{"secret", ""} {
				if name != "rsa" && len(variant) > 0 {
					continue // the encryption does not depend on the key
				}
				t.Run(fmt.Sprintf("%s/%q/%q", name, variant, password), func(t *testing.T) {
					file := filepath.Join(dir, "client.p12")
					args := append([]string{"pkcs12", "-export", "-in", filepath.Join(dir, "client.pem"),
						"-certfile", a.path(caCertFile), "-out", file, "-passout", "pass:" + password}, variant...)
					if _, err := openssl(t, "", args...); err != nil {
						t.Fatal(err)
					}
					data, _, err := readFile(file, MaxPKCS12)
					if err != nil {
						t.Fatal(err)
					}
					cred, err := LoadPKCS12(data, password)
					if err != nil {
						t.Fatal(err)
					}
					checkCredentials(t, cred, pair, a.ca().cert)
					if _, err := LoadPKCS12(data, "wrong"); !errors.Is(err, ErrPassword) {
						t.Errorf("wrong password: %v", err)
					}
				})
			}
		}
	}
}

func issueFor(t testing.TB, a *Authority, key crypto.Signer) *keyPair {
	t.Helper()
	tmpl, err := a.template("10.0.0.1", time.Hour, a.cas.current())
	if err != nil {
		t.Fatal(err)
	}
	pair, err := sign(tmpl, key, a.ca())
	if err != nil {
		t.Fatal(err)
	}
	return pair
}

func checkCredentials(t *testing.T, cred *Credentials, pair *keyPair, ca *x509.Certificate) {
	t.Helper()
	if !cred.Leaf.Equal(pair.cert) || !bytes.Equal(cred.Certificate.Certificate[0], pair.cert.Raw) {
		t.Errorf("certificate %v, want %v", cred.Leaf.Subject, pair.cert.Subject)
	}
	if key, ok := cred.Certificate.PrivateKey.(interface{ Equal(crypto.PrivateKey) bool }); !ok || !key.Equal(pair.key) {
		t.Error("another key")
	}
	if ca == nil {
		if cred.CAs != nil || cred.CACertificates != nil {
			t.Errorf("CAs %v, want none", cred.CACertificates)
		}
		return
	}
	want := x509.NewCertPool()
	want.AddCert(ca)
	if len(cred.CACertificates) != 1 || cred.CAs == nil || !cred.CAs.Equal(want) {
		t.Errorf("CAs %v, want %v", cred.CACertificates, ca.Subject)
	}
}

// The library's writers against our reader: RC2 of old centres and PBMAC1 of new
// tools among them.
func TestLoadFilesOfLibrary(t *testing.T) {
	a := open(t, newDir(t), Options{})
	pair := issueFor(t, a, testKey())
	encoders := map[string]*pkcs12.Encoder{
		"LegacyRC2": pkcs12.LegacyRC2, "LegacyDES": pkcs12.LegacyDES, "Modern2023": pkcs12.Modern2023, "Modern2026": pkcs12.Modern2026,
	}
	for name, encoder := range encoders {
		for _, password := range []string{"", "secret", "ünï ☃", strings.Repeat("long ", 100)} {
			for _, cas := range [][]*x509.Certificate{nil, {a.ca().cert}} {
				data, err := encoder.Encode(pair.key, pair.cert, cas, password)
				if err != nil {
					t.Fatal(err)
				}
				cred, err := LoadPKCS12(data, password)
				if err != nil {
					t.Errorf("%s with %q: %v", name, password, err)
					continue
				}
				var ca *x509.Certificate
				if len(cas) > 0 {
					ca = cas[0]
				}
				checkCredentials(t, cred, pair, ca)
				if _, err := LoadPKCS12(data, password+"x"); !errors.Is(err, ErrPassword) {
					t.Errorf("%s with a wrong password: %v", name, err)
				}
			}
		}
	}
}

// quick is a modern file with one round, for tests that load it often.
func quick(t testing.TB, pair *keyPair, cas ...*x509.Certificate) []byte {
	t.Helper()
	data, err := pkcs12.Modern2023.WithIterations(1).Encode(pair.key, pair.cert, cas, "secret")
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestLoadRefuses(t *testing.T) {
	a := open(t, newDir(t), Options{})
	pair := issueFor(t, a, testKey())
	good := quick(t, pair, a.ca().cert)
	otherKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := writeKeyPair(filepath.Join(dir, "client.pem"), pair, ""); err != nil {
		t.Fatal(err)
	}
	export := func(args ...string) []byte {
		out := filepath.Join(dir, "out.p12")
		args = append([]string{"pkcs12", "-export", "-in", filepath.Join(dir, "client.pem"), "-out", out, "-passout", "pass:secret"}, args...)
		if _, err := openssl(t, "", args...); err != nil {
			t.Fatal(err)
		}
		data, _, err := readFile(out, MaxPKCS12)
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	keyBag := p12Bag{ID: oidKeyBag, Value: explicit(must(x509.MarshalPKCS8PrivateKey(testKey())))}
	tests := []struct {
		name     string
		data     []byte
		password string
		want     error
		words    string
	}{
		{"wrong password", good, "Secret", ErrPassword, ""},
		{"no password", good, "", ErrPassword, "none was given"},
		{"empty", nil, "", ErrTruncated, "empty"},
		{"PEM", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: pair.cert.Raw}), "", ErrNotPKCS12, "PEM text"},
		{"PEM of openssl", []byte("Bag Attributes\n    localKeyID: 01\n"), "", ErrNotPKCS12, "PEM text"},
		{"certificate", pair.cert.Raw, "", ErrNotPKCS12, ""},
		{"key", must(x509.MarshalPKCS8PrivateKey(pair.key)), "", ErrNotPKCS12, ""},
		{"text", []byte("hello"), "", ErrNotPKCS12, "0x68"},
		{"BER", append([]byte{0x30, 0x80}, good...), "", ErrUnsupported, "BER"},
		{"too large", make([]byte, MaxPKCS12+1), "", ErrTooLarge, "1048577"},
		{"followed by something", append(bytes.Clone(good), '\n'), "secret", ErrDamaged, "1 bytes follow"},
		{"huge length", []byte{0x30, 0x84, 0xff, 0xff, 0xff, 0xff, 0}, "", ErrTruncated, ""},
		{"longest length", []byte{0x30, 0x88, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0}, "", ErrTruncated, ""},
		{"without MAC", export("-nomac"), "secret", ErrNoMAC, "-nomac"},
		{"without key", export("-nokeys"), "secret", ErrNoKey, ""},
		{"without certificate", export("-nocerts"), "secret", ErrKeyMismatch, "(0)"},
		{"two keys", build(t, "secret", plainPart(t, keyBag, keyBag)), "secret", ErrSeveralKeys, "this one 2"},
		{"other key", quick(t, &keyPair{cert: pair.cert, key: otherKey}, a.ca().cert), "secret", ErrKeyMismatch, "(2)"},
		{"RC4", build(t, "secret", encryptedPart(t, asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 12, 1, 1}, nil)), "secret", ErrUnsupported, "1.2.840.113549.1.12.1.1"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			cred, err := LoadPKCS12(test.data, test.password)
			if !errors.Is(err, test.want) || !strings.Contains(err.Error(), test.words) {
				t.Errorf("got %v, %v, want %v with %q", cred, err, test.want, test.words)
			}
			if strings.Contains(fmt.Sprint(err), "secret") {
				t.Errorf("the error repeats the password: %v", err)
			}
		})
	}
	t.Run("every prefix", func(t *testing.T) {
		for n := range good {
			if _, err := LoadPKCS12(good[:n], "secret"); !errors.Is(err, ErrTruncated) {
				t.Fatalf("%d of %d bytes: %v, want %v", n, len(good), err, ErrTruncated)
			}
		}
	})
	t.Run("every byte altered", func(t *testing.T) {
		for i := range good {
			bad := bytes.Clone(good)
			bad[i] ^= 0x55
			if cred, err := LoadPKCS12(bad, "secret"); err == nil && !cred.Leaf.Equal(pair.cert) {
				t.Fatalf("byte %d: another certificate", i)
			}
		}
	})
}

// A file may demand any number of rounds, or a key of any size, in each of these
// places; that of a key in an encrypted part shows only after decryption. Without
// bounds some of them would take centuries.
func TestLoadBoundsKeyDerivation(t *testing.T) {
	a := open(t, newDir(t), Options{})
	pair := issueFor(t, a, testKey())
	const huge = 1 << 40
	pbe, rc2 := asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 12, 1, 3}, asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 12, 1, 6}
	slowKey := p12Bag{ID: oidEncryptedKeyBag, Value: explicit(must(asn1.Marshal(p12EncryptedKey{
		Algorithm: pkix.AlgorithmIdentifier{Algorithm: oidPBES2, Parameters: raw(pbes2Parameters(t, huge))}, Data: make([]byte, 16)})))}
	params := func(n int64) []byte { return must(asn1.Marshal(pbeParams{Salt: []byte("saltsalt"), Iterations: n})) }
	defer func(n int64) { maxRounds = n }(maxRounds)
	maxRounds = 50_000
	// Each part within bounds, and only their sum beyond them.
	many := slices.Repeat([]p12Content{sealedPart(t, "secret", maxRounds/10)}, 11)
	files := map[string][]byte{
		"MAC":                 withIterations(t, build(t, "secret"), huge),
		"part, PKCS#12":       build(t, "secret", encryptedPart(t, pbe, params(huge))),
		"part, RC2":           build(t, "secret", encryptedPart(t, rc2, params(huge))),
		"part, PBES2":         build(t, "secret", encryptedPart(t, oidPBES2, pbes2Parameters(t, huge))),
		"key":                 build(t, "secret", plainPart(t, slowKey)),
		"key in encrypted":    build(t, "secret", sealedPart(t, "secret", 1, slowKey)),
		"many parts":          build(t, "secret", many...),
		"private key, 100 kB": build(t, "secret", plainPart(t, p12Bag{ID: oidKeyBag, Value: explicit(hugeKey(t, 400_000))})),
		"public key, 100 kB":  build(t, "secret", plainPart(t, certBagOf(t, pair, 800_000))),
	}
	for name, data := range files {
		t.Run(name, func(t *testing.T) {
			_, err := LoadPKCS12(data, "secret")
			if !errors.Is(err, ErrTooMuchWork) {
				t.Errorf("got %v, want %v", err, ErrTooMuchWork)
			}
		})
	}
	for _, n := range []int64{0, -1} {
		if _, err := LoadPKCS12(build(t, "secret", encryptedPart(t, pbe, params(n))), "secret"); !errors.Is(err, ErrDamaged) {
			t.Errorf("%d rounds: %v, want %v", n, err, ErrDamaged)
		}
	}
}

// FuzzLoadPKCS12 feeds the input as a file, and as the content of a file whose MAC is
// right, since no fuzzer finds one. Whatever comes out can be used. It runs 10,000
// inputs a second with -fuzzminimizetime 5x; without, Go spends its time on
// shortening inputs.
func FuzzLoadPKCS12(f *testing.F) {
	a := open(f, newDir(f), Options{})
	pair := issueFor(f, a, testKey())
	for _, encoder := range []*pkcs12.Encoder{pkcs12.LegacyRC2, pkcs12.LegacyDES, pkcs12.Modern2023, pkcs12.Modern2026} {
		data := must(encoder.WithIterations(1).Encode(pair.key, pair.cert, []*x509.Certificate{a.ca().cert}, "secret"))
		f.Add(data)
		var pfx p12PFX
		if err := parseDER(data, &pfx); err != nil {
			f.Fatal(err)
		}
		f.Add(must(pfx.AuthSafe.octets()))
	}
	keyBag := p12Bag{ID: oidKeyBag, Value: explicit(must(x509.MarshalPKCS8PrivateKey(pair.key)))}
	certBag := p12Bag{ID: oidCertBag, Value: explicit(must(asn1.Marshal(p12CertBag{oidX509, pair.cert.Raw})))}
	f.Add(must(asn1.Marshal([]p12Content{plainPart(f, keyBag, certBag)})))
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, file := range [][]byte{data, protect(t, "secret", data)} {
			cred, err := LoadPKCS12(file, "secret")
			if err != nil {
				continue
			}
			if cred.Leaf == nil || cred.Certificate.PrivateKey == nil || (cred.CAs == nil) != (len(cred.CACertificates) == 0) {
				t.Errorf("incomplete: %+v", cred)
			}
			if _, err := ClientTLSConfig(cred, ClientOptions{Pin: &Pin{}}); err != nil {
				t.Error(err)
			}
		}
	})
}

func BenchmarkLoadPKCS12(b *testing.B) {
	a := open(b, newDir(b), Options{})
	for _, legacy := range []bool{false, true} {
		b.Run(fmt.Sprintf("legacy=%v", legacy), func(b *testing.B) {
			host := fmt.Sprintf("legacy-%v.example", legacy)
			data := register(b, a, host, RegisterOptions{Password: "secret", Legacy: legacy}).PKCS12
			b.SetBytes(int64(len(data)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := LoadPKCS12(data, "secret"); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
