package monitor

import (
	"syscall"
	"unsafe"
)

var getDiskFreeSpaceEx = syscall.NewLazyDLL("kernel32.dll").NewProc("GetDiskFreeSpaceExW")

func freeSpace(dir string) (Space, error) {
	name, err := syscall.UTF16PtrFromString(dir)
	if err != nil {
		return Space{}, err
	}
	var s Space
	ok, _, err := getDiskFreeSpaceEx.Call(uintptr(unsafe.Pointer(name)), uintptr(unsafe.Pointer(&s.Free)), uintptr(unsafe.Pointer(&s.Total)), 0)
	if ok == 0 {
		return Space{}, err
	}
	return s, nil
}
