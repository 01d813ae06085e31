//go:build unix

package interrupt

import (
	"errors"
	"os"
	"os/signal"
	"syscall"
)

// terminating lists the signals that ask the process to end. SIGHUP and SIGQUIT stay ignored if
// they were ignored at the start of the process, as under nohup or in the background of a script.
// SIGINT does not: scripts start a server in the background and interrupt it. SIGABRT still ends
// the process with the stacks of its goroutines.
func terminating() []os.Signal {
	signals := []os.Signal{os.Interrupt, syscall.SIGTERM}
	for _, ignorable := range []os.Signal{syscall.SIGHUP, syscall.SIGQUIT} {
		if !signal.Ignored(ignorable) {
			signals = append(signals, ignorable)
		}
	}
	return signals
}

// IsBrokenPipe reports whether a write failed because the pipe has no reader any more.
func IsBrokenPipe(err error) bool { return errors.Is(err, syscall.EPIPE) }
