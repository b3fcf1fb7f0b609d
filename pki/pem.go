package pki

import (
	"crypto/tls"
	"fmt"
)

// LoadPEM reads a client's certificate, followed by its intermediate certificates
// if there are any, and its key in PEM form, as eNcore keeps them beside its
// settings. There is no CA in them: the server is pinned.
func LoadPEM(certificate, key []byte) (*Credentials, error) {
	pair, err := tls.X509KeyPair(certificate, key)
	if err != nil {
		return nil, fmt.Errorf("load PEM: %w", err)
	}
	return &Credentials{Certificate: pair, Leaf: pair.Leaf}, nil
}
