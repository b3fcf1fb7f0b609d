package e2e

import (
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
	"testing"

	"estream/output/conn/rsyslogtest"
)

// writePKI writes what a client of rsyslogd needs into files.
func writePKI(t *testing.T, dir string, p *rsyslogtest.PKI) (authority, certificate, key string) {
	t.Helper()
	private, err := x509.MarshalPKCS8PrivateKey(p.Client.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	write := func(name, kind string, der []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	// The server's own certificate is an anchor that verifies nothing but the server.
	return write("ca.pem", "CERTIFICATE", p.Server.Certificate[0]), write("client.pem", "CERTIFICATE", p.Client.Certificate[0]), write("client.key", "PRIVATE KEY", private)
}
