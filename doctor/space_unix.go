//go:build linux || darwin

package doctor

import "syscall"

func freeSpace(dir string) (space, error) {
	var s syscall.Statfs_t
	if err := syscall.Statfs(dir, &s); err != nil {
		return space{}, err
	}
	return space{free: uint64(s.Bavail) * uint64(s.Bsize), total: uint64(s.Blocks) * uint64(s.Bsize)}, nil
}
