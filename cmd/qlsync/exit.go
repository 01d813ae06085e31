package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
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
	// stopping is closed by the first interrupt once a command has asked for it.
	stopping chan struct{}
	graceful bool
	noColor  bool
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
		if ended != nil {
			for _, line := range ended.details {
				fmt.Fprintln(env.stderr, "  "+report.Clean(line))
			}
		}
	}
	return code
}

// interruptible gives a context that an interrupt ends. While a command is
// graceful, the first interrupt only asks it to stop, and the second one ends the
// context.
func (env *environment) interruptible(parent context.Context) (context.Context, func()) {
	ctx, cancel := context.WithCancel(parent)
	env.stopping = make(chan struct{})
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		asked := false
		for range signals {
			if env.graceful && !asked {
				asked = true
				fmt.Fprintln(env.stderr, "Interrupted: letting the running requests finish; interrupt again to stop at once.")
				close(env.stopping)
				continue
			}
			cancel()
		}
	}()
	return ctx, func() { signal.Stop(signals); cancel() }
}
