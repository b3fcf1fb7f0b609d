package e2e

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"estream/internal/control"
	"estream/service"
)

// A running is one `estream run`, as often as it is started.
type running struct {
	*process
	t      *testing.T
	config string
	text   string
	socket *control.Client
	quiet  uint64 // messages received at the last look
	since  time.Time
}

func newRun(t *testing.T, text string) *running {
	t.Helper()
	dir := t.TempDir()
	r := &running{t: t, config: filepath.Join(dir, "estream.yaml"), socket: control.Dial(filepath.Join(dir, "sock"))}
	r.text = text
	r.write("")
	r.start()
	return r
}

// write writes the configuration, and more outputs at its end.
func (r *running) write(more string) {
	text := fmt.Sprintf("monitoring: {socket: %s}\n%s%s", r.socket.Path, r.text, more)
	if err := os.WriteFile(r.config, []byte(text), 0o600); err != nil {
		r.t.Fatal(err)
	}
}

func (r *running) start() { r.process = start(r.t, "run", "-c", r.config) }

// reload has the service read a configuration with more outputs.
func (r *running) reload(t *testing.T, more string) {
	t.Helper()
	r.write(more)
	out, err := command(t, "reload", "-c", r.config).CombinedOutput()
	if err != nil || !strings.Contains(string(out), "outputs") {
		t.Fatalf("reload: %v\n%s", err, out)
	}
	t.Logf("reload: %s", out)
}

// await asks for the status until it is as it should be.
func (r *running) await(what string, so func(service.Status) bool) {
	r.t.Helper()
	const patience = 2 * time.Minute // far more than any of this takes
	var last service.Status
	var problem error
	for began := time.Now(); time.Since(began) < patience; time.Sleep(20 * time.Millisecond) { // another process: nothing to wait on
		select {
		case <-r.done:
			r.t.Fatalf("%s: the service ended: %v\n%s", what, r.err, r.log)
		default:
		}
		data, err := r.socket.Get(context.Background(), "/status")
		if problem = err; err != nil {
			continue // it is starting
		}
		last = service.Status{}
		if err := json.Unmarshal(data, &last); err != nil {
			r.t.Fatal(err)
		}
		if so(last) {
			return
		}
	}
	r.t.Fatalf("%s: not within %v: %v\n%+v\n%s", what, patience, problem, last, r.log)
}

// settled reports whether nothing has been received for a second: the servers have
// sent what they have.
func (r *running) settled(s service.Status) bool {
	var received uint64
	for _, src := range s.Sources {
		received += src.Received
	}
	if received != r.quiet {
		r.quiet, r.since = received, time.Now()
	}
	return time.Since(r.since) > time.Second
}

// lineServer reads lines from TCP connections until the test ends.
func lineServer(t *testing.T, e *expectation) (addr string) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	t.Cleanup(func() { _ = ln.Close(); wg.Wait() }) // the clients have ended
	wg.Go(func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return // closed
			}
			wg.Go(func() {
				defer c.Close()
				for r := bufio.NewReaderSize(c, 1<<20); ; {
					line, err := r.ReadSlice('\n')
					if err != nil {
						return // what a kill has cut in two is no line
					}
					e.line(line[:len(line)-1])
				}
			})
		}
	})
	return ln.Addr().String()
}

// datagramServer reads datagrams until the test ends.
func datagramServer(t *testing.T, e *expectation) (addr string) {
	t.Helper()
	pc, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := pc.(*net.UDPConn).SetReadBuffer(4 << 20); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	t.Cleanup(func() { _ = pc.Close(); wg.Wait() })
	wg.Go(func() {
		for buf := make([]byte, 64<<10); ; {
			n, _, err := pc.ReadFrom(buf)
			if err != nil {
				return // closed
			}
			e.line(buf[:n])
		}
	})
	return pc.LocalAddr().String()
}
