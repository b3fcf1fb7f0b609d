//go:build unix

package encore

import "syscall"

// detached makes a process the leader of a session of its own, so that it outlives
// the terminal.
func detached() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setsid: true} }
