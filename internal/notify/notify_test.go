package notify

import (
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// manager listens as the service manager does and returns what reads one datagram.
func manager(t *testing.T, name string) func() string {
	t.Helper()
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: name, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	t.Setenv("NOTIFY_SOCKET", name)
	return func() string {
		buf := make([]byte, 4096)
		if err := conn.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
			t.Fatal(err)
		}
		n, _, err := conn.ReadFromUnix(buf)
		if err != nil {
			t.Fatal(err)
		}
		return string(buf[:n])
	}
}

// socketPath is short: the address of a socket has place for about a hundred bytes.
func socketPath(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "notify")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return filepath.Join(dir, "socket")
}

func TestNotify(t *testing.T) {
	read := manager(t, socketPath(t))
	for _, state := range []string{Ready, Stopping, Watchdog, Ready + "\n" + Status("4 sources, 2 outputs")} {
		if err := Notify(state); err != nil {
			t.Fatal(err)
		}
		if got := read(); got != state {
			t.Errorf("the manager got %q, want %q", got, state)
		}
	}
}

func TestNotifyAtOnce(t *testing.T) {
	read := manager(t, socketPath(t))
	const senders = 4 // fewer than a socket's queue takes while nobody reads
	var wg sync.WaitGroup
	for range senders {
		wg.Go(func() {
			if err := Notify(Watchdog); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	for range senders {
		if got := read(); got != Watchdog {
			t.Errorf("got %q", got)
		}
	}
}

func TestNobodyListens(t *testing.T) {
	t.Setenv("NOTIFY_SOCKET", "")
	if err := Notify(Ready); err != nil {
		t.Errorf("without a manager: %v", err)
	}
	for name, want := range map[string]string{
		socketPath(t):                      "no such file",
		"relative/path":                    `"relative/path"; expected an absolute path`,
		"vsock:2:1234":                     `"vsock:2:1234"; expected an absolute path`,
		"/" + strings.Repeat("long/", 100): "invalid argument",
	} {
		t.Setenv("NOTIFY_SOCKET", name)
		if err := Notify(Ready); err == nil || !strings.HasPrefix(err.Error(), "notify: ") || !strings.Contains(err.Error(), want) {
			t.Errorf("%.20q: error %v does not say %q", name, err, want)
		}
	}
}

func TestStatus(t *testing.T) {
	for text, want := range map[string]string{
		"":                     "STATUS=",
		"3 of 4 sources":       "STATUS=3 of 4 sources",
		"a\nSTOPPING=1\r\nb":   "STATUS=a STOPPING=1  b",
		"caf\xe9 \xe2\x82\xac": "STATUS=caf? €",
	} {
		if got := Status(text); got != want {
			t.Errorf("Status(%q) = %q, want %q", text, got, want)
		}
	}
}

func TestWatchdogInterval(t *testing.T) {
	for _, c := range []struct {
		usec, pid string
		want      time.Duration
	}{
		{"", "", 0},
		{"60000000", "", 30 * time.Second},
		{"60000000", strconv.Itoa(os.Getpid()), 30 * time.Second},
		{"60000000", "1", 0},
		{"60000000", "me", 0},
		{"0", "", 0},
		{"-60000000", "", 0},
		{"a minute", "", 0},
		{"9223372036854775807", "", 0}, // systemd's "infinity" fits no Duration
	} {
		t.Setenv("WATCHDOG_USEC", c.usec)
		t.Setenv("WATCHDOG_PID", c.pid)
		if got := WatchdogInterval(); got != c.want {
			t.Errorf("%q for process %q: %v, want %v", c.usec, c.pid, got, c.want)
		}
	}
}
