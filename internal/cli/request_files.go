package cli

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"

	"estream/pki"
	"estream/transcript"
)

// splitFiles are the files that ssl_test.pl makes of the PKCS#12 file, in the current
// directory.
const (
	splitCertificate = "server.crt"
	splitKey         = "server.key"
)

// splitFile writes the certificates and the key of the PKCS#12 file, as PEM.
func (r *requestRun) splitFile(cred *pki.Credentials) error {
	key, err := x509.MarshalPKCS8PrivateKey(cred.Certificate.PrivateKey)
	if err != nil {
		return fmt.Errorf("SFPkcs12 : %s: key: %w", r.pkcs12, err)
	}
	var certs bytes.Buffer
	for _, der := range cred.Certificate.Certificate {
		_ = pem.Encode(&certs, &pem.Block{Type: "CERTIFICATE", Bytes: der}) // a Buffer takes everything
	}
	for _, ca := range cred.CACertificates {
		_ = pem.Encode(&certs, &pem.Block{Type: "CERTIFICATE", Bytes: ca.Raw})
	}
	for _, part := range []struct {
		name string
		data []byte
	}{
		{splitCertificate, certs.Bytes()},
		{splitKey, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key})},
	} {
		if err := r.splitPart(part.name, part.data); err != nil {
			return fmt.Errorf("SFPkcs12 : %w", err)
		}
	}
	return nil
}

func (r *requestRun) splitPart(name string, data []byte) error {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return hint(fmt.Errorf("%s is there already", name), "it may be somebody's: move it away, or go without --split")
	}
	if err != nil {
		return err
	}
	if !r.keep {
		r.cleanup = append(r.cleanup, func() error { return os.Remove(name) })
	}
	_, err = f.Write(data)
	return errors.Join(err, f.Close())
}

// tracer returns what records the session above TLS.
func (r *requestRun) tracer() (func(net.Conn) net.Conn, error) {
	if err := parentExists("--trace", r.trace); err != nil {
		return nil, err
	}
	// Events and addresses are nobody else's business.
	f, err := os.OpenFile(r.trace, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, fmt.Errorf("--trace: %w", err)
	}
	r.cleanup = append(r.cleanup, f.Close)
	return func(conn net.Conn) net.Conn {
		failed := func(err error) {
			if err != nil {
				r.log.Error("the trace is incomplete", "file", r.trace, "error", err)
			}
		}
		w, err := transcript.NewWriter(f, r.set, transcript.HeaderOf(transcript.Client, conn), transcript.WriterOptions{})
		if err != nil {
			failed(err)
			return conn
		}
		return transcript.ClientConn(conn, w, failed)
	}, nil
}
