package capture

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"estream/transcript"
)

// certificate makes the server's certificate once, as files for openssl as well.
var certificates = sync.OnceValues(func() (map[string]tls.Certificate, error) {
	all := map[string]tls.Certificate{}
	for _, name := range []string{"rsa", "ecdsa"} {
		template := &x509.Certificate{
			SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "server"}, DNSNames: []string{"server"},
			NotBefore: time.Unix(0, 0), NotAfter: time.Unix(1<<32, 0),
		}
		var der []byte
		var key any
		var err error
		if name == "rsa" {
			var k *rsa.PrivateKey
			if k, err = rsa.GenerateKey(rand.Reader, 2048); err == nil {
				key = k
				der, err = x509.CreateCertificate(rand.Reader, template, template, k.Public(), k)
			}
		} else {
			var k *ecdsa.PrivateKey
			if k, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err == nil {
				key = k
				der, err = x509.CreateCertificate(rand.Reader, template, template, k.Public(), k)
			}
		}
		if err != nil {
			return nil, err
		}
		all[name] = tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
	}
	return all, nil
})

func certificate(t testing.TB, name string) tls.Certificate {
	t.Helper()
	all, err := certificates()
	if err != nil {
		t.Fatal(err)
	}
	return all[name]
}

// certificateFile writes certificate and key for openssl.
func certificateFile(t *testing.T, name string) string {
	t.Helper()
	c := certificate(t, name)
	key, err := x509.MarshalPKCS8PrivateKey(c.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), name+".pem")
	data := append(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Certificate[0]}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key})...)
	if err := os.WriteFile(file, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func goClient() *tls.Config { return &tls.Config{ServerName: "server"} }

func goServer() *tls.Config { return &tls.Config{} }

// goTLS says a dialogue between a client and a server of crypto/tls, and returns what
// went over the line, and the key log.
func goTLS(t testing.TB, list []said, client, server *tls.Config) ([]piece, string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	p := newTap(t, l.Addr().String(), nil)
	var keys bytes.Buffer
	client, server = client.Clone(), server.Clone()
	client.KeyLogWriter, client.InsecureSkipVerify = &keys, true
	server.Certificates = []tls.Certificate{certificate(t, "rsa")}
	accepted := make(chan *tls.Conn, 1)
	go func() {
		c, err := l.Accept()
		if err != nil {
			close(accepted)
			return
		}
		accepted <- tls.Server(c, server)
	}()
	conn, err := net.Dial("tcp", p.addr)
	if err != nil {
		t.Fatal(err)
	}
	c := tls.Client(conn, client)
	s, ok := <-accepted
	if !ok {
		t.Fatal("nobody was accepted")
	}
	if err := talk(list, c, s); err != nil {
		t.Fatal(err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("got %v", err)
	}
	s.Close()
	<-p.done
	return p.pieces, keys.String()
}

// openssl starts the command and stops it when the test ends. The channel is closed when it has
// ended by itself.
func openssl(t *testing.T, args ...string) (ends, <-chan struct{}) {
	t.Helper()
	cmd := exec.Command("openssl", args...)
	cmd.Env = append(os.Environ(), "OPENSSL_CONF=/dev/null") // no policy of this machine
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	cmd.Stderr = &log
	if err := cmd.Start(); err != nil {
		t.Fatalf("%v: these tests need the openssl command (apt-get install openssl)", err)
	}
	gone := make(chan struct{})
	go func() {
		_, _ = cmd.Process.Wait()
		close(gone)
	}()
	t.Cleanup(func() {
		in.Close()
		_ = cmd.Process.Kill() // it may be gone
		<-gone
		out.Close()
		if t.Failed() {
			t.Logf("openssl %v:\n%s", args, &log)
		}
	})
	return ends{out, in}, gone
}

type ends struct {
	io.Reader
	io.Writer
}

// freePort returns an address on loopback where nobody listens, apart from the one that others use, so
// that nobody takes it before the server does.
func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.3:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// An opensslPair is s_client and s_server with a tap in between.
type opensslPair struct {
	client, server ends
	tap            *tap
	keys           string // file
}

func newOpensslPair(t *testing.T, cert string, quiet bool, clientArgs, serverArgs []string) opensslPair {
	t.Helper()
	dir, file := t.TempDir(), certificateFile(t, cert)
	keys, addr := filepath.Join(dir, "keys"), freePort(t)
	server, gone := openssl(t, append([]string{"s_server", "-quiet", "-accept", addr, "-cert", file, "-key", file}, serverArgs...)...)
	p := opensslPair{server: server, keys: keys, tap: newTap(t, addr, gone)}
	args := append([]string{"s_client", "-connect", p.tap.addr, "-keylogfile", keys, "-servername", "server"}, clientArgs...)
	if quiet {
		args = append(args, "-quiet")
	}
	p.client, _ = openssl(t, args...)
	return p
}

func (p *opensslPair) keyLog(t *testing.T) string {
	t.Helper()
	data, err := os.ReadFile(p.keys)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// seen returns what has passed until now.
func (p *opensslPair) seen() []piece {
	p.tap.mu.Lock()
	defer p.tap.mu.Unlock()
	return p.tap.pieces[:len(p.tap.pieces):len(p.tap.pieces)]
}

// Every cipher suite, spoken by openssl; of AES-CBC with the MAC of the plaintext and of
// the ciphertext.
func TestCipherSuites(t *testing.T) {
	for _, tt := range []struct{ cert, suite, args string }{
		{"rsa", "TLS_AES_128_GCM_SHA256", "-tls1_3 -ciphersuites"},
		{"rsa", "TLS_AES_256_GCM_SHA384", "-tls1_3 -ciphersuites"},
		{"rsa", "TLS_CHACHA20_POLY1305_SHA256", "-tls1_3 -ciphersuites"},
		{"rsa", "ECDHE-RSA-AES128-GCM-SHA256", "-tls1_2 -cipher"},
		{"rsa", "ECDHE-RSA-AES256-GCM-SHA384", "-tls1_2 -cipher"},
		{"ecdsa", "ECDHE-ECDSA-AES256-GCM-SHA384", "-tls1_2 -cipher"},
		{"rsa", "DHE-RSA-AES256-GCM-SHA384", "-tls1_2 -cipher"},
		{"rsa", "AES128-GCM-SHA256", "-tls1_2 -cipher"},
		{"rsa", "ECDHE-RSA-CHACHA20-POLY1305", "-tls1_2 -cipher"},
		{"ecdsa", "ECDHE-ECDSA-CHACHA20-POLY1305", "-tls1_2 -cipher"},
		{"rsa", "AES128-SHA", "-tls1_2 -cipher"},
		{"rsa", "AES128-SHA", "-no_etm -tls1_2 -cipher"},
		{"rsa", "AES256-SHA", "-tls1_2 -cipher"},
		{"rsa", "ECDHE-RSA-AES256-SHA", "-no_etm -tls1_2 -cipher"},
		{"rsa", "AES128-SHA256", "-tls1_2 -cipher"},
		{"rsa", "AES256-SHA256", "-no_etm -tls1_2 -cipher"},
		{"rsa", "DHE-RSA-AES256-SHA256", "-tls1_2 -cipher"},
		{"rsa", "ECDHE-RSA-AES128-SHA256", "-tls1_2 -cipher"},
		{"rsa", "ECDHE-RSA-AES256-SHA384", "-tls1_2 -cipher"},
		{"rsa", "ECDHE-RSA-AES256-SHA384", "-no_etm -tls1_2 -cipher"},
	} {
		t.Run(tt.suite+" "+strings.Fields(tt.args)[0], func(t *testing.T) {
			args := strings.Fields(tt.args)
			name := tt.suite
			if args[len(args)-1] == "-cipher" {
				name += ":@SECLEVEL=0"
			}
			args = append(args, name)
			list := dialogue(7)
			pair := newOpensslPair(t, tt.cert, true, args, args)
			if err := talk(list, pair.client, pair.server); err != nil {
				t.Fatal(err)
			}
			file := usual.file(packetsOf(pair.seen(), clientEnd, serverEnd))
			sessions, problems, stats := readAll(t, file, pair.keyLog(t))
			if len(problems) > 0 || stats.Decrypted != 1 || stats.Undecryptable != 0 {
				t.Errorf("problems %q, %+v", problems, stats)
			}
			compare(t, sessions[1], list)
		})
	}
}

// The clients and servers of crypto/tls, with a resumed session, and a certificate of the client.
func TestGoTLS(t *testing.T) {
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		client := &tls.Config{MinVersion: version, MaxVersion: version, ServerName: "server", ClientSessionCache: tls.NewLRUClientSessionCache(1),
			Certificates: []tls.Certificate{certificate(t, "ecdsa")}}
		server := &tls.Config{ClientAuth: tls.RequireAnyClientCert}
		server.SetSessionTicketKeys([][32]byte{{1}})
		var packets []frameIP
		var keys string
		lists := [][]said{dialogue(1), dialogue(2), dialogue(3)}
		for i, list := range lists { // all but the first are resumed
			resumed := false
			client.VerifyConnection = func(s tls.ConnectionState) error { resumed = s.DidResume; return nil }
			pieces, log := goTLS(t, list, client, server)
			if resumed != (i > 0) {
				t.Errorf("%s: session %d: resumed %v", tls.VersionName(version), i, resumed)
			}
			// In TLS 1.2 crypto/tls does not log the secret of a resumed session.
			keys += log
			packets = append(packets, packetsOf(pieces, netip.AddrPortFrom(clientEnd.Addr(), uint16(50000+i)), serverEnd)...)
			for n := range packets {
				packets[n].at = time.Unix(1_000_000+int64(n), 0)
			}
		}
		sessions, problems, stats := readAll(t, usual.file(packets), keys)
		if len(problems) > 0 || stats.Sessions != 3 || stats.Decrypted != 3 {
			t.Errorf("%s: problems %q, %+v", tls.VersionName(version), problems, stats)
		}
		for i, list := range lists {
			compare(t, sessions[i+1], list)
		}
	}
}

// A client that asks for new keys in the middle, of itself and of the server; a server
// that asks for another hello first.
func TestKeyUpdate(t *testing.T) {
	list := dialogue(3)
	pair := newOpensslPair(t, "rsa", false, []string{"-tls1_3", "-groups", "X25519:P-384"}, []string{"-tls1_3", "-groups", "P-384"})
	heard := newListener() // the client is chatty: what it got stands among its own words
	go io.Copy(heard, pair.client)
	half := len(list) / 2
	var err error
	say := func(list []said) {
		for _, m := range list {
			if m.from == transcript.Client {
				if _, e := pair.client.Write(m.data); e != nil {
					err = e
				}
				if _, e := io.ReadFull(pair.server, make([]byte, len(m.data))); e != nil {
					err = e
				}
				continue
			}
			if _, e := pair.server.Write(m.data); e != nil {
				err = e
			}
			heard.await(m.data)
		}
	}
	say(list[:half])
	for range 2 {
		pair.tap.mu.Lock()
		before := pair.tap.count(transcript.Client)
		pair.tap.mu.Unlock()
		if _, err := pair.client.Write([]byte("K\n")); err != nil {
			t.Fatal(err)
		}
		pair.tap.after(transcript.Client, before)
	}
	say(list[half:])
	if err != nil {
		t.Fatal(err)
	}
	sessions, problems, stats := readAll(t, usual.file(packetsOf(pair.seen(), clientEnd, serverEnd)), pair.keyLog(t))
	if len(problems) > 0 || stats.Undecryptable != 0 {
		t.Errorf("problems %q, %+v", problems, stats)
	}
	compare(t, sessions[1], list)
}

// A listener keeps what it hears.
type listener struct {
	mu   sync.Mutex
	more *sync.Cond
	all  []byte
}

func newListener() *listener {
	l := &listener{}
	l.more = sync.NewCond(&l.mu)
	return l
}

func (l *listener) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all = append(l.all, p...)
	l.more.Broadcast()
	return len(p), nil
}

// await returns once p was heard, and forgets everything up to its end.
func (l *listener) await(p []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for {
		if i := bytes.Index(l.all, p); i >= 0 {
			l.all = l.all[i+len(p):]
			return
		}
		l.more.Wait()
	}
}

// A new handshake within a session of TLS 1.2, as old servers ask for.
func TestRenegotiation(t *testing.T) {
	list := dialogue(4)
	pair := newOpensslPair(t, "rsa", false, []string{"-tls1_2"}, []string{"-tls1_2", "-client_renegotiation"})
	go io.Copy(io.Discard, pair.client)
	first := list[0]
	for i := range 2 {
		if _, err := pair.client.Write(first.data); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(pair.server, make([]byte, len(first.data))); err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			pair.tap.mu.Lock()
			before := pair.tap.count(transcript.Server)
			pair.tap.mu.Unlock()
			if _, err := pair.client.Write([]byte("R\n")); err != nil {
				t.Fatal(err)
			}
			pair.tap.after(transcript.Server, before+1000) // its certificate is in it
		}
	}
	sessions, problems, stats := readAll(t, usual.file(packetsOf(pair.seen(), clientEnd, serverEnd)), pair.keyLog(t))
	if len(problems) > 0 || stats.Undecryptable != 0 {
		t.Errorf("problems %q, %+v", problems, stats)
	}
	compare(t, sessions[1], []said{first, first})
}

