//go:build !unix && !windows

package cli

import (
	"errors"
	"syscall"
)

func detached() *syscall.SysProcAttr { return nil }

func alive(int) bool { return false }

func terminate(int) error { return errors.ErrUnsupported }

// otherOwner says nothing: access follows the directory here.
func otherOwner(string) (uint32, bool) { return 0, false }
