package resolver

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"unsafe"

	"golang.org/x/sys/windows"

	"github.com/qlsync/qlsync/internal/workdir"
)

// runGroup runs a command in a job, which ends with the context of the command, with a command that
// fails, and with this process in any case. Processes that a successful command leaves running,
// such as an agent, continue.
func runGroup(cmd *exec.Cmd) error {
	job, err := windows.CreateJobObject(nil, nil)
	if err != nil {
		return err
	}
	defer windows.CloseHandle(job)
	if err := limitJob(job, windows.JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE); err != nil {
		return err
	}
	cmd.Cancel = func() error { return windows.TerminateJobObject(job, 1) }
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	// Suspended, so that the command cannot start a process before it is in the job.
	cmd.SysProcAttr.CreationFlags |= windows.CREATE_SUSPENDED | windows.CREATE_NEW_PROCESS_GROUP
	if err := cmd.Start(); err != nil {
		return err
	}
	if err := resumeIn(job, cmd.Process); err != nil {
		_ = cmd.Process.Kill()
		return errors.Join(err, cmd.Wait())
	}
	if err := cmd.Wait(); err != nil {
		return err
	}
	return limitJob(job, 0)
}

// limitJob sets the limits of a job.
func limitJob(job windows.Handle, flags uint32) error {
	limits := windows.JOBOBJECT_EXTENDED_LIMIT_INFORMATION{
		BasicLimitInformation: windows.JOBOBJECT_BASIC_LIMIT_INFORMATION{LimitFlags: flags},
	}
	_, err := windows.SetInformationJobObject(job, windows.JobObjectExtendedLimitInformation, uintptr(unsafe.Pointer(&limits)), uint32(unsafe.Sizeof(limits)))
	return err
}

var resumeProcess = windows.NewLazySystemDLL("ntdll.dll").NewProc("NtResumeProcess")

// resumeIn puts a suspended process into a job and lets it run.
func resumeIn(job windows.Handle, process *os.Process) error {
	var failed error
	err := process.WithHandle(func(handle uintptr) {
		if failed = windows.AssignProcessToJobObject(job, windows.Handle(handle)); failed != nil {
			return
		}
		if status, _, _ := resumeProcess.Call(handle); status != 0 {
			failed = windows.NTStatus(status)
		}
	})
	return errors.Join(err, failed)
}

// throughShell makes cmd.exe run a batch file with our own command line. Windows would use cmd.exe
// too, but let it interpret the arguments again.
func throughShell(cmd *exec.Cmd, folder string) error {
	if !isBatch(cmd.Path) {
		return nil
	}
	folder, err := workdir.Dir("").Abs(folder)
	if err != nil {
		return err
	}
	if strings.HasPrefix(filepath.VolumeName(folder), `\\`) {
		return batchError("cmd.exe cannot run batch files in a network folder: map the project's folder to a drive letter")
	}
	line, err := batchLine(cmd.Path, cmd.Args[1:])
	if err != nil {
		return err
	}
	system, err := windows.GetSystemDirectory()
	if err != nil {
		return err
	}
	cmd.Path, cmd.Args = filepath.Join(system, "cmd.exe"), []string{"cmd.exe"}
	cmd.SysProcAttr = &syscall.SysProcAttr{CmdLine: line}
	return nil
}

// isForeign reports whether the system cannot run a file of this kind.
func isForeign(err error) bool { return errors.Is(err, windows.ERROR_BAD_EXE_FORMAT) }
