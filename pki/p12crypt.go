package pki

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/des"
	"crypto/sha1"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
)

// newDES is triple DES with three keys, or with two, the first of which is used again.
func newDES(key []byte) (cipher.Block, error) {
	if len(key) == 16 {
		key = append(key[:16:16], key[:8]...)
	}
	return des.NewTripleDESCipher(key)
}

// A p12Cipher is a block cipher in CBC mode with its key length in bytes.
type p12Cipher struct {
	oid    asn1.ObjectIdentifier
	keyLen int
	new    func(key []byte) (cipher.Block, error)
}

// The derivation of RFC 7292 appendix B goes with the first, PBES2 (RFC 8018 appendix
// B.2) with the others.
var (
	p12Ciphers = []p12Cipher{
		{asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 12, 1, 3}, 24, newDES},
		{asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 12, 1, 4}, 16, newDES},
		{asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 12, 1, 5}, 16, newRC2},
		{asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 12, 1, 6}, 5, newRC2},
	}
	pbes2Ciphers = []p12Cipher{
		{asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 1, 2}, 16, aes.NewCipher},
		{asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 1, 22}, 24, aes.NewCipher},
		{asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 1, 42}, 32, aes.NewCipher},
		{asn1.ObjectIdentifier{1, 2, 840, 113549, 3, 7}, 24, newDES},
	}
	oidPBES2  = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 5, 13}
	oidPBKDF2 = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 5, 12}
	oidPBMAC1 = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 5, 14}
)

// Parameters of RFC 7292 appendix C and RFC 8018 appendix A.
type (
	pbeParams struct {
		Salt       []byte
		Iterations int64
	}
	pbkdf2Params struct {
		Salt       []byte
		Iterations int64
		KeyLen     int64                    `asn1:"optional"`
		PRF        pkix.AlgorithmIdentifier `asn1:"optional"`
	}
	// pbes2Params serves PBMAC1 too, with the MAC's algorithm in place of the cipher.
	pbes2Params struct {
		KDF    pkix.AlgorithmIdentifier
		Scheme pkix.AlgorithmIdentifier
	}
)

// decrypt returns the plain text of data in memory of its own.
func (p *p12Reader) decrypt(algorithm pkix.AlgorithmIdentifier, data []byte) ([]byte, error) {
	var block cipher.Block
	var iv []byte
	var err error
	if algorithm.Algorithm.Equal(oidPBES2) {
		block, iv, err = p.pbes2(algorithm)
	} else {
		block, iv, err = p.pbe(algorithm)
	}
	if err != nil {
		return nil, err
	}
	size := block.BlockSize()
	if len(iv) != size {
		return nil, fmt.Errorf("%w: initialization vector of %d bytes, expected %d", ErrDamaged, len(iv), size)
	}
	if len(data) == 0 || len(data)%size != 0 {
		return nil, fmt.Errorf("%w: %d encrypted bytes, expected a multiple of %d", ErrDamaged, len(data), size)
	}
	plain := make([]byte, len(data))
	cipher.NewCBCDecrypter(block, iv).CryptBlocks(plain, data)
	pad := int(plain[len(plain)-1])
	if pad < 1 || pad > size {
		return nil, fmt.Errorf("%w: decryption gives nonsense", ErrDamaged)
	}
	for _, b := range plain[len(plain)-pad:] {
		if int(b) != pad {
			return nil, fmt.Errorf("%w: decryption gives nonsense", ErrDamaged)
		}
	}
	return plain[:len(plain)-pad], nil
}

// pbe prepares the ciphers of PKCS#12's own kind.
func (p *p12Reader) pbe(algorithm pkix.AlgorithmIdentifier) (cipher.Block, []byte, error) {
	for _, c := range p12Ciphers {
		if !algorithm.Algorithm.Equal(c.oid) {
			continue
		}
		var params pbeParams
		if err := parseDER(algorithm.Parameters.FullBytes, &params); err != nil {
			return nil, nil, fmt.Errorf("%w: parameters of the encryption: %w", ErrDamaged, err)
		}
		key, err := p.derive(sha1.New, 1, params.Salt, params.Iterations, c.keyLen)
		if err != nil {
			return nil, nil, err
		}
		iv, err := p.derive(sha1.New, 2, params.Salt, params.Iterations, 8)
		if err != nil {
			return nil, nil, err
		}
		block, err := c.new(key)
		return block, iv, err
	}
	return nil, nil, fmt.Errorf("%w: encryption algorithm %v", ErrUnsupported, algorithm.Algorithm)
}

// pbes2 prepares the ciphers of PBES2.
func (p *p12Reader) pbes2(algorithm pkix.AlgorithmIdentifier) (cipher.Block, []byte, error) {
	var params pbes2Params
	if err := parseDER(algorithm.Parameters.FullBytes, &params); err != nil {
		return nil, nil, fmt.Errorf("%w: parameters of the encryption: %w", ErrDamaged, err)
	}
	for _, c := range pbes2Ciphers {
		if !params.Scheme.Algorithm.Equal(c.oid) {
			continue
		}
		key, err := p.pbkdf2(params.KDF, c.keyLen)
		if err != nil {
			return nil, nil, err
		}
		block, err := c.new(key)
		return block, params.Scheme.Parameters.Bytes, err
	}
	return nil, nil, fmt.Errorf("%w: encryption algorithm %v", ErrUnsupported, params.Scheme.Algorithm)
}
