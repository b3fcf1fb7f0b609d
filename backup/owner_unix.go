//go:build unix

package backup

import (
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"estream/internal/durable"
)

// adopt gives a directory with all in it to the owner of model: what root restores
// belongs to the service that will work with it. Only root can, and only on the
// machine's own file system.
func adopt(fsys durable.FS, dir, model string) error {
	if _, real := fsys.(durable.OS); !real || os.Geteuid() != 0 {
		return nil
	}
	info, err := os.Stat(model)
	if err != nil {
		return err
	}
	owner, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return nil
	}
	return filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Lchown(path, int(owner.Uid), int(owner.Gid))
	})
}
