//go:build !windows

package conn

import "syscall"

const (
	connectionRefused = syscall.ECONNREFUSED
	connectionReset   = syscall.ECONNRESET
)

var noNetworkErrors = []error{
	syscall.EACCES, // a broadcast address
	syscall.EADDRNOTAVAIL,
	syscall.ENETDOWN,
	syscall.ENETUNREACH,
	syscall.EHOSTUNREACH,
	syscall.EPERM, // the firewall of this machine
}
