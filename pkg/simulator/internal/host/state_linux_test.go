package host

import (
	"errors"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// mounted is a file system of its own for the length of a test.
func mounted(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	if err := syscall.Mount("tmpfs", folder, "tmpfs", 0, "size=64k"); err != nil {
		t.Skip("SKIPPED: nothing can be mounted here, so full and read-only disks are not tried: ", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(folder, syscall.MNT_DETACH) })
	return folder
}

// kept is a state in a folder that has been saved once.
func kept(t *testing.T, folder string) *StateFile {
	t.Helper()
	f, err := lockState(filepath.Join(folder, "state.json"), time.Second)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	_, _, damaged := f.Load(1, []byte("seed"), new(world))
	if err := errors.Join(damaged, f.put("old")); err != nil {
		t.Fatal(err)
	}
	return f
}

func TestAFullDiskLeavesTheOldState(t *testing.T) {
	f := kept(t, mounted(t))
	err := f.put(strings.Repeat("x", 200_000))
	if !errors.Is(err, syscall.ENOSPC) || !strings.Contains(err.Error(), f.path) || f.Unsaved() != err {
		t.Errorf("got error %v, and then %v from Unsaved; want the same ENOSPC error with the path of the state", err, f.Unsaved())
	}
	holds(t, f, "old")
	if err := f.put("new"); err != nil {
		t.Error(err)
	}
	holds(t, f, "new")
}

func TestAReadOnlyDiskLeavesTheOldState(t *testing.T) {
	folder := mounted(t)
	f := kept(t, folder)
	_ = f.Close() // a file that is open for writing keeps a disk from becoming read-only
	if err := syscall.Mount("tmpfs", folder, "tmpfs", syscall.MS_REMOUNT|syscall.MS_RDONLY, ""); err != nil {
		t.Skip("SKIPPED: a file system cannot be made read-only here: ", err)
	}
	err := f.put("new")
	if !errors.Is(err, syscall.EROFS) || !strings.Contains(err.Error(), f.path) || f.Unsaved() != err {
		t.Errorf("got error %v, and then %v from Unsaved; want the same EROFS error with the path of the state", err, f.Unsaved())
	}
	holds(t, f, "old")
}
