package relp

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
)

// A server answers as a test wants. It reads what the client sends by splitting
// at blanks, so it shares no code with it.
type server struct {
	t testing.TB
	l net.Listener
}

func listen(t testing.TB) *server {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() }) // some tests close it before
	return &server{t, l}
}

// A peer is one connection of a client.
type peer struct {
	t testing.TB
	net.Conn
	r *bufio.Reader
}

func (s *server) accept() *peer {
	c, err := s.l.Accept()
	if err != nil {
		s.t.Error(err)
		return nil
	}
	s.t.Cleanup(func() { _ = c.Close() })
	return &peer{s.t, c, bufio.NewReader(c)}
}

// next reads a frame; "" is the end of the stream.
func (p *peer) next() (txnr, command, data string) {
	word := func() string {
		w, err := p.r.ReadString(' ')
		if err != nil {
			return ""
		}
		return strings.TrimSuffix(w, " ")
	}
	if txnr, command = word(), word(); command == "" {
		return "", "", ""
	}
	n := 0
	for {
		d, err := p.r.ReadByte()
		if err != nil {
			p.t.Errorf("frame %s of the client: %v", txnr, err)
			return "", "", ""
		}
		if d == '\n' { // no data
			return txnr, command, ""
		}
		if d == ' ' {
			break
		}
		n = 10*n + int(d-'0')
	}
	b := make([]byte, n+1)
	if _, err := io.ReadFull(p.r, b); err != nil || b[n] != '\n' {
		p.t.Errorf("frame %s of the client: %d bytes, %v, data %.100q", txnr, n, err, b)
		return "", "", ""
	}
	return txnr, command, string(b[:n])
}

// say sends text. That a client has hung up shows elsewhere.
func (p *peer) say(format string, a ...any) { _, _ = fmt.Fprintf(p, format, a...) }

const offers = "200 OK\nrelp_version=0\nrelp_software=test\ncommands=syslog"

func (p *peer) open() {
	txnr, command, data := p.next()
	if want := "relp_version=0\nrelp_software=estream\ncommands=syslog"; txnr != "1" || command != "open" || data != want {
		p.t.Errorf("the client begins with %s %s %q", txnr, command, data)
	}
	p.say("1 rsp %d %s\n", len(offers), offers)
}
