package siege

import (
	"fmt"
	"os/exec"
	"strings"
	"testing"

	"estream/internal/netns"
)

// A namespace is a network of its own, at first with nothing but loopback.
type namespace struct {
	*netns.Namespace
	t *testing.T
}

func newNamespace(t *testing.T) *namespace {
	t.Helper()
	return &namespace{netns.New(t, "nft", "mount"), t}
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
		n.Do(func() { out, err = exec.Command(args[0], args[1:]...).CombinedOutput() })
		if err != nil {
			n.t.Fatalf("%s: %v: %s", line, err, out)
		}
	}
}

// link joins two namespaces by a cable whose ends have these names and addresses.
func link(a *namespace, nameA, addrA string, b *namespace, nameB, addrB string) {
	a.t.Helper()
	a.run(fmt.Sprintf("ip link add %s type veth peer name %s netns /proc/%d/ns/net", nameA, nameB, b.TID))
	for _, end := range []struct {
		ns         *namespace
		name, addr string
	}{{a, nameA, addrA}, {b, nameB, addrB}} {
		end.ns.run(fmt.Sprintf("ip addr add %s dev %s\nip link set %s up", end.addr, end.name, end.name))
	}
}
