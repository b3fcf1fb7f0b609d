package dissector

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"io"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"estream/internal/formattest"
	"estream/internal/recordtest"
	"estream/internal/syncbuf"
	"estream/wire"
)

// A tap writes what goes through a connection into a capture. The two ends of a pipe
// take turns, so that the capture has what is sent in the order in which it is.
type tap struct {
	net.Conn
	c        *capture
	from, to *end
	turn     chan struct{}
}

func (p *tap) Write(b []byte) (int, error) {
	p.turn <- struct{}{}
	p.c.send(p.from, p.to, b, 1460)
	<-p.turn
	return p.Conn.Write(b)
}

// certificate returns one that nobody has to trust.
func certificate(t testing.TB) tls.Certificate {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "center"}, NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// TestTLS decrypts sessions with a key log, as a user does: a request, and an answer of
// bundles that are longer than a TLS record, on the usual port and on another one.
func TestTLS(t *testing.T) {
	var list [][]byte
	for m := range recordtest.Split(t, formattest.Corpus(t)) {
		if list = append(list, m); len(list) == 200 {
			break
		}
	}
	var answer []byte
	for i, part := range [][][]byte{list[:20], list[20:199], list[199:]} {
		bundle, err := wire.AppendBundle(nil, 1, uint32(i+1), 0, slices.Concat(part...))
		if err != nil {
			t.Fatal(err)
		}
		answer = append(answer, bundle...)
	}
	request := wire.AppendEventStreamRequest(nil, wire.EventStreamRequest{Flags: wire.DefaultFlags})
	for _, session := range []struct {
		version uint16
		port    uint16
		args    []string
	}{
		{tls.VersionTLS13, 8302, nil},
		{tls.VersionTLS12, 18302, []string{"-o", "estreamer.ports:8302,18302-18305"}},
		{tls.VersionTLS13, 9999, []string{"-d", "tls.port==9999,estreamer"}},
	} {
		t.Run(fmt.Sprint(session.port), func(t *testing.T) {
			c := newCapture(t, session.port)
			keys := &syncbuf.Buffer{}
			exchange(t, c, session.version, keys, request, answer)
			name := filepath.Join(t.TempDir(), "keys.log")
			if err := os.WriteFile(name, []byte(keys.String()), 0o600); err != nil {
				t.Fatal(err)
			}
			args := append([]string{"-o", "tls.keylog_file:" + name}, session.args...)
			shown, protocols := messages(t, pdml(t, c.save(), args...))
			if protocols["_ws.malformed"] > 0 || len(shown) != 4 || protocols["tls"] == 0 {
				t.Fatalf("%d messages, protocols %v; want 4 messages", len(shown), protocols)
			}
			if got := shown[0].find("estreamer.flags").number(); got != int64(wire.DefaultFlags) {
				t.Errorf("flags %#x, want %#x", got, wire.DefaultFlags)
			}
			i := 0
			for _, bundle := range shown[1:] {
				for _, m := range bundle.children("estreamer.message") {
					sameMessage(t, list[i], m)
					i++
				}
			}
			if i != len(list) {
				t.Errorf("%d messages in bundles, want %d", i, len(list))
			}
		})
	}
}

// exchange has a client send a request over TLS and read the answer. The server writes
// the answer in pieces, each of which becomes TLS records of its own.
func exchange(t testing.TB, c *capture, version uint16, keys io.Writer, request, answer []byte) {
	t.Helper()
	near, far := net.Pipe()
	turn := make(chan struct{}, 1)
	client := tls.Client(&tap{near, c, &c.client, &c.server, turn}, &tls.Config{
		InsecureSkipVerify: true, MinVersion: version, MaxVersion: version, KeyLogWriter: keys,
	})
	// A pipe buffers nothing: a ticket that the client does not wait for would block.
	server := tls.Server(&tap{far, c, &c.server, &c.client, turn}, &tls.Config{
		Certificates: []tls.Certificate{certificate(t)}, MinVersion: version, MaxVersion: version, SessionTicketsDisabled: true,
	})
	failed := make(chan error, 1)
	go func() {
		defer far.Close()
		got := make([]byte, len(request))
		if _, err := io.ReadFull(server, got); err != nil {
			failed <- fmt.Errorf("server: %w", err)
			return
		}
		for rest, n := answer, 5; len(rest) > 0; n = n*3 + 1 {
			n = min(n, len(rest))
			if _, err := server.Write(rest[:n]); err != nil {
				failed <- fmt.Errorf("server: %w", err)
				return
			}
			rest = rest[n:]
		}
		failed <- nil
	}()
	if _, err := client.Write(request); err != nil {
		t.Fatalf("client: %v", err)
	}
	if _, err := io.ReadFull(client, make([]byte, len(answer))); err != nil {
		t.Errorf("client: %v", err)
	}
	near.Close()
	if err := <-failed; err != nil {
		t.Fatal(err)
	}
}
