package doctor

import (
	"syscall"
	"unsafe"
)

var getDiskFreeSpaceEx = syscall.NewLazyDLL("kernel32.dll").NewProc("GetDiskFreeSpaceExW")

func freeSpace(dir string) (space, error) {
	name, err := syscall.UTF16PtrFromString(dir)
	if err != nil {
		return space{}, err
	}
	var s space
	ok, _, err := getDiskFreeSpaceEx.Call(uintptr(unsafe.Pointer(name)), uintptr(unsafe.Pointer(&s.free)), uintptr(unsafe.Pointer(&s.total)), 0)
	if ok == 0 {
		return space{}, err
	}
	return s, nil
}
