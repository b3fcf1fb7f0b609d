package compatlog_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/netip"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"estream/internal/syncbuf"
	"estream/journal"
	"estream/layouts"
	"estream/pki"
	"estream/server"
	"estream/server/compatlog"
	"estream/source"
)

// elsewhere resolves one name to an address that nobody here has.
type elsewhere struct{}

func (elsewhere) LookupNetIP(context.Context, string, string) ([]netip.Addr, error) {
	return []netip.Addr{netip.MustParseAddr("192.0.2.1")}, nil
}

// TestServer: the lines of a real server are those of the documents, in their order:
// for a session with eNcore's bytes, a probe, a client from the wrong host and one with
// a certificate from elsewhere; and its first answer is theirs, too.
func TestServer(t *testing.T) {
	dir := t.TempDir()
	authority, err := pki.Open(filepath.Join(dir, "pki"), pki.Options{Resolver: elsewhere{}})
	if err != nil {
		t.Fatal(err)
	}
	register := func(host string) tls.Certificate {
		reg, err := authority.Register(t.Context(), host, pki.RegisterOptions{})
		if err != nil {
			t.Fatal(err)
		}
		cred, err := pki.LoadPKCS12(reg.PKCS12, "")
		if err != nil {
			t.Fatal(err)
		}
		return cred.Certificate
	}
	own, other := register("127.0.0.1"), register("siem.example.com")
	j, err := source.OpenJournal(t.Context(), filepath.Join(dir, "journal"), layouts.Default(), journal.Options{})
	if err != nil {
		t.Fatal(err)
	}
	out := &watched{more: make(chan struct{}, 1)}
	log := compatlog.New(compatlog.Options{Sinks: []compatlog.Sink{compatlog.NewFile(out, "fmc")}})
	s := &server.Server{Authority: authority, Journal: j, Log: slog.New(log.Handler()), Trace: log.Trace()}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- s.Serve(ctx, ln) }()
	defer func() {
		stop()
		if err := <-served; err != nil {
			t.Error(err)
		}
		if err := j.Close(context.Background()); err != nil {
			t.Error(err)
		}
	}()

	dial := func(cert tls.Certificate) *tls.Conn {
		conn, err := tls.Dial("tcp", ln.Addr().String(), &tls.Config{Certificates: []tls.Certificate{cert}, InsecureSkipVerify: true, MaxVersion: tls.VersionTLS12})
		if err != nil {
			t.Fatal(err)
		}
		if err := conn.SetDeadline(time.Now().Add(time.Minute)); err != nil {
			t.Fatal(err)
		}
		return conn
	}
	await := func(line string) {
		t.Helper()
		over := time.After(time.Minute)
		for !strings.Contains(out.String(), line) {
			select {
			case <-out.more:
			case <-over:
				t.Fatalf("%q did not come:\n%s", line, out)
			}
		}
	}
	ask := func(conn *tls.Conn) {
		t.Helper()
		send(t, conn, "00010002000000080000000048900061")
		want := "0001080300000030" + "000013890000000800000000000000000000138800000008000000000000000000001a0b000000080000000000000000"
		answer := make([]byte, len(want)/2)
		if _, err := io.ReadFull(conn, answer); err != nil || hex.EncodeToString(answer) != want {
			t.Errorf("answer %x, %v\nwant   %s", answer, err, want)
		}
	}
	hangUp := func(conn *tls.Conn) {
		t.Helper()
		if err := conn.Close(); err != nil {
			t.Error(err)
		}
	}
	// One after the other: the lines of two connections would mix.
	conn := dial(own)
	ask(conn)
	hangUp(conn)
	await("Removed host entry for pid: 1\n")
	conn = dial(own)
	ask(conn)
	send(t, conn, "00010801"+"00000038"+encoreRequest)
	await("Opened ")
	hangUp(conn)
	await("Removed host entry for pid: 2\n")
	for n, cert := range []tls.Certificate{other, foreign(t)} {
		// The refusal may show in the handshake or with the first read.
		raw, err := tls.Dial("tcp", ln.Addr().String(), &tls.Config{Certificates: []tls.Certificate{cert}, InsecureSkipVerify: true})
		if err == nil {
			if got, _ := io.ReadAll(raw); len(got) > 0 {
				t.Errorf("a refused client got %x", got)
			}
			_ = raw.Close() // the server has closed it
		}
		await("Removed host entry for pid: " + []string{"3", "4"}[n] + "\n")
	}

	var want strings.Builder
	for _, name := range []string{"probe", "mismatch", "certificate"} {
		text := string(readGolden(t, name))
		if name == "probe" { // its session ends here, and there begins one with start 0
			text += "X fmc SF-IMS[7414]: [7414] Event Streamer:ConnectionHandler [INFO] Child with pid 8511 exited with status 5120\n" +
				"X fmc SF-IMS[7414]: [7414] Event Streamer:ConnectionHandler [INFO] Removed host entry for pid: 8511\n"
		}
		want.WriteString(text)
	}
	// What the pairs of the request overrule is not in the documents, and has a test elsewhere.
	notes := regexp.MustCompile(`(?m)^.*\[INFO\] .* is overruled by .*\n`)
	got, wanted := alike(notes.ReplaceAllString(out.String(), "")), alike(want.String())
	if !bytes.Equal(got, wanted) {
		t.Errorf("got\n%s\nin common form\n%s\nwant\n%s", out, got, wanted)
	}
}

// watched is a log that tells when there is more.
type watched struct {
	syncbuf.Buffer
	more chan struct{}
}

func (w *watched) Write(p []byte) (int, error) {
	n, err := w.Buffer.Write(p)
	select {
	case w.more <- struct{}{}:
	default:
	}
	return n, err
}

// alike replaces in a log what differs from run to run: times, numbers, addresses and names.
func alike(log string) []byte {
	text := []byte(log)
	for _, r := range []struct{ pattern, with string }{
		{`(?m)^.*? SF-IMS`, "SF-IMS"},
		{`(127\.0\.0\.1|10\.48\.26\.\d+|10\.62\.148\.41|192\.0\.2\.1)`, "ADDR"},
		{`:\d+/tcp`, ":PORT/tcp"},
		{`SF-IMS\[\d+\]: \[\d+\]`, "SF-IMS[N]: [N]"},
		{`(session|pid:?) \d+`, "$1 N"},
		{`ADDR\(\d+\)`, "ADDR(N)"},
		{`timestamp \[\d+\]`, "timestamp [T]"},
		{`Since \d+`, "Since T"},
		{`unified2\.\d+`, "unified2.T"},
	} {
		text = regexp.MustCompile(r.pattern).ReplaceAll(text, []byte(r.with))
	}
	return text
}

func send(t *testing.T, conn io.Writer, text string) {
	t.Helper()
	data, err := hex.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Write(data); err != nil {
		t.Fatal(err)
	}
}

// foreign makes a certificate that nobody here has signed.
func foreign(t *testing.T) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "127.0.0.1"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}
