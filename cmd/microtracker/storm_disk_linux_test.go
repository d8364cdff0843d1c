package main

import (
	"syscall"
	"testing"
)

// mountSmallDisk puts a disk of its own, in memory, under a folder, and reports whether it could: that takes root.
func mountSmallDisk(t *testing.T, dir string) bool {
	t.Helper()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=256m,mode=0711"); err != nil {
		t.Logf("mount: %v", err)
		return false
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			t.Errorf("unmount: %v", err)
		}
	})
	return true
}
