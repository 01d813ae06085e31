// Package outfile writes all files of qlsync. A reader, even after the process was killed during a
// write, finds either the old or the new file. The package never writes through a link, never
// replaces a device or a pipe, and leaves nothing behind when it fails. It does not know the
// content of the files.
package outfile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/qlsync/qlsync/internal/words"
)

// The modes of files. A file gets the mode with which it is written, regardless of an existing file
// and of the umask.
const (
	// Private is the mode of a file with information about a tenant or this computer.
	Private fs.FileMode = 0o600
	// Public is the mode of a file that belongs to the project, such as a schema.
	Public fs.FileMode = 0o644
)

// temporary is the pattern of the names of incomplete files.
const temporary = ".qlsync-*.tmp"

// Write writes a file completely or not at all.
//
//   - A regular file, or one that does not exist yet, is written to a temporary file in the same
//     folder, synced, and renamed. Its folder must exist. On Windows the rename is repeated for
//     about a second while another program has the file open.
//   - A file that cannot be replaced, because it is a mount point or because only the file is
//     writable and not its folder, is written in place. Its mode changes if possible.
//   - A device, a FIFO, /dev/stdout, /dev/stderr and /dev/fd/N (to which the shell converts >(...))
//     are written directly.
//   - A link is an error, including a broken one. Links among the folders of the path are followed.
//
// Nothing is changed if write returns an error. An error names the path.
func Write(path string, mode fs.FileMode, write func(io.Writer) error) error {
	var text bytes.Buffer
	if err := write(&text); err != nil {
		return err
	}
	return WriteBytes(path, mode, text.Bytes())
}

// WriteBytes is [Write] for a complete text.
func WriteBytes(path string, mode fs.FileMode, text []byte) error {
	open, info, err := direct(path)
	if err != nil {
		return err
	}
	if open != nil {
		return fill(open, text)
	}
	err = replace(path, mode, text)
	var fixed *irreplaceable
	if info == nil || !errors.As(err, &fixed) {
		return err
	}
	return writeInPlace(path, mode, text)
}

// irreplaceable is the error of a file that may only be writable in place.
type irreplaceable struct{ err error }

func irreplaceableIf(is bool, err error) error {
	if is {
		return &irreplaceable{err}
	}
	return err
}

func (i *irreplaceable) Error() string { return i.err.Error() }
func (i *irreplaceable) Unwrap() error { return i.err }

// Create writes a file that does not exist yet. If anything has its name, including a link, the
// error is [fs.ErrExist].
func Create(path string, mode fs.FileMode, text []byte) error {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, Private)
	if err != nil {
		return err
	}
	if err := finish(file, mode, text); err != nil {
		return errors.Join(err, os.Remove(path))
	}
	return nil
}

// Append appends lines to a file with one write, so that two processes may do it at the same time;
// a missing file is created. If the file ends within a line, because a process was killed while it
// wrote, Append first ends that line.
func Append(path string, mode fs.FileMode, lines []byte) error {
	open, _, err := direct(path)
	if err != nil {
		return err
	}
	if open != nil {
		return fill(open, lines)
	}
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_APPEND|NoFollow, mode)
	if err != nil {
		return err
	}
	cut, err := endsWithinALine(file)
	if err != nil {
		return errors.Join(err, file.Close())
	}
	if cut {
		lines = append([]byte("\n"), lines...)
	}
	return finish(file, mode, lines)
}

// endsWithinALine reports whether the last line of a file has no end.
func endsWithinALine(file *os.File) (bool, error) {
	end, err := file.Seek(0, io.SeekEnd)
	if err != nil || end == 0 {
		return false, err
	}
	last := make([]byte, 1)
	_, err = file.ReadAt(last, end-1)
	return last[0] != '\n', err
}

// Check returns why [Write] could not write a file, before the work on its content begins. It
// changes nothing.
func Check(path string) error {
	if _, ok := standardStream(path); ok {
		return nil
	}
	folder := filepath.Dir(path)
	switch info, err := os.Stat(folder); {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("there is no folder %q. Create it, or name a file elsewhere", folder)
	case err != nil:
		return err
	case !info.IsDir():
		return fmt.Errorf("%q is not a folder", folder)
	}
	info, err := target(path)
	if err != nil || info != nil && !info.Mode().IsRegular() {
		return err
	}
	probe, err := os.CreateTemp(folder, temporary)
	if err == nil {
		return errors.Join(probe.Close(), os.Remove(probe.Name()))
	}
	if info != nil {
		var file *os.File
		if file, err = os.OpenFile(path, os.O_WRONLY|NoFollow, 0); err == nil {
			return file.Close()
		}
	}
	return fmt.Errorf("%q cannot be written: %w", path, cause(err))
}

// cause returns an error without the name of the temporary file, which is meaningless to users.
func cause(err error) error {
	var wrapped *fs.PathError
	if errors.As(err, &wrapped) {
		return wrapped.Err
	}
	var link *os.LinkError
	if errors.As(err, &link) {
		return link.Err
	}
	return err
}

// target returns the file that currently has the name; nil: none.
func target(path string) (fs.FileInfo, error) {
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case err != nil:
		return nil, err
	case info.Mode()&fs.ModeSymlink != 0:
		return nil, fmt.Errorf("%q is a link, and qlsync does not write through links. Name its target, or remove the link", path)
	case info.IsDir():
		return nil, fmt.Errorf("%q is a folder. Name a file", path)
	}
	return info, nil
}

