// Package snmptrapdtest runs snmptrapd of net-snmp, the receiver that most
// installations have, for tests of traps: on a loopback port, with our MIB, and
// with all its files in the test's directory.
package snmptrapdtest

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/gosnmp/gosnmp"

	"estream/internal/syncbuf"
)

const (
	patience = 60 * time.Second // far more than any of this takes
	poll     = 5 * time.Millisecond

	community = "probe_of_the_test"
	mark      = "TRAP\t" // begins the line of a trap
)

// A Server is snmptrapd.
type Server struct {
	Address string // host:port
	t       testing.TB
	log     *syncbuf.Lines
}

// Start starts a server that ends with the test. It takes version 2c traps of the
// communities. The users are arguments of the directive createUser, such as
//
//	-e 0x80001f8805aabbccdd alice SHA-256 authpassword AES privpassword
//
// whose traps it takes if they are sent at the security level that the
// arguments make possible.
func Start(t testing.TB, communities []string, users ...string) *Server {
	t.Helper()
	dir := t.TempDir()
	s := &Server{Address: freePort(t), t: t, log: syncbuf.NewLines()}
	var config strings.Builder
	config.WriteString("doNotLogTraps no\ndoNotFork yes\nformat2 " + mark + "%v\\n\n")
	for _, c := range append(communities, community) {
		fmt.Fprintf(&config, "authCommunity log %s\n", c)
	}
	for _, u := range users {
		fmt.Fprintf(&config, "createUser %s\n", u)
		f := strings.Fields(strings.TrimPrefix(u, "-e "))
		name, level := f[1], [...]string{"noauth", "auth", "priv"}[(len(f)-2)/2]
		fmt.Fprintf(&config, "authUser log %s %s\n", name, level)
	}
	file := filepath.Join(dir, "snmptrapd.conf")
	if err := os.WriteFile(file, []byte(config.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	program, err := exec.LookPath("snmptrapd")
	if err != nil {
		program = "/usr/sbin/snmptrapd" // not in everybody's PATH
	}
	if _, err := os.Stat(program); err != nil {
		t.Fatal("snmptrapd is missing: `make test` installs it (Debian: snmptrapd)")
	}
	cmd := exec.Command(program, "-f", "-Lo", "-C", "-c", file, "-n", "-M", MIBs(t), "-m", "ESTREAM-ALERT-MIB:SNMPv2-MIB", "udp:"+s.Address)
	cmd.Env = append(os.Environ(), "SNMP_PERSISTENT_DIR="+dir, "SNMPCONFPATH="+dir, "LC_ALL=C")
	cmd.Stdout, cmd.Stderr = s.log, s.log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // it may have ended
		_ = cmd.Wait()         // says that it was killed
		if t.Failed() {
			t.Logf("snmptrapd said: %.4000s", s.log)
		}
	})
	s.ready()
	return s
}

// ready returns when the server takes traps.
func (s *Server) ready() {
	host, port, err := net.SplitHostPort(s.Address)
	if err != nil {
		s.t.Fatal(err)
	}
	var n uint16
	if _, err := fmt.Sscan(port, &n); err != nil {
		s.t.Fatal(err)
	}
	g := &gosnmp.GoSNMP{Target: host, Port: n, Version: gosnmp.Version2c, Community: community, Timeout: time.Second}
	if err := g.Connect(); err != nil {
		s.t.Fatal(err)
	}
	defer g.Close()
	s.until("snmptrapd listens", func() bool {
		_, _ = g.SendTrap(gosnmp.SnmpTrap{Variables: []gosnmp.SnmpPDU{ // an error says that nobody listens yet
			{Name: "1.3.6.1.6.3.1.1.4.1.0", Type: gosnmp.ObjectIdentifier, Value: "1.3.6.1.6.3.1.1.5.1"},
			{Name: "1.3.6.1.2.1.1.5.0", Type: gosnmp.OctetString, Value: community},
		}})
		return len(s.log.Matching(community)) > 0
	})
}

func (s *Server) until(what string, ok func() bool) {
	s.t.Helper()
	for begin := time.Now(); !ok(); time.Sleep(poll) { // another process: nothing to wait on
		if time.Since(begin) > patience {
			s.t.Fatalf("%s: not within %v; snmptrapd said: %.4000s", what, patience, s.log)
		}
	}
}

// A Trap is what the server wrote of one trap: values by the names of the objects
// without module and instance, both as net-snmp writes them.
type Trap struct {
	Names  []string // in their order
	Values map[string]string
}

// Traps returns the traps that have arrived, as soon as that are at least n.
func (s *Server) Traps(n int) (traps []Trap) {
	s.t.Helper()
	var lines []string
	s.until(fmt.Sprintf("%d traps arrive", n), func() bool {
		lines = lines[:0]
		for _, line := range s.log.Matching(mark) {
			if !strings.Contains(line, community) {
				lines = append(lines, line)
			}
		}
		return len(lines) >= n
	})
	for _, line := range lines {
		t := Trap{Values: map[string]string{}}
		for variable := range strings.SplitSeq(strings.TrimPrefix(line, mark), "\t") {
			name, value, _ := strings.Cut(variable, " = ")
			_, name, _ = strings.Cut(name, "::")
			name = strings.TrimSuffix(name, ".0")
			t.Names, t.Values[name] = append(t.Names, name), value
		}
		traps = append(traps, t)
	}
	return traps
}

// MIBs returns what net-snmp's option -M wants to find our module and those that
// it imports.
func MIBs(t testing.TB) string {
	t.Helper()
	_, file, _, ok := runtime.Caller(0)
	if !ok {
		t.Fatal("this file does not know its name")
	}
	here := filepath.Dir(file)
	return filepath.Join(here, "mibs") + ":" + filepath.Join(here, "..", "..", "..", "contrib", "snmp")
}

// freePort returns an address of this machine with a port that is free, on an
// address that no test in another process uses, where there is more than one.
func freePort(t testing.TB) string {
	t.Helper()
	host := "127.0.0.1"
	if runtime.GOOS == "linux" {
		pid := os.Getpid()
		host = fmt.Sprintf("127.%d.%d.%d", 64|pid>>16&0x3f, pid>>8&0xff, pid&0xff)
	}
	c, err := net.ListenPacket("udp", host+":0")
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	return c.LocalAddr().String()
}
