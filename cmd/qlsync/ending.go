package main

import (
	"context"
	"errors"
	"io/fs"
	"os"

	"github.com/qlsync/qlsync/internal/engine"
	"github.com/qlsync/qlsync/internal/infile"
	"github.com/qlsync/qlsync/internal/interrupt"
	"github.com/qlsync/qlsync/pkg/connection"
)

// exitCode writes the error of a command and returns its exit code.
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
		_ = env.text(env.stderr).Marked(env.stderr, problems)
	case ended == nil && readerGone(err):
		return exitReaderGone
	case errors.Is(err, context.Canceled):
		_ = env.text(env.stderr).Failure(env.stderr, "interrupted")
	default:
		_ = env.text(env.stderr).Failure(env.stderr, infile.ErrorText(env.workDir.Shown(err)))
	}
	if ended == nil {
		return env.interrupted(exitError)
	}
	_ = env.text(env.stderr).Failure(env.stderr, "", ended.details...)
	return ended.code
}

// endOf returns the exit of an error: its own, or the one for a refusal or a held lock; nil for any
// other error.
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

// interrupted returns the exit code of a command that was interrupted before it wrote anything to a
// tenant, or otherwise if there was no interrupt.
func (env *environment) interrupted(otherwise int) int {
	if signal := env.signal(); signal != 0 {
		return exitSignal + signal
	}
	return otherwise
}

// signal returns the number of the signal that interrupted the command; 0: none.
func (env *environment) signal() int {
	if env.interrupts == nil {
		return 0
	}
	return env.interrupts.Signal()
}

// brokenOff returns the exit code of a command that did not end after the second interrupt.
func (env *environment) brokenOff() int {
	if env.wrote.Load() {
		return exitPartial
	}
	return env.interrupted(exitError)
}

// readerGone reports whether the only error is that standard output has no reader any more. A
// broken connection to a tenant is the same system error, but in a network operation.
func readerGone(err error) bool {
	file, ok := errors.AsType[*fs.PathError](err)
	return ok && file.Path == os.Stdout.Name() && interrupt.IsBrokenPipe(file.Err)
}
