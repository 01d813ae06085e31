package engine

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/qlsync/qlsync/internal/infile"
	"github.com/qlsync/qlsync/internal/outfile"
	"github.com/qlsync/qlsync/internal/report/messages"
	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/spec"
)

// FormatOptions select the files that [Host.Format] formats.
type FormatOptions struct {
	// Paths are files, and folders of YAML files. None: the project file and its connection files, without
	// those in JSON, which editors format.
	Paths []string
	// Project is the project of the files if there are no paths.
	Project ProjectOptions
	// Check leaves the files as they are.
	Check bool
}

// Formatted is the result of [Host.Format].
type Formatted struct {
	// Files is how many files were read, and Changed are those whose layout was not uniform.
	Files   int
	Changed []string
	// Problems say why other files were left as they are.
	Problems connection.Problems
}

// Format changes YAML files to a uniform layout; see [spec.Format]. A file is replaced completely or not
// at all, and keeps its mode. A link, a read-only file and a file that changed in the meantime are
// left as they are, with a problem.
func (host *Host) Format(ctx context.Context, o FormatOptions) (Formatted, error) {
	var done Formatted
	files, err := host.formattedFiles(ctx, o, &done.Problems)
	if err != nil {
		return done, err
	}
	for _, file := range files {
		if err := ctx.Err(); err != nil {
			return done, err
		}
		done.Files++
		isChanged, problems := host.formatFile(file, o.Check)
		if isChanged {
			done.Changed = append(done.Changed, file)
		}
		done.Problems = append(done.Problems, problems...)
	}
	return done, nil
}

// formattedFiles returns the files of the options, each once.
func (host *Host) formattedFiles(ctx context.Context, o FormatOptions, problems *connection.Problems) ([]string, error) {
	if len(o.Paths) == 0 {
		project, err := host.ReadProject(ctx, o.Project)
		if err != nil {
			return nil, err
		}
		return slices.DeleteFunc(project.Sources(), func(file string) bool { return !spec.IsYAML(file) }), nil
	}
	var files []string
	for _, name := range o.Paths {
		if info, err := os.Stat(host.at(name)); err != nil || !info.IsDir() {
			files = append(files, filepath.ToSlash(name))
			continue
		}
		found, failures := infile.Walk{Root: name, Project: name, At: host.WorkDir, Take: func(names []string) bool {
			return spec.IsYAML(names[len(names)-1])
		}}.Files()
		for _, file := range found {
			files = append(files, filepath.ToSlash(file.Path))
		}
		for _, failure := range failures {
			*problems = append(*problems, unformatted(failure.Path, failure.Err))
		}
	}
	slices.Sort(files)
	return slices.Compact(files), nil
}

func unformatted(file string, err error) connection.Problem {
	return messages.FileProblem(filepath.ToSlash(file), connection.Because("not-formatted", "reason", infile.Reason(err)))
}

// formatFile formats a file and reports whether its layout was not uniform.
func (host *Host) formatFile(file string, check bool) (bool, connection.Problems) {
	failed := func(err error) (bool, connection.Problems) {
		return false, connection.Problems{unformatted(file, host.WorkDir.Shown(err))}
	}
	text, err := infile.Read(host.at(file), MaxWrittenFile)
	if err != nil {
		return failed(err)
	}
	formatted, problems := spec.Format(file, text)
	if problems != nil || bytes.Equal(text, formatted) {
		return false, problems
	}
	if check {
		return true, nil
	}
	if err := host.replaceText(file, text, formatted); err != nil {
		return failed(err)
	}
	return true, nil
}

// replaceText replaces the text of a file that still has the old text.
func (host *Host) replaceText(file string, old, text []byte) error {
	info, err := os.Lstat(host.at(file))
	if err != nil {
		return err
	}
	if info.Mode().IsRegular() && info.Mode().Perm()&0o200 == 0 {
		return errors.New("the file is read-only")
	}
	if now, err := infile.Read(host.at(file), MaxWrittenFile); err != nil || !bytes.Equal(now, old) {
		return errors.New("the file changed in the meantime. Run the command again")
	}
	return outfile.WriteBytes(host.at(file), info.Mode()&fs.ModePerm, text)
}

// FormatText is [Host.Format] for standard input. It reports whether the layout was not uniform.
func (host *Host) FormatText(ctx context.Context) (formatted []byte, isChanged bool, err error) {
	const name = "standard input"
	text, err := host.ReadArgument(ctx, "-", MaxWrittenFile)
	if err != nil {
		return nil, false, fmt.Errorf("%s: %w", name, err)
	}
	formatted, problems := spec.Format(name, text)
	return formatted, !bytes.Equal(text, formatted), problems.Err()
}
