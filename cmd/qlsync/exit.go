package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/qlsync/qlsync/internal/engine"
	"github.com/qlsync/qlsync/internal/infile"
	"github.com/qlsync/qlsync/internal/interrupt"
	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/report"
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

// readerGone reports whether the only thing that went wrong is that nobody reads
// standard output any more. A connection to a tenant breaks with the same error, and
// says so as an operation of the network.
func readerGone(err error) bool {
	file, ok := errors.AsType[*fs.PathError](err)
	return ok && file.Path == os.Stdout.Name() && interrupt.IsBrokenPipe(file.Err)
}

// exitCode reports what a command ended with and gives its code.
func (env *environment) exitCode(err error) int {
	if err == nil {
		return exitOK
	}
	ended := endOf(err)
	if ended != nil && ended.err == nil {
		return ended.code
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
		fmt.Fprintln(env.stderr, "error: "+report.Clean(infile.ErrorText(err)))
	}
	if ended == nil {
		return env.interrupted(exitError)
	}
	for _, line := range ended.details {
		fmt.Fprintln(env.stderr, "  "+report.Clean(line))
	}
	return ended.code
}

// endOf returns the exit of an error: its own, or the one that stands for a refusal or a
// held lock; nil for any other error.
func endOf(err error) *exit {
	if ended, ok := errors.AsType[*exit](err); ok {
		return ended
	}
	if refusal, ok := errors.AsType[*engine.Refusal](err); ok {
		return &exit{exitRefused, refusal.Err, refusal.Details}
	}
	if locked, ok := errors.AsType[*engine.LockedError](err); ok {
		return &exit{code: exitPartial, err: locked}
	}
	return nil
}
