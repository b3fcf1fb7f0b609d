// Package rsyslogtest runs rsyslogd, the receiver that most installations have,
// for tests of outputs: on a loopback port or a socket, with all its files in the
// test's directory.
package rsyslogtest

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"estream/internal/syncbuf"
)

// An Input is a way into rsyslog.
type Input int

const (
	UDP Input = iota
	TCP       // newline framing and octet counting, told apart by the first byte
	TLS       // asks for a certificate of the test's CA
	RELP
	RELPTLS // asks for a certificate of the test's CA
	Socket  // datagrams over a Unix socket as /dev/log is one; Address is its path
)

const (
	patience = 60 * time.Second // far more than any of this takes
	poll     = 5 * time.Millisecond
	probe    = "<15>probe of the test"
)

// A Server is rsyslogd with one input.
type Server struct {
	Address string // of the input
	PKI     *PKI   // with TLS
	t       testing.TB
	dir     string
	input   Input
	cmd     *exec.Cmd
	log     syncbuf.Buffer
}

// Start starts a server that ends with the test.
func Start(t testing.TB, in Input) *Server {
	t.Helper()
	s := &Server{t: t, dir: t.TempDir(), input: in}
	if in == Socket {
		s.Address = s.path("log")
	} else {
		s.Address = freePort(t)
	}
	if in == TLS || in == RELPTLS {
		s.PKI = newPKI(t, s.dir)
	}
	if err := os.WriteFile(s.path("rsyslog.conf"), []byte(s.config()), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if s.cmd != nil {
			s.Kill()
		}
		if t.Failed() {
			t.Logf("rsyslogd said: %.2000s", s.log.String())
		}
	})
	s.Start()
	return s
}

// freePort returns an address of this machine with a port that is free.
func freePort(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", loopback()+":0")
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	return l.Addr().String()
}

// loopback returns an address that no test in another process uses, where there
// is more than one: a port is free while the server is down, and somebody else
// would be given it.
func loopback() string {
	if runtime.GOOS != "linux" {
		return "127.0.0.1"
	}
	pid := os.Getpid()
	return fmt.Sprintf("127.%d.%d.%d", 64|pid>>16&0x3f, pid>>8&0xff, pid&0xff)
}

func (s *Server) path(name string) string { return filepath.Join(s.dir, name) }

// config writes what arrives to a file in the thread that received it, so that
// what RELP confirms is in the file.
func (s *Server) config() string {
	var host, port string
	if s.input != Socket {
		var err error
		if host, port, err = net.SplitHostPort(s.Address); err != nil {
			s.t.Fatal(err)
		}
	}
	input := map[Input]string{
		UDP: `module(load="imudp")
			input(type="imudp" address="HOST" port="PORT")`,
		TCP: `module(load="imtcp")
			input(type="imtcp" address="HOST" port="PORT")`,
		TLS: `global(defaultNetstreamDriverCAFile="DIR/ca.pem" defaultNetstreamDriverCertFile="DIR/server.pem" defaultNetstreamDriverKeyFile="DIR/server.key")
			module(load="imtcp" streamDriver.name="gtls" streamDriver.mode="1" streamDriver.authMode="x509/certvalid")
			input(type="imtcp" address="HOST" port="PORT")`,
		RELP: `module(load="imrelp")
			input(type="imrelp" address="HOST" port="PORT" maxDataSize="128k")`,
		RELPTLS: `module(load="imrelp" tls.tlsLib="gnutls")
			input(type="imrelp" address="HOST" port="PORT" maxDataSize="128k" tls="on" tls.authMode="certvalid"
				tls.caCert="DIR/ca.pem" tls.myCert="DIR/server.pem" tls.myPrivKey="DIR/server.key")`,
		Socket: `module(load="imuxsock" sysSock.use="off")
			input(type="imuxsock" socket="DIR/log")`,
	}[s.input]
	return strings.NewReplacer("DIR", s.dir, "HOST", host, "PORT", port).Replace(`
		global(workDirectory="DIR" maxMessageSize="128k" parser.escapeControlCharactersOnReceive="off" net.enableDNS="off")
		main_queue(queue.type="Direct")
		template(name="fields" type="string" string="%syslogfacility-text%\t%syslogseverity-text%\t%timestamp:::date-rfc3339%\t%hostname%\t%app-name%\t%procid%\t%msgid%\t%protocol-version%\t%msg%\t%rawmsg%\n")
		` + input + `
		action(type="omfile" file="DIR/messages" template="fields")
	`)
}

