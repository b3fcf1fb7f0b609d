package capture

import (
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	_ "crypto/sha1" // the MAC of old cipher suites
	_ "crypto/sha256"
	_ "crypto/sha512"
	"encoding/binary"
	"errors"
	"fmt"

	"golang.org/x/crypto/chacha20poly1305"
)

const (
	tls12 = 0x0303
	tls13 = 0x0304
)

// A suite is what a cipher suite means for records.
type suite struct {
	kind kind
	key  int         // bytes
	mac  crypto.Hash // of CBC
	hash crypto.Hash // of the key derivation
}

type kind int

const (
	kindGCM kind = iota
	kindChaCha
	kindCBC
)

// suites are the cipher suites that are read. How keys are agreed upon does not matter to
// those who have the secret, so each line has all that differ in that only.
// Source: IANA's registry of TLS cipher suites.
var suites = func() map[uint16]suite {
	all := map[uint16]suite{}
	for _, l := range []struct {
		suite
		ids []uint16
	}{
		{suite{kindGCM, 16, 0, crypto.SHA256}, []uint16{0x1301, 0x009c, 0x009e, 0x00a0, 0x00a2, 0x00a4, 0x00a6, 0xc02b, 0xc02d, 0xc02f, 0xc031}},
		{suite{kindGCM, 32, 0, crypto.SHA384}, []uint16{0x1302, 0x009d, 0x009f, 0x00a1, 0x00a3, 0x00a5, 0x00a7, 0xc02c, 0xc02e, 0xc030, 0xc032}},
		{suite{kindChaCha, 32, 0, crypto.SHA256}, []uint16{0x1303, 0xcca8, 0xcca9, 0xccaa}},
		{suite{kindCBC, 16, crypto.SHA1, crypto.SHA256}, []uint16{0x002f, 0x0030, 0x0031, 0x0032, 0x0033, 0x0034, 0xc004, 0xc009, 0xc00e, 0xc013, 0xc018}},
		{suite{kindCBC, 32, crypto.SHA1, crypto.SHA256}, []uint16{0x0035, 0x0036, 0x0037, 0x0038, 0x0039, 0x003a, 0xc005, 0xc00a, 0xc00f, 0xc014, 0xc019}},
		{suite{kindCBC, 16, crypto.SHA256, crypto.SHA256}, []uint16{0x003c, 0x003e, 0x003f, 0x0040, 0x0067, 0x006c, 0xc023, 0xc025, 0xc027, 0xc029}},
		{suite{kindCBC, 32, crypto.SHA256, crypto.SHA256}, []uint16{0x003d, 0x0068, 0x0069, 0x006a, 0x006b, 0x006d}},
		{suite{kindCBC, 32, crypto.SHA384, crypto.SHA384}, []uint16{0xc024, 0xc026, 0xc028, 0xc02a}},
	} {
		for _, id := range l.ids {
			all[id] = l.suite
		}
	}
	return all
}()

// An opener decrypts the records of one direction under one key.
type opener struct {
	version uint16
	kind    kind
	aead    cipher.AEAD
	iv      []byte // 12 bytes; of GCM in TLS 1.2 the 4 that are not in the record
	block   cipher.Block
	mac     crypto.Hash
	macKey  []byte
	etm     bool // the MAC is that of the ciphertext
	secret  []byte
	hash    crypto.Hash
	seq     uint64 // of the record that is next
}

var errOpen = errors.New("does not decrypt")

// newOpener13 makes the keys of TLS 1.3 from a traffic secret. RFC 8446, 7.3.
func newOpener13(s suite, secret []byte) (*opener, error) {
	if len(secret) != s.hash.Size() {
		return nil, fmt.Errorf("secret of %d bytes in the key log, %d expected", len(secret), s.hash.Size())
	}
	o := &opener{version: tls13, kind: s.kind, secret: secret, hash: s.hash}
	key, err := expandLabel(s.hash, secret, "key", s.key)
	if err != nil {
		return nil, err
	}
	if o.iv, err = expandLabel(s.hash, secret, "iv", 12); err != nil {
		return nil, err
	}
	return o, o.setAEAD(key)
}

// update returns the opener behind a KeyUpdate. RFC 8446, 7.2.
func (o *opener) update(s suite) (*opener, error) {
	secret, err := expandLabel(o.hash, o.secret, "traffic upd", o.hash.Size())
	if err != nil {
		return nil, err
	}
	return newOpener13(s, secret)
}

// expandLabel is HKDF-Expand-Label with an empty context. RFC 8446, 7.1.
func expandLabel(h crypto.Hash, secret []byte, label string, n int) ([]byte, error) {
	label = "tls13 " + label
	info := binary.BigEndian.AppendUint16(nil, uint16(n))
	info = append(info, byte(len(label)))
	info = append(info, label...)
	info = append(info, 0)
	return hkdf.Expand(h.New, secret, string(info), n)
}

func (o *opener) setAEAD(key []byte) (err error) {
	if o.kind == kindChaCha {
		o.aead, err = chacha20poly1305.New(key)
		return err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return err
	}
	o.aead, err = cipher.NewGCM(block)
	return err
}

