package fire

import (
	"os/exec"
	"strings"
	"sync"
	"syscall"
)

// A proc is a process of a run.
type proc struct {
	cmd  *exec.Cmd
	done chan struct{} // closed when it has ended
	err  error         // how; valid after done
}

// start starts a process inside the namespace. It ends with the test at the latest.
func (n *namespace) start(cmd *exec.Cmd) (p *proc, err error) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	n.Do(func() { err = cmd.Start() })
	if err != nil {
		return nil, err
	}
	p = &proc{cmd: cmd, done: make(chan struct{})}
	go func() {
		defer close(p.done)
		p.err = cmd.Wait()
	}()
	return p, nil
}

// kill ends the process at once, and reports whether it had ended before.
func (p *proc) kill() (ended bool) {
	select {
	case <-p.done:
		return true
	default:
	}
	_ = p.cmd.Process.Kill() // it may end in this moment
	<-p.done
	return false
}

// A tailLog keeps the last lines that processes have logged, and counts those that
// hold a text. It is ready to use.
type tailLog struct {
	mu    sync.Mutex
	rest  []byte
	lines []string
	Count map[string]int // lines by a text that they hold; set before use
}

// keptLines of a log are enough to see what happened before a failure.
const keptLines = 60

// Write implements [io.Writer].
func (l *tailLog) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.rest = append(l.rest, b...)
	for {
		line, rest, ok := strings.Cut(string(l.rest), "\n")
		if !ok {
			return len(b), nil
		}
		for text := range l.Count {
			if strings.Contains(line, text) {
				l.Count[text]++
			}
		}
		l.rest = []byte(rest)
		if l.lines = append(l.lines, line); len(l.lines) > 2*keptLines {
			l.lines = append(l.lines[:0], l.lines[keptLines:]...)
		}
	}
}

// String returns the last lines.
func (l *tailLog) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Join(l.lines[max(0, len(l.lines)-keptLines):], "\n")
}
