package cli

import (
	"bytes"
	"context"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/spf13/cobra"
)

// commands returns root and all commands below it that are ours.
func commands(root *cobra.Command) (all []*cobra.Command) {
	all = append(all, root)
	for _, c := range root.Commands() {
		if !c.Hidden && c.Name() != "help" && c.Name() != "completion" {
			all = append(all, commands(c)...)
		}
	}
	return all
}

// TestHelp: every command explains itself on standard output, with an example.
func TestHelp(t *testing.T) {
	for _, c := range commands((&env{}).root()) {
		t.Run(c.CommandPath(), func(t *testing.T) {
			var out, errs strings.Builder
			args := append(strings.Fields(c.CommandPath())[1:], "--help")
			if status := Main(context.Background(), args, strings.NewReader(""), &out, &errs); status != exitOK || errs.Len() > 0 {
				t.Errorf("status %d, standard error %q", status, errs.String())
			}
			if c.Short == "" || c.HasParent() && c.Example == "" {
				t.Error("no summary or no example")
			}
			for _, part := range []string{c.Long, c.Example} {
				if !strings.Contains(out.String(), part) {
					t.Errorf("help lacks %q", part)
				}
			}
			for line := range strings.Lines(c.Long) {
				if len([]rune(line)) > 88 {
					t.Errorf("%d characters are too wide for a terminal: %s", len(line), line)
				}
			}
		})
	}
}

// TestExamples pastes the example of each command into a shell in an empty
// directory. A server in the foreground gets Ctrl-C once it listens. Ports, counts and the
// length of the demonstration are changed, so that tests can run side by side.
func TestExamples(t *testing.T) {
	shell, err := exec.LookPath("sh")
	if err != nil {
		t.Skip("no shell to paste into")
	}
	for _, c := range commands((&env{}).root()) {
		if c.Example == "" {
			continue
		}
		t.Run(c.CommandPath(), func(t *testing.T) {
			t.Parallel()
			port := freePort(t)
			script := strings.NewReplacer("127.0.0.1:8302", "127.0.0.1:"+port, "collect 127.0.0.1 ", "collect 127.0.0.1:"+port+" ", "--for 10s", "--for 1s", "100000", "10000").Replace(c.Example)
			lines := strings.Split(strings.TrimSpace(script), "\n")
			last := strings.TrimSpace(lines[len(lines)-1])
			serves := strings.HasPrefix(last, "estream serve")
			if serves {
				lines[len(lines)-1] = "exec " + last // so that the signal reaches it
			}
			ctx, cancel := context.WithTimeout(context.Background(), patience)
			defer cancel()
			cmd := exec.CommandContext(ctx, shell, "-e", "-c", strings.Join(lines, "\n"))
			cmd.Dir = t.TempDir()
			cmd.Env = append(os.Environ(), "GORACE=atexit_sleep_ms=0")
			cmd.WaitDelay = time.Second // a server in the background holds the pipes if the script fails
			out := newGrowing()
			cmd.Stdout, cmd.Stderr = io.Discard, out
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			p := &process{cmd: cmd, done: make(chan struct{})}
			var failed error
			go func() {
				defer close(p.done)
				failed = cmd.Wait()
			}()
			if serves {
				if log, ok := p.until(out, listeningLine.Match); !ok {
					t.Errorf("does not listen:\n%s", log)
				}
				if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
					t.Error(err)
				}
			}
			<-p.done
			log, _ := out.bytes()
			if failed != nil || bytes.Contains(log, []byte("level=ERROR")) {
				t.Errorf("%v\n%s\n%s", failed, script, log)
			}
			if c.Name() == "collect" {
				if events, err := os.ReadFile(filepath.Join(cmd.Dir, "events.cef")); err != nil || !bytes.Contains(events, []byte("CEF:0|")) {
					t.Errorf("%d bytes of events, %v", len(events), err)
				}
			}
		})
	}
}

func freePort(t *testing.T) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	_, port, err := net.SplitHostPort(ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return port
}
