//go:build !unix

package infile

import "os"

// openWithoutWaiting opens a file for reading.
func openWithoutWaiting(path string) (*os.File, error) { return os.Open(path) }
