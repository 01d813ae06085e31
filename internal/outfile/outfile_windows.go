package outfile

import (
	"errors"
	"io/fs"
	"os"
	"syscall"

	"golang.org/x/sys/windows"
)

// NoFollow makes [os.OpenFile] fail for a link, which Windows does not support.
const NoFollow = 0

// nonBlocking is for pipes that are files, which do not exist on Windows.
const nonBlocking = 0

func hasNoReader(error) bool { return false }

// The errors of a rename while another program has the file open.
const (
	accessDenied     = syscall.Errno(5)
	sharingViolation = syscall.Errno(32)
	lockViolation    = syscall.Errno(33)
)

func isBusy(err error) bool {
	return errors.Is(err, accessDenied) || errors.Is(err, sharingViolation) || errors.Is(err, lockViolation)
}

// syncFolder does nothing: folders cannot be synced on Windows.
func syncFolder(string) {}

// standardStream returns false: CON and NUL are devices.
func standardStream(string) (func() (*os.File, error), bool) { return nil, false }

// IsOurs returns true: on Windows each user has their own temporary files.
func IsOurs(fs.FileInfo) bool { return true }

// IsOwned reports whether the user of this process, or the administrators of the computer, own the
// file at the path. What an administrator creates belongs to the administrators.
func IsOwned(path string, _ fs.FileInfo) bool {
	descriptor, err := windows.GetNamedSecurityInfo(path, windows.SE_FILE_OBJECT, windows.OWNER_SECURITY_INFORMATION)
	if err != nil {
		return false
	}
	owner, _, err := descriptor.Owner()
	if err != nil || owner == nil {
		return false
	}
	user, err := windows.GetCurrentProcessToken().GetTokenUser()
	return err == nil && owner.Equals(user.User.Sid) || owner.IsWellKnown(windows.WinBuiltinAdministratorsSid)
}

// SameSystem returns true: on Windows a folder and the folder above it are on one volume.
func SameSystem(_, _ fs.FileInfo) bool { return true }
