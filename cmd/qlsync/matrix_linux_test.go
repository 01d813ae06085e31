package main

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
)

// systemFaults are those that only Linux can bring about.
var systemFaults = []fault{
	{name: "a full standard output", run: fullOutput, codes: []int{exitOK}, kept: true},
	{name: "a full disk", run: fullDisk, codes: []int{exitOK}, kept: true},
}

func fullOutput(t *testing.T, m *matrixRun) ended {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip(err)
	}
	command := m.apply(t)
	command.Stdout = full
	return collected(t, command, func() { _ = full.Close() })
}

// fullDisk is a project on a file system with no room left, where this machine allows to
// mount one, and a device that is always full elsewhere.
func fullDisk(t *testing.T, m *matrixRun) ended {
	disk := t.TempDir()
	report := "/dev/full"
	if err := syscall.Mount("tmpfs", disk, "tmpfs", 0, "size=64k"); err == nil {
		t.Cleanup(func() { _ = syscall.Unmount(disk, syscall.MNT_DETACH) })
		report = filepath.Join(disk, "report.json")
		for _, name := range []string{"qlsync.yaml", "connections.yaml"} {
			text, err := os.ReadFile(filepath.Join(m.folder, name))
			if err == nil {
				err = os.WriteFile(filepath.Join(disk, name), text, 0o600)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		m.folder = disk
		_ = os.WriteFile(filepath.Join(disk, "filler"), make([]byte, 1<<20), 0o600) // as much as there is room for
	} else {
		t.Logf("no file system can be mounted: %v", err)
	}
	end := collected(t, m.apply(t, "--report", "json="+report), func() {})
	if !strings.Contains(end.stderr, "no space left") {
		t.Errorf("the disk was not full:\n%s", end.stderr)
	}
	return end
}

const (
	dropFromBounding = 24 // PR_CAPBSET_DROP
	ignoreModes      = 1  // CAP_DAC_OVERRIDE
)

// withoutPrivileges starts processes for which the modes of files count, also as root. The
// thread that loses the privilege ends with the goroutine that is locked to it.
func withoutPrivileges(t *testing.T, start func()) {
	done := make(chan error)
	go func() {
		runtime.LockOSThread()
		if os.Getuid() == 0 {
			if _, _, errno := syscall.RawSyscall6(syscall.SYS_PRCTL, dropFromBounding, ignoreModes, 0, 0, 0, 0); errno != 0 {
				done <- errno
				return
			}
		}
		start()
		done <- nil
	}()
	if err := <-done; err != nil {
		t.Skipf("root cannot give up its rights here: %v", err)
	}
}
