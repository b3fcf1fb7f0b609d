package encore

import "syscall"

// detached gives a process no console, so that it outlives the one it was started in.
func detached() *syscall.SysProcAttr {
	const detachedProcess = 8
	return &syscall.SysProcAttr{CreationFlags: detachedProcess | syscall.CREATE_NEW_PROCESS_GROUP, HideWindow: true}
}
