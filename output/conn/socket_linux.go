package conn

import (
	"fmt"
	"syscall"
	"time"
	"unsafe"
)

// Of linux/tcp.h; package syscall has them on some architectures only.
const (
	tcpUserTimeout = 18
	tcpEstablished = 1
)

// A probe asks the kernel about a socket without allocating: the functions are
// made once and leave their answers here.
type probe struct {
	unsent, state       func(fd uintptr)
	queued              int32
	queueErr, statusErr error
	status              [4]byte // the first bytes of struct tcp_info, of which the first is the state
}

func (p *probe) init() {
	p.unsent = func(fd uintptr) {
		p.queueErr = nil
		// SIOCOUTQ has the number of TIOCOUTQ. For TCP it counts what the peer has not acknowledged.
		_, _, errno := syscall.Syscall(syscall.SYS_IOCTL, fd, syscall.TIOCOUTQ, uintptr(unsafe.Pointer(&p.queued)))
		if errno != 0 {
			p.queueErr = errno
		}
	}
	p.state = func(fd uintptr) {
		p.status, p.statusErr = syscall.GetsockoptInet4Addr(int(fd), syscall.IPPROTO_TCP, syscall.TCP_INFO)
	}
}

// Unsent returns how many bytes the peer's kernel has not acknowledged, and
// whether that is known.
func (c *Conn) Unsent() (bytes int, known bool) {
	if err := c.raw.Control(c.probe.unsent); err != nil || c.probe.queueErr != nil {
		return 0, false
	}
	return int(c.probe.queued), true
}

// peerGone reports whether the kernel knows of the end of the connection.
func (c *Conn) peerGone() bool {
	err := c.raw.Control(c.probe.state)
	return err == nil && c.probe.statusErr == nil && c.probe.status[0] != tcpEstablished
}

// limitSilence ends the connection when the peer has acknowledged nothing for d.
func limitSilence(c syscall.RawConn, d time.Duration) error {
	var failed error
	err := c.Control(func(fd uintptr) {
		failed = syscall.SetsockoptInt(int(fd), syscall.IPPROTO_TCP, tcpUserTimeout, int(max(d.Milliseconds(), 1)))
	})
	if err != nil {
		return err
	}
	if failed != nil {
		return fmt.Errorf("set TCP_USER_TIMEOUT: %w", failed)
	}
	return nil
}
