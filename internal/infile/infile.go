// Package infile reads all input files of qlsync: project and connection files, seeds, schemas,
// secret files, saved plans, snapshots.
//
// It guarantees three things for each file. A path that a file of the project names is checked by
// [CheckPath] before any access to the disk. Only regular files are read, up to the number of bytes
// that the caller allows, because a device or a pipe could block forever or never end. Text is read
// through [Text], so that a byte order mark is never part of a value.
//
// The package does not know the content of the files and writes nothing.
package infile

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"

	"github.com/qlsync/qlsync/internal/limits"
)

// ErrNotRegular is the reason why a device, a pipe, a socket or a folder is not read.
var ErrNotRegular = errors.New("not a regular file")

// ErrSystemFile is the reason why a file with the state of the system is not read, such as the
// environment of a process.
var ErrSystemFile = errors.New("a system file that shows the state of processes")

// TooLargeError is the reason why a file is not read to its end.
type TooLargeError struct {
	Limit int64 // in bytes
}

func (e *TooLargeError) Error() string { return "larger than " + limits.Size(e.Limit) }

// Read reads a regular file of at most limit bytes. It follows links, except to paths that
// [CheckPath] refuses. Errors are [*fs.PathError] with the reason, such as [fs.ErrNotExist],
// [ErrNotRegular] or [*TooLargeError].
func Read(path string, limit int64) ([]byte, error) {
	file, err := Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	content, err := readFile(file, limit)
	if err != nil {
		return nil, atPath(path, err)
	}
	if info, err := file.Stat(); err == nil && info.Size() == 0 && len(content) > 0 && isSystemFile(file.Name()) {
		return nil, atPath(path, ErrSystemFile)
	}
	return content, nil
}

// ReadArgument reads a file that the command line names. In addition to the files that [Read]
// accepts, it accepts a pipe, such as <(COMMAND) of a shell or /dev/stdin, and a path on a network
// share. Reading a pipe waits for its writer, so the caller must be able to stop waiting.
func ReadArgument(path string, limit int64) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() && info.Mode()&fs.ModeNamedPipe == 0 && !isStandardInput(info) {
		return nil, atPath(path, ErrNotRegular)
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	content, err := readFile(file, limit)
	if err != nil {
		return nil, atPath(path, err)
	}
	return content, nil
}

// Open opens a regular file of any size, to be read in pieces. It follows links as [Read] does; the
// name of the file is the name of their target. The caller closes it.
func Open(path string) (*os.File, error) {
	target, err := Follow(path)
	if err != nil {
		return nil, err
	}
	file, err := openRegular(target)
	if err != nil {
		return nil, atPath(path, err)
	}
	return file, nil
}

// ReadStream reads a stream to its end, such as standard input.
func ReadStream(in io.Reader, limit int64) ([]byte, error) { return readAll(in, limit) }

// isStandardInput reports whether a file is the standard input of this process under another name,
// such as /dev/stdin on a terminal.
func isStandardInput(info fs.FileInfo) bool {
	in, err := os.Stdin.Stat()
	return err == nil && os.SameFile(in, info)
}

// openRegular opens a file only if it is regular, both before and after opening.
func openRegular(path string) (*os.File, error) {
	before, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !before.Mode().IsRegular() {
		return nil, ErrNotRegular // opening a device may have an effect
	}
	file, err := openWithoutWaiting(path)
	if err != nil {
		return nil, err
	}
	after, err := file.Stat()
	if err == nil && !after.Mode().IsRegular() {
		err = ErrNotRegular
	}
	if err != nil {
		_ = file.Close()
		return nil, err
	}
	return file, nil
}

// readFile reads a file into a buffer of the file's size; without the size, a reader would use
// twice as much memory. A file whose size exceeds the limit is not read.
func readFile(file *os.File, limit int64) ([]byte, error) {
	info, err := file.Stat()
	if err != nil || !info.Mode().IsRegular() || info.Size() == 0 {
		return readAll(file, limit)
	}
	if info.Size() > limit {
		return nil, &TooLargeError{limit}
	}
	var content bytes.Buffer
	content.Grow(int(info.Size()) + bytes.MinRead)
	if _, err := content.ReadFrom(io.LimitReader(file, limit+1)); err != nil {
		return nil, err
	}
	if int64(content.Len()) > limit {
		return nil, &TooLargeError{limit}
	}
	return content.Bytes(), nil
}

func readAll(in io.Reader, limit int64) ([]byte, error) {
	content, err := io.ReadAll(io.LimitReader(in, limit+1))
	if err == nil && int64(len(content)) > limit {
		return nil, &TooLargeError{limit}
	}
	return content, err
}

// atPath adds the path of the file to an error, once.
func atPath(path string, err error) error {
	return &fs.PathError{Op: "read", Path: path, Err: withoutPath(err)}
}

// Reason returns the text of an error without the path, for messages that name the path themselves.
// Common reasons have the same text on every system and in every language.
func Reason(err error) string {
	inner := withoutPath(err)
	var broken *BrokenLinkError
	switch {
	case errors.As(inner, &broken):
	case errors.Is(inner, fs.ErrNotExist):
		return "no such file or directory"
	case errors.Is(inner, fs.ErrPermission):
		return "permission denied"
	}
	return inner.Error()
}

// withoutPath removes the path from around a reason, and nothing else.
func withoutPath(err error) error {
	for {
		named, ok := err.(*fs.PathError) // not errors.As: only the outermost error is unwrapped
		if !ok {
			return err
		}
		err = named.Err
	}
}
