package siege

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"estream/internal/syncbuf"
)

// A process is a run of the program as a server.
type process struct {
	t    *testing.T
	cmd  *exec.Cmd
	log  *syncbuf.Lines
	done chan struct{} // closed when it has ended
	err  error         // how; valid after done
}

// command prepares the program.
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

// do runs the program to its end.
func do(t *testing.T, args ...string) {
	t.Helper()
	if out, err := command(t, args...).CombinedOutput(); err != nil {
		t.Fatalf("estream %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

// start starts cmd by way of begin. It ends with the test at the latest.
func start(t *testing.T, cmd *exec.Cmd, begin func(*exec.Cmd) error) *process {
	t.Helper()
	p := &process{t: t, cmd: cmd, log: syncbuf.NewLines(), done: make(chan struct{})}
	cmd.Stderr = p.log
	if err := begin(cmd); err != nil {
		t.Fatal(err)
	}
	go func() {
		p.err = cmd.Wait()
		p.log.Close()
		close(p.done)
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // it may have ended long ago
		<-p.done
		if t.Failed() {
			t.Logf("server:\n%s", p.log)
		}
	})
	return p
}

// serve starts a server on a data directory.
func serve(t *testing.T, data, addr string, args ...string) *process {
	t.Helper()
	return start(t, command(t, append([]string{"serve", "--data", data, "--listen", addr}, args...)...), (*exec.Cmd).Start)
}

// kill ends the process with SIGKILL. That it had ended by itself fails the test.
func (p *process) kill() {
	p.t.Helper()
	select {
	case <-p.done:
		p.t.Fatalf("the server ended by itself: %v\n%s", p.err, p.log)
	default:
	}
	_ = p.cmd.Process.Kill() // it may end in this moment
	<-p.done
}

// stop asks the server to end in order, and waits until it has.
func (p *process) stop() {
	p.t.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		p.t.Fatalf("the server: %v\n%s", err, p.log)
	}
	if <-p.done; p.err != nil {
		p.t.Fatalf("the server: %v\n%s", p.err, p.log)
	}
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

// await returns the first line of the log that holds text.
func (p *process) await(text string) string {
	p.t.Helper()
	line, ok := p.log.Await(text)
	if !ok {
		p.t.Fatalf("the server ended (%v) without saying %q\n%s", p.err, text, p.log)
	}
	return line
}

// memory returns the resident bytes of the process now, and the most there were.
func (p *process) memory() (now, most int64) {
	p.t.Helper()
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		p.t.Fatal(err)
	}
	for line := range strings.Lines(string(data)) {
		var to *int64
		switch f := strings.Fields(line); f[0] {
		case "VmRSS:":
			to = &now
		case "VmHWM:":
			to = &most
		default:
			continue
		}
		n, err := strconv.ParseInt(strings.Fields(line)[1], 10, 64)
		if err != nil {
			p.t.Fatalf("%q: %v", line, err)
		}
		*to = n << 10
	}
	return now, most
}

// cpu returns how long the process has computed. Linux counts it in hundredths of a
// second.
func (p *process) cpu() time.Duration {
	p.t.Helper()
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.cmd.Process.Pid))
	if err != nil {
		p.t.Fatal(err)
	}
	// The name of the program, in brackets, may hold anything.
	fields := strings.Fields(string(data[bytes.LastIndexByte(data, ')')+1:]))
	var ticks int64
	for _, text := range fields[11:13] { // utime, stime
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			p.t.Fatalf("%q: %v", data, err)
		}
		ticks += n
	}
	return time.Duration(ticks) * 10 * time.Millisecond
}

// newData makes a data directory with the registrations that all tests share.
func newData(t *testing.T) string {
	t.Helper()
	data := filepath.Join(t.TempDir(), "data")
	if err := os.CopyFS(data, os.DirFS(registrations(t).dir)); err != nil {
		t.Fatal(err)
	}
	return data
}
