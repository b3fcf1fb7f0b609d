package encore

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"time"

	"estream/encore/conf"
	"estream/internal/durable"
)

// A Launcher has the verbs of encore.sh that start and stop the client as a process
// of its own. All of them first make sure that there is something to start; see Init.
type Launcher struct {
	Dir      string // working directory, absolute
	Conf     string // ConfName by default
	Terminal *Terminal
	Command  []string // program and arguments that run the service in Dir; the configuration is appended
	Title    string   // what the messages call that
	NoStdin  bool     // ask nothing
	// Sleep waits; nil: for the time it is told.
	Sleep func(ctx context.Context, d time.Duration) error
}

const (
	startPause = time.Second            // after a start, and after a process has ended
	startLimit = 30 * time.Second       // for a process to be at work
	startLook  = 20 * time.Millisecond  // between looks whether it is
	stopPause  = 500 * time.Millisecond // between looks at a process that is to end
)

func (l *Launcher) name() string {
	if l.Conf == "" {
		return ConfName
	}
	return l.Conf
}

func (l *Launcher) sleep(ctx context.Context, d time.Duration) error {
	if l.Sleep != nil {
		return l.Sleep(ctx, d)
	}
	if !pause(ctx, d) {
		return ctx.Err()
	}
	return nil
}

// files returns the paths of the configuration as it is now; ok is false if it
// cannot be read, which Init has reported.
func (l *Launcher) files() (f Files, c *conf.Conf, ok bool) {
	c, _, _, err := loadConf(l.Dir, l.name())
	if err != nil {
		return f, nil, false
	}
	return FilesFor(l.Dir, c), c, true
}

// Init is what every verb begins with: on the first run it makes the configuration
// and asks for the output; then the pre-flight check; then a pid file that outlived
// its process is removed. The error is ErrTold if the verb must not go on.
func (l *Launcher) Init() error {
	first, err := firstRun(l.Dir, l.name())
	if err != nil {
		return fmt.Errorf("settings: %w", err)
	}
	if first {
		if err := Setup(l.Dir, l.name(), l.Terminal); err != nil {
			return err
		}
	}
	if err := Preflight(l.Dir, l.name(), l.Terminal, l.NoStdin); err != nil {
		return err
	}
	if f, _, ok := l.files(); ok {
		_, err = running(durable.OS{}, &f)
	}
	return err
}

// process returns the number of the client's process, 0 if it does not run.
func (l *Launcher) process() (int, error) {
	f, _, ok := l.files()
	if !ok {
		return 0, ErrTold // by the pre-flight check
	}
	return running(durable.OS{}, &f)
}

// Start runs the service in the background, detached from the terminal. That it
// runs already is no error.
func (l *Launcher) Start(ctx context.Context) error {
	pid, err := l.process()
	if err != nil {
		return err
	}
	if pid != 0 {
		return l.Terminal.printf("%s is already running.\n", l.Title)
	}
	cmd := exec.Command(l.Command[0], append(l.Command[1:len(l.Command):len(l.Command)], l.name())...)
	cmd.Dir, cmd.SysProcAttr = l.Dir, detached()
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start %s: %w", l.Title, err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	if err := l.sleep(ctx, startPause); err != nil {
		return err
	}
	over, err := l.untilAtWork(ctx, cmd.Process.Pid, ended)
	if err != nil {
		return err
	}
	if err := l.Terminal.printf("Starting \"%s\". Started. pid=%d\n", l.Title, cmd.Process.Pid); err != nil {
		return err
	}
	if over == "" {
		return nil
	}
	// eNcore says nothing, and people wonder.
	_, err = fmt.Fprintf(l.Terminal.Err, "It does not run any more (%s): the log says why.\n", over)
	return err
}

// untilAtWork waits until the process has written its pid file, so that a stop that
// follows at once finds it. If it ends before that, over says how.
func (l *Launcher) untilAtWork(ctx context.Context, pid int, ended <-chan error) (over string, err error) {
	f, _, ok := l.files()
	if !ok {
		return "", ErrTold
	}
	limit := time.NewTimer(startLimit)
	defer limit.Stop()
	for {
		if now, err := readPID(durable.OS{}, f.PID); err != nil || now == pid {
			return "", err
		}
		select {
		case err := <-ended:
			if err != nil {
				return err.Error(), nil
			}
			return "it has ended", nil
		case <-limit.C:
			return "", nil // slow, but there
		case <-ctx.Done():
			return "", ctx.Err()
		case <-time.After(startLook):
		}
	}
}

// Stop interrupts the service and waits until its process is gone, however long
// that takes.
func (l *Launcher) Stop(ctx context.Context) error {
	pid, err := l.process()
	if err != nil {
		return err
	}
	if pid == 0 {
		return l.Terminal.printf("Not running\n")
	}
	if err := l.Terminal.printf("Found pid. Terminating \"%s\" (%d)\n", l.Title, pid); err != nil {
		return err
	}
	f, _, ok := l.files()
	if !ok {
		return ErrTold
	}
	if err := interrupt(pid, &f); err != nil {
		return fmt.Errorf("stop process %d: %w", pid, err)
	}
	for {
		now, err := running(durable.OS{}, &f)
		if err != nil {
			return err
		}
		if now != pid {
			break
		}
		if err := l.sleep(ctx, stopPause); err != nil {
			return err
		}
	}
	return l.sleep(ctx, startPause)
}

// interrupt asks a process to end. Windows has no signal for that: there the client
// looks for a file.
func interrupt(pid int, f *Files) error {
	if runtime.GOOS == "windows" {
		return durable.ReplaceFile(durable.OS{}, f.request(), []byte("stop\n"), 0o600)
	}
	p, err := os.FindProcess(pid)
	if err != nil {
		return err
	}
	if err := p.Signal(os.Interrupt); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	return nil
}

// Restart is Stop and Start.
func (l *Launcher) Restart(ctx context.Context) error {
	if err := l.Stop(ctx); err != nil {
		return err
	}
	return l.Start(ctx)
}

// Usage writes the verbs, and the word that is none of them, and returns ErrTold.
func (l *Launcher) Usage(word string) error {
	return errors.Join(usage(l.Terminal.Out, word), ErrTold)
}

func usage(w io.Writer, word string) error {
	text := `Usage:  {start | stop | restart | foreground | test | setup}

    start:      runs the client in the background
    stop:       stops it
    restart:    stops it and starts it again
    foreground: runs it in this terminal; Ctrl-C stops it
    test:       tests the connection to the server
    setup:      chooses Splunk, CEF or JSON as the output

`
	_, err := io.WriteString(w, text+strings.TrimSpace(word)+"\n")
	return err
}
