package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"

	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/report"
)

// The exit codes; they are part of the contract with whatever calls qlsync.
const (
	exitOK      = 0
	exitError   = 1 // bad input, unreachable, unauthorised
	exitDiffers = 2 // differences found, where that was asked for
	exitPartial = 3 // applied in part
	exitRefused = 4 // nothing was written because of a safety rule
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
	// stopping is closed by the first interrupt, lifetime ends with the second one.
	stopping chan struct{}
	lifetime context.Context
	// writing is set while requests may be under way that are waited for.
	writing atomic.Bool
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
		stdin: env.stdin, stdout: env.stdout, stderr: stderr, lookup: env.lookup, noColor: env.noColor,
		stopping: env.stopping, lifetime: env.lifetime, shown: env.shown, task: task,
	}
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
	case errors.Is(err, context.Canceled):
		fmt.Fprintln(env.stderr, "error: interrupted")
	default:
		fmt.Fprintln(env.stderr, "error: "+report.Clean(err.Error()))
	}
	if ended != nil {
		for _, line := range ended.details {
			fmt.Fprintln(env.stderr, "  "+report.Clean(line))
		}
	}
	return code
}

// interruptible gives a context that the first interrupt ends: what is waiting
// gives up, and a write that has been sent is waited for. The second interrupt ends
// that too, with the lifetime of the environment.
func (env *environment) interruptible(parent context.Context) (context.Context, func()) {
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	ctx, stop := env.obey(parent, signals)
	return ctx, func() { signal.Stop(signals); stop() }
}

func (env *environment) obey(parent context.Context, signals <-chan os.Signal) (context.Context, func()) {
	lifetime, end := context.WithCancel(parent)
	ctx, cancel := context.WithCancel(lifetime)
	env.lifetime, env.stopping = lifetime, make(chan struct{})
	go func() {
		select {
		case <-signals:
		case <-lifetime.Done():
			return
		}
		if env.writing.Load() {
			fmt.Fprintln(env.stderr, "Interrupted: letting the running requests finish; interrupt again to stop at once.")
		}
		close(env.stopping)
		cancel()
		select {
		case <-signals:
			end()
		case <-lifetime.Done():
		}
	}()
	return ctx, end
}

// interruptibly does work that knows nothing of interrupts, such as reading a file of
// megabytes. Once the context has ended, the work is not waited for, and goes on until
// the process ends: what it shares with its caller must not be used then.
func interruptibly(ctx context.Context, work func() error) error {
	done := make(chan error, 1)
	go func() { done <- work() }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}
