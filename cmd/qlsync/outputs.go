package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/qlsync/qlsync/internal/infile"
	"github.com/qlsync/qlsync/internal/outfile"
	"github.com/qlsync/qlsync/pkg/report"
	"github.com/qlsync/qlsync/pkg/spec"
)

// output is a file that a command is asked to write.
type output struct {
	flag string // as it was given, such as "--report json=FILE"
	path string
	// appended tells that runs are added to the file.
	appended bool
}

// outputs lists the files that the flags of a command name for writing. The history of
// show is only read, and the folder of export only gets new files.
func outputs(c *cli.Context) []output {
	var all []output
	if file := c.String("out"); file != "" && c.Command.Name != "export" {
		all = append(all, output{flag: "--out " + file, path: file})
	}
	if file := c.String("history"); file != "" && c.Command.Name != "show" {
		all = append(all, output{flag: "--history " + file, path: file, appended: true})
	}
	for _, pair := range c.StringSlice("report") {
		_, file, _ := strings.Cut(pair, "=")
		all = append(all, output{flag: "--report " + pair, path: file})
	}
	return all
}

// namedInputs lists the files, apart from the project's, that a command is asked to
// read.
func namedInputs(c *cli.Context) []spec.Input {
	var all []spec.Input
	add := func(path, what string) {
		if path != "" {
			all = append(all, spec.Input{Path: path, What: what})
		}
	}
	switch c.Command.Name {
	case "apply":
		add(c.Args().First(), "the plan file")
	case "show":
		add(c.Args().First(), "the saved file")
		add(c.String("history"), "the history")
	case "simulate":
		add(c.String("tenant"), "the file of the embedded tenant")
		add(c.String("faults"), "the file of faults")
	}
	add(c.String("snapshot"), "the snapshot")
	add(c.String("config"), "the project file")
	return all
}

// checkOutputs refuses, before anything is done, files that could not be written, that
// the command reads, or that are named twice. What they would replace is checked by
// [checkReplaced], once the project is known.
func checkOutputs(c *cli.Context) error {
	all := outputs(c)
	inputs := namedInputs(c)
	for i, out := range all {
		for _, other := range all[:i] {
			if samePath(out.path, other.path) {
				return fmt.Errorf("%s: %s writes to the same file: name another one", out.flag, other.flag)
			}
		}
		if err := firstOf(out.check(), out.apartFrom(inputs), out.apartFromStreams(c)); err != nil {
			return err
		}
	}
	return nil
}

// checkReplaced refuses files that the project is read from, and files that qlsync did
// not write. The project is nil for a command that needs none.
func checkReplaced(c *cli.Context, project *spec.Project, variables map[string]string) error {
	all := outputs(c)
	if len(all) == 0 {
		return nil
	}
	return interruptibly(c.Context, func() error {
		var inputs []spec.Input
		if project != nil {
			inputs = project.Inputs(variables)
		}
		for _, out := range all {
			if err := firstOf(out.apartFrom(inputs), out.checkFormer()); err != nil {
				return err
			}
			if _, err := os.Lstat(out.path); project != nil && errors.Is(err, fs.ErrNotExist) && project.WouldRead(out.path) {
				return fmt.Errorf("%s: the next run would read %s as a connection file of the project: name a file elsewhere", out.flag, out.path)
			}
		}
		return nil
	})
}

// check refuses a file that cannot be written.
func (out output) check() error {
	if out.path == "-" {
		return fmt.Errorf("%s: a result goes to standard output without a flag, see --format; name a file, ./- for one of that name, or /dev/stdout", out.flag)
	}
	if err := outfile.Check(out.path); err != nil {
		return fmt.Errorf("%s: %w", out.flag, err)
	}
	return nil
}

// checkFormer refuses a file that holds what qlsync did not write.
func (out output) checkFormer() error {
	former, err := formerOutput(out.path)
	switch {
	case err != nil:
		return fmt.Errorf("%s: %w", out.flag, err)
	case former == nil || out.appended && *former == report.FormerHistory || !out.appended && *former == report.FormerReport:
		return nil
	case out.appended:
		return fmt.Errorf("%s: the file exists and is not a history: name another file", out.flag)
	case *former == report.FormerHistory:
		return fmt.Errorf("%s: the file is a history, which would be lost: name another file", out.flag)
	}
	return fmt.Errorf("%s: the file exists and qlsync did not write it: name another file, or remove this one first", out.flag)
}

// maxFormer bounds what is read of a file to find out what it is, in bytes.
const maxFormer = 32 << 20

// formerOutput tells what a file holds that is to be written; nil if nothing would be
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

// apartFrom refuses a file that is an input.
func (out output) apartFrom(inputs []spec.Input) error {
	if outfile.IsStream(out.path) {
		return nil
	}
	if err := apartFrom(out.path, inputs); err != nil {
		return fmt.Errorf("%s: %w: name another file", out.flag, err)
	}
	return nil
}

// apartFrom returns an error if a file that is to be written is one of the inputs.
func apartFrom(path string, inputs []spec.Input) error {
	for _, input := range inputs {
		if _, err := infile.Real(input.Path); errors.Is(err, infile.ErrNetworkPath) || errors.Is(err, infile.ErrDevicePath) {
			continue // a link that is never followed: asking the disk would open a share
		}
		if samePath(path, input.Path) {
			return fmt.Errorf("%s is %s, which would be lost", filepath.ToSlash(path), input.What)
		}
	}
	return nil
}

// apartFromStreams refuses a file to which the shell sends the result: whichever is
// written last would be there alone.
func (out output) apartFromStreams(c *cli.Context) error {
	info, err := os.Stat(out.path)
	if err != nil || !info.Mode().IsRegular() || outfile.IsStream(out.path) {
		return nil
	}
	for name, stream := range map[string]io.Writer{"output": c.App.Writer, "error": c.App.ErrWriter} {
		named, ok := stream.(interface{ File() *os.File })
		if !ok || named.File() == nil {
			continue
		}
		if other, err := named.File().Stat(); err == nil && os.SameFile(info, other) {
			return fmt.Errorf("%s: standard %s goes to the same file: name another one", out.flag, name)
		}
	}
	return nil
}

// samePath reports whether two paths are one file: by any of its names where it exists,
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
	absolute, err := filepath.Abs(folder)
	if err != nil {
		return true
	}
	probe, err := os.CreateTemp(absolute, ".qlsync-case-*.tmp")
	if err != nil {
		return true
	}
	defer os.Remove(probe.Name())
	info, err := probe.Stat()
	if err = firstOf(err, probe.Close()); err != nil {
		return true
	}
	other, err := os.Stat(filepath.Join(absolute, strings.ToUpper(filepath.Base(probe.Name()))))
	return err == nil && os.SameFile(info, other)
}
