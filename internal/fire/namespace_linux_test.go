package fire

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"

	"estream/internal/netns"
)

// A namespace is a network of its own. All processes of a run live in it.
type namespace struct {
	*netns.Namespace
	t *testing.T
}

func newNamespace(t *testing.T) *namespace {
	t.Helper()
	return &namespace{netns.New(t, "nft"), t}
}

// freePort returns an address that nobody has, and nobody else can take.
func (n *namespace) freePort(t *testing.T) (addr string) {
	t.Helper()
	var err error
	n.Do(func() {
		var ln net.Listener
		if ln, err = net.Listen("tcp", "127.0.0.1:0"); err == nil {
			addr = ln.Addr().String()
			err = ln.Close()
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return addr
}

// run runs a command inside.
func (n *namespace) run(name string, args ...string) {
	n.Do(func() {
		if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
			n.t.Errorf("%s %s: %v: %s", name, strings.Join(args, " "), err, out)
		}
	})
}

// rule makes a table of nftables whose input chain holds the rules, until remove.
func (n *namespace) rule(table string, rules ...string) (remove func()) {
	n.run("nft", fmt.Sprintf("table inet %s { chain in { type filter hook input priority 0; %s; }; }", table, strings.Join(rules, "; ")))
	return func() { n.run("nft", "delete table inet "+table) }
}

// ports returns the local ports of established connections to a port on loopback.
func (n *namespace) ports(to int) (list []int) {
	f, err := os.Open(fmt.Sprintf("/proc/self/task/%d/net/tcp", n.TID))
	if err != nil {
		n.t.Error(err)
		return nil
	}
	defer f.Close()
	const established = "01"
	for s := bufio.NewScanner(f); s.Scan(); {
		field := strings.Fields(s.Text())
		if len(field) < 4 || field[3] != established || !strings.HasSuffix(field[2], fmt.Sprintf(":%04X", to)) {
			continue
		}
		_, port, _ := strings.Cut(field[1], ":")
		p, err := strconv.ParseUint(port, 16, 16)
		if err != nil {
			n.t.Errorf("%q: %v", s.Text(), err)
			continue
		}
		list = append(list, int(p))
	}
	return list
}

// A disk is a file system of its own, in memory.
type disk struct {
	t    *testing.T
	dir  string
	busy sync.Mutex // one fault at a time
}

func newDisk(t *testing.T, size int) *disk {
	t.Helper()
	d := &disk{t: t, dir: t.TempDir()}
	if err := syscall.Mount("tmpfs", d.dir, "tmpfs", 0, "mode=700,size="+strconv.Itoa(size)); err != nil {
		t.Fatalf("mount a tmpfs: %v: this test needs root", err)
	}
	t.Cleanup(func() {
		// The processes that use it have ended: their clean-up was registered later.
		if err := syscall.Unmount(d.dir, 0); err != nil {
			t.Errorf("unmount %s: %v", d.dir, err)
		}
	})
	return d
}

func (d *disk) path(name string) string { return filepath.Join(d.dir, name) }

// fill takes all the room that is left, until empty.
func (d *disk) fill() (empty func()) {
	name := d.path("ballast")
	f, err := os.Create(name)
	if err != nil {
		d.t.Error(err)
		return func() {}
	}
	// To the last byte, and again whatever others free in between.
	for piece := make([]byte, 1<<20); len(piece) > 0; {
		if _, err := f.Write(piece); err != nil {
			piece = piece[:len(piece)/2]
		}
	}
	if err := f.Close(); err != nil {
		d.t.Error(err)
	}
	return func() {
		if err := os.Remove(name); err != nil {
			d.t.Error(err)
		}
	}
}

// used returns how many bytes are on the disk.
func (d *disk) used() int64 {
	var s syscall.Statfs_t
	if err := syscall.Statfs(d.dir, &s); err != nil {
		d.t.Error(err)
		return 0
	}
	return int64(s.Blocks-s.Bfree) * int64(s.Bsize)
}
