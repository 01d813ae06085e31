package interrupt

import (
	"errors"
	"os"
	"syscall"
)

// terminating lists the signals to which Go maps the events of a console: Ctrl-C and Ctrl-Break are
// [os.Interrupt]; closing the window, logging off and shutting down are SIGTERM. After those,
// Windows ends the process within a few seconds.
func terminating() []os.Signal { return []os.Signal{os.Interrupt, syscall.SIGTERM} }

// noData is the error of writing to a pipe whose reader is closing it.
const noData = syscall.Errno(232)

// IsBrokenPipe reports whether a write failed because the pipe has no reader any more.
func IsBrokenPipe(err error) bool {
	return errors.Is(err, syscall.ERROR_BROKEN_PIPE) || errors.Is(err, noData)
}
