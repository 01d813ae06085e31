//go:build unix

package outfile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"syscall"
)

// NoFollow makes [os.OpenFile] fail for a link, where the system can do that.
const NoFollow = syscall.O_NOFOLLOW

// nonBlocking makes opening a pipe without a reader fail, instead of waiting for a reader.
const nonBlocking = syscall.O_NONBLOCK

func hasNoReader(err error) bool { return errors.Is(err, syscall.ENXIO) }

// isBusy reports false: a file in use never makes a rename fail on Unix.
func isBusy(error) bool { return false }

// syncFolder makes a rename survive a power failure if the file system supports it. The file is
// complete in either case.
func syncFolder(path string) {
	if folder, err := os.Open(path); err == nil {
		_ = folder.Sync()
		_ = folder.Close()
	}
}

// standardStream opens a file that this process has open already. A copy of the descriptor writes
// after the existing content; opening the name would truncate the file and start at its beginning.
func standardStream(path string) (open func() (*os.File, error), ok bool) {
	number, ok := descriptor(path)
	if !ok {
		return nil, false
	}
	return func() (*os.File, error) {
		fd, err := strconv.Atoi(number)
		if err != nil {
			return nil, fmt.Errorf("write %q: %w", path, fs.ErrNotExist)
		}
		syscall.ForkLock.RLock()
		defer syscall.ForkLock.RUnlock()
		if fd, err = syscall.Dup(fd); err != nil {
			return nil, fmt.Errorf("write %q: %w", path, err)
		}
		syscall.CloseOnExec(fd)
		return os.NewFile(uintptr(fd), path), nil
	}, true
}

// IsOurs reports whether a file belongs to the user of this process.
func IsOurs(info fs.FileInfo) bool {
	stat, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(stat.Uid) == os.Geteuid()
}

// IsOwned reports whether the user of this process owns the file at the path.
func IsOwned(_ string, info fs.FileInfo) bool { return IsOurs(info) }

// SameSystem reports whether two files are on one file system, as far as known.
func SameSystem(a, b fs.FileInfo) bool {
	one, ok := a.Sys().(*syscall.Stat_t)
	other, known := b.Sys().(*syscall.Stat_t)
	return !ok || !known || one.Dev == other.Dev
}
