package main

import (
	"fmt"
)

// The exit codes, which are part of the contract with callers of qlsync.
const (
	exitOK      = 0
	exitError   = 1 // bad input, unreachable, unauthorised
	exitDiffers = 2 // differences found, if requested
	exitPartial = 3 // applied in part, or another apply has the lock: run it again
	exitRefused = 4 // nothing was written because of a safety rule
	// exitReaderGone is the code that a shell reports for a program that SIGPIPE has ended: the reader
	// of standard output ended before it had the whole result.
	exitReaderGone = 128 + 13
	// exitSignal plus the number of the signal: interrupted before the first write.
	exitSignal = 128
)

// exit ends a command with a code; without an error, nothing more is written.
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
