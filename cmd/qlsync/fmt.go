package main

import (
	"errors"
	"fmt"
	"slices"

	"github.com/urfave/cli/v2"

	"github.com/qlsync/qlsync/internal/engine"
	"github.com/qlsync/qlsync/internal/report"
	"github.com/qlsync/qlsync/internal/words"
)

func fmtCommand(env *environment) *cli.Command {
	return &cli.Command{
		Name:      "fmt",
		Usage:     "format the YAML files in a uniform layout",
		ArgsUsage: "[FILE or DIR...]",
		Description: "Without an argument, fmt formats the project file and the connection files. In a folder, it formats the files that end in .yaml or .yml. " +
			"With - it writes standard input, formatted, to standard output.\n\n" +
			"fmt changes indentation, empty lines, spaces at the end of lines, line ends, and single quotes. It keeps comments, order and values. " +
			"A file that is not valid YAML, or whose meaning would change, is not written.",
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "check", Usage: "change nothing; list the files that are not formatted"},
			configFlag(), quietFlag(), colorFlag(), noColorFlag(),
		},
		Action: func(c *cli.Context) error {
			return engine.Interruptibly(c.Context, func() error { return runFmt(c, env) })
		},
	}
}

func runFmt(c *cli.Context, env *environment) error {
	if err := env.colour(c); err != nil {
		return err
	}
	paths := c.Args().Slice()
	if slices.Contains(paths, "-") {
		return fmtStandardInput(c, env, paths)
	}
	o := engine.FormatOptions{Paths: paths, Check: c.Bool("check")}
	if len(paths) == 0 {
		file, err := projectFile(c, env)
		if err != nil {
			return err
		}
		o.Project.File = file
	}
	done, err := env.files().Format(c.Context, o)
	for _, file := range done.Changed {
		fmt.Fprintln(env.stdout, report.Sanitize(file))
	}
	if err != nil {
		return err
	}
	if !c.Bool("quiet") {
		verb := "Formatted"
		if o.Check {
			verb = "Not formatted:"
		}
		fmt.Fprintf(env.stderr, "%s %d of %s.\n", verb, len(done.Changed), words.Count(done.Files, "file"))
	}
	if err := done.Problems.Err(); err != nil {
		return err
	}
	if o.Check && len(done.Changed) > 0 {
		return &exit{code: exitDiffers}
	}
	return nil
}

// fmtStandardInput formats standard input.
func fmtStandardInput(c *cli.Context, env *environment, paths []string) error {
	if len(paths) > 1 {
		return errors.New("fmt: - is standard input, and cannot be used with files")
	}
	formatted, isChanged, err := env.files().FormatText(c.Context)
	if err != nil {
		return err
	}
	if !c.Bool("check") {
		_, err := env.stdout.Write(formatted)
		return err
	}
	if isChanged {
		return &exit{code: exitDiffers}
	}
	return nil
}
