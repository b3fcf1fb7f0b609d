package doctor

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"estream/pki"
	"estream/server"
)

// elsewhere are causes that no scene produces: none.
var elsewhere []Cause

// Three network namespaces: a client, a router, a server.
const (
	clientAddr  = "10.99.1.2"
	nearAddr    = "10.99.1.1" // of the router
	farAddr     = "198.51.100.1"
	serverAddr  = "198.51.100.2"
	servicePort = "8302"
)

// systemScenes produces what needs the kernel: namespaces with nftables, small and
// read-only file systems, a receive queue that nobody empties. It needs root.
func systemScenes(t *testing.T) []scene {
	w := newWorld(t)
	routed := func(name, step string, cause Cause, registered, rules string) scene {
		return scene{name, step, Failed, cause, func(l *lab) Report {
			w.rules(l.T, "")
			w.rules(l.T, rules)
			wait := 60_000
			if cause == PortFiltered {
				wait = 1000 // there will be no answer
			}
			return w.diagnose(l.T, agentTarget{Addr: serverAddr, PKCS12: w.files[registered], Millis: wait})
		}}
	}
	const masquerade = `add table ip nat; add chain ip nat post { type nat hook postrouting priority 100; }; add rule ip nat post oifname "far" masquerade`
	const forward = `add table ip filter; add chain ip filter forward { type filter hook forward priority 0; }; add rule ip filter forward tcp dport 8302 `
	scenes := []scene{
		routed("DROP", StepPort, PortFiltered, clientAddr, forward+"drop"),
		routed("REJECT as prohibited", StepPort, NoRoute, clientAddr, forward+"reject with icmp type admin-prohibited"),
		routed("REJECT with a reset", StepPort, PortClosed, clientAddr, forward+"reject with tcp reset"),
		routed("NAT, registered with the own address", StepAdmission, WrongHost, clientAddr, masquerade),
		routed("NAT, registered with some other address", StepAdmission, WrongHost, "10.99.1.77", masquerade),
		routed("NAT, registered with the translated address and revoked", StepAdmission, AddressOrRevoke, farAddr, masquerade),
		{"no route", StepPort, Failed, NoRoute, func(l *lab) Report {
			return w.diagnose(l.T, agentTarget{Addr: "203.0.113.9", PKCS12: w.files[clientAddr], Millis: 60_000})
		}},
		{"forbidden by our own routes", StepPort, Failed, ConnectFailed, func(l *lab) Report {
			w.client.run(l.T, "ip", "route", "add", "prohibit", "203.0.113.0/24")
			defer w.client.run(l.T, "ip", "route", "del", "prohibit", "203.0.113.0/24")
			return w.diagnose(l.T, agentTarget{Addr: "203.0.113.9", PKCS12: w.files[clientAddr], Millis: 60_000})
		}},
		{"full disk", StepState, Failed, DiskFull, diagnose(func(l *lab) Target {
			dir := tmpfs(l.T, "mode=700,size=1m", 0)
			fillDisk(l.T, dir, 0)
			return Target{StateDir: dir}
		})},
		{"nearly full disk", StepState, Warning, DiskLow, diagnose(func(l *lab) Target {
			dir := tmpfs(l.T, "mode=700,size=32m", 0)
			fillDisk(l.T, dir, 1<<20)
			return Target{StateDir: dir}
		})},
		{"no inodes", StepState, Failed, DiskFull, diagnose(func(l *lab) Target {
			return Target{StateDir: tmpfs(l.T, "mode=700,size=1m,nr_inodes=1", 0)}
		})},
		{"read-only disk", StepState, Failed, ReadOnly, diagnose(func(l *lab) Target {
			return Target{StateDir: tmpfs(l.T, "mode=700,size=1m", syscall.MS_RDONLY)}
		})},
		{"full disk of an output", "output json", Failed, OutputBad, diagnose(func(l *lab) Target {
			dir := tmpfs(l.T, "mode=700,size=1m", 0)
			fillDisk(l.T, dir, 0)
			return Target{Outputs: []OutputCheck{{"json", WritableCheck(filepath.Join(dir, "json"))}}}
		})},
		{"nobody reads", StepBacklog, Failed, Behind, unread},
	}
	return scenes
}

