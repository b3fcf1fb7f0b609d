//go:build unix

package cli

import (
	"context"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"estream/internal/control"
	"estream/internal/syncbuf"
)

// TestServiceManager: the server tells systemd when it is ready, that it lives, that it
// reloads, and when it is about to end; and it ends when a command asks for it.
func TestServiceManager(t *testing.T) {
	dir, err := os.MkdirTemp("", "estream") // shorter than t.TempDir, for the sockets
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	manager, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: filepath.Join(dir, "notify"), Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer manager.Close()
	t.Setenv("NOTIFY_SOCKET", filepath.Join(dir, "notify"))
	t.Setenv("WATCHDOG_USEC", "20000")
	t.Setenv("WATCHDOG_PID", "")
	if err := manager.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	await := func(want string) {
		t.Helper()
		buf := make([]byte, 4096)
		for {
			n, err := manager.Read(buf)
			if err != nil {
				t.Fatalf("%s did not come: %v", want, err)
			}
			if strings.HasPrefix(string(buf[:n]), want) {
				return
			}
		}
	}
	log := new(syncbuf.Buffer)
	data := filepath.Join(dir, "data")
	ended := make(chan int, 1)
	go func() {
		ended <- Main(context.Background(), []string{"serve", "--data", data, "--listen", "127.0.0.1:0"}, strings.NewReader(""), io.Discard, log)
	}()
	await("READY=1")
	await("WATCHDOG=1")
	self, err := os.FindProcess(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	if err := self.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	await("RELOADING=1")
	await("READY=1")
	if _, err := control.Dial(filepath.Join(data, socketName)).Post(t.Context(), "/stop"); err != nil {
		t.Fatal(err)
	}
	await("STOPPING=1")
	if status := <-ended; status != exitOK {
		t.Errorf("exit status %d:\n%s", status, log)
	}
	if !strings.Contains(log.String(), "settings were read again") {
		t.Errorf("the log does not say that settings were read again:\n%s", log)
	}
}

// TestNoSocket: a data directory whose name is too long for a socket is no reason not to
// serve clients.
func TestNoSocket(t *testing.T) {
	data := filepath.Join(t.TempDir(), strings.Repeat("long-", 40))
	log := new(syncbuf.Buffer)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	out := &growing{more: make(chan struct{})}
	ended := make(chan int, 1)
	go func() {
		ended <- Main(ctx, []string{"serve", "--data", data, "--listen", "127.0.0.1:0"}, strings.NewReader(""), log, out)
	}()
	p := &process{done: make(chan struct{})}
	text, ok := p.until(out, listeningLine.Match)
	if !ok || !strings.Contains(string(text), "no command can ask after this server") {
		t.Errorf("log:\n%s", text)
	}
	cancel()
	if status := <-ended; status != exitOK {
		t.Errorf("exit status %d", status)
	}
}

// TestOwnDirectory: root runs no server in a directory of somebody else.
func TestOwnDirectory(t *testing.T) {
	dir := t.TempDir()
	if err := ownDirectory(dir); err != nil {
		t.Errorf("our own: %v", err)
	}
	if err := ownDirectory(filepath.Join(dir, "none")); err != nil {
		t.Errorf("one that is to be made: %v", err)
	}
	foreign := os.Geteuid() == 0 && os.Chown(dir, 12345, -1) == nil
	if err := ownDirectory(dir); (err != nil) != foreign {
		t.Errorf("of user 12345: %v, changed its owner: %v", err, foreign)
	}
}
