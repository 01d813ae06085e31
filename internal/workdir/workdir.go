// Package workdir represents the working directory of a run as a value. Every package that opens a
// file named by the command line or the project takes it as a parameter, so that several runs with
// different folders can share a process. Messages and positions use a path as given; only code that
// opens a file calls [Dir.Path].
package workdir

import (
	"os"
	"path/filepath"
	"strings"
)

// Dir is the base of relative paths: an absolute path, or empty for the working directory of the
// process.
type Dir string

// Path returns the path under which a file can be opened.
func (d Dir) Path(path string) string {
	if d == "" || path == "" || os.IsPathSeparator(path[0]) || filepath.VolumeName(path) != "" {
		return path
	}
	return d.prefix() + path // not joined: the system decides what "link/../file" is
}

// Abs returns the absolute path of a file.
func (d Dir) Abs(path string) (string, error) { return filepath.Abs(d.Path(path)) }

// String returns the folder; empty: unknown.
func (d Dir) String() string {
	if d != "" {
		return string(d)
	}
	folder, _ := os.Getwd()
	return folder
}

// Shown returns an error in which paths below the folder are relative to it, as they were given.
func (d Dir) Shown(err error) error {
	if err == nil || d == "" || !strings.Contains(err.Error(), d.prefix()) {
		return err
	}
	return &shown{strings.ReplaceAll(err.Error(), d.prefix(), ""), err}
}

// Relative returns a path below the folder as a relative one, and any other path unchanged.
func (d Dir) Relative(path string) string {
	if d == "" {
		return path
	}
	return strings.TrimPrefix(path, d.prefix())
}

func (d Dir) prefix() string {
	return strings.TrimRight(string(d), string(filepath.Separator)) + string(filepath.Separator)
}

// shown is an error with another text.
type shown struct {
	text  string
	cause error
}

func (s *shown) Error() string { return s.text }
func (s *shown) Unwrap() error { return s.cause }
