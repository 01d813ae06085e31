package outfile

import (
	"errors"
	"io/fs"
	"os"
	"syscall"
)

// NoFollow makes [os.OpenFile] fail for a link, where the system can do that.
const NoFollow = 0

// nonBlocking is for pipes that are files, which do not exist here.
const nonBlocking = 0

func hasNoReader(error) bool { return false }

// The errors that a rename ends with while another program has the file open.
const (
	accessDenied     = syscall.Errno(5)
	sharingViolation = syscall.Errno(32)
	lockViolation    = syscall.Errno(33)
)

func isBusy(err error) bool {
	return errors.Is(err, accessDenied) || errors.Is(err, sharingViolation) || errors.Is(err, lockViolation)
}

// syncFolder does nothing: folders cannot be synced here.
func syncFolder(string) {}

// standardStream knows none: CON and NUL are devices.
func standardStream(string) (func() (*os.File, error), bool) { return nil, false }

// IsOurs is true: here each user has temporary files of their own.
func IsOurs(fs.FileInfo) bool { return true }

// SameSystem is true: a folder and the folder above it are on one volume here.
func SameSystem(_, _ fs.FileInfo) bool { return true }
