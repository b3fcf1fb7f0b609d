package e2e

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"estream/internal/syncbuf"
)

// A process is one run of the program.
type process struct {
	t    *testing.T
	name string
	cmd  *exec.Cmd
	log  *syncbuf.Lines
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
	p := &process{t: t, name: args[0], cmd: command(t, args...), log: syncbuf.NewLines(), done: make(chan struct{})}
	p.cmd.Stderr = p.log
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		p.err = p.cmd.Wait()
		p.log.Close()
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
	line, ok := p.log.Await(text)
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
	log := syncbuf.NewLines()
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
