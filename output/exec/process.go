package exec

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	osexec "os/exec"
	"sync"
	"time"
)

// childTime is how long children of a program that has ended may keep its standard error open.
const childTime = 2 * time.Second

// A process is one run of the program.
type process struct {
	cmd   *osexec.Cmd
	stdin io.WriteCloser
	since time.Time
	in    chan []byte // to the goroutine that writes; closed by stop
	done  chan error  // from it, once for each
	wg    sync.WaitGroup

	exited chan struct{} // closed when err is there
	err    error         // how it ended
}

func start(o *Options) (*process, error) {
	cmd := osexec.Command(o.Argv[0], o.Argv[1:]...)
	cmd.Dir, cmd.WaitDelay = o.Dir, childTime
	if len(o.Env) > 0 {
		cmd.Env = append(os.Environ(), o.Env...)
	}
	cmd.Stderr = newLogWriter(o.Log, "exec:"+o.Argv[0])
	group(cmd)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("start the program: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start the program: %w", errors.Join(err, ignoreClosed(stdin.Close())))
	}
	p := &process{cmd: cmd, stdin: stdin, since: time.Now(), in: make(chan []byte, 1), done: make(chan error, 1), exited: make(chan struct{})}
	// A write to a pipe cannot be interrupted on all systems, so it has a goroutine
	// of its own. The end of the process ends it.
	p.wg.Go(func() {
		for b := range p.in {
			_, err := p.stdin.Write(b)
			p.done <- err
		}
	})
	p.wg.Go(func() {
		// Wait closes stdin. A child that keeps standard error open does not matter.
		if p.err = cmd.Wait(); errors.Is(p.err, osexec.ErrWaitDelay) {
			p.err = nil
		}
		close(p.exited)
	})
	return p, nil
}

// ended reports whether the program has ended.
func (p *process) ended() bool {
	select {
	case <-p.exited:
		return true
	default:
		return false
	}
}

// stop closes the program's standard input and waits; it asks the process group to
// end after term, and ends it kill after that. It returns how the program ended.
func (p *process) stop(term, kill time.Duration) error {
	closed := ignoreClosed(p.stdin.Close())
	close(p.in)
	var errs []error
	if !p.within(term) {
		errs = append(errs, fmt.Errorf("it did not end within %s after its input had", term), terminate(p.cmd))
		if !p.within(kill) {
			errs = append(errs, fmt.Errorf("nor within %s after it was asked to, and was killed", kill), kill9(p.cmd))
			<-p.exited
		}
	}
	p.wg.Wait()
	return errors.Join(append(errs, p.err, closed)...)
}

// within reports whether the program ends within d.
func (p *process) within(d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-p.exited:
		return true
	case <-timer.C:
		return p.ended()
	}
}

// ignoreClosed takes away the error of a pipe that was closed before.
func ignoreClosed(err error) error {
	if errors.Is(err, fs.ErrClosed) {
		return nil
	}
	return err
}
