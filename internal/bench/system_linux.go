package main

import (
	"fmt"
	"math/bits"
	"syscall"
	"unsafe"
)

// twoCores keeps the calling thread, and the processes it starts, on two of the
// processor's cores. It returns how many there are for them: one where there is
// only one.
func twoCores() (int, error) {
	var mask [1024 / 64]uint64
	_, _, errno := syscall.RawSyscall(syscall.SYS_SCHED_GETAFFINITY, 0, unsafe.Sizeof(mask), uintptr(unsafe.Pointer(&mask)))
	if errno != 0 {
		return 0, fmt.Errorf("processor affinity: %w", errno)
	}
	n := 0
	for i := range mask {
		var keep uint64
		for w := mask[i]; w != 0 && n < 2; w &= w - 1 {
			keep |= 1 << bits.TrailingZeros64(w)
			n++
		}
		mask[i] = keep
	}
	_, _, errno = syscall.RawSyscall(syscall.SYS_SCHED_SETAFFINITY, 0, unsafe.Sizeof(mask), uintptr(unsafe.Pointer(&mask)))
	if errno != 0 {
		return 0, fmt.Errorf("processor affinity: %w", errno)
	}
	return n, nil
}

// freeBytes returns how much room there is for files in dir, 0 when nobody knows.
func freeBytes(dir string) uint64 {
	var s syscall.Statfs_t
	if err := syscall.Statfs(dir, &s); err != nil {
		return 0
	}
	return s.Bavail * uint64(s.Bsize)
}
