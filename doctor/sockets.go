package doctor

import (
	"bufio"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
)

// A Socket is one line of the kernel's table of TCP sockets.
type Socket struct {
	Local, Remote  netip.AddrPort
	State          string // as in the kernel's headers: ESTABLISHED, LISTEN, CLOSE_WAIT, ...
	Established    bool
	Send, Receive  int    // bytes that wait; for a listener Receive is connections not accepted yet
	RetransmitsNow int    // of the packet that is under way
	Raw            string // the line itself
}

var tcpStates = [...]string{"?", "ESTABLISHED", "SYN_SENT", "SYN_RECV", "FIN_WAIT1", "FIN_WAIT2", "TIME_WAIT", "CLOSE", "CLOSE_WAIT", "LAST_ACK", "LISTEN", "CLOSING", "NEW_SYN_RECV"}

// Sockets returns the TCP sockets of this host, or of its network namespace. The
// error is errors.ErrUnsupported where the system has no such table (only Linux has).
func Sockets() ([]Socket, error) {
	if runtime.GOOS != "linux" {
		return nil, fmt.Errorf("the table of sockets on %s: %w", runtime.GOOS, errors.ErrUnsupported)
	}
	var all []Socket
	for _, path := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
		f, err := os.Open(path)
		if errors.Is(err, os.ErrNotExist) {
			continue // IPv6 is turned off
		}
		if err != nil {
			return nil, err
		}
		sockets, err := parseSockets(f)
		if err = errors.Join(err, f.Close()); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		all = append(all, sockets...)
	}
	return all, nil
}

// parseSockets reads a table in the form of /proc/net/tcp: a line of headings, then
// number, local address, remote address, state, send:receive queue in hexadecimal,
// and more. Lines of another form are errors.
func parseSockets(r io.Reader) (all []Socket, err error) {
	lines := bufio.NewScanner(r)
	for n := 0; lines.Scan(); n++ {
		f := strings.Fields(lines.Text())
		if n == 0 || len(f) == 0 {
			continue
		}
		k, err := parseSocket(f)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", n+1, err)
		}
		k.Raw = strings.TrimSpace(lines.Text())
		all = append(all, k)
	}
	return all, lines.Err()
}

func parseSocket(f []string) (k Socket, err error) {
	if len(f) < 7 {
		return k, fmt.Errorf("%d columns found, at least 7 expected", len(f))
	}
	if k.Local, err = kernelAddr(f[1]); err != nil {
		return k, err
	}
	if k.Remote, err = kernelAddr(f[2]); err != nil {
		return k, err
	}
	state, err := strconv.ParseUint(f[3], 16, 8)
	if err != nil {
		return k, fmt.Errorf("state: %w", err)
	}
	k.State = tcpStates[0]
	if int(state) < len(tcpStates) {
		k.State = tcpStates[state]
	}
	k.Established = state == 1
	send, receive, _ := strings.Cut(f[4], ":")
	for _, queue := range []struct {
		text string
		to   *int
	}{{send, &k.Send}, {receive, &k.Receive}, {f[6], &k.RetransmitsNow}} {
		v, err := strconv.ParseUint(queue.text, 16, 32)
		if err != nil {
			return k, fmt.Errorf("queue: %w", err)
		}
		*queue.to = int(min(v, 1<<31-1))
	}
	return k, nil
}

// kernelAddr reads an address such as 0100007F:206E, which is 127.0.0.1:8302: words
// of 4 bytes in the byte order of the machine, then the port as a number.
func kernelAddr(text string) (netip.AddrPort, error) {
	host, port, _ := strings.Cut(text, ":")
	raw, err := hex.DecodeString(host)
	if err != nil || len(raw) != 4 && len(raw) != 16 {
		return netip.AddrPort{}, fmt.Errorf("address %q: 8 or 32 hexadecimal digits expected", host)
	}
	p, err := strconv.ParseUint(port, 16, 16)
	if err != nil {
		return netip.AddrPort{}, fmt.Errorf("port %q: %w", port, err)
	}
	if !bigEndian {
		for word := range slices.Chunk(raw, 4) {
			slices.Reverse(word)
		}
	}
	addr, _ := netip.AddrFromSlice(raw)
	return netip.AddrPortFrom(addr.Unmap(), uint16(p)), nil
}

// bigEndian is the byte order of this machine, in which the kernel prints addresses.
var bigEndian = slices.Contains([]string{"s390x", "ppc64", "mips", "mips64"}, runtime.GOARCH)
