//go:build unix

package follow

import (
	"io/fs"
	"syscall"
)

// inode returns what the file system knows a file by, beside its name.
func inode(fi fs.FileInfo) (dev, ino uint64) {
	if st, ok := fi.Sys().(*syscall.Stat_t); ok {
		return uint64(st.Dev), uint64(st.Ino)
	}
	return 0, 0
}