// What a session lacks is said, with what to do about it.
func TestUnreadable(t *testing.T) {
	list := dialogue(5)
	pieces, keys := goTLS(t, list, goClient(), goServer())
	packets := packetsOf(pieces, clientEnd, serverEnd)
	lines := strings.SplitAfter(keys, "\n")
	only := func(labels ...string) (kept string) {
		for _, line := range lines {
			for _, l := range labels {
				if strings.HasPrefix(line, l+" ") {
					kept += line
				}
			}
		}
		return kept
	}
	from := func(side transcript.Side) (kept []frameIP) {
		for _, p := range packets {
			if p.from == side {
				kept = append(kept, p)
			}
		}
		return kept
	}
	for _, tt := range []struct {
		name    string
		packets []frameIP
		keys    string
		want    string
	}{
		{"no keys", packets, "", "session 1 (192.0.2.1:40000 -> 192.0.2.2:8302): TLS 1.3, no secret for this session in the key log"},
		{"half of the keys", packets, only("CLIENT_TRAFFIC_SECRET_0"), "record with SSLKEYLOGFILE (estream request --keylog) and give the file with --keys"},
		{"in the middle", packets[40:], keys, "begins in the middle"},
		{"only the client", from(transcript.Client), keys, "the server's part of the TLS handshake is missing: capture both directions"},
		{"only the server", from(transcript.Server), keys, "the client's part of the TLS handshake is missing"},
		{"wrong secret", packets, strings.ReplaceAll(only("CLIENT_TRAFFIC_SECRET_0", "SERVER_TRAFFIC_SECRET_0"), "\n", "00\n"), "secret of 33 bytes in the key log, 32 expected"},
	} {
		if tt.name == "wrong secret" && !strings.Contains(suiteOf(pieces), "SHA256") {
			tt.want = "secret of 49 bytes in the key log, 48 expected"
		}
		sessions, problems, stats := readAll(t, usual.file(tt.packets), tt.keys)
		if len(sessions) != 0 || len(problems) != 1 || !strings.Contains(problems[0], tt.want) || stats.Undecrypted != 1 || stats.Sessions != 1 {
			t.Errorf("%s: %d sessions, problems %q, %+v", tt.name, len(sessions), problems, stats)
		}
	}
	// The secrets of the data are enough.
	sessions, problems, _ := readAll(t, usual.file(packets), only("CLIENT_TRAFFIC_SECRET_0", "SERVER_TRAFFIC_SECRET_0"))
	if len(problems) > 0 {
		t.Errorf("problems %q", problems)
	}
	compare(t, sessions[1], list)
}

