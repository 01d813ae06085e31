package engine

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"

	"github.com/qlsync/qlsync/internal/outfile"
)

// LockFolder returns the folder of the locks: the named one, or one of this user.
func (host *Host) LockFolder(named string) (string, error) {
	if named == "" {
		folder, err := host.CacheFolder("locks")
		if err != nil {
			return "", fmt.Errorf("no safe folder for the lock: %w. Nothing was written. Pass --%s DIR with a folder that only you can write to",
				err, "lock-dir")
		}
		return folder, nil
	}
	if err := os.MkdirAll(host.at(named), 0o700); err != nil {
		return "", fmt.Errorf("--lock-dir %s: %w", named, host.WorkDir.Shown(err))
	}
	if err := outfile.Check(host.at(filepath.Join(named, "lock"))); err != nil {
		return "", fmt.Errorf("--lock-dir %s: %w", named, host.WorkDir.Shown(err))
	}
	return named, nil
}

// CacheFolder creates a private folder in the user's cache folder or, if that cannot be written, as
// in many containers, among the temporary files. It does not use a folder that another user may
// have prepared.
func (host *Host) CacheFolder(name string) (string, error) {
	cache, _ := host.Lookup("XDG_CACHE_HOME")
	var missing error
	if cache == "" {
		cache, missing = host.userCacheDir()
	}
	if missing == nil {
		var folder string
		if folder, missing = ownFolder(filepath.Join(cache, "qlsync"), name); missing == nil {
			return folder, nil
		}
	}
	folder, err := ownFolder(filepath.Join(host.tempDir(), "qlsync-"+strconv.Itoa(os.Getuid())), name)
	if err != nil {
		return "", fmt.Errorf("in the cache folder: %w; in the temporary folder: %w", missing, err)
	}
	return folder, nil
}

// userCacheDir is [os.UserCacheDir] in the environment of the host.
func (host *Host) userCacheDir() (string, error) {
	if home, isSet := host.Lookup("HOME"); isSet && home != "" && runtime.GOOS != "windows" && runtime.GOOS != "darwin" {
		return filepath.Join(home, ".cache"), nil
	}
	return os.UserCacheDir()
}

// tempDir is [os.TempDir] in the environment of the host.
func (host *Host) tempDir() string {
	if folder, _ := host.Lookup("TMPDIR"); folder != "" && runtime.GOOS != "windows" {
		return folder
	}
	return os.TempDir()
}

// ownFolder creates a folder in a folder, both private to this user, and returns an error if files
// cannot be written there.
func ownFolder(above, name string) (string, error) {
	folder := filepath.Join(above, name)
	if err := outfile.PrivateFolder(above); err != nil {
		return folder, err
	}
	if err := outfile.PrivateFolder(folder); err != nil {
		return folder, err
	}
	return folder, outfile.Check(filepath.Join(folder, "lock"))
}

// ignoredFolder creates a private folder in a repository that Git ignores.
func ignoredFolder(path string) (string, error) {
	if err := outfile.PrivateFolder(path); err != nil {
		return "", err
	}
	_ = outfile.Create(filepath.Join(path, ".gitignore"), outfile.Public, []byte("*\n"))
	return path, nil
}
