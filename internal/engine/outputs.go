package engine

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/qlsync/qlsync/internal/infile"
	"github.com/qlsync/qlsync/internal/outfile"
	"github.com/qlsync/qlsync/internal/report"
	"github.com/qlsync/qlsync/internal/workdir"
	"github.com/qlsync/qlsync/pkg/spec"
)

// Output is a file that a command is asked to write.
type Output struct {
	// Flag is the flag as it was given, such as "--report json=FILE".
	Flag string
	Path string
	// WorkDir is the folder that a relative path is relative to, as in [Host].
	WorkDir workdir.Dir
	// Appended reports whether runs are added to the file.
	Appended bool
}

// at returns the path under which the file can be opened.
func (out Output) at() string { return out.WorkDir.Path(out.Path) }

// Write writes the file as a whole or not at all, for the eyes of this user only.
func (out Output) Write(write func(io.Writer) error) error {
	return out.WorkDir.Shown(outfile.Write(out.at(), outfile.Private, write))
}

// IsRegular reports whether the file exists and is a regular one.
func (out Output) IsRegular() bool {
	info, err := os.Stat(out.at())
	return err == nil && info.Mode().IsRegular()
}

// isFile reports whether the file is this one, which is open.
func (out Output) isFile(file *os.File) bool {
	if outfile.IsStream(out.Path) || !out.IsRegular() {
		return false
	}
	info, err := os.Stat(out.at())
	other, failed := file.Stat()
	return cmp.Or(err, failed) == nil && os.SameFile(info, other)
}

// check refuses a file that cannot be written.
func (out Output) check() error {
	if out.Path == "-" {
		return fmt.Errorf("%s: a result goes to standard output without a flag, see --format; name a file, ./- for one of that name, or /dev/stdout", out.Flag)
	}
	if err := outfile.Check(out.at()); err != nil {
		return fmt.Errorf("%s: %w", out.Flag, out.WorkDir.Shown(err))
	}
	return nil
}

// checkFormer refuses a file that holds what qlsync did not write.
func (out Output) checkFormer() error {
	former, err := formerOutput(out.at())
	switch {
	case err != nil:
		return fmt.Errorf("%s: %w", out.Flag, out.WorkDir.Shown(err))
	case former == nil || out.Appended && *former == report.FormerHistory || !out.Appended && *former == report.FormerReport:
		return nil
	case out.Appended:
		return fmt.Errorf("%s: the file exists and is not a history: name another file", out.Flag)
	case *former == report.FormerHistory:
		return fmt.Errorf("%s: the file is a history, which would be lost: name another file", out.Flag)
	}
	return fmt.Errorf("%s: the file exists and qlsync did not write it: name another file, or remove this one first", out.Flag)
}

// maxFormer bounds what is read of a file to find out what it is, in bytes.
const maxFormer = 32 << 20

// formerOutput reports what a file holds that is to be written; nil if nothing would be
// lost: the file does not exist, is empty, or is a device or a pipe.
func formerOutput(path string) (*report.Former, error) {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) || err == nil && (!info.Mode().IsRegular() || info.Size() == 0) || outfile.IsStream(path) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, 4096))
	if err != nil {
		return nil, err
	}
	if infile.IsUTF16(text) {
		return nil, fmt.Errorf("the file exists and is %w: %s", infile.ErrUTF16, infile.WayOut(infile.ErrUTF16))
	}
	text = infile.WithoutMark(text)
	former := report.Recognize(text)
	if former == report.Foreign && bytes.HasPrefix(bytes.TrimSpace(text), []byte("{")) { // SARIF is only known as a whole
		rest, err := io.ReadAll(io.LimitReader(file, maxFormer))
		if err != nil {
			return nil, err
		}
		former = report.Recognize(slices.Concat(text, rest))
	}
	return &former, nil
}

// ApartFrom refuses a file that is one of the inputs.
func (out Output) ApartFrom(inputs []spec.Input) error {
	if outfile.IsStream(out.Path) {
		return nil
	}
	if err := (&Host{WorkDir: out.WorkDir}).apartFrom(out.Path, inputs); err != nil {
		return fmt.Errorf("%s: %w: name another file", out.Flag, err)
	}
	return nil
}

