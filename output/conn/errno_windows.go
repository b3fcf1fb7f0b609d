package conn

import "syscall"

// Numbers of Windows Sockets that package syscall does not name.
const (
	connectionRefused = syscall.Errno(10061) // WSAECONNREFUSED
	connectionReset   = syscall.Errno(10054) // WSAECONNRESET
)

var noNetworkErrors = []error{
	syscall.Errno(10013), // WSAEACCES
	syscall.Errno(10049), // WSAEADDRNOTAVAIL
	syscall.Errno(10050), // WSAENETDOWN
	syscall.Errno(10051), // WSAENETUNREACH
	syscall.Errno(10065), // WSAEHOSTUNREACH
}
