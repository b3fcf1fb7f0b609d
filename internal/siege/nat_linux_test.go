package siege

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"maps"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"estream/internal/control"
	"estream/internal/serverstatus"
	"estream/session"
)

// The addresses of TestNAT: the client's own, the one into which the router between
// the two translates it, and that of nobody here.
const (
	innerAddr      = "10.1.0.2"
	translatedAddr = "192.0.2.1"
	serverAddr     = "192.0.2.2"
	elsewhereAddr  = "198.51.100.7"
)

// hostsFile is what names mean on the server.
const hostsFile = `127.0.0.1 localhost
` + innerAddr + ` inner.example
` + elsewhereAddr + ` moved.example
` + elsewhereAddr + ` several.example
` + translatedAddr + ` several.example
` + translatedAddr + ` translated.example
`

// TestNAT has a client behind address translation: two network namespaces, and a
// third one between them that translates.
func TestNAT(t *testing.T) {
	t.Parallel()
	client, router, far := newNamespace(t), newNamespace(t), newNamespace(t)
	link(client, "lan", innerAddr+"/24", router, "inside", "10.1.0.1/24")
	link(far, "wan", serverAddr+"/24", router, "outside", translatedAddr+"/24")
	client.run("ip route add default via 10.1.0.1")
	router.run("nft add table ip nat\nnft add chain ip nat out { type nat hook postrouting priority 100 ; }\nnft add rule ip nat out oifname outside masquerade")
	router.Do(func() {
		if err := os.WriteFile("/proc/sys/net/ipv4/ip_forward", []byte("1"), 0o644); err != nil {
			t.Error(err)
		}
	})

	dir, data := t.TempDir(), newData(t)
	names, events := filepath.Join(dir, "hosts"), filepath.Join(dir, "events.bin")
	writeStream(t, events, 1000, true)
	if err := os.WriteFile(names, []byte(hostsFile), 0o644); err != nil {
		t.Fatal(err)
	}
	cases := []struct {
		host   string
		add    []string
		reason string // of the refusal; "": admitted
	}{
		{host: innerAddr, reason: "wrong_host"},
		{host: translatedAddr},
		{host: "inner.example", reason: "wrong_host"},
		{host: "translated.example"},
		{host: "moved.example", reason: "wrong_host"},
		{host: "several.example"}, // one of its addresses
		{host: "nowhere.example", reason: "host_unresolved"},
		{host: "10.1.0.99", add: []string{"--also", translatedAddr}},
		{host: "10.1.0.98", add: []string{"--also", innerAddr}, reason: "wrong_host"},
	}
	path, err := program()
	if err != nil {
		t.Fatal(err)
	}
	// The names are the server's alone: in a mount namespace of its own the file is
	// /etc/hosts, and nobody else is asked.
	const script = `mount --bind "$0" /etc/hosts && { [ ! -e /etc/resolv.conf ] || mount --bind /dev/null /etc/resolv.conf; } && exec "$@"`
	named := func(args ...string) *exec.Cmd {
		args = append([]string{"-c", script, names, path}, args...)
		cmd := exec.Command("sh", args...)
		cmd.SysProcAttr = &syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNS}
		return cmd
	}
	for _, c := range cases {
		args := append([]string{"client", "add", c.host, "--data", data, "--allow-unresolved", "-o", filepath.Join(dir, c.host)}, c.add...)
		far.Do(func() {
			if out, err := named(args...).CombinedOutput(); err != nil {
				t.Errorf("client add %s: %v\n%s", c.host, err, out)
			}
		})
	}
	server := start(t, named("serve", "--data", data, "--listen", serverAddr+":0", "--replay-as-is", events), func(cmd *exec.Cmd) (err error) {
		far.Do(func() { err = cmd.Start() })
		return err
	})
	addr := server.listening()

	admitted, refused := 0, map[string]uint64{}
	for _, c := range cases {
		cred, err := readCredentials(filepath.Join(dir, c.host))
		if err != nil {
			t.Fatal(err)
		}
		n, from, err := client.ask(t, addr, settingsOf(t, cred))
		switch {
		case from != innerAddr:
			t.Errorf("%s: the client connects from %s, want %s", c.host, from, innerAddr)
		case c.reason == "" && (err != nil || n == 0):
			t.Errorf("%s: not served: %d messages, %v", c.host, n, err)
		case c.reason == "":
			admitted++
		case err == nil || n > 0:
			t.Errorf("%s: served %d messages (%v), although it comes from %s", c.host, n, err, translatedAddr)
		default:
			refused[c.reason]++
		}
		var got map[string]uint64
		for began := time.Now(); !maps.Equal(got, refused); time.Sleep(time.Millisecond) { // it counts when the connection is closed
			if got = status(t, data).Connections.Refused; time.Since(began) > 10*time.Second {
				t.Fatalf("%s: the server has refused %v, want %v", c.host, got, refused)
			}
		}
	}
	t.Logf("behind translation from %s to %s: %d registrations admitted, refused %v", innerAddr, translatedAddr, admitted, refused)
}

// status asks a server what it says about itself.
func status(t *testing.T, data string) (s serverstatus.Status) {
	t.Helper()
	answer, err := control.Dial(filepath.Join(data, "estream.sock")).Get(t.Context(), "/status")
	if err == nil {
		err = json.Unmarshal(answer, &s)
	}
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// ask connects from inside and waits for events. It returns how many came at first,
// and the client's own address.
func (n *namespace) ask(t *testing.T, addr string, cfg *tls.Config) (count int, from string, err error) {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	var conn net.Conn
	n.Do(func() { conn, err = new(net.Dialer).DialContext(ctx, "tcp", addr) })
	if err != nil {
		t.Fatalf("the network of this test does not work: %v", err)
	}
	from = conn.LocalAddr().(*net.TCPAddr).IP.String()
	c, err := session.NewClient(ctx, conn, session.ClientConfig{TLS: cfg, HandshakeTimeout: 20 * time.Second})
	if err != nil {
		return 0, from, err
	}
	b, err := c.ReadBatch(ctx)
	if err == nil {
		count = b.Count
	}
	return count, from, errors.Join(err, c.Close(ctx, ""))
}