// Start starts the server again, on the same port and with the same file.
func (s *Server) Start() {
	s.t.Helper()
	if s.cmd != nil {
		s.t.Fatal("the server runs already")
	}
	program, err := exec.LookPath("rsyslogd")
	if err != nil {
		program = "/usr/sbin/rsyslogd" // not in everybody's PATH
	}
	if _, err := os.Stat(program); err != nil {
		s.t.Fatal("rsyslogd is missing: `make test` installs it (Debian: rsyslog rsyslog-relp rsyslog-gnutls)")
	}
	_ = os.Remove(s.path("pid")) // a killed server leaves it behind; there is none at first
	s.cmd = exec.Command(program, "-n", "-f", s.path("rsyslog.conf"), "-i", s.path("pid"))
	s.cmd.Stdout, s.cmd.Stderr = &s.log, &s.log
	if err := s.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	network := "tcp"
	switch s.input {
	case UDP:
		network = "udp"
	case Socket:
		network = "unixgram"
	}
	probes := strings.Count(s.content(), probe) // of the server before
	s.until("rsyslogd listens", func() bool {
		c, err := net.Dial(network, s.Address)
		if err != nil {
			return false
		}
		defer c.Close()
		if network == "tcp" {
			return true
		}
		// Nothing but a message that arrives shows that somebody takes datagrams.
		_, err = c.Write([]byte(probe))
		return err == nil && strings.Count(s.content(), probe) > probes
	})
}

// Kill ends the server at once.
func (s *Server) Kill() {
	s.t.Helper()
	if err := s.cmd.Process.Kill(); err != nil {
		s.t.Errorf("kill rsyslogd: %v", err)
	}
	_ = s.cmd.Wait() // says that it was killed
	s.cmd = nil
	// Half a line at the end of the file is none: the next server would go on behind it.
	if all := s.content(); !strings.HasSuffix(all, "\n") && all != "" {
		if err := os.Truncate(s.path("messages"), int64(strings.LastIndexByte(all, '\n')+1)); err != nil {
			s.t.Error(err)
		}
	}
}

// Stop asks the server to end and waits for it.
func (s *Server) Stop() {
	s.t.Helper()
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		s.t.Errorf("stop rsyslogd: %v", err)
	}
	if err := s.cmd.Wait(); err != nil {
		s.t.Errorf("stop rsyslogd: %v", err)
	}
	s.cmd = nil
}

func (s *Server) until(what string, ok func() bool) {
	s.t.Helper()
	for begin := time.Now(); !ok(); time.Sleep(poll) { // another process: nothing to wait on
		if time.Since(begin) > patience {
			s.t.Fatalf("%s: not within %v; rsyslogd said: %.2000s", what, patience, s.log.String())
		}
	}
}

func (s *Server) content() string {
	b, err := os.ReadFile(s.path("messages"))
	if err != nil && !os.IsNotExist(err) {
		s.t.Fatal(err)
	}
	return string(b)
}

// A Message is what rsyslog made of one message.
type Message struct {
	Facility, Severity, Time, Host, App, Proc, ID, Version, Text, Raw string
}

// Messages returns what has arrived, as soon as that is at least n messages.
func (s *Server) Messages(n int) []Message {
	s.t.Helper()
	s.Wait(n)
	var all []Message
	for line := range strings.Lines(s.content()) {
		f := strings.SplitN(strings.TrimSuffix(line, "\n"), "\t", 10)
		if len(f) != 10 {
			s.t.Fatalf("rsyslogd wrote %.200q: expected ten fields", line)
		}
		if m := (Message{f[0], f[1], f[2], f[3], f[4], f[5], f[6], f[7], f[8], f[9]}); !strings.HasSuffix(m.Raw, probe) {
			all = append(all, m)
		}
	}
	return all
}

// Wait returns when at least n messages have arrived.
func (s *Server) Wait(n int) {
	s.t.Helper()
	s.until(fmt.Sprintf("%d messages arrive", n), func() bool { return s.count() >= n })
}

// count counts whole lines, without the probes.
func (s *Server) count() int {
	b := []byte(s.content())
	return bytes.Count(b, []byte{'\n'}) - bytes.Count(b, []byte(probe+"\n"))
}

// Lines returns n lines with numbers, of various lengths around 600 bytes, some
// of them with characters of several bytes.
func Lines(first, n int) []string {
	lines := make([]string, n)
	for i := range lines {
		number := first + i
		lines[i] = "line " + strconv.Itoa(number) + " {" + strings.Repeat("äé日本 0123456789", 1+number*7919%50) + "}"
	}
	return lines
}

// Join makes what an output takes of lines.
func Join(lines []string) []byte { return []byte(strings.Join(lines, "\n") + "\n") }
