package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/qlsync/qlsync/internal/commandline"
	"github.com/qlsync/qlsync/internal/engine"
	"github.com/qlsync/qlsync/internal/infile"
	"github.com/qlsync/qlsync/internal/report"
	"github.com/qlsync/qlsync/pkg/apply"
)

// tell reports the result of an apply in any case: in the requested files, on standard output, and
// the rest of the work on standard error. If one of these outputs cannot be written, or standard
// output has only a part of the result, the result is saved in a file. It returns no error, because
// the outcome on the tenant determines the exit code.
func (env *environment) tell(c *cli.Context, project *engine.Project, result *apply.Result) {
	all, form := report.ResultFormats(), c.String("format")
	unreported := writeReports(c, env, all, result)
	whole := "" // the file with the whole result
	if len(unreported) == 0 {
		whole = env.reportedIn(c, report.FormatJSON)
	}
	keep := func() {
		if whole != "" {
			return
		}
		var err error
		if whole, err = project.KeepResult(result); err != nil {
			unreported = append(unreported, err)
		}
	}
	if len(unreported) > 0 || form == report.FormatText && report.Folds(result) {
		keep()
	}
	text := env.text(env.stdout)
	if whole != "" {
		text.Rest = showLine(c, whole)
	}
	if err := all.Write(form, text, env.stdout, result); err != nil {
		unreported = append(unreported, err)
		keep()
	}
	if result.Complete() && len(unreported) == 0 {
		return
	}
	isSeen := len(unreported) == 0 && form == report.FormatText && env.isTerminal(env.stdout) && env.isTerminal(env.stderr)
	ending := report.Ending{Whole: text.Rest, Seen: isSeen}
	if !c.Bool("quiet") {
		ending.Next = nextCommand(c, result)
	}
	for _, err := range unreported {
		ending.Unreported = append(ending.Unreported, infile.ErrorText(err))
	}
	if whole != "" {
		ending.Whole = showLine(c, whole)
	}
	w := env.stderr
	_ = env.text(w).Ending(w, result, ending)
	if len(unreported) > 0 && whole == "" {
		_ = report.JSON(w, result)
	}
}

// showLine returns the command that shows a saved result, for pasting.
func showLine(c *cli.Context, file string) string {
	return "qlsync show" + commandline.Given(c, []cli.Flag{directoryFlag()}) + " " + commandline.Word(file)
}

// keepUntold saves a result whose report has crashed, or writes it as JSON.
func (env *environment) keepUntold(c *cli.Context, project *engine.Project, result any) {
	file, err := project.KeepResult(result)
	if err != nil {
		_ = report.JSON(env.stderr, result)
		return
	}
	fmt.Fprintln(env.stderr, "The report has crashed. To see the result, run: "+showLine(c, file))
}

// reportedIn returns the file to which the result was written in that form; empty: none.
func (env *environment) reportedIn(c *cli.Context, form string) string {
	for _, pair := range c.StringSlice("report") {
		name, file, _ := strings.Cut(pair, "=")
		if name == form && env.output("", file).IsRegular() {
			return file
		}
	}
	return ""
}

// nextCommand returns the command that does the rest of the work or shows it: the given command,
// with the flags that still have the same meaning. The hash of a plan and the confirmation of its
// deletes and recreates do not, because the rest is another plan. A plan file still applies to the
// rest as far as it matches.
func nextCommand(c *cli.Context, result *apply.Result) string {
	left := result.Ledger.Planned - result.Ledger.Done
	file := c.Args().First()
	switch {
	case result.Complete():
		return ""
	case left == 0, file == "-", slices.ContainsFunc(append(confirmations, "plan-hash"), func(name string) bool { return c.String(name) != "" }):
		return againOn(c, "plan", result.Tenant.Name)
	}
	command := given(c, "apply", c.Command.Flags, append(confirmations, "plan-hash", "on-stale")...)
	if file != "" {
		command = with(command, commandline.Word(file)+" --on-stale skip")
	}
	return command
}
