package pki

import (
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// What a client may speak: nothing below TLS 1.2 and nothing without forward secrecy,
// unless the operator allows it.
func TestProtocolVersions(t *testing.T) {
	dir := newDir(t)
	strict, legacy := open(t, dir, Options{}), open(t, dir, Options{LegacyTLS: true})
	pair := signed(t, strict, "127.0.0.1", nil)
	enter(t, strict, pair, "127.0.0.1", "127.0.0.1")
	file := filepath.Join(t.TempDir(), "client.pem")
	if err := writeKeyPair(file, pair, ""); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		args   string
		config *tls.Config
		strict Reason
	}{
		{"-tls1 -cipher DEFAULT@SECLEVEL=0", &tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS10}, ProtocolVersion},
		{"-tls1_1 -cipher DEFAULT@SECLEVEL=0", &tls.Config{MinVersion: tls.VersionTLS11, MaxVersion: tls.VersionTLS11}, ProtocolVersion},
		{"-tls1 -cipher AES128-SHA@SECLEVEL=0", &tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS10, CipherSuites: []uint16{tls.TLS_RSA_WITH_AES_128_CBC_SHA}}, ProtocolVersion},
		{"-tls1_2 -cipher AES256-SHA", &tls.Config{MaxVersion: tls.VersionTLS12, CipherSuites: []uint16{tls.TLS_RSA_WITH_AES_256_CBC_SHA}}, HandshakeFailed},
		{"-tls1_2", &tls.Config{MaxVersion: tls.VersionTLS12}, 0},
		{"-tls1_3", &tls.Config{MinVersion: tls.VersionTLS13}, 0},
	} {
		for name, server := range map[string]*Authority{"strict": strict, "legacy": legacy} {
			t.Run(name+"/"+test.args, func(t *testing.T) {
				want := test.strict
				if server == legacy {
					want = 0
				}
				addr, result := serveOne(t, server, "tcp4", "127.0.0.1:0", 0, true)
				args := append([]string{"s_client", "-connect", addr, "-quiet", "-cert", file, "-key", file}, strings.Fields(test.args)...)
				out, err := openssl(t, "", args...)
				if o := <-result; reason(o.err) != want || (out == "hello\n") != (want == 0) {
					t.Errorf("openssl: server %v, client %q, %v; want %v", o.err, out, err, want)
				}
				config := test.config.Clone()
				config.InsecureSkipVerify = true
				config.Certificates = []tls.Certificate{{Certificate: [][]byte{pair.cert.Raw}, PrivateKey: pair.key}}
				addr, result = serveOne(t, server, "tcp4", "127.0.0.1:0", 0, true)
				if got := greeting(addr, config); (got == "hello\n") != (want == 0) {
					t.Errorf("Go: %q", got)
				}
				if o := <-result; reason(o.err) != want {
					t.Errorf("Go: server %v, want %v", o.err, want)
				}
			})
		}
	}
}

// greeting returns what a server says, "" if it says nothing.
func greeting(addr string, config *tls.Config) string {
	conn, err := tls.Dial("tcp", addr, config)
	if err != nil {
		return ""
	}
	defer conn.Close()
	text, _ := io.ReadAll(conn) // a refused client hears nothing, or an alert
	return string(text)
}

// A client that asks for renegotiation, with which one could keep a server busy, is
// dropped. s_client asks for it at a line "R".
func TestRenegotiationIsRefused(t *testing.T) {
	a := open(t, newDir(t), Options{LegacyTLS: true})
	pair := signed(t, a, "127.0.0.1", nil)
	enter(t, a, pair, "127.0.0.1", "127.0.0.1")
	file := filepath.Join(t.TempDir(), "client.pem")
	if err := writeKeyPair(file, pair, ""); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	result := make(chan error, 1)
	go func() {
		conn, err := l.Accept()
		if err == nil {
			secure, _, aerr := a.Accept(t.Context(), conn, true)
			if err = aerr; err == nil {
				_, err = secure.Read(make([]byte, 1))
				secure.Close()
			}
		}
		result <- err
	}()
	cmd := exec.Command("openssl", "s_client", "-connect", l.Addr().String(), "-tls1_2", "-cert", file, "-key", file)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	fmt.Fprintln(stdin, "R")
	if err := <-result; err == nil || reason(err) != 0 || !strings.Contains(err.Error(), "unexpected handshake message") {
		t.Errorf("server: %v, want that it dropped the connection for an unexpected handshake", err)
	}
	stdin.Close()
	_ = cmd.Wait() // its status says whether it got along with the server
	if !strings.Contains(out.String(), "RENEGOTIATING") || strings.Count(out.String(), "CONNECTED") != 1 {
		t.Errorf("openssl did not ask for it:\n%s", out.String())
	}
}
