package netns

import (
	"os/exec"
	"runtime"
	"syscall"
	"testing"
)

// A Namespace is a network of its own with nothing but a loopback interface, where
// rules and a link that is down harm nobody else.
//
// A goroutine that never leaves its thread is inside; whatever it starts or opens
// is, too.
type Namespace struct {
	// TID is the number of the thread that is inside.
	TID  int
	work chan func()
}

// New makes a namespace that lasts as long as the test. It needs root, the program ip,
// and those that the test names because it will run them inside.
func New(t *testing.T, tools ...string) *Namespace {
	t.Helper()
	for _, tool := range append(tools, "ip") {
		if _, err := exec.LookPath(tool); err != nil {
			t.Fatalf("%v: this test needs it (`make test` installs what tests need)", err)
		}
	}
	n := &Namespace{work: make(chan func())}
	began := make(chan error)
	go func() {
		runtime.LockOSThread() // for ever: the thread ends with the goroutine
		err := syscall.Unshare(syscall.CLONE_NEWNET)
		n.TID = syscall.Gettid()
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
	n.Do(func() {
		if out, err := exec.Command("ip", "link", "set", "lo", "up").CombinedOutput(); err != nil {
			t.Errorf("ip link set lo up: %v: %s", err, out)
		}
	})
	return n
}

// Do runs f inside.
func (n *Namespace) Do(f func()) {
	done := make(chan struct{})
	n.work <- func() { defer close(done); f() }
	<-done
}
