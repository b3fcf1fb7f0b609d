package fire

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// A receiver is rsyslogd with RELP. What it confirms is in its file, which is read
// as it grows; what was read is cut out of it.
type receiver struct {
	t     *testing.T
	ns    *namespace
	disk  *disk
	addr  string
	tally *tally
	log   tailLog

	busy sync.Mutex // one fault at a time
	mu   sync.Mutex
	proc *proc
	read int64 // bytes
	hole int64
}

func newReceiver(t *testing.T, ns *namespace) *receiver {
	t.Helper()
	r := &receiver{t: t, ns: ns, disk: newDisk(t, 512<<20), addr: ns.freePort(t), tally: newTally(cefKey)}
	host, port, err := net.SplitHostPort(r.addr)
	if err != nil {
		t.Fatal(err)
	}
	// A direct queue: the thread that confirms is the one that has written.
	config := strings.NewReplacer("DIR", r.disk.dir, "HOST", host, "PORT", port).Replace(`
		global(workDirectory="DIR" maxMessageSize="128k" net.enableDNS="off")
		main_queue(queue.type="Direct")
		template(name="line" type="string" string="%msg%\n")
		module(load="imrelp")
		input(type="imrelp" address="HOST" port="PORT" maxDataSize="128k")
		action(type="omfile" file="DIR/messages" template="line")
	`)
	if err := os.WriteFile(r.disk.path("rsyslog.conf"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	r.start()
	t.Cleanup(func() {
		r.stop(syscall.SIGKILL)
		if t.Failed() {
			t.Logf("rsyslogd: %s", r.log.String())
		}
	})
	return r
}

// start is for who holds mu, as stop and take are.
func (r *receiver) start() {
	path, err := exec.LookPath("rsyslogd")
	if err != nil {
		path = "/usr/sbin/rsyslogd" // not in everybody's PATH
	}
	if err := os.Remove(r.disk.path("pid")); err != nil && !errors.Is(err, fs.ErrNotExist) {
		r.t.Error(err)
	}
	cmd := exec.Command(path, "-n", "-f", r.disk.path("rsyslog.conf"), "-i", r.disk.path("pid"))
	cmd.Stdout, cmd.Stderr = &r.log, &r.log
	if r.proc, err = r.ns.start(cmd); err != nil {
		r.t.Errorf("rsyslogd: %v (`make test` installs rsyslog and rsyslog-relp)", err)
	}
}

func (r *receiver) stop(how syscall.Signal) {
	if r.proc == nil {
		return
	}
	select {
	case <-r.proc.done:
		r.t.Errorf("rsyslogd ended by itself: %v\n%s", r.proc.err, r.log.String())
	default:
		_ = r.proc.cmd.Process.Signal(how) // it may end in this moment
		<-r.proc.done
	}
	r.proc = nil
	// Half a line of a killed one was not confirmed, and the next would go on behind it.
	if err := r.take(); err != nil {
		r.t.Error(err)
	}
	if err := os.Truncate(r.disk.path("messages"), r.read); err != nil && !errors.Is(err, fs.ErrNotExist) {
		r.t.Error(err)
	}
}

// take reads what has come.
func (r *receiver) take() error {
	f, err := os.OpenFile(r.disk.path("messages"), os.O_RDWR, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	buf := make([]byte, 4<<20)
	for {
		n, err := f.ReadAt(buf, r.read)
		if n > 0 {
			rest, err := r.tally.lines(buf[:n])
			if err != nil {
				return fmt.Errorf("rsyslogd's file: %w", err)
			}
			if len(rest) == len(buf) {
				return fmt.Errorf("rsyslogd's file has a line of more than %d bytes", len(buf))
			}
			r.read += int64(n - len(rest))
		}
		if err != nil && err != io.EOF {
			return err
		}
		if err == io.EOF || n < len(buf) {
			break
		}
	}
	const page, punchHole, keepSize = 4096, 2, 1
	if end := r.read / page * page; end > r.hole {
		if err := syscall.Fallocate(int(f.Fd()), punchHole|keepSize, r.hole, end-r.hole); err != nil {
			return fmt.Errorf("punch a hole into rsyslogd's file: %w", err)
		}
		r.hole = end
	}
	return nil
}
