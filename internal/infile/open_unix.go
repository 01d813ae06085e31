//go:build unix

package infile

import (
	"os"
	"syscall"
)

// openWithoutWaiting opens a file for reading. If a pipe has replaced the file since the caller
// checked it, opening does not wait for a writer.
func openWithoutWaiting(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
}
