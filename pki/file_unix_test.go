//go:build unix

package pki

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// "estream client add", run by root, must not lock out the service that owns the
// directory.
func TestFilesBelongToTheOwnerOfTheDirectory(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root makes files for others")
	}
	const owner = 65534
	dir := newDir(t)
	if err := os.Chown(dir, owner, owner); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(dir, "lock")); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(dir, serverFile)); err != nil {
		t.Fatal(err)
	}
	a := open(t, dir, Options{})
	register(t, a, "10.0.0.1", RegisterOptions{})
	if _, err := a.Remove(context.Background(), "10.0.0.1"); err != nil {
		t.Fatal(err)
	}
	reg := register(t, a, "10.0.0.1", RegisterOptions{})
	for _, path := range []string{
		a.path("lock"), a.path(registryFile), a.path(serverFile), a.path(clientsDir), a.pkcs12Path(reg.Client),
	} {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if st := info.Sys().(*syscall.Stat_t); st.Uid != owner || st.Gid != owner {
			t.Errorf("%s belongs to %d:%d, want %d", path, st.Uid, st.Gid, owner)
		}
		if info.Mode()&0o077&^fs.ModeDir != 0 {
			t.Errorf("%s has mode %v", path, info.Mode())
		}
	}
}
