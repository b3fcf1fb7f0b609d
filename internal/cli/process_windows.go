package cli

import (
	"errors"
	"os"
	"syscall"
)

// detached gives a process no console, so that it outlives the one it was started in.
func detached() *syscall.SysProcAttr {
	const detachedProcess = 8
	return &syscall.SysProcAttr{CreationFlags: detachedProcess | syscall.CREATE_NEW_PROCESS_GROUP, HideWindow: true}
}

// alive reports whether a process with this number runs.
func alive(pid int) bool {
	p, err := os.FindProcess(pid) // opens the process, and fails when it has ended
	if err != nil {
		return false
	}
	return p.Release() == nil
}

// terminate fails: there is no signal for it. The control socket does it.
func terminate(int) error { return errors.ErrUnsupported }

// otherOwner says nothing: access follows the directory here.
func otherOwner(string) (uint32, bool) { return 0, false }