// unread has a connection beside the doctor's that floods and is not read.
func unread(l *lab) Report {
	addr := l.center(l.serverTLS(), l.streaming()...)
	// The flood comes from the very address and port that the doctor connects to.
	flood := l.listen(func(ctx context.Context, conn net.Conn) {
		first := make([]byte, 1)
		if _, err := io.ReadFull(conn, first); err != nil {
			return
		}
		if first[0] != 'F' {
			relay(ctx, conn, first, addr)
			return
		}
		for chunk := make([]byte, 64<<10); ; {
			if _, err := conn.Write(chunk); err != nil {
				return
			}
		}
	})
	slow, err := net.Dial("tcp", flood)
	if err != nil {
		l.Fatal(err)
	}
	defer slow.Close()
	if _, err := slow.Write([]byte("F")); err != nil {
		l.Fatal(err)
	}
	// It is the kernel that moves the bytes: wait until they are there.
	for waiting := 0; waiting < QueueLimit; {
		sockets, err := Sockets()
		if err != nil {
			l.Fatal(err)
		}
		for _, k := range sockets {
			if k.Remote.String() == flood && k.Local.String() == slow.LocalAddr().String() {
				waiting = k.Receive
			}
		}
		if l.Context().Err() != nil {
			l.Fatal("the queue never filled")
		}
	}
	target := l.target(flood)
	target.Status = new(Status)
	return Diagnose(l.Context(), target)
}

// relay joins conn, of which first was read, with addr.
func relay(ctx context.Context, conn net.Conn, first []byte, addr string) {
	to, err := new(net.Dialer).DialContext(ctx, "tcp", addr)
	if err != nil {
		return
	}
	defer to.Close()
	if _, err := to.Write(first); err != nil {
		return
	}
	go func() {
		io.Copy(conn, to)
		conn.Close()
	}()
	io.Copy(to, conn)
}

// tmpfs mounts a file system of its own.
func tmpfs(t *testing.T, options string, flags uintptr) string {
	t.Helper()
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", flags, options); err != nil {
		t.Fatalf("mount tmpfs: %v: this test needs root", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Errorf("unmount %s: %v", dir, err)
		}
	})
	return dir
}

// fillDisk writes until only leave bytes are free.
func fillDisk(t *testing.T, dir string, leave uint64) {
	t.Helper()
	room, err := freeSpace(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "ballast"), make([]byte, room.free-leave), 0o600); err != nil {
		t.Fatal(err)
	}
}

// A world is the three namespaces with an agent in each, and a server of ours.
type world struct {
	client, router, server *agentProcess
	files                  map[string]string // PKCS#12 file by registered address
}

