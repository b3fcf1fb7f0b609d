package cli

import (
	"bytes"
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"

	"estream/pki"
	"estream/transcript"
)

// splitCertificate and splitKey are the files that ssl_test.pl makes of the PKCS#12 file, in the current
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

// credentials reads the PKCS#12 file, and splits it where that was asked for.
func (r *requestRun) credentials() (*pki.Credentials, error) {
	if r.password != "" {
		r.password = wipeArgument(r.password)
		r.log.Warn("a password on the command line can be seen by others on this host", "hint", "--password-file FILE")
	}
	if r.pkcs12 == "" {
		found, err := filepath.Glob("*.pkcs12")
		if err != nil || len(found) == 0 {
			return nil, hint(errors.New("SFPkcs12 : no *.pkcs12 file here"), "give that of this client with -pkcs12 FILE")
		}
		r.pkcs12 = found[0]
		r.log.Debug("PKCS#12 file", "file", r.pkcs12)
	}
	password, err := r.readPassword("--password-file", r.passwordFile)
	if err != nil {
		return nil, err
	}
	password = cmp.Or(password, r.password) // at most one of them is given
	cred, err := openPKCS12(r.pkcs12, password)
	switch {
	case errors.Is(err, pki.ErrPassword) && password == "":
		return nil, hint(fmt.Errorf("SFPkcs12 : %w", err), "the file is encrypted: give its password with --password-file FILE")
	case errors.Is(err, pki.ErrPassword):
		return nil, hint(fmt.Errorf("SFPkcs12 : %w", err), "the password is that which was given when the client was created")
	case err != nil:
		return nil, fmt.Errorf("SFPkcs12 : %w", err)
	}
	if err := stillValid(r.pkcs12, cred); err != nil {
		return nil, err
	}
	if r.split {
		return cred, r.splitFile(cred)
	}
	return cred, nil
}

// tls returns how the server is verified, and where the secrets of the session go.
func (r *requestRun) tls(cred *pki.Credentials) (*tls.Config, error) {
	o := pki.ClientOptions{Pin: new(pki.Pin)} // for a file without CA: nothing is pinned
	switch {
	case r.insecure:
		o.PinOnly = true
		r.log.Warn("the server's certificate is not verified")
	case cred.CAs == nil:
		r.log.Warn("the server's certificate is not verified: the PKCS#12 file holds no authority", "file", r.pkcs12)
	}
	cfg, err := pki.ClientTLSConfig(cred, o)
	if err != nil {
		return nil, err
	}
	name := cmp.Or(r.keylog, os.Getenv("SSLKEYLOGFILE"))
	if name == "" {
		return cfg, nil
	}
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return nil, fmt.Errorf("--keylog: %w", err)
	}
	r.cleanup = append(r.cleanup, f.Close)
	r.log.Warn("the secrets of this TLS session are written to a file: who has it can read a capture", "file", name)
	cfg.KeyLogWriter = f
	return cfg, nil
}
