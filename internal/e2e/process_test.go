package e2e

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// A process is one run of the program.
type process struct {
	t    *testing.T
	name string
	cmd  *exec.Cmd
	log  *lineLog
	done chan struct{} // closed when it has ended
	err  error         // how; valid after done
}

func command(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	path, err := program()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(path, args...)
	cmd.Env = append(os.Environ(), "TZ=UTC")
	return cmd
}

// start runs the program until it ends, kill is called, or the test ends.
func start(t *testing.T, args ...string) *process {
	t.Helper()
	p := &process{t: t, name: args[0], cmd: command(t, args...), log: newLineLog(), done: make(chan struct{})}
	p.cmd.Stderr = p.log
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		p.err = p.cmd.Wait()
		p.log.close()
		close(p.done)
	}()
	t.Cleanup(func() {
		_ = p.cmd.Process.Kill() // it may have ended long ago
		<-p.done
	})
	return p
}

// kill ends the process with SIGKILL. That it had ended by itself fails the test.
func (p *process) kill() {
	p.t.Helper()
	select {
	case <-p.done:
		p.t.Fatalf("%s ended by itself: %v\n%s", p.name, p.err, p.log)
	default:
	}
	if err := p.cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		p.t.Fatal(err)
	}
	<-p.done
}

// finish waits for an end with status 0.
func (p *process) finish() {
	p.t.Helper()
	<-p.done
	if p.err != nil {
		p.t.Fatalf("%s: %v\n%s", p.name, p.err, p.log)
	}
}

// interrupt asks the process to end in order, and waits until it has.
func (p *process) interrupt() {
	p.t.Helper()
	if err := p.cmd.Process.Signal(os.Interrupt); err != nil {
		p.t.Fatalf("%s: %v\n%s", p.name, err, p.log)
	}
	p.finish()
}

// await returns the first line of the log that holds text.
func (p *process) await(text string) string {
	p.t.Helper()
	line, ok := p.log.await(text)
	if !ok {
		p.t.Fatalf("%s ended (%v) without saying %q\n%s", p.name, p.err, text, p.log)
	}
	return line
}

// listening returns the address on which a server listens.
func (p *process) listening() string {
	p.t.Helper()
	line := p.await("msg=listening")
	_, addr, ok := strings.Cut(line, "address=")
	if !ok {
		p.t.Fatalf("no address in %q", line)
	}
	return strings.TrimSpace(addr)
}

// A lineLog keeps the lines of a log and lets tests wait for one.
type lineLog struct {
	mu     sync.Mutex
	cond   *sync.Cond
	lines  []string
	rest   []byte
	closed bool
}

func newLineLog() *lineLog {
	l := &lineLog{}
	l.cond = sync.NewCond(&l.mu)
	return l
}

// Write implements [io.Writer].
func (l *lineLog) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.rest = append(l.rest, b...)
	for {
		line, rest, ok := bytes.Cut(l.rest, []byte("\n"))
		if !ok {
			break
		}
		l.lines = append(l.lines, string(line))
		l.rest = rest
	}
	l.cond.Broadcast()
	return len(b), nil
}

func (l *lineLog) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
	l.cond.Broadcast()
}

// await waits for a line that holds text; false if none came until the end.
func (l *lineLog) await(text string) (string, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i := 0; ; i++ {
		for i == len(l.lines) && !l.closed {
			l.cond.Wait()
		}
		if i == len(l.lines) {
			return "", false
		}
		if strings.Contains(l.lines[i], text) {
			return l.lines[i], true
		}
	}
}

// matching returns the lines that hold text.
func (l *lineLog) matching(text string) []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var found []string
	for _, line := range l.lines {
		if strings.Contains(line, text) {
			found = append(found, line)
		}
	}
	return found
}

// String returns the last lines.
func (l *lineLog) String() string {
	const most = 40
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Join(slices.Concat(l.lines[max(0, len(l.lines)-most):], []string{string(l.rest)}), "\n")
}

// A place is a server's data directory with one registered client.
type place struct {
	data   string
	pkcs12 string
}

// newPlace registers the client 127.0.0.1 with a new server.
func newPlace(t *testing.T) place {
	t.Helper()
	dir := t.TempDir()
	p := place{data: filepath.Join(dir, "data"), pkcs12: filepath.Join(dir, "client.pkcs12")}
	out, err := command(t, "client", "add", "127.0.0.1", "--data", p.data, "-o", p.pkcs12).CombinedOutput()
	if err != nil {
		t.Fatalf("client add: %v\n%s", err, out)
	}
	return p
}

// serve starts the server on addr.
func (p place) serve(t *testing.T, addr string, args ...string) *process {
	t.Helper()
	return start(t, append([]string{"serve", "--data", p.data, "--listen", addr}, args...)...)
}

// A sink is a collector's state directory and output file.
type sink struct {
	state string
	file  string
}

func newSink(dir string) sink {
	return sink{state: filepath.Join(dir, "state"), file: filepath.Join(dir, "events.json")}
}

// collect starts a collector that goes on where the last one ended.
func (s sink) collect(t *testing.T, addr string, p place, args ...string) *process {
	t.Helper()
	return start(t, append([]string{"collect", addr, "--pkcs12", p.pkcs12, "--start", "all", "--format", "json",
		"--state", s.state, "--output", "file:" + s.file}, args...)...)
}

// journal returns the directory of the collector's journal.
func (s sink) journal() string { return filepath.Join(s.state, "journal") }

// journal returns the directory of the server's journal.
func (p place) journal() string { return filepath.Join(p.data, "journal") }

// stdout runs the program and hands what it writes to standard output to read.
func stdout(t *testing.T, read func(io.Reader), args ...string) {
	t.Helper()
	cmd := command(t, args...)
	log := newLineLog()
	cmd.Stderr = log
	pipe, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	read(pipe)
	// What read left must not keep the program waiting.
	_, drain := io.Copy(io.Discard, pipe)
	if err := errors.Join(drain, cmd.Wait()); err != nil {
		t.Fatal(fmt.Errorf("%s: %w\n%s", args[0], err, log))
	}
}
