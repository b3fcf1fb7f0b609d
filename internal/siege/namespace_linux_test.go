package siege

import (
	"fmt"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"testing"
)

// A namespace is a network of its own, at first with nothing but loopback.
//
// A goroutine that never leaves its thread is inside; whatever it starts or opens
// is, too.
type namespace struct {
	t    *testing.T
	work chan func()
	tid  int
}

func newNamespace(t *testing.T) *namespace {
	t.Helper()
	for _, tool := range []string{"ip", "nft", "mount"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Fatalf("%v: this test needs the packages iproute2, nftables and mount (`make test` installs them)", err)
		}
	}
	n := &namespace{t: t, work: make(chan func())}
	began := make(chan error)
	go func() {
		runtime.LockOSThread() // for ever: the thread ends with the goroutine
		err := syscall.Unshare(syscall.CLONE_NEWNET)
		n.tid = syscall.Gettid()
		began <- err
		if err != nil {
			return
		}
		for f := range n.work {
			f()
		}
	}()
	if err := <-began; err != nil {
		t.Fatalf("make a network namespace: %v: this test needs root", err)
	}
	t.Cleanup(func() { close(n.work) })
	n.run("ip link set lo up")
	return n
}

// do runs f inside.
func (n *namespace) do(f func()) {
	done := make(chan struct{})
	n.work <- func() { defer close(done); f() }
	<-done
}

// run runs commands inside, one a line.
func (n *namespace) run(commands string) {
	n.t.Helper()
	for line := range strings.Lines(commands) {
		args := strings.Fields(line)
		if len(args) == 0 {
			continue
		}
		var out []byte
		var err error
		n.do(func() { out, err = exec.Command(args[0], args[1:]...).CombinedOutput() })
		if err != nil {
			n.t.Fatalf("%s: %v: %s", line, err, out)
		}
	}
}

// link joins two namespaces by a cable whose ends have these names and addresses.
func link(a *namespace, nameA, addrA string, b *namespace, nameB, addrB string) {
	a.t.Helper()
	a.run(fmt.Sprintf("ip link add %s type veth peer name %s netns /proc/%d/ns/net", nameA, nameB, b.tid))
	for _, end := range []struct {
		ns         *namespace
		name, addr string
	}{{a, nameA, addrA}, {b, nameB, addrB}} {
		end.ns.run(fmt.Sprintf("ip addr add %s dev %s\nip link set %s up", end.addr, end.name, end.name))
	}
}
