//go:build !unix && !windows

package encore

import "syscall"

func detached() *syscall.SysProcAttr { return nil }
