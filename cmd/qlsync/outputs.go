package main

import (
	"cmp"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/qlsync/qlsync/internal/engine"
	"github.com/qlsync/qlsync/pkg/spec"
)

// output is a file that a flag names for writing.
func (env *environment) output(flag, path string) engine.Output {
	return engine.Output{Flag: flag, Path: path, WorkDir: env.workDir}
}

// outputs lists the files that the flags of a command name for writing. The history of
// show is only read, and the folder of export only gets new files.
func (env *environment) outputs(c *cli.Context) []engine.Output {
	var all []engine.Output
	if file := c.String("out"); file != "" && c.Command.Name != "export" {
		all = append(all, env.output("--out "+file, file))
	}
	if file := c.String("history"); file != "" && c.Command.Name != "show" {
		out := env.output("--history "+file, file)
		out.Appended = true
		all = append(all, out)
	}
	for _, pair := range c.StringSlice("report") {
		_, file, _ := strings.Cut(pair, "=")
		all = append(all, env.output("--report "+pair, file))
	}
	return all
}

// namedInputs lists the files, apart from the project's, that a command is asked to
// read.
func (env *environment) namedInputs(c *cli.Context) []spec.Input {
	var all []spec.Input
	add := func(path, what string) {
		if path != "" {
			all = append(all, spec.Input{Path: env.workDir.Path(path), What: what})
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
// [environment.checkReplaced], once the project is known.
func (env *environment) checkOutputs(c *cli.Context) error {
	all := env.outputs(c)
	inputs := env.namedInputs(c)
	for i, out := range all {
		for _, other := range all[:i] {
			if out.Same(other) {
				return fmt.Errorf("%s: %s writes to the same file: name another one", out.Flag, other.Flag)
			}
		}
		if err := cmp.Or(out.Check(), out.ApartFrom(inputs), apartFromStreams(out, c)); err != nil {
			return err
		}
	}
	return nil
}

// checkReplaced refuses files that the project is read from, and files that qlsync did
// not write. The project is nil for a command that needs none.
func (env *environment) checkReplaced(c *cli.Context, project *engine.Project) error {
	all := env.outputs(c)
	if len(all) == 0 {
		return nil
	}
	return engine.Interruptibly(c.Context, func() error {
		for _, out := range all {
			if err := out.CheckReplaced(project); err != nil {
				return err
			}
		}
		return nil
	})
}

// apartFromStreams refuses a file to which the shell sends the result: whichever is
// written last would be there alone.
func apartFromStreams(out engine.Output, c *cli.Context) error {
	for name, stream := range map[string]io.Writer{"output": c.App.Writer, "error": c.App.ErrWriter} {
		named, ok := stream.(interface{ File() *os.File })
		if ok && named.File() != nil && out.IsFile(named.File()) {
			return fmt.Errorf("%s: standard %s goes to the same file: name another one", out.Flag, name)
		}
	}
	return nil
}

// checkState refuses a state for simulate that would replace one of its inputs. A file
// that is not a state is refused by the embedded tenant.
func (env *environment) checkState(c *cli.Context) error {
	state := c.String("state")
	if state == "" {
		return nil
	}
	for _, path := range []string{state, state + ".lock"} {
		if err := env.output("--state "+state, path).ApartFrom(env.namedInputs(c)); err != nil {
			return err
		}
	}
	return nil
}
