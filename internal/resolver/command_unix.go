//go:build unix

package resolver

import (
	"errors"
	"os/exec"
	"syscall"
)

// runGroup runs a command, and all that it starts, in a process group of its own, which ends
// with the context of the command, and with a command that fails.
func runGroup(cmd *exec.Cmd) error {
	end := func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = end
	err := cmd.Run()
	if err != nil && cmd.Process != nil {
		_ = end()
	}
	return err
}

// throughShell does nothing where the system runs scripts without a shell that reads their
// arguments.
func throughShell(*exec.Cmd, string) error { return nil }

// isForeign reports whether the system does not know how to run a file.
func isForeign(err error) bool { return errors.Is(err, syscall.ENOEXEC) }
