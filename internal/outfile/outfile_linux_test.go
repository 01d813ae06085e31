package outfile

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
)

// asNobody runs a test as a user without rights, where the tests run as root.
func asNobody(t *testing.T, test func(t *testing.T)) {
	t.Helper()
	if os.Geteuid() != 0 {
		test(t)
		return
	}
	runtime.LockOSThread() // and never unlocked: the thread ends with the goroutine
	if err := syscall.Setfsuid(65534); err != nil {
		t.Skip("the user of the files cannot be changed here: ", err)
	}
	if os.WriteFile("/outfile-test", nil, 0o600) == nil {
		_ = os.Remove("/outfile-test")
		t.Skip("the user of the files cannot be changed here")
	}
	test(t)
}

// opened is a folder that anybody may reach.
func opened(t *testing.T) string {
	t.Helper()
	folder, err := os.MkdirTemp("/tmp", "outfile-test-*")
	if err != nil {
		t.Skip("there is no place that everybody may reach: ", err)
	}
	t.Cleanup(func() { _ = os.Chmod(folder, 0o700); _ = os.RemoveAll(folder) })
	return folder
}

func TestAReadOnlyFolderIsReportedBeforehandUnlessTheFileExists(t *testing.T) {
	folder := opened(t)
	path, fixed := filepath.Join(folder, "new"), filepath.Join(folder, "fixed")
	put(t, fixed, "what was there before, and longer", 0o666)
	if err := os.Chmod(folder, 0o555); err != nil {
		t.Fatal(err)
	}
	t.Run("", func(t *testing.T) {
		asNobody(t, func(t *testing.T) {
			for call, err := range map[string]error{"Check": Check(path), "Write": Write(path, Private, text("new"))} {
				if !errors.Is(err, fs.ErrPermission) || !strings.Contains(err.Error(), path) || strings.Contains(err.Error(), ".tmp") {
					t.Errorf("%s: got error %v, want a permission error with the path of the file itself", call, err)
				}
			}
			if err := errors.Join(Check(fixed), Write(fixed, Private, text("new"))); err != nil {
				t.Error(err)
			}
		})
	})
	expect(t, fixed, "new")
	alone(t, folder, "fixed")
}

func TestAFileOfAnotherUserAmongTheTemporaryFilesOfAllIsNotWritten(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can make files of another user")
	}
	folder := opened(t)
	path := filepath.Join(folder, "plan.json")
	put(t, path, "a trap", 0o666)
	if err := os.Chmod(folder, 0o777|fs.ModeSticky); err != nil {
		t.Fatal(err)
	}
	t.Run("", func(t *testing.T) {
		asNobody(t, func(t *testing.T) {
			if err := Write(path, Private, text("new")); !errors.Is(err, fs.ErrPermission) {
				t.Errorf("got error %v, want a permission error for the file of another user", err)
			}
		})
	})
	expect(t, path, "a trap")
	alone(t, folder, "plan.json")
}

func TestAFolderThatAnotherUserPreparedIsNotTaken(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can make folders of another user")
	}
	path := filepath.Join(t.TempDir(), "folder")
	if err := errors.Join(os.Mkdir(path, 0o700), os.Chown(path, 65534, 65534)); err != nil {
		t.Fatal(err)
	}
	if err := PrivateFolder(path); err == nil || !strings.Contains(err.Error(), "another user") {
		t.Errorf("got error %v, want one about the folder of another user", err)
	}
}

// mount mounts something for the length of a test.
func mount(t *testing.T, source, target, kind string, flags uintptr, data string) {
	t.Helper()
	if err := syscall.Mount(source, target, kind, flags, data); err != nil {
		t.Skip("SKIPPED: nothing can be mounted here, so mount points and full disks are not tried: ", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(target, syscall.MNT_DETACH) })
}

func TestAMountPointIsWrittenInPlace(t *testing.T) {
	folder, elsewhere := t.TempDir(), filepath.Join(t.TempDir(), "elsewhere")
	path := filepath.Join(folder, "file")
	put(t, path, "below", 0o644)
	put(t, elsewhere, "what was there before, and longer", 0o644)
	mount(t, elsewhere, path, "", syscall.MS_BIND, "")
	if err := errors.Join(Check(path), Write(path, Private, text("new"))); err != nil {
		t.Fatal(err)
	}
	expect(t, path, "new")
	expect(t, elsewhere, "new")
	demandMode(t, elsewhere, 0o600)
	alone(t, folder, "file")
}

func TestAFullDiskLeavesTheOldFile(t *testing.T) {
	folder := t.TempDir()
	mount(t, "tmpfs", folder, "tmpfs", 0, "size=64k")
	path := filepath.Join(folder, "file")
	put(t, path, "old", 0o644)
	for call, err := range map[string]error{
		"Write":  WriteBytes(path, Private, make([]byte, 200_000)),
		"Create": Create(filepath.Join(folder, "new"), Private, make([]byte, 200_000)),
	} {
		if !errors.Is(err, syscall.ENOSPC) {
			t.Errorf("%s: got error %v, want ENOSPC", call, err)
		}
	}
	expect(t, path, "old")
	demandMode(t, path, 0o644)
	alone(t, folder, "file")
}

func TestAReadOnlyDiskIsReportedBeforehand(t *testing.T) {
	folder := t.TempDir()
	mount(t, "tmpfs", folder, "tmpfs", 0, "size=64k")
	path := filepath.Join(folder, "file")
	put(t, path, "old", 0o644)
	if err := syscall.Mount("tmpfs", folder, "tmpfs", syscall.MS_REMOUNT|syscall.MS_RDONLY, ""); err != nil {
		t.Skip("SKIPPED: a file system cannot be made read-only here: ", err)
	}
	for _, name := range []string{"file", "new"} {
		for call, err := range map[string]error{
			"Check": Check(filepath.Join(folder, name)),
			"Write": Write(filepath.Join(folder, name), Private, text("new")),
		} {
			if !errors.Is(err, syscall.EROFS) {
				t.Errorf("%s %s: got error %v, want EROFS", call, name, err)
			}
		}
	}
	expect(t, path, "old")
}

func TestAFileSystemEndsAtItsMount(t *testing.T) {
	stat := func(path string) fs.FileInfo {
		info, err := os.Stat(path)
		if err != nil {
			t.Skip(err)
		}
		return info
	}
	if SameSystem(stat("/"), stat("/proc")) {
		t.Error("/proc is on the file system of /, want another one")
	}
	folder := t.TempDir()
	if !SameSystem(stat(folder), stat(filepath.Join(folder, ".."))) {
		t.Errorf("%s is on another file system than the folder above, want the same", folder)
	}
}