// direct returns the function that opens a path to be written directly: a stream of this process, a
// device or a pipe. It is nil for a regular file, which info describes, and for a missing one.
func direct(path string) (open func() (*os.File, error), info fs.FileInfo, err error) {
	if open, ok := standardStream(path); ok {
		return open, nil, nil
	}
	info, err = target(path)
	if err != nil || info == nil || info.Mode().IsRegular() {
		return nil, info, err
	}
	return func() (*os.File, error) { return openDirectly(path) }, info, nil
}

// pipePatience is how long a pipe waits for its reader.
const pipePatience = 10 * time.Second

// openDirectly opens a device or a pipe. The wait for the reader of a pipe is bounded, because no
// signal would end it.
func openDirectly(path string) (file *os.File, err error) {
	err = insist(pipePatience, func() (err error) {
		file, err = os.OpenFile(path, os.O_WRONLY|nonBlocking, 0)
		return err
	}, hasNoReader)
	if err != nil && hasNoReader(err) {
		return nil, fmt.Errorf("write %q: nobody has read the pipe for %s. Start its reader first", path, words.Duration(pipePatience))
	}
	return file, err
}

// replace puts a new file in the place of another one or of none. If the rename fails because the
// old file belongs to another user, as in a shared folder for temporary files, replace does not
// write into that file.
func replace(path string, mode fs.FileMode, text []byte) (err error) {
	file, err := os.CreateTemp(filepath.Dir(path), temporary)
	if err != nil {
		isClosed := errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EROFS)
		return irreplaceableIf(isClosed, fmt.Errorf("write %q: %w", path, cause(err)))
	}
	if err = finish(file, mode, text); err == nil {
		err = inUse(rename(file.Name(), path), isBusy)
	}
	if err != nil {
		isMountPoint := errors.Is(err, syscall.EBUSY) || errors.Is(err, syscall.EXDEV)
		err = fmt.Errorf("write %q: %w", path, errors.Join(cause(err), os.Remove(file.Name())))
		return irreplaceableIf(isMountPoint, err)
	}
	syncFolder(filepath.Dir(path))
	return nil
}

// writeInPlace overwrites a file that cannot be replaced.
func writeInPlace(path string, mode fs.FileMode, text []byte) error {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_TRUNC|NoFollow, 0)
	if err != nil {
		return err
	}
	return finish(file, mode, text)
}

// finish writes a regular file to the disk and closes it. The mode is set before the text is
// written. File systems without modes, and files of other owners, keep theirs.
func finish(file *os.File, mode fs.FileMode, text []byte) error {
	_ = file.Chmod(mode)
	_, err := file.Write(text)
	if err == nil {
		err = synced(file.Sync())
	}
	return errors.Join(err, file.Close())
}

// synced ignores the error of a file system that cannot sync, such as some network file systems.
func synced(err error) error {
	if errors.Is(err, syscall.EINVAL) || errors.Is(err, errors.ErrUnsupported) {
		return nil
	}
	return err
}

// fill writes a text to a file that is not regular.
func fill(open func() (*os.File, error), text []byte) error {
	file, err := open()
	if err != nil {
		return err
	}
	_, err = file.Write(text)
	return errors.Join(err, file.Close())
}

// patience is how long a rename is repeated while another program, such as a virus scanner or an
// editor, has the file open. Only Windows refuses the rename then.
const patience = time.Second

func rename(from, to string) error {
	return insist(patience, func() error { return os.Rename(from, to) }, isBusy)
}

// Remove removes a file, or a link without its target. On Windows it repeats for about a second
// while another program has the file open.
func Remove(path string) error {
	return inUse(insist(patience, func() error { return os.Remove(path) }, isBusy), isBusy)
}

// inUse adds advice to the error of a file that another program has open.
func inUse(err error, isBusy func(error) bool) error {
	if err == nil || !isBusy(err) {
		return err
	}
	return fmt.Errorf("%w. Close the program that has the file open, or make the file writable, and run the command again", cause(err))
}

// insist repeats try while its error is "in use" and patience lasts.
func insist(patience time.Duration, try func() error, inUse func(error) bool) error {
	err := try()
	for pause, waited := 10*time.Millisecond, time.Duration(0); err != nil && inUse(err) && waited < patience; pause *= 2 {
		pause = min(pause, patience-waited)
		time.Sleep(pause)
		waited += pause
		err = try()
	}
	return err
}

// IsStream reports whether a path names an open stream of this process, such as /dev/stdout, which
// no file can replace.
func IsStream(path string) bool {
	_, ok := standardStream(path)
	return ok
}

// descriptor returns the number of the open file that a path names, such as 63 of /dev/fd/63.
func descriptor(path string) (string, bool) {
	switch path = filepath.ToSlash(filepath.Clean(path)); path {
	case "/dev/stdout":
		return "1", true
	case "/dev/stderr":
		return "2", true
	}
	for _, folder := range []string{"/dev/fd/", "/proc/self/fd/"} {
		if number, ok := strings.CutPrefix(path, folder); ok {
			return number, true
		}
	}
	return "", false
}
