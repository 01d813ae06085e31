package main

import (
	"io"
	"os"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/qlsync/qlsync/internal/commandline"
	"github.com/qlsync/qlsync/internal/engine"
	"github.com/qlsync/qlsync/internal/report"
	"github.com/qlsync/qlsync/pkg/spec"
)

// output returns the file that a flag names for writing.
func (env *environment) output(flag, path string) engine.Output {
	return engine.Output{Flag: flag, Path: path, WorkDir: env.workDir}
}

// outputs returns the files that the flags of a command name for writing. It excludes the history
// of show, which is only read, and the folder of export, which only gets new files.
func (env *environment) outputs(c *cli.Context) []engine.Output {
	var all []engine.Output
	if file := c.String("out"); file != "" && c.Command.Name != "export" {
		all = append(all, env.output("--out "+file, file))
	}
	if file := c.String("history"); file != "" && c.Command.Name != "show" {
		out := env.output("--history "+file, file)
		out.Appends = report.FormerHistory
		all = append(all, out)
	}
	if file := c.String(usageHistoryName); file != "" {
		out := env.output("--"+usageHistoryName+" "+file, file)
		out.Appends = report.FormerUsage
		all = append(all, out)
	}
	for _, pair := range c.StringSlice("report") {
		_, file, _ := strings.Cut(pair, "=")
		all = append(all, env.output("--report "+pair, file))
	}
	return all
}

// namedInputs returns the files, apart from the project's, that the command line names for reading.
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
		add(c.String(resumeName), "the earlier result")
	case "merge":
		for _, file := range c.Args().Slice() {
			add(file, "a file with reports")
		}
	case "show":
		add(c.Args().First(), "the saved file")
		add(c.String("history"), "the history")
	case "check":
		if _, isTime := commandline.Since(c.String("since"), env.clock()); !isTime {
			add(c.String("since"), "the result")
		}
	case "simulate":
		add(c.String("tenant"), "the file of the embedded tenant")
		add(c.String("faults"), "the file of faults")
	}
	add(c.String("snapshot"), "the snapshot")
	add(c.String("target-file"), "the list of targets")
	if file, err := projectFile(c, env); err == nil {
		add(file, "the project file")
	}
	return all
}

// checkOutputs returns an error for files that could not be written; see [engine.CheckOutputs].
// [environment.checkReplaced] checks their former content once the project is known.
func (env *environment) checkOutputs(c *cli.Context) error {
	streams := map[string]*os.File{}
	for name, stream := range map[string]io.Writer{"output": env.stdout, "error": env.stderr} {
		if named, ok := stream.(interface{ File() *os.File }); ok {
			streams[name] = named.File()
		}
	}
	return engine.CheckOutputs(env.outputs(c), env.namedInputs(c), streams)
}

// checkReplaced returns an error for files whose content would be lost. The project is nil for a
// command without one.
func (env *environment) checkReplaced(c *cli.Context, project *engine.Project) error {
	return engine.CheckReplaced(c.Context, env.outputs(c), project)
}

// checkState returns an error if the state of simulate would replace one of its inputs. The
// embedded tenant refuses a file that is not a state.
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
