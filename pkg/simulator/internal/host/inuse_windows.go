package host

import (
	"errors"
	"syscall"
)

// inUse knows the errors of a rename onto a file that another program has open: access denied, and two violations of sharing.
func inUse(err error) bool {
	code, ok := errors.AsType[syscall.Errno](err)
	return ok && (code == 5 || code == 32 || code == 33)
}
