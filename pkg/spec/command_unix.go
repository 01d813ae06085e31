//go:build unix

package spec

import (
	"os/exec"
	"syscall"
)

// ownGroup puts a command, and all that it starts, into a process group of its own,
// which ends with the context of the command.
func ownGroup(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return endGroup(cmd) }
}

// endGroup ends whatever is left of the group of a command that was started.
func endGroup(cmd *exec.Cmd) error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
