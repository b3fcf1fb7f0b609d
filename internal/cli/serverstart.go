package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"estream/internal/control"
	"estream/internal/durable"
	"estream/internal/serverstatus"
)

// startServer starts the server in the background and waits until clients can connect.
func (e *env) startServer(ctx context.Context, s *serverEnv) error {
	var err error
	if s.data, err = filepath.Abs(s.data); err != nil {
		return fmt.Errorf("data directory: %w", err)
	}
	socket := filepath.Join(s.data, socketName)
	if len(socket) > maxSocket {
		// It would run, and nobody could stop it or ask how it is.
		return hint(fmt.Errorf("data directory: the control socket %s would have a name of %d bytes, and systems allow %d", socket, len(socket), maxSocket), "choose a shorter path, or one that is a link to it")
	}
	c := control.Dial(socket)
	if now, err := serverStatus(ctx, c); err == nil {
		fmt.Fprintf(e.stdout, "The eStreamer service is already running, process %d.\n", now.PID)
		return nil
	}
	cmd, screen, err := e.spawn(s)
	if err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	fmt.Fprintf(e.stdout, "Starting the eStreamer service, process %d ...\n", cmd.Process.Pid)
	look := time.NewTicker(startLook)
	defer look.Stop()
	for {
		select {
		case err := <-ended:
			text, rerr := lastLines(screen)
			return hint(errors.Join(fmt.Errorf("the service has ended at once: %w\n%s", cmpError(err), text), rerr), "estream sfestreamer --nodaemon --debug --data %s shows what it does", s.data)
		case <-ctx.Done():
			return fmt.Errorf("stopped waiting; the service, process %d, goes on: %w", cmd.Process.Pid, context.Cause(ctx))
		case <-look.C:
		}
		if now, err := serverStatus(ctx, c); err == nil && now.Ready && now.PID == cmd.Process.Pid {
			fmt.Fprintln(e.stdout, "Started.")
			return nil
		}
	}
}

// cmpError is the error of a process that has ended, also of one without.
func cmpError(err error) error {
	if err == nil {
		return errors.New("exit status 0")
	}
	return err
}

// spawn starts the process of the server. screen is the file with its standard error.
func (e *env) spawn(s *serverEnv) (cmd *exec.Cmd, screen string, err error) {
	self, err := os.Executable()
	if err != nil {
		return nil, "", fmt.Errorf("find this program, to run it in the background: %w", err)
	}
	if err := durable.MkdirAll(durable.OS{}, s.data, 0o700); err != nil {
		return nil, "", fmt.Errorf("data directory: %w", err)
	}
	screen = filepath.Join(s.data, screenName)
	f, err := os.OpenFile(screen, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, "", fmt.Errorf("data directory: %w", err)
	}
	defer f.Close()
	cmd = exec.Command(self, s.global(e, s.serveArgs(false))...)
	cmd.Args[0] = "estream" // under an older name it would be another command
	cmd.Stderr, cmd.SysProcAttr = f, detached()
	cmd.Env = append(os.Environ(), s.environment(os.LookupEnv)...)
	if err := cmd.Start(); err != nil {
		return nil, "", fmt.Errorf("start the service: %w", err)
	}
	return cmd, screen, nil
}

// lastLines returns the end of a file.
func lastLines(name string) (string, error) {
	const most = 4 << 10
	f, err := os.Open(name)
	if err != nil {
		return "", err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return "", err
	}
	data, err := io.ReadAll(io.NewSectionReader(f, max(0, info.Size()-most), most))
	return string(data), err
}

// serverStatus asks a server how it is.
func serverStatus(ctx context.Context, c *control.Client) (*serverstatus.Status, error) {
	ctx, cancel := context.WithTimeout(ctx, answerTime)
	defer cancel()
	answer, err := c.Get(ctx, "/status")
	if err != nil {
		return nil, err
	}
	s := new(serverstatus.Status)
	if err := json.Unmarshal(answer, s); err != nil {
		return nil, fmt.Errorf("the service answered %.100q: %w", answer, err)
	}
	return s, nil
}
