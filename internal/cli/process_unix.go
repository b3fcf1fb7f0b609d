//go:build unix

package cli

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"syscall"
)

// detached makes a process the leader of a session of its own, so that it outlives
// the terminal.
func detached() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setsid: true} }

// alive reports whether a process with this number runs. One that has ended and whose
// parent has not asked how, as in a container whose first process does not care, does not.
func alive(pid int) bool {
	if err := syscall.Kill(pid, 0); err != nil && !errors.Is(err, syscall.EPERM) {
		return false
	}
	// Number, name in parentheses, state. Systems without this file have nothing to add.
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err != nil || !bytes.Contains(stat[bytes.LastIndexByte(stat, ')')+1:], []byte(" Z "))
}

// terminate asks a process to end in order.
func terminate(pid int) error {
	p, err := os.FindProcess(pid)
	if err != nil {
		return err
	}
	if err := p.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	return nil
}

// otherOwner returns the user number of who owns a directory, if we are root and that is
// somebody else.
func otherOwner(dir string) (uid uint32, ok bool) {
	info, err := os.Stat(dir)
	if err != nil || os.Geteuid() != 0 {
		return 0, false
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	return stat.Uid, ok && stat.Uid != 0
}
