package e2e

import (
	"strconv"
	"syscall"
	"testing"
)

// smallDisk mounts a file system of its own, size bytes large. That needs
// privileges; without them the test in memory has to do.
func smallDisk(t *testing.T, size int) (dir string, ok bool) {
	t.Helper()
	dir = t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "mode=700,size="+strconv.Itoa(size)); err != nil {
		t.Logf("mount tmpfs: %v: a real disk that is full was not put to the test", err)
		return "", false
	}
	t.Cleanup(func() {
		// The processes that use it have ended: their clean-up was registered later.
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Errorf("unmount %s: %v", dir, err)
		}
	})
	return dir, true
}
