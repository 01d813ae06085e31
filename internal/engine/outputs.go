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

// Output is a file that a command writes.
type Output struct {
	// Flag is the flag as it was given, such as "--report json=FILE".
	Flag string
	Path string
	// WorkDir is the base of a relative path, as in [Host].
	WorkDir workdir.Dir
	// Appends is the kind of history to which a run is added. Zero: the content is replaced.
	Appends report.Former
}

// at returns the path under which the file can be opened.
func (out Output) at() string { return out.WorkDir.Path(out.Path) }

// Write writes the file completely or not at all, readable by this user only.
func (out Output) Write(write func(io.Writer) error) error {
	return out.WorkDir.Shown(outfile.Write(out.at(), outfile.Private, write))
}

// IsRegular reports whether the file exists and is a regular file.
func (out Output) IsRegular() bool {
	info, err := os.Stat(out.at())
	return err == nil && info.Mode().IsRegular()
}

// isFile reports whether the output is this open file.
func (out Output) isFile(file *os.File) bool {
	if outfile.IsStream(out.Path) || !out.IsRegular() {
		return false
	}
	info, err := os.Stat(out.at())
	other, failed := file.Stat()
	return cmp.Or(err, failed) == nil && os.SameFile(info, other)
}

// check returns an error if the file cannot be written.
func (out Output) check() error {
	if out.Path == "-" {
		return fmt.Errorf("%s: the result already goes to standard output (see --format). Name a file, or ./- for a file with the name -", out.Flag)
	}
	if err := outfile.Check(out.at()); err != nil {
		return fmt.Errorf("%s: %w", out.Flag, out.WorkDir.Shown(err))
	}
	return nil
}

// checkFormer returns an error if the file contains a text that qlsync did not write.
func (out Output) checkFormer() error {
	former, err := formerOutput(out.at())
	switch {
	case err != nil:
		return fmt.Errorf("%s: %w", out.Flag, out.WorkDir.Shown(err))
	case former == nil || *former == cmp.Or(out.Appends, report.FormerReport):
		return nil
	}
	kind, isHistory := histories[*former]
	switch {
	case isHistory && out.Appends != 0:
		return fmt.Errorf("%s: the file is %s. Name another file", out.Flag, kind)
	case isHistory:
		return fmt.Errorf("%s: the file is %s, and would be lost. Name another file", out.Flag, kind)
	case out.Appends != 0:
		return fmt.Errorf("%s: the file exists and is not a history of this kind. Name another file", out.Flag)
	}
	return fmt.Errorf("%s: the file exists and qlsync did not write it. Name another file, or remove this one first", out.Flag)
}

// histories are the kinds of files that a run may only be added to.
var histories = map[report.Former]string{
	report.FormerHistory: "a history that qlsync drift wrote with --history",
	report.FormerUsage:   "a history of uses that qlsync wrote with --usage-history",
}

// maxFormer bounds how much of a file is read to recognize its content, in bytes.
const maxFormer = 32 << 20

// formerOutput returns the kind of content that writing the file would replace; nil if nothing
// would be lost: the file does not exist, is empty, or is a device or a pipe.
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
	if former == report.Foreign && bytes.HasPrefix(bytes.TrimSpace(text), []byte("{")) { // SARIF is only recognized as a whole
		rest, err := io.ReadAll(io.LimitReader(file, maxFormer))
		if err != nil {
			return nil, err
		}
		former = report.Recognize(slices.Concat(text, rest))
	}
	return &former, nil
}

// ApartFrom returns an error if the file is one of the inputs.
func (out Output) ApartFrom(inputs []spec.Input) error {
	if outfile.IsStream(out.Path) {
		return nil
	}
	if err := (&Host{WorkDir: out.WorkDir}).apartFrom(out.Path, inputs); err != nil {
		return fmt.Errorf("%s: %w. Name another file", out.Flag, err)
	}
	return nil
}

// apartFrom returns an error if a file to be written is one of the inputs.
func (host *Host) apartFrom(path string, inputs []spec.Input) error {
	for _, input := range inputs {
		if _, err := infile.Real(input.Path); errors.Is(err, infile.ErrNetworkPath) || errors.Is(err, infile.ErrDevicePath) {
			continue // a link that is never followed: checking it on disk would open a share
		}
		if samePath(host.at(path), input.Path) {
			return fmt.Errorf("%s is %s, which would be lost", filepath.ToSlash(path), input.What)
		}
	}
	return nil
}

// same reports whether two outputs are one file; see [samePath].
func (out Output) same(other Output) bool { return samePath(out.at(), other.at()) }

// samePath reports whether two paths are one file: by any name of an existing file or, if the file
// does not exist yet, by its folder and by the letter case rule of the file system.
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

// foldsCase reports whether a folder ignores letter case in names, by creating a file. If that
// fails, it reports true, which refuses too much rather than too little.
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

// checkCache returns an error if the cache file is an input of the project.
func (s *Session) checkCache(folder, path string) error {
	if _, err := os.Lstat(s.host.at(path)); err != nil {
		return nil // it does not exist yet
	}
	return Output{Flag: "--cache " + folder, Path: path, WorkDir: s.host.WorkDir}.ApartFrom(s.project.Inputs())
}

// checkReplaced returns an error if an output would replace a file of the project, or a file that
// qlsync did not write. The project is nil for a use case without one.
func (out Output) checkReplaced(p *Project) error {
	var inputs []spec.Input
	if p != nil {
		inputs = p.Inputs()
	}
	if err := cmp.Or(out.ApartFrom(inputs), out.checkFormer()); err != nil {
		return err
	}
	if _, err := os.Lstat(out.at()); p != nil && errors.Is(err, fs.ErrNotExist) && p.WouldRead(out.Path) {
		return fmt.Errorf("%s: the next run would read %s as a connection file of the project. Name a file elsewhere", out.Flag, out.Path)
	}
	return nil
}

// CheckOutputs returns an error, before anything is done, for files that cannot be written, that
// the use case reads, that are named twice, or that are also the target of a standard stream: the
// last writer would replace the content. streams holds the standard streams by name, such as
// output; nil if the stream is not a file.
func CheckOutputs(all []Output, inputs []spec.Input, streams map[string]*os.File) error {
	for i, out := range all {
		for _, other := range all[:i] {
			if out.same(other) {
				return fmt.Errorf("%s: %s writes to the same file. Name another one", out.Flag, other.Flag)
			}
		}
		if err := cmp.Or(out.check(), out.ApartFrom(inputs)); err != nil {
			return err
		}
		for name, file := range streams {
			if file != nil && out.isFile(file) {
				return fmt.Errorf("%s: standard %s goes to the same file. Name another one", out.Flag, name)
			}
		}
	}
	return nil
}

// CheckReplaced returns an error if outputs would replace a file of the project, or a file that
// qlsync did not write. The project is nil for a use case without one.
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
