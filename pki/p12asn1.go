package pki

import (
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
)

// The structures of RFC 7292 section 4 and RFC 2315.
type (
	p12PFX struct {
		Version  int
		AuthSafe p12Content
		MAC      p12MAC `asn1:"optional"`
	}
	p12Content struct {
		Type    asn1.ObjectIdentifier
		Content asn1.RawValue `asn1:"tag:0,explicit,optional"`
	}
	p12MAC struct {
		Digest struct {
			Algorithm pkix.AlgorithmIdentifier
			Digest    []byte
		}
		Salt       []byte
		Iterations int64 `asn1:"optional,default:1"`
	}
	p12Encrypted struct {
		Version int
		Content struct {
			Type      asn1.ObjectIdentifier
			Algorithm pkix.AlgorithmIdentifier
			Data      []byte `asn1:"tag:0,optional"`
		}
	}
	p12Bag struct {
		ID         asn1.ObjectIdentifier
		Value      asn1.RawValue `asn1:"tag:0,explicit"`
		Attributes asn1.RawValue `asn1:"optional"` // names for humans, not needed
	}
	p12CertBag struct {
		ID   asn1.ObjectIdentifier
		Data []byte `asn1:"tag:0,explicit"`
	}
	p12EncryptedKey struct {
		Algorithm pkix.AlgorithmIdentifier
		Data      []byte
	}
)

var (
	oidData          = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 1}
	oidSignedData    = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 2}
	oidEncryptedData = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 6}

	oidKeyBag          = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 12, 10, 1, 1}
	oidEncryptedKeyBag = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 12, 10, 1, 2}
	oidCertBag         = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 12, 10, 1, 3}
	oidX509            = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 22, 1}
)

// octets returns the content of plain data.
func (c *p12Content) octets() ([]byte, error) {
	if !c.Type.Equal(oidData) {
		return nil, fmt.Errorf("content of type %v, expected data", c.Type)
	}
	var octets []byte
	if err := parseDER(c.Content.Bytes, &octets); err != nil {
		return nil, err
	}
	return octets, nil
}

// parseDER parses the one element that data consists of.
func parseDER(data []byte, into any) error {
	rest, err := asn1.Unmarshal(data, into)
	if err == nil && len(rest) > 0 {
		err = fmt.Errorf("%d bytes follow the end", len(rest))
	}
	return err
}
