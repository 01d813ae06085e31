package outfile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
)

// PrivateFolder creates a folder that only this user may use, and the folders above it. A folder
// that is a link or belongs to another user is an error: the other user may have prepared it, to
// redirect files. If others may use an existing folder of this user, PrivateFolder restricts its
// mode.
func PrivateFolder(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	if err := os.Mkdir(path, 0o700); err == nil {
		return nil
	} else if _, missing := os.Lstat(path); missing != nil {
		return err
	}
	info, err := os.Lstat(path)
	switch {
	case err != nil:
		return err
	case info.Mode()&fs.ModeSymlink != 0:
		return fmt.Errorf("%q is a link that another user may have created. Remove it", path)
	case !info.IsDir():
		return fmt.Errorf("%q is not a folder. Remove it", path)
	case !IsOurs(info):
		return fmt.Errorf("%q belongs to another user. Remove it, or run qlsync as that user", path)
	case info.Mode().Perm()&0o077 != 0 && runtime.GOOS != "windows":
		return onlyIfPossible(os.Chmod(path, 0o700))
	}
	return nil
}

// onlyIfPossible ignores the error that the mode of a folder of ours cannot be changed: its file
// system has no modes, such as that of a Windows drive.
func onlyIfPossible(err error) error {
	if errors.Is(err, fs.ErrPermission) || errors.Is(err, errors.ErrUnsupported) {
		return nil
	}
	return err
}
