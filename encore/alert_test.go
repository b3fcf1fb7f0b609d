package encore

import (
	"crypto/tls"
	"io"
	"strings"
	"testing"

	"estream/estreamtest"
)

// TestAlertText: a server that refuses our certificate says so in an alert, and the
// log in the word that scripts look for.
func TestAlertText(t *testing.T) {
	cfg := estreamtest.Start(t).ServerTLS()
	ln, err := tls.Listen("tcp", "127.0.0.1:0", cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	go func() {
		if conn, err := ln.Accept(); err == nil {
			_, _ = io.Copy(io.Discard, conn) // the handshake fails in here
			_ = conn.Close()
		}
	}()
	conn, err := tls.Dial("tcp", ln.Addr().String(), &tls.Config{InsecureSkipVerify: true}) // and without a certificate
	if err == nil {
		defer conn.Close()
		_, err = conn.Read(make([]byte, 1))
	}
	if got := Describe(err, &Files{}); !strings.HasPrefix(got, "SSLError: ") {
		t.Errorf("%v is described as %q", err, got)
	}
}
