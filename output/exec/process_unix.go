//go:build unix

package exec

import (
	"errors"
	osexec "os/exec"
	"syscall"
)

// group gives the program a process group of its own: its children get the
// signals that it gets, and a Ctrl-C on our terminal reaches none of them.
func group(cmd *osexec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

func terminate(cmd *osexec.Cmd) error { return signalGroup(cmd, syscall.SIGTERM) }

func kill9(cmd *osexec.Cmd) error { return signalGroup(cmd, syscall.SIGKILL) }

func signalGroup(cmd *osexec.Cmd, s syscall.Signal) error {
	err := syscall.Kill(-cmd.Process.Pid, s)
	if errors.Is(err, syscall.ESRCH) {
		return nil // it has just ended
	}
	return err
}