// apartFrom returns an error if a file that is to be written is one of the inputs.
func (host *Host) apartFrom(path string, inputs []spec.Input) error {
	for _, input := range inputs {
		if _, err := infile.Real(input.Path); errors.Is(err, infile.ErrNetworkPath) || errors.Is(err, infile.ErrDevicePath) {
			continue // a link that is never followed: asking the disk would open a share
		}
		if samePath(host.at(path), input.Path) {
			return fmt.Errorf("%s is %s, which would be lost", filepath.ToSlash(path), input.What)
		}
	}
	return nil
}

// same reports whether two outputs are one file; see [samePath].
func (out Output) same(other Output) bool { return samePath(out.at(), other.at()) }

// samePath reports whether two paths that can be opened are one file: by any of its names where it exists,
// and where it does not exist yet, by its folder and by what the file system says of
// letter case.
func samePath(a, b string) bool {
	if a == "" || b == "" {
		return false
	}
	infoA, errA := os.Stat(a)
	infoB, errB := os.Stat(b)
	switch {
	case errA == nil && errB == nil:
		return os.SameFile(infoA, infoB)
	case errA == nil || errB == nil:
		return false
	}
	nameA, nameB := filepath.Base(a), filepath.Base(b)
	folderA, errA := os.Stat(filepath.Dir(a))
	folderB, errB := os.Stat(filepath.Dir(b))
	if errA != nil || errB != nil || !os.SameFile(folderA, folderB) {
		return filepath.Clean(a) == filepath.Clean(b)
	}
	return nameA == nameB || strings.EqualFold(nameA, nameB) && foldsCase(filepath.Dir(a))
}

// foldsCase reports whether a folder takes names that differ only by letter case for
// one, by a file that is made for the question. Where nothing can be found out, the
// answer is yes: that refuses too much rather than too little.
func foldsCase(folder string) bool {
	probe, err := os.CreateTemp(folder, ".qlsync-case-*.tmp")
	if err != nil {
		return true
	}
	defer os.Remove(probe.Name())
	info, err := probe.Stat()
	if err = cmp.Or(err, probe.Close()); err != nil {
		return true
	}
	other, err := os.Stat(filepath.Join(folder, strings.ToUpper(filepath.Base(probe.Name()))))
	return err == nil && os.SameFile(info, other)
}

// checkCache refuses a file of the read cache that is an input of the project.
func (s *Session) checkCache(folder, path string) error {
	if _, err := os.Lstat(s.host.at(path)); err != nil {
		return nil // there is none yet
	}
	return Output{Flag: "--cache " + folder, Path: path, WorkDir: s.host.WorkDir}.ApartFrom(s.project.Inputs())
}

// checkReplaced refuses an output that would replace a file of the project, or a file that
// qlsync did not write. The project is nil for a use case that needs none.
func (out Output) checkReplaced(p *Project) error {
	var inputs []spec.Input
	if p != nil {
		inputs = p.Inputs()
	}
	if err := cmp.Or(out.ApartFrom(inputs), out.checkFormer()); err != nil {
		return err
	}
	if _, err := os.Lstat(out.at()); p != nil && errors.Is(err, fs.ErrNotExist) && p.WouldRead(out.Path) {
		return fmt.Errorf("%s: the next run would read %s as a connection file of the project: name a file elsewhere", out.Flag, out.Path)
	}
	return nil
}

// CheckOutputs refuses, before anything is done, files that could not be written, that the
// use case reads, that are named twice, or to which the shell sends a standard stream:
// whichever is written last would be there alone. The streams have their names, such as
// output; one that is no file is nil.
func CheckOutputs(all []Output, inputs []spec.Input, streams map[string]*os.File) error {
	for i, out := range all {
		for _, other := range all[:i] {
			if out.same(other) {
				return fmt.Errorf("%s: %s writes to the same file: name another one", out.Flag, other.Flag)
			}
		}
		if err := cmp.Or(out.check(), out.ApartFrom(inputs)); err != nil {
			return err
		}
		for name, file := range streams {
			if file != nil && out.isFile(file) {
				return fmt.Errorf("%s: standard %s goes to the same file: name another one", out.Flag, name)
			}
		}
	}
	return nil
}

// CheckReplaced refuses outputs that would replace a file of the project, or one that qlsync
// did not write. The project is nil for a use case that needs none.
func CheckReplaced(ctx context.Context, all []Output, p *Project) error {
	if len(all) == 0 {
		return nil
	}
	return Interruptibly(ctx, func() error {
		for _, out := range all {
			if err := out.checkReplaced(p); err != nil {
				return err
			}
		}
		return nil
	})
}
