package cli

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"errors"
	"io"
	"math/big"
	"net"
	"os"
	"sync"
	"time"

	"estream/transcript"

	"github.com/rogpeppe/go-internal/testscript"
)

// cmdTap makes a network capture of sessions:
//
//	tap FILE.pcap KEYLOG|- RECORDING...
//
// Each recording becomes a connection of its own, whose messages stand in turn with
// those of the others. With a KEYLOG they are TLS, 1.3 and 1.2 in turn, and its secrets go
// there.
func cmdTap(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 3 {
		ts.Fatalf("usage: tap FILE.pcap KEYLOG|- RECORDING...")
	}
	t := &tap{now: time.Unix(1700000000, 0)}
	t.out.Write(binary.LittleEndian.AppendUint32([]byte{0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0}, 101)) // raw IP
	var keys bytes.Buffer
	var sessions []*tapped
	for i, name := range args[2:] {
		r, err := transcript.NewReader(bytes.NewReader([]byte(ts.ReadFile(name))))
		ts.Check(err)
		s := &tapped{recording: r}
		near, far := net.Pipe()
		s.ends = [2]net.Conn{&tappedConn{Conn: near, tap: t, wire: &s.wire, port: 50000 + i, client: true}, &tappedConn{Conn: far, tap: t, wire: &s.wire, port: 50000 + i}}
		t.packet(&s.wire, 50000+i, true, 2, nil) // SYN
		t.packet(&s.wire, 50000+i, false, 0x12, nil)
		if args[1] != "-" {
			ts.Check(s.encrypt(&keys, []uint16{tls.VersionTLS13, tls.VersionTLS12}[i%2]))
		}
		sessions = append(sessions, s)
	}
	for left := len(sessions); left > 0; {
		left = 0
		for _, s := range sessions {
			more, err := s.step()
			ts.Check(err)
			if more {
				left++
			}
		}
	}
	if args[1] != "-" {
		ts.Check(os.WriteFile(ts.MkAbs(args[1]), keys.Bytes(), 0o600))
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), t.out.Bytes(), 0o600))
}

// A tapped session plays a recording.
type tapped struct {
	recording *transcript.Reader
	ends      [2]net.Conn // of client and server
	wire      tcpState
	over      bool
}

// encrypt makes both ends TLS.
func (s *tapped) encrypt(keys io.Writer, version uint16) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return err
	}
	server := tls.Server(s.ends[1], &tls.Config{
		Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}, MinVersion: version, MaxVersion: version,
		SessionTicketsDisabled: true, // nobody reads them after the handshake
	})
	client := tls.Client(s.ends[0], &tls.Config{InsecureSkipVerify: true, KeyLogWriter: keys})
	failed := make(chan error, 1)
	go func() { failed <- server.Handshake() }()
	err = client.Handshake()
	s.ends = [2]net.Conn{client, server}
	return errors.Join(err, <-failed)
}

// step lets one side say what comes next, and reports whether there was something.
func (s *tapped) step() (more bool, err error) {
	if s.over {
		return false, nil
	}
	e, err := s.recording.Next()
	if err == io.EOF {
		s.over = true
		return false, nil
	}
	if err != nil {
		return false, err
	}
	from, to := s.ends[0], s.ends[1]
	if e.From == transcript.Server {
		from, to = to, from
	}
	heard := make(chan error, 1)
	go func() {
		_, err := io.ReadFull(to, make([]byte, len(e.Data)))
		heard <- err
	}()
	_, err = from.Write(e.Data)
	return true, errors.Join(err, <-heard)
}

// A tap writes the packets of all connections to one file.
type tap struct {
	mu  sync.Mutex
	out bytes.Buffer
	now time.Time
}

// tcpState is how far the two directions of a connection are: client, server.
type tcpState struct{ next [2]uint32 }

// A tappedConn is one end of a connection; what it writes is captured.
type tappedConn struct {
	net.Conn
	tap    *tap
	wire   *tcpState
	port   int
	client bool
}

func (c *tappedConn) Write(p []byte) (int, error) {
	for rest := p; len(rest) > 0; {
		n := min(len(rest), 1400)
		c.tap.packet(c.wire, c.port, c.client, 0x18, rest[:n])
		rest = rest[n:]
	}
	return c.Conn.Write(p)
}

// packet writes one TCP segment over IPv4; checksums are left to the network card.
func (t *tap) packet(s *tcpState, port int, fromClient bool, flags byte, data []byte) {
	t.mu.Lock()
	defer t.mu.Unlock()
	be := binary.BigEndian
	client, server := []byte{192, 0, 2, 1}, []byte{192, 0, 2, 100}
	ip := []byte{0x45, 0, 0, 0, 0, 0, 0x40, 0, 64, 6, 0, 0}
	be.PutUint16(ip[2:], uint16(40+len(data)))
	own := 1
	if fromClient {
		own = 0
		ip = append(append(ip, client...), server...)
		ip = be.AppendUint16(be.AppendUint16(ip, uint16(port)), 8302)
	} else {
		ip = append(append(ip, server...), client...)
		ip = be.AppendUint16(be.AppendUint16(ip, 8302), uint16(port))
	}
	ip = be.AppendUint32(be.AppendUint32(ip, s.next[own]), s.next[1-own])
	ip = append(ip, 0x50, flags, 0xff, 0xff, 0, 0, 0, 0)
	s.next[own] += uint32(len(data))
	if flags&2 != 0 {
		s.next[own]++
	}
	t.now = t.now.Add(time.Millisecond)
	le := binary.LittleEndian
	head := le.AppendUint32(le.AppendUint32(nil, uint32(t.now.Unix())), uint32(t.now.Nanosecond()/1000))
	head = le.AppendUint32(le.AppendUint32(head, uint32(len(ip)+len(data))), uint32(len(ip)+len(data)))
	t.out.Write(head)
	t.out.Write(ip)
	t.out.Write(data)
}