// suiteOf names the cipher suite in a ServerHello.
func suiteOf(pieces []piece) string {
	for _, p := range pieces {
		if p.from == transcript.Server {
			h, err := parseServerHello(p.data[recordHeader+4:][:int(p.data[7])<<8|int(p.data[8])])
			if err != nil {
				return err.Error()
			}
			return tls.CipherSuiteName(h.suite)
		}
	}
	return ""
}

// A handshake that one side refused: the alert is the message.
func TestAlert(t *testing.T) {
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		p := newTap(t, l.Addr().String(), nil)
		done := make(chan error, 1)
		go func() {
			c, err := l.Accept()
			if err == nil {
				s := tls.Server(c, &tls.Config{Certificates: []tls.Certificate{certificate(t, "rsa")}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: x509.NewCertPool()})
				err = s.Handshake()
				s.Close()
			}
			done <- err
		}()
		var keys bytes.Buffer
		conn, err := tls.Dial("tcp", p.addr, &tls.Config{InsecureSkipVerify: true, KeyLogWriter: &keys, MaxVersion: version})
		if err == nil {
			_, err = conn.Read(make([]byte, 1))
			conn.Close()
		}
		if err == nil || <-done == nil {
			t.Error("a handshake without certificate succeeded")
		}
		<-p.done
		l.Close()
		_, problems, stats := readAll(t, usual.file(packetsOf(p.pieces, clientEnd, serverEnd)), keys.String())
		if len(problems) != 1 || !strings.Contains(problems[0], "the server ended the session: tls: ") || stats.Messages != 0 {
			t.Errorf("%s: problems %q, %+v", tls.VersionName(version), problems, stats)
		}
	}
}

