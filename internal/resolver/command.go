package resolver

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/qlsync/qlsync/internal/infile"
	"github.com/qlsync/qlsync/internal/limits"
	"github.com/qlsync/qlsync/internal/words"
	"github.com/qlsync/qlsync/internal/workdir"
	"github.com/qlsync/qlsync/pkg/connection"
)

const (
	// execTimeout bounds one command: a client of a secret manager that asks a question or waits for a
	// network would otherwise block the run forever.
	execTimeout = 30 * time.Second
	// execGrace is how long to wait for the output of processes that a command has started and left
	// running.
	execGrace = time.Second
)

// exec runs a command and returns its output. Its standard input is empty. Its standard error is
// dropped, because clients of secret managers may quote the request or the secret there.
func (r *Resolver) exec(ctx context.Context, command []string) (string, connection.Reason) {
	if len(command) == 0 {
		return "", connection.Because("exec-without-command")
	}
	ctx, cancel := context.WithTimeout(ctx, r.timeout)
	defer cancel()
	output := bounded{limit: maxSecret}
	cmd, err := r.command(ctx, command)
	if err == nil {
		cmd.Dir, cmd.Env, cmd.Stdout, cmd.WaitDelay = r.options.Dir, r.environment(), &output, r.grace
		err = runGroup(cmd)
	}
	text, notText := infile.Text(output.text)
	text = cutNewline(text)
	switch {
	case output.over:
		err = fmt.Errorf("it prints more than %s", limits.Size(maxSecret))
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		err = fmt.Errorf("it has not ended after %s", words.Duration(r.timeout))
	case err != nil:
		err = exitReason(err)
	case notText != nil:
		err = fmt.Errorf("its output is %w", notText)
	case len(text) == 0:
		err = errors.New("it prints nothing")
	default:
		return string(text), connection.Reason{}
	}
	return "", connection.Because("secret-command-failed", "command", command[0], "reason", err.Error())
}

// command prepares a command, without running it.
func (r *Resolver) command(ctx context.Context, command []string) (*exec.Cmd, error) {
	path, err := r.find(command[0])
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, path, command[1:]...)
	cmd.Args[0] = command[0]
	return cmd, throughShell(cmd, r.options.Dir)
}

// find returns the path of a command by the rules of the system: a name alone is looked up in the
// PATH, a relative path in the project's folder, and Windows adds the extensions of PATHEXT.
func (r *Resolver) find(name string) (string, error) {
	if filepath.Base(name) == name {
		return exec.LookPath(name)
	}
	path, err := workdir.Dir("").Abs(infile.Under(r.options.Dir, name))
	if err != nil {
		return "", err
	}
	return exec.LookPath(path)
}

// exitReason returns why a command failed, without its output.
func exitReason(err error) error {
	var ended *exec.ExitError
	var inPath *fs.PathError
	var refused batchError
	switch {
	case errors.As(err, &ended):
		return fmt.Errorf("it ended with %s; run it by hand to see why", ended.ProcessState)
	case errors.Is(err, exec.ErrNotFound):
		return errors.New("there is no such command in the PATH")
	case errors.Is(err, exec.ErrDot):
		return errors.New("it is in the current folder. Write ./ in front of it")
	case errors.Is(err, exec.ErrWaitDelay):
		return errors.New("it has ended, but a process that it started keeps its output open")
	case errors.Is(err, fs.ErrNotExist):
		return errors.New("no such file")
	case errors.Is(err, fs.ErrPermission):
		return errors.New("it is not an executable file")
	case isForeign(err):
		return errors.New("the system cannot run such a file by itself: name its interpreter first, as in [powershell, -NoProfile, -File, ./secret.ps1] or [python, ./secret.py]")
	case errors.As(err, &inPath):
		return inPath.Err
	case errors.As(err, &refused):
		return refused
	}
	return errors.New("it could not be run")
}

// environment returns the environment of the run without the variables that no command gets.
func (r *Resolver) environment() []string {
	environ := os.Environ
	if r.options.Environ != nil {
		environ = r.options.Environ
	}
	return slices.DeleteFunc(environ(), func(pair string) bool {
		name, _, _ := strings.Cut(pair, "=")
		return slices.ContainsFunc(r.options.Excluded, func(excluded string) bool { return strings.EqualFold(excluded, name) })
	})
}

// bounded stores what is written to it, up to a limit; beyond that a write fails, which ends the
// writer.
type bounded struct {
	text  []byte
	limit int
	over  bool
}

func (b *bounded) Write(text []byte) (int, error) {
	if len(b.text)+len(text) > b.limit {
		b.over = true
		return 0, io.ErrShortWrite
	}
	b.text = append(b.text, text...)
	return len(text), nil
}
