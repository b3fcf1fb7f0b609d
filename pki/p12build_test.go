package pki

import (
	"bytes"
	"crypto/cipher"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"
	"testing"
	"time"
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func raw(der []byte) asn1.RawValue { return asn1.RawValue{FullBytes: der} }

func explicit(der []byte) asn1.RawValue {
	return asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: 0, IsCompound: true, Bytes: der}
}

// build returns a PKCS#12 file of these parts with a MAC of one round.
func build(t testing.TB, password string, parts ...p12Content) []byte {
	t.Helper()
	if parts == nil {
		parts = []p12Content{}
	}
	return protect(t, password, must(asn1.Marshal(parts)))
}

func protect(t testing.TB, password string, safe []byte) []byte {
	t.Helper()
	var pfx p12PFX
	pfx.Version = 3
	pfx.AuthSafe = p12Content{oidData, explicit(must(asn1.Marshal(safe)))}
	pfx.MAC.Digest.Algorithm.Algorithm = p12Digests[2].plain
	pfx.MAC.Salt, pfx.MAC.Iterations = []byte("salt"), 1
	p := p12Reader{password: newP12Password(password)}
	pfx.MAC.Digest.Digest = must(p.mac(&pfx.MAC, safe))
	return must(asn1.Marshal(pfx))
}

func withIterations(t testing.TB, data []byte, n int64) []byte {
	t.Helper()
	var pfx p12PFX
	if err := parseDER(data, &pfx); err != nil {
		t.Fatal(err)
	}
	pfx.MAC.Iterations = n
	return must(asn1.Marshal(pfx))
}

func plainPart(t testing.TB, bags ...p12Bag) p12Content {
	t.Helper()
	return p12Content{oidData, explicit(must(asn1.Marshal(must(asn1.Marshal(bags)))))}
}

// encryptedPart returns a part of 16 zero bytes instead of encrypted ones.
func encryptedPart(t testing.TB, oid asn1.ObjectIdentifier, params []byte) p12Content {
	t.Helper()
	if params == nil {
		params = asn1.NullBytes
	}
	return encrypted(oid, params, make([]byte, 16))
}

func encrypted(oid asn1.ObjectIdentifier, params, data []byte) p12Content {
	var e p12Encrypted
	e.Content.Type = oidData
	e.Content.Algorithm = pkix.AlgorithmIdentifier{Algorithm: oid, Parameters: raw(params)}
	e.Content.Data = data
	return p12Content{oidEncryptedData, explicit(must(asn1.Marshal(e)))}
}

func pbes2Parameters(t testing.TB, iterations int64) []byte {
	t.Helper()
	kdf := must(asn1.Marshal(pbkdf2Params{Salt: []byte("saltsalt"), Iterations: iterations,
		PRF: pkix.AlgorithmIdentifier{Algorithm: p12Digests[2].hmac, Parameters: asn1.NullRawValue}}))
	return must(asn1.Marshal(pbes2Params{
		KDF:    pkix.AlgorithmIdentifier{Algorithm: oidPBKDF2, Parameters: raw(kdf)},
		Scheme: pkix.AlgorithmIdentifier{Algorithm: pbes2Ciphers[2].oid, Parameters: raw(must(asn1.Marshal(make([]byte, 16))))},
	}))
}

// sealedPart returns really encrypted bags.
func sealedPart(t testing.TB, password string, iterations int64, bags ...p12Bag) p12Content {
	t.Helper()
	params := pbes2Parameters(t, iterations)
	if bags == nil {
		bags = []p12Bag{}
	}
	p := p12Reader{password: newP12Password(password)}
	block, iv, err := p.pbes2(pkix.AlgorithmIdentifier{Algorithm: oidPBES2, Parameters: raw(params)})
	if err != nil {
		t.Fatal(err)
	}
	text := must(asn1.Marshal(bags))
	pad := 16 - len(text)%16
	text = append(text, bytes.Repeat([]byte{byte(pad)}, pad)...)
	cipher.NewCBCEncrypter(block, iv).CryptBlocks(text, text)
	return encrypted(oidPBES2, params, text)
}

// hugeKey returns an RSA key in PKCS#8 form whose modulus has that many bits.
func hugeKey(t testing.TB, bits int) []byte {
	t.Helper()
	n := new(big.Int).SetBit(big.NewInt(1), bits, 1)
	half := new(big.Int).SetBit(big.NewInt(1), bits/2, 1)
	key := must(asn1.Marshal(struct {
		Version                  int
		N, E, D, P, Q, DP, DQ, I *big.Int
	}{0, n, big.NewInt(65537), n, half, half, half, half, half}))
	return must(asn1.Marshal(struct {
		Version   int
		Algorithm pkix.AlgorithmIdentifier
		Key       []byte
	}{0, pkix.AlgorithmIdentifier{Algorithm: asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 1}, Parameters: asn1.NullRawValue}, key}))
}

// certBagOf returns pair's certificate with another RSA key of that many bits in it.
func certBagOf(t testing.TB, pair *keyPair, bits int) p12Bag {
	t.Helper()
	var cert struct {
		TBS struct {
			Version                              int `asn1:"optional,explicit,tag:0"`
			Serial                               *big.Int
			Algorithm, Issuer, Validity, Subject asn1.RawValue
			PublicKey                            struct {
				Algorithm pkix.AlgorithmIdentifier
				Key       asn1.BitString
			}
		}
		Algorithm asn1.RawValue
		Signature asn1.BitString
	}
	data := bytes.Clone(pair.cert.Raw)
	cert.TBS.Version = 2
	cert.TBS.Serial = pair.cert.SerialNumber
	var have struct {
		TBS       asn1.RawValue
		Algorithm asn1.RawValue
		Signature asn1.BitString
	}
	if err := parseDER(data, &have); err != nil {
		t.Fatal(err)
	}
	validity := must(asn1.Marshal([]time.Time{pair.cert.NotBefore, pair.cert.NotAfter}))
	cert.TBS.Algorithm, cert.TBS.Validity = have.Algorithm, raw(validity)
	cert.TBS.Issuer, cert.TBS.Subject = raw(pair.cert.RawIssuer), raw(pair.cert.RawSubject)
	key := must(asn1.Marshal(struct {
		N *big.Int
		E int
	}{new(big.Int).SetBit(big.NewInt(1), bits-1, 1), 65537}))
	cert.TBS.PublicKey.Algorithm = pkix.AlgorithmIdentifier{Algorithm: asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 1}, Parameters: asn1.NullRawValue}
	cert.TBS.PublicKey.Key = asn1.BitString{Bytes: key, BitLength: 8 * len(key)}
	cert.Algorithm, cert.Signature = have.Algorithm, have.Signature
	return p12Bag{ID: oidCertBag, Value: explicit(must(asn1.Marshal(p12CertBag{oidX509, must(asn1.Marshal(cert))})))}
}