func newWorld(t *testing.T) *world {
	t.Helper()
	for _, tool := range []string{"ip", "nft", "nsenter"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Fatalf("%v: this test needs the packages iproute2, nftables and util-linux", err)
		}
	}
	w := &world{client: startAgent(t), router: startAgent(t), server: startAgent(t), files: map[string]string{}}
	for _, link := range []struct {
		name, peer string
		to         *agentProcess
		near, far  string
	}{{"near", "wan", w.client, nearAddr, clientAddr}, {"far", "wan", w.server, farAddr, serverAddr}} {
		w.router.run(t, "ip", "link", "add", link.name, "type", "veth", "peer", "name", link.peer, "netns", strconv.Itoa(link.to.pid()))
		w.router.run(t, "ip", "addr", "add", link.near+"/24", "dev", link.name)
		w.router.run(t, "ip", "link", "set", link.name, "up")
		link.to.run(t, "ip", "addr", "add", link.far+"/24", "dev", link.peer)
		link.to.run(t, "ip", "link", "set", link.peer, "up")
		link.to.run(t, "ip", "link", "set", "lo", "up")
	}
	w.router.run(t, "sh", "-c", "echo 1 >/proc/sys/net/ipv4/ip_forward")
	// Not a default route: the client has to find an address without any.
	w.client.run(t, "ip", "route", "add", "198.51.100.0/24", "via", nearAddr)
	w.server.run(t, "ip", "route", "add", "10.99.1.0/24", "via", farAddr)

	dir := filepath.Join(t.TempDir(), "pki")
	authority, err := pki.Open(dir, pki.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, host := range []string{clientAddr, "10.99.1.77", farAddr} {
		reg, err := authority.Register(t.Context(), host, pki.RegisterOptions{})
		if err != nil {
			t.Fatal(err)
		}
		w.files[host] = filepath.Join(t.TempDir(), "client.pkcs12")
		if err := os.WriteFile(w.files[host], reg.PKCS12, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := authority.Remove(t.Context(), farAddr); err != nil {
		t.Fatal(err)
	}
	w.server.ask(t, order{Serve: dir, Listen: net.JoinHostPort(serverAddr, servicePort)})
	return w
}

// rules sets the router's rules, which begin empty.
func (w *world) rules(t *testing.T, rules string) {
	t.Helper()
	if rules == "" {
		rules = "flush ruleset"
	}
	w.router.run(t, "nft", rules)
}

func (w *world) diagnose(t *testing.T, target agentTarget) Report {
	t.Helper()
	return w.client.ask(t, order{Diagnose: &target}).Report
}

// An order is one line to an agent, an answer the line back.
type order struct {
	Diagnose *agentTarget
	Serve    string // directory of the authority
	Listen   string
}

type answer struct {
	Report Report
	Error  string
}

// An agentTarget is the part of a Target that scenes in namespaces need.
type agentTarget struct {
	Addr, PKCS12 string
	Millis       int // Timeout and EventWait
}

// agent obeys orders until in ends. It runs in a process of its own.
func agent(in io.Reader, out io.Writer) error {
	orders, answers := json.NewDecoder(in), json.NewEncoder(out)
	for {
		var o order
		if err := orders.Decode(&o); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
		var a answer
		switch {
		case o.Diagnose != nil:
			wait := time.Duration(o.Diagnose.Millis) * time.Millisecond
			a.Report = Diagnose(context.Background(), Target{Addr: o.Diagnose.Addr, PKCS12: o.Diagnose.PKCS12, Timeout: wait, EventWait: wait})
		case o.Serve != "":
			if err := agentServe(o.Serve, o.Listen); err != nil {
				a.Error = err.Error()
			}
		}
		if err := answers.Encode(a); err != nil {
			return err
		}
	}
}

// agentServe runs the server until the process ends. Every scene has it turn the client
// away before it would need a journal.
func agentServe(dir, addr string) error {
	authority, err := pki.Open(dir, pki.Options{})
	if err != nil {
		return err
	}
	ln, err := net.Listen("tcp", addr)
	if err != nil {
		return err
	}
	srv := &server.Server{Authority: authority, Log: slog.New(slog.DiscardHandler)}
	go func() { _ = srv.Serve(context.Background(), ln) }()
	return nil
}

// An agentProcess is this test binary in a network namespace of its own.
type agentProcess struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader
}

func startAgent(t *testing.T) *agentProcess {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), agentEnv+"=1")
	cmd.Stderr = os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET}
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatalf("start a process in a network namespace: %v: this test needs root", err)
	}
	t.Cleanup(func() {
		in.Close() // the agent ends
		if err := cmd.Wait(); err != nil {
			t.Errorf("agent: %v", err)
		}
	})
	return &agentProcess{cmd, in, bufio.NewReader(out)}
}

func (p *agentProcess) pid() int { return p.cmd.Process.Pid }

// run runs a command in the agent's network namespace.
func (p *agentProcess) run(t *testing.T, args ...string) {
	t.Helper()
	args = append([]string{"-t", strconv.Itoa(p.pid()), "-n", "--"}, args...)
	if out, err := exec.Command("nsenter", args...).CombinedOutput(); err != nil {
		t.Fatalf("nsenter %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

func (p *agentProcess) ask(t *testing.T, o order) answer {
	t.Helper()
	line, err := json.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := fmt.Fprintf(p.in, "%s\n", line); err != nil {
		t.Fatal(err)
	}
	reply, err := p.out.ReadBytes('\n')
	if err != nil {
		t.Fatalf("agent: %v", err)
	}
	var a answer
	if err := json.Unmarshal(reply, &a); err != nil {
		t.Fatal(err)
	}
	if a.Error != "" {
		t.Fatalf("agent: %s", a.Error)
	}
	return a
}

// TestSocketState: the sockets of our ports are in the bundle, others are not.
func TestSocketState(t *testing.T) {
	var ports [2]uint16
	for i := range ports {
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer ln.Close()
		ports[i] = ln.Addr().(*net.TCPAddr).AddrPort().Port()
	}
	got, err := SocketState(ports[0]).Read()
	ours, other := fmt.Sprintf("127.0.0.1:%d -> 0.0.0.0:0 LISTEN", ports[0]), fmt.Sprintf(":%d ", ports[1])
	if err != nil || !strings.Contains(string(got), ours) || strings.Contains(string(got), other) {
		t.Errorf("want %q and not %q, got %v\n%s", ours, other, err, got)
	}
}
