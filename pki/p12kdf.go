package pki

import (
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"hash"
)

// A p12Digest is a hash function under its number for MACs of PKCS#12 and its number
// as HMAC.
type p12Digest struct {
	plain, hmac asn1.ObjectIdentifier
	new         func() hash.Hash
}

var p12Digests = []p12Digest{
	{asn1.ObjectIdentifier{1, 3, 14, 3, 2, 26}, asn1.ObjectIdentifier{1, 2, 840, 113549, 2, 7}, sha1.New},
	{asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 4}, asn1.ObjectIdentifier{1, 2, 840, 113549, 2, 8}, sha256.New224},
	{asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 1}, asn1.ObjectIdentifier{1, 2, 840, 113549, 2, 9}, sha256.New},
	{asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 2}, asn1.ObjectIdentifier{1, 2, 840, 113549, 2, 10}, sha512.New384},
	{asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 3}, asn1.ObjectIdentifier{1, 2, 840, 113549, 2, 11}, sha512.New},
}

// spend accounts for a derivation of n bytes by iterations rounds per block of size
// bytes, before it is made.
func (p *p12Reader) spend(iterations int64, n, size int) error {
	if iterations < 1 {
		return fmt.Errorf("%w: %d rounds of key derivation", ErrDamaged, iterations)
	}
	blocks := int64((n + size - 1) / size)
	if iterations > (maxRounds-p.rounds)/blocks {
		return fmt.Errorf("%w: %d rounds of key derivation in one place, at most %d in all", ErrTooMuchWork, iterations, maxRounds)
	}
	p.rounds += iterations * blocks
	return nil
}

// pbkdf2 derives a key of n bytes; n 0 means that the parameters have to say it, as
// for PBMAC1.
func (p *p12Reader) pbkdf2(algorithm pkix.AlgorithmIdentifier, n int) ([]byte, error) {
	if !algorithm.Algorithm.Equal(oidPBKDF2) {
		return nil, fmt.Errorf("%w: key derivation %v, expected PBKDF2", ErrUnsupported, algorithm.Algorithm)
	}
	var params pbkdf2Params
	if err := parseDER(algorithm.Parameters.FullBytes, &params); err != nil {
		return nil, fmt.Errorf("%w: parameters of the key derivation: %w", ErrDamaged, err)
	}
	if n == 0 {
		if params.KeyLen < 20 || params.KeyLen > 64 {
			return nil, fmt.Errorf("%w: MAC key of %d bytes, expected 20 to 64", ErrUnsupported, params.KeyLen)
		}
		n = int(params.KeyLen)
	}
	newHash := sha1.New // what RFC 8018 says when nothing is said
	if prf := params.PRF.Algorithm; len(prf) > 0 {
		newHash = nil
		for _, d := range p12Digests {
			if prf.Equal(d.hmac) {
				newHash = d.new
			}
		}
		if newHash == nil {
			return nil, fmt.Errorf("%w: key derivation with function %v", ErrUnsupported, prf)
		}
	}
	if err := p.spend(params.Iterations, n, newHash().Size()); err != nil {
		return nil, err
	}
	key, err := pbkdf2.Key(newHash, string(p.password.utf8), params.Salt, int(params.Iterations), n)
	if err != nil {
		return nil, fmt.Errorf("%w: key derivation: %w", ErrUnsupported, err)
	}
	return key, nil
}

// derive returns n bytes by the derivation of RFC 7292 appendix B.2. id is 1 for a
// key, 2 for an initialization vector, 3 for a MAC's key.
func (p *p12Reader) derive(newHash func() hash.Hash, id byte, salt []byte, iterations int64, n int) ([]byte, error) {
	h := newHash()
	if err := p.spend(iterations, n, h.Size()); err != nil {
		return nil, err
	}
	v := h.BlockSize()
	diversifier := make([]byte, v)
	for i := range diversifier {
		diversifier[i] = id
	}
	in := append(repeated(salt, v), repeated(p.password.bmp, v)...)
	var out []byte
	for {
		h.Reset()
		h.Write(diversifier)
		h.Write(in)
		sum := h.Sum(nil)
		for range iterations - 1 {
			h.Reset()
			h.Write(sum)
			sum = h.Sum(sum[:0])
		}
		if out = append(out, sum...); len(out) >= n {
			return out[:n], nil
		}
		// Each block of the input becomes itself + sum + 1, sum repeated to its size.
		add := repeated(sum, v)[:v]
		for block := in; len(block) > 0; block = block[v:] {
			carry := uint(1)
			for i := v - 1; i >= 0; i-- {
				carry += uint(block[i]) + uint(add[i])
				block[i] = byte(carry)
				carry >>= 8
			}
		}
	}
}

// repeated returns s again and again up to the next multiple of size; empty for
// empty s.
func repeated(s []byte, size int) []byte {
	if len(s) == 0 {
		return nil
	}
	out := make([]byte, (len(s)+size-1)/size*size)
	for i := 0; i < len(out); i += copy(out[i:], s) {
	}
	return out
}

// mac computes the MAC of content: an HMAC with a key derived from the password.
func (p *p12Reader) mac(m *p12MAC, content []byte) ([]byte, error) {
	algorithm := m.Digest.Algorithm
	if algorithm.Algorithm.Equal(oidPBMAC1) {
		return p.pbmac1(algorithm, content)
	}
	for _, d := range p12Digests {
		if algorithm.Algorithm.Equal(d.plain) {
			key, err := p.derive(d.new, 3, m.Salt, m.Iterations, d.new().Size())
			if err != nil {
				return nil, fmt.Errorf("MAC: %w", err)
			}
			return hmacSum(d.new, key, content), nil
		}
	}
	return nil, fmt.Errorf("%w: MAC algorithm %v", ErrUnsupported, algorithm.Algorithm)
}

// pbmac1 computes the MAC of RFC 9579. Short keys are refused, as it recommends: a
// MAC under one of them could be forged.
func (p *p12Reader) pbmac1(algorithm pkix.AlgorithmIdentifier, content []byte) ([]byte, error) {
	var params pbes2Params
	if err := parseDER(algorithm.Parameters.FullBytes, &params); err != nil {
		return nil, fmt.Errorf("%w: MAC: %w", ErrDamaged, err)
	}
	for _, d := range p12Digests {
		if params.Scheme.Algorithm.Equal(d.hmac) {
			key, err := p.pbkdf2(params.KDF, 0)
			if err != nil {
				return nil, fmt.Errorf("MAC: %w", err)
			}
			return hmacSum(d.new, key, content), nil
		}
	}
	return nil, fmt.Errorf("%w: MAC algorithm %v", ErrUnsupported, params.Scheme.Algorithm)
}

func hmacSum(h func() hash.Hash, key, content []byte) []byte {
	m := hmac.New(h, key)
	m.Write(content)
	return m.Sum(nil)
}
