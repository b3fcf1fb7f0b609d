//go:build unix && !linux

package encore

import (
	"errors"
	"os"
	"syscall"
)

// alive reports whether process pid runs. Whether it is a client cannot be told
// here without privileges.
func alive(pid int) bool {
	p, err := os.FindProcess(pid)
	if err != nil {
		return false
	}
	err = p.Signal(syscall.Signal(0))
	return err == nil || errors.Is(err, os.ErrPermission)
}
