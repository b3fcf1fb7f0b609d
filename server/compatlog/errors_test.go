package compatlog_test

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"estream/pki"
	"estream/server/compatlog"
)

// search does what the documents tell operators to do.
func search(t *testing.T, text string) []string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "messages")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("sh", "-c", `grep -i estreamer "$0" | grep -i error`, file)
	cmd.Env = append(os.Environ(), "LC_ALL=C.UTF-8")
	out, err := cmd.Output()
	var exit *exec.ExitError
	if err != nil && !(errors.As(err, &exit) && exit.ExitCode() == 1) { // 1: nothing found
		t.Fatal(err)
	}
	return strings.SplitAfter(string(out), "\n")
}

// TestGrep: "grep -i estreamer FILE | grep -i error" finds the lines of level ERROR,
// all of them and no other.
func TestGrep(t *testing.T) {
	log, out := newLog(compatlog.Options{Level: slog.LevelDebug})
	tr := log.Trace()
	hostile := pki.Client{Host: "error.estreamer.example", CN: "error.estreamer.example"}
	succeed(t, tr, 1, client, hostile, []netip.Addr{client.Addr()})
	tr.Overruled(1, "flag bit 3 (discovery, ErRoR) is overruled by event type 61 of an eStreamer client")
	tr.Failed(1, errors.New("message of 9 bytes"))
	tr.Ended(1, nil)
	n := uint64(2)
	for r := pki.HandshakeTimeout; !strings.HasPrefix(r.String(), "reason_"); r++ {
		err := &pki.Refusal{Reason: r, Remote: client.Addr(), CN: "x\nJun  3 07:22:14 fmc SF-IMS[1]: eStreamer error\x1b[2J", Host: "siem.example.com", Err: io.ErrUnexpectedEOF}
		tr.Accepted(n, client)
		tr.Refused(n, err)
		tr.Ended(n, err)
		n++
	}
	tr.Accepted(n, client)
	tr.Refused(n, errors.New("handshake: out of file descriptors"))
	tr.Ended(n, nil)
	l := slog.New(log.Handler())
	l.Error("journal is damaged", "file", "x.seg")
	l.Warn("eStreamer client fell behind", "error", errors.New("errorERROR"))
	l.Info("no error", "service", "eStreamer")
	l.Debug("eStreamer: Error")

	var want []string
	for line := range strings.Lines(out.String()) {
		if strings.Contains(line, " [ERROR] ") {
			want = append(want, line)
		}
	}
	if wanted := int(n) + 1; len(want) != wanted {
		t.Errorf("%d lines of level ERROR, want %d:\n%s", len(want), wanted, out)
	}
	if got := search(t, out.String()); !slices.Equal(got, append(want, "")) {
		t.Errorf("the search finds\n%swant\n%s", strings.Join(got, ""), strings.Join(want, ""))
	}
}

// TestRefusals: each reason shows in the line, behind the words of the documents.
func TestRefusals(t *testing.T) {
	const bad = "SSL_accept failed, SSL_get_error reports SSL_ERROR_SYSCALL (eStreamer session 9, "
	for r := pki.HandshakeTimeout; !strings.HasPrefix(r.String(), "reason_"); r++ {
		log, out := newLog(compatlog.Options{})
		tr := log.Trace()
		tr.Accepted(9, client)
		tr.Refused(9, &pki.Refusal{Reason: r, Remote: client.Addr(), CN: "siem", Host: "siem", Err: io.ErrUnexpectedEOF})
		want := bad + r.String() + ": "
		switch r {
		case pki.WrongHost, pki.HostUnresolved:
			want = "Certificate Common Name siem does not match remote host: 10.48.26.47. It was issued to a different client. (eStreamer session 9, " + r.String()
		case pki.NotTLS, pki.ProtocolVersion, pki.RefusedByClient, pki.HandshakeFailed:
			want = strings.Replace(want, "SYSCALL", "SSL", 1)
		}
		if line := fmt.Sprintf("SF-IMS[9]: [9] EventStreamer child(10.48.26.47):ConnectionHandler [ERROR] %s", want); !strings.Contains(out.String(), line) {
			t.Errorf("%v: lacks %q:\n%s", r, line, out)
		}
	}
}
