//go:build unix

package infile

import (
	"os"
	"syscall"
)

// openWithoutWaiting opens a file for reading. If a pipe has taken the file's place since
// the caller looked, opening it does not wait for somebody to write.
func openWithoutWaiting(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
}
