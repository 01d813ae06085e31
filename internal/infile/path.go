package infile

import (
	"errors"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
)

// The reasons why a path that a file of the project names is refused.
var (
	ErrNetworkPath = errors.New("a path to a network share or a device")
	ErrDevicePath  = errors.New("the name of a device")
	ErrStreamPath  = errors.New("a stream of a file, because of the colon")
)

// CheckPath refuses, on every platform, a path that leaves the file system when Windows opens it: a
// share of another host (//host/share), a device (\\.\, \\?\), a stream of a file (key.txt::$DATA).
// Opening a share sends the credentials of the account to that host, so anyone who may change a
// file of the project could collect them. The path is the text in the file, before anything is
// prepended. CheckPath does not access the disk.
//
// On Windows it also refuses names of devices (CON, NUL) and every colon that does not follow a
// drive letter. On other systems those are ordinary names.
func CheckPath(path string) error { return checkPath(path, runtime.GOOS == "windows") }

func checkPath(path string, windows bool) error {
	slashed := strings.ReplaceAll(path, `\`, "/")
	switch {
	case strings.HasPrefix(slashed, "//"), strings.HasPrefix(slashed, "/??/"):
		return ErrNetworkPath
	case strings.HasSuffix(strings.ToUpper(slashed), ":$DATA"), strings.Contains(slashed, "::$"):
		return ErrStreamPath
	case !windows:
		return nil
	}
	if len(slashed) >= 3 && slashed[1:3] == ":/" {
		slashed = slashed[2:]
	}
	if strings.Contains(slashed, ":") {
		return ErrStreamPath
	}
	for name := range strings.SplitSeq(slashed, "/") {
		if isDeviceName(name) {
			return ErrDevicePath
		}
	}
	return nil
}

// Under returns the path, with slashes, of a file that is named in a file of the project, relative
// to that project's folder.
func Under(dir, path string) string {
	if filepath.IsAbs(path) {
		return filepath.Clean(path)
	}
	return filepath.Join(dir, filepath.FromSlash(path))
}

// isDeviceName reports whether Windows opens a device under this name, in any folder and with any
// extension.
func isDeviceName(name string) bool {
	base, _, _ := strings.Cut(name, ".")
	base = strings.ToUpper(strings.TrimRight(base, " "))
	return slices.Contains(deviceNames, base) || portName.MatchString(base)
}

var (
	deviceNames = []string{"CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"}
	portName    = regexp.MustCompile(`^(COM|LPT)[1-9¹²³]$`)
)

// systemFolders hold devices, and the environment and memory of processes.
var systemFolders = [...]string{"/proc", "/sys", "/dev"}

// isSystemFile reports whether a path without links is below one of the system's folders.
func isSystemFile(path string) bool {
	absolute, err := filepath.Abs(path)
	if err != nil {
		return true
	}
	for _, folder := range systemFolders {
		if isWithin(absolute, folder) {
			return true
		}
	}
	return false
}

// plainName matches the names that every file system accepts.
var plainName = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}$`)

// IsPlainName reports whether a text can be part of a file's name on every file system.
func IsPlainName(text string) bool { return plainName.MatchString(text) }
