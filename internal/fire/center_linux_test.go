package fire

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"testing"

	"estream/pki"
)

// A center is the process of the server, as the test sees it.
type center struct {
	t      *testing.T
	ns     *namespace
	setup  centerSetup
	pkcs12 string
	log    tailLog

	mu   sync.Mutex // one fault at a time
	proc *proc
	in   io.WriteCloser
	out  *bufio.Reader
}

func newCenter(t *testing.T, ns *namespace, rate, burst int) *center {
	t.Helper()
	c := &center{t: t, ns: ns, setup: centerSetup{Dir: t.TempDir(), Rate: rate, Burst: burst, Retain: 1 << 30}}
	authority, err := pki.Open(c.setup.Dir+"/pki", pki.Options{})
	if err != nil {
		t.Fatal(err)
	}
	reg, err := authority.Register(t.Context(), "127.0.0.1", pki.RegisterOptions{})
	if err != nil {
		t.Fatal(err)
	}
	c.pkcs12 = c.setup.Dir + "/client.pkcs12"
	if err := os.WriteFile(c.pkcs12, reg.PKCS12, 0o600); err != nil {
		t.Fatal(err)
	}
	c.setup.Listen = ns.freePort(t)
	c.start()
	t.Cleanup(func() {
		c.kill()
		if t.Failed() {
			t.Logf("server:\n%s", c.log.String())
		}
	})
	return c
}

// port is that of the server.
func (c *center) port() int {
	_, port, _ := net.SplitHostPort(c.setup.Listen)
	n, err := strconv.Atoi(port)
	if err != nil {
		c.t.Error(err)
	}
	return n
}

// start is for who holds mu.
func (c *center) start() {
	settings, err := json.Marshal(c.setup)
	if err != nil {
		c.t.Error(err)
		return
	}
	self, err := os.Executable()
	if err != nil {
		c.t.Error(err)
		return
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), centerEnv+"="+string(settings))
	cmd.Stderr = &c.log
	var out io.ReadCloser
	if c.in, err = cmd.StdinPipe(); err == nil {
		out, err = cmd.StdoutPipe()
	}
	if err == nil {
		c.proc, err = c.ns.start(cmd)
	}
	if err != nil {
		c.t.Errorf("start the server: %v", err)
		return
	}
	c.out = bufio.NewReader(out)
}

// kill is for who holds mu.
func (c *center) kill() {
	if c.proc == nil {
		return
	}
	if c.proc.kill() {
		c.t.Errorf("the server ended by itself: %v\n%s", c.proc.err, c.log.String())
	}
	c.proc = nil
}

// interrupt ends the server in order; for who holds mu.
func (c *center) interrupt() {
	_ = c.in.Close() // its sign to end
	if <-c.proc.done; c.proc.err != nil {
		c.t.Errorf("the server: %v\n%s", c.proc.err, c.log.String())
	}
	c.proc = nil
}

func (c *center) order(format string, args ...any) {
	if _, err := fmt.Fprintf(c.in, format+"\n", args...); err != nil {
		c.t.Errorf("order to the server: %v\n%s", err, c.log.String())
	}
}

// stop makes the server send no more, and returns the number of the last event.
func (c *center) stop() uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.order("stop")
	line, err := c.out.ReadString('\n')
	var last uint64
	if err == nil {
		_, err = fmt.Sscanf(line, "last %d", &last)
	}
	if err != nil {
		c.t.Fatalf("the server answered %q: %v\n%s", line, err, c.log.String())
	}
	return last
}
