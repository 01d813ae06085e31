//go:build unix

package resolver

import (
	"errors"
	"os/exec"
	"syscall"
)

// runGroup runs a command in its own process group, which ends with the context of the command, and
// with a command that fails.
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

// throughShell does nothing on systems that run scripts without a shell that interprets their
// arguments.
func throughShell(*exec.Cmd, string) error { return nil }

// isForeign reports whether the system cannot run a file of this kind.
func isForeign(err error) bool { return errors.Is(err, syscall.ENOEXEC) }
