//go:build linux || darwin

package encore

import (
	"io"
	"os"
	"syscall"
	"unsafe"
)

// hideInput turns off the echo of a terminal; show restores it. What is no terminal
// shows nothing, and show is nil.
func hideInput(r io.Reader) (show func() error, err error) {
	f, ok := r.(*os.File)
	if !ok {
		return nil, nil
	}
	var was syscall.Termios
	if termios(f, getTermios, &was) != nil {
		return nil, nil // no terminal
	}
	hidden := was
	hidden.Lflag = hidden.Lflag&^syscall.ECHO | syscall.ICANON | syscall.ISIG
	hidden.Iflag |= syscall.ICRNL
	if err := termios(f, setTermios, &hidden); err != nil {
		return nil, err
	}
	return func() error { return termios(f, setTermios, &was) }, nil
}

func termios(f *os.File, request uintptr, t *syscall.Termios) error {
	if _, _, errno := syscall.Syscall(syscall.SYS_IOCTL, f.Fd(), request, uintptr(unsafe.Pointer(t))); errno != 0 {
		return errno
	}
	return nil
}
