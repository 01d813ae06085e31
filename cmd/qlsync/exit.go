package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"sync/atomic"

	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/report"
	"github.com/qlsync/qlsync/pkg/transport"
)

// The exit codes; they are part of the contract with whatever calls qlsync.
const (
	exitOK      = 0
	exitError   = 1 // bad input, unreachable, unauthorised
	exitDiffers = 2 // differences found, where that was asked for
	exitPartial = 3 // applied in part, or another apply has the lock: run it again
	exitRefused = 4 // nothing was written because of a safety rule
	// exitReaderGone is what a shell reports of a program that SIGPIPE has ended: the
	// reader of standard output has gone away before it had the whole result.
	exitReaderGone = 128 + 13
	// exitSignal and the number of the signal: interrupted before the first write.
	exitSignal = 128
)

// exit ends a command with a code; without an error, everything has been said.
type exit struct {
	code    int
	err     error
	details []string // lines below the error
}

func (e *exit) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit code %d", e.code)
	}
	return e.err.Error()
}

func (e *exit) Unwrap() error { return e.err }

// refused makes an error of a safety rule.
func refused(format string, args ...any) error {
	return &exit{code: exitRefused, err: fmt.Errorf(format, args...)}
}

// environment is the process around a command.
type environment struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	lookup         func(string) (string, bool)
	noColor        bool
	whole          bool // reports for people leave nothing out
	// stopping is closed by the first interrupt, lifetime ends with the second one.
	// interrupt is the number of the signal that was the first one; 0: there was none.
	stopping  chan struct{}
	lifetime  context.Context
	interrupt atomic.Int32
	// secrets takes the secrets of the run out of what services say. It is shared by all
	// tenants of a command.
	secrets *transport.Redactor
	// writing is set while requests may be under way that are waited for.
	writing atomic.Bool
	// wrote is set once requests that change a tenant may have been sent.
	wrote atomic.Bool
	// abandoned is closed when the command has not ended [grace] after the second interrupt.
	abandoned chan struct{}
	// shown is the progress that is shown, and task the part of it that is about the
	// tenant of this environment; nil: the command is about one tenant.
	shown *shown
	task  *report.Task
}

// saying gives the same environment for one of several tenants: with another stream
// for what is said beside the result, and its part of the progress. It writes nothing
// to a tenant.
func (env *environment) saying(stderr io.Writer, task *report.Task) *environment {
	return &environment{
		stdin: env.stdin, stdout: env.stdout, stderr: stderr, lookup: env.lookup, noColor: env.noColor, secrets: env.secrets,
		stopping: env.stopping, lifetime: env.lifetime, shown: env.shown, task: task,
	}
}

// readerGone reports whether the only thing that went wrong is that nobody reads
// standard output any more. A connection to a tenant breaks with the same error, and
// says so as an operation of the network.
func readerGone(err error) bool {
	file, ok := errors.AsType[*fs.PathError](err)
	return ok && file.Path == os.Stdout.Name() && isBrokenPipe(file.Err)
}

// exitCode reports what a command ended with and gives its code.
func (env *environment) exitCode(err error) int {
	if err == nil {
		return exitOK
	}
	code := exitError
	var ended *exit
	if errors.As(err, &ended) {
		code = ended.code
		if ended.err == nil {
			return code
		}
	}
	var problems connection.Problems
	switch {
	case errors.As(err, &problems):
		_ = env.text(env.stderr).Problems(env.stderr, problems)
	case ended == nil && readerGone(err):
		return exitReaderGone
	case errors.Is(err, context.Canceled):
		fmt.Fprintln(env.stderr, "error: interrupted")
	default:
		fmt.Fprintln(env.stderr, "error: "+report.Clean(errorText(err)))
	}
	if ended == nil {
		return env.interrupted(code)
	}
	for _, line := range ended.details {
		fmt.Fprintln(env.stderr, "  "+report.Clean(line))
	}
	return code
}