// A warning is no end.
func TestWarning(t *testing.T) {
	list := dialogue(6)[:4]
	client := goClient()
	client.MaxVersion = tls.VersionTLS12
	pieces, keys := goTLS(t, list, client, goServer())
	pieces = slices.Insert(pieces, 1, piece{transcript.Server, []byte{recordAlert, 3, 3, 0, 2, 1, 112}})
	sessions, problems, _ := readAll(t, usual.file(packetsOf(pieces, clientEnd, serverEnd)), keys)
	if len(problems) > 0 {
		t.Errorf("problems %q", problems)
	}
	compare(t, sessions[1], list)
}

// Old and rare: said, not guessed.
func TestNotRead(t *testing.T) {
	for _, tt := range []struct{ args, want string }{
		{"-tls1_1 -cipher AES128-SHA:@SECLEVEL=0", "TLS 1.1 is not read, TLS 1.2 and 1.3 are"},
		{"-tls1_2 -cipher AES128-CCM:@SECLEVEL=0", "TLS 1.2 with 0xC09C: this cipher suite is not read"},
	} {
		args := strings.Fields(tt.args)
		pair := newOpensslPair(t, "rsa", true, args, args)
		if err := talk(dialogue(1)[:2], pair.client, pair.server); err != nil {
			t.Fatal(err)
		}
		_, problems, stats := readAll(t, usual.file(packetsOf(pair.seen(), clientEnd, serverEnd)), pair.keyLog(t))
		if len(problems) != 1 || !strings.Contains(problems[0], tt.want) || stats.Undecrypted != 1 {
			t.Errorf("%s: problems %q, %+v", tt.args, problems, stats)
		}
	}
}