// newOpeners12 makes the keys of TLS 1.2 of both directions from the master secret.
// RFC 5246, 6.3.
func newOpeners12(s suite, master []byte, client, server random, etm bool) (fromClient, fromServer *opener, err error) {
	if len(master) != 48 {
		return nil, nil, fmt.Errorf("master secret of %d bytes in the key log, 48 expected", len(master))
	}
	macSize, ivSize := 0, 0
	switch s.kind {
	case kindGCM:
		ivSize = 4
	case kindChaCha:
		ivSize = 12
	case kindCBC:
		macSize = s.mac.Size() // the IV stands in each record
	}
	seed := append([]byte("key expansion"), server[:]...)
	seed = append(seed, client[:]...)
	keys := pHash(s.hash, master, seed, 2*(macSize+s.key+ivSize))
	cut := func(n int) []byte {
		k := keys[:n:n]
		keys = keys[n:]
		return k
	}
	both := [2]*opener{}
	for i := range both {
		both[i] = &opener{version: tls12, kind: s.kind, mac: s.mac, etm: etm, hash: s.hash}
	}
	for _, o := range both {
		o.macKey = cut(macSize)
	}
	for _, o := range both {
		key := cut(s.key)
		if s.kind != kindCBC {
			err = o.setAEAD(key)
		} else {
			o.block, err = aes.NewCipher(key)
		}
		if err != nil {
			return nil, nil, err
		}
	}
	for _, o := range both {
		o.iv = cut(ivSize)
	}
	return both[0], both[1], nil
}

// pHash is the pseudorandom function of TLS 1.2; seed begins with the label.
// RFC 5246, 5.
func pHash(h crypto.Hash, secret, seed []byte, n int) []byte {
	sum := func(parts ...[]byte) []byte {
		m := hmac.New(h.New, secret)
		for _, p := range parts {
			m.Write(p)
		}
		return m.Sum(nil)
	}
	var out []byte
	for a := sum(seed); len(out) < n; a = sum(a) {
		out = append(out, sum(a, seed)...)
	}
	return out[:n]
}

// open decrypts a whole record, 5-byte header included, as number seq. The result, appended to dst, is
// the content and its type. The record stays as it is.
func (o *opener) open(dst, record []byte, seq uint64) (typ byte, content []byte, err error) {
	body := record[recordHeader:]
	if o.kind == kindCBC {
		content, err = o.openCBC(dst, record, seq)
		return record[0], content, err
	}
	var nonce [12]byte
	extra := record[:recordHeader]
	copy(nonce[:], o.iv)
	if o.version == tls12 && o.kind == kindGCM {
		if len(body) < 8 {
			return 0, nil, errOpen
		}
		copy(nonce[4:], body)
		body = body[8:]
	} else {
		binary.BigEndian.PutUint64(nonce[4:], binary.BigEndian.Uint64(nonce[4:])^seq)
	}
	if len(body) < o.aead.Overhead() {
		return 0, nil, errOpen
	}
	if o.version == tls12 {
		extra = pseudoHeader(record, seq, len(body)-o.aead.Overhead())
	}
	content, err = o.aead.Open(dst, nonce[:], body, extra)
	if err != nil {
		return 0, nil, errOpen
	}
	if o.version == tls12 {
		return record[0], content, nil
	}
	// The type stands behind the content, with any number of zeros after it.
	for n := len(content) - 1; n >= 0; n-- {
		if content[n] != 0 {
			return content[n], content[:n], nil
		}
	}
	return 0, nil, errOpen
}

// pseudoHeader is what a MAC of TLS 1.2 covers in front of the content: number,
// type, version, and the length of the content.
func pseudoHeader(record []byte, seq uint64, n int) []byte {
	p := binary.BigEndian.AppendUint64(make([]byte, 0, 13), seq)
	p = append(p, record[:3]...)
	return binary.BigEndian.AppendUint16(p, uint16(n))
}

// openCBC decrypts a record: IV, then content, MAC and padding encrypted; or, with the
// extension encrypt_then_mac (RFC 7366), the MAC of it all behind it. Nobody measures
// how long this takes, so nothing is done against timing.
func (o *opener) openCBC(dst, record []byte, seq uint64) ([]byte, error) {
	body, size := record[recordHeader:], o.mac.Size()
	if o.etm {
		n := len(body) - size
		if n < 0 || !hmac.Equal(o.sum(pseudoHeader(record, seq, n), body[:n]), body[n:]) {
			return nil, errOpen
		}
		body = body[:n]
	}
	if len(body) < 2*aes.BlockSize || len(body)%aes.BlockSize != 0 {
		return nil, errOpen
	}
	from := len(dst)
	dst = append(dst, body[aes.BlockSize:]...)
	plain := dst[from:]
	cipher.NewCBCDecrypter(o.block, body[:aes.BlockSize]).CryptBlocks(plain, plain)
	n := len(plain) - 1 - int(plain[len(plain)-1]) // all bytes of the padding are its length
	if n < 0 {
		return nil, errOpen
	}
	if o.etm {
		return dst[:from+n], nil
	}
	if n -= size; n < 0 || !hmac.Equal(o.sum(pseudoHeader(record, seq, n), plain[:n]), plain[n:n+size]) {
		return nil, errOpen
	}
	return dst[:from+n], nil
}

func (o *opener) sum(parts ...[]byte) []byte {
	m := hmac.New(o.mac.New, o.macKey)
	for _, p := range parts {
		m.Write(p)
	}
	return m.Sum(nil)
}
