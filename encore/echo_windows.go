package encore

import (
	"io"
	"os"
	"syscall"
)

const enableEchoInput = 4

var setConsoleMode = syscall.NewLazyDLL("kernel32.dll").NewProc("SetConsoleMode")

// hideInput turns off the echo of a console; show restores it. What is no console
// shows nothing, and show is nil.
func hideInput(r io.Reader) (show func() error, err error) {
	f, ok := r.(*os.File)
	if !ok {
		return nil, nil
	}
	var mode uint32
	if syscall.GetConsoleMode(syscall.Handle(f.Fd()), &mode) != nil {
		return nil, nil // no console
	}
	set := func(mode uint32) error {
		if ok, _, err := setConsoleMode.Call(f.Fd(), uintptr(mode)); ok == 0 {
			return err
		}
		return nil
	}
	if err := set(mode &^ enableEchoInput); err != nil {
		return nil, err
	}
	return func() error { return set(mode) }, nil
}
