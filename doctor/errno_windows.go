package doctor

import (
	"errors"
	"syscall"
)

// The names of package syscall for these are inventions on Windows; connections and
// files report the system's own numbers.
const (
	wsaConnAborted = syscall.Errno(10053)
	wsaConnReset   = syscall.Errno(10054)
	wsaNetUnreach  = syscall.Errno(10051)
	wsaHostUnreach = syscall.Errno(10065)
	wsaAddrNotHere = syscall.Errno(10049)
	wsaConnRefused = syscall.Errno(10061)
	handleDiskFull = syscall.Errno(39)
	diskFull       = syscall.Errno(112)
)

func is(err error, numbers ...syscall.Errno) bool {
	for _, n := range numbers {
		if errors.Is(err, n) {
			return true
		}
	}
	return false
}

func isRefused(err error) bool { return is(err, wsaConnRefused) }

func isUnreachable(err error) bool { return is(err, wsaNetUnreach, wsaHostUnreach, wsaAddrNotHere) }

func isReset(err error) bool { return is(err, wsaConnReset, wsaConnAborted) }

func isFull(err error) bool { return is(err, diskFull, handleDiskFull) }
