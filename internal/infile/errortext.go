package infile

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
)

// ErrorText returns the text of an error for users, with slashes as separators in paths.
func ErrorText(err error) string { return withSlashes(err, filepath.Separator) }

// withSlashes returns the text of an error in which the paths in operating system errors have "/"
// as the separator. Except on Windows, "\" may be part of a name.
func withSlashes(err error, separator rune) string {
	text := err.Error()
	if separator == '/' {
		return text
	}
	for _, path := range pathsOf(err) {
		plain := strings.ReplaceAll(path, string(separator), "/")
		quoted := strings.Trim(strconv.Quote(path), `"`)
		text = strings.ReplaceAll(strings.ReplaceAll(text, quoted, plain), path, plain)
	}
	return text
}

// pathsOf returns the paths in the operating system errors inside an error.
func pathsOf(err error) []string {
	var paths []string
	switch err := err.(type) { //nolint:errorlint // each level is checked
	case *fs.PathError:
		paths = append(paths, err.Path)
	case *os.LinkError:
		paths = append(paths, err.Old, err.New)
	case *exec.Error:
		paths = append(paths, err.Name)
	}
	switch err := err.(type) { //nolint:errorlint // each level is checked
	case interface{ Unwrap() error }:
		if inner := err.Unwrap(); inner != nil {
			paths = append(paths, pathsOf(inner)...)
		}
	case interface{ Unwrap() []error }:
		for _, inner := range err.Unwrap() {
			paths = append(paths, pathsOf(inner)...)
		}
	}
	var found []string
	for _, path := range paths {
		if path != "" {
			found = append(found, path)
		}
	}
	return found
}
