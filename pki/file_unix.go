//go:build unix

package pki

import (
	"os"
	"syscall"
)

// adopt has chown give something that root made to the owner of dir.
func adopt(dir string, chown func(uid, gid int) error) error {
	if os.Geteuid() != 0 {
		return nil
	}
	info, err := os.Stat(dir)
	if err != nil {
		return err
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok || st.Uid == 0 {
		return nil
	}
	return chown(int(st.Uid), int(st.Gid))
}

// openToOthers reports whether users other than the owner may read the file.
func openToOthers(info os.FileInfo) bool { return info.Mode().Perm()&0o077 != 0 }
