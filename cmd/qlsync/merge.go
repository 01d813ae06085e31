package main

import (
	"cmp"
	"errors"
	"fmt"

	"github.com/urfave/cli/v2"

	"github.com/qlsync/qlsync/internal/report"
	"github.com/qlsync/qlsync/pkg/apply"
	"github.com/qlsync/qlsync/pkg/plan"
)

func mergeCommand(env *environment) *cli.Command {
	names := report.DriftFormats(report.HTML{}).Names() // plans and results have no other ones
	return &cli.Command{
		Name:      "merge",
		Usage:     "merge the plans, drift reports or results of several runs",
		ArgsUsage: "FILE...",
		Description: "A FILE contains reports in JSON or JSON Lines, for example the log of a runner; other lines are skipped. - is standard input. " +
			"If a tenant has several reports, the newest counts. merge names the shards and tenants without a report, and ends with the exit " +
			"code of one run on all tenants. It needs no project and no network. With --gate, it decides whether the next wave of a rollout may begin.",
		Flags: append(outputFlags(names), gateFlag(), colorFlag(), noColorFlag(), raiseFlag(), exitZeroFlag(),
			detailedFlag(), allowRefusedFlag()),
		Action: func(c *cli.Context) error { return runMerge(c, env) },
	}
}

const gateName = "gate"

func gateFlag() cli.Flag {
	return &cli.StringFlag{Name: gateName, Usage: "of results: exit with 0 only if all tenants of the wave `NAME` have a report and the rollout may go on to the next wave, otherwise with 4"}
}

func runMerge(c *cli.Context, env *environment) error {
	if c.NArg() == 0 {
		return errors.New("merge takes the files with the reports, or - for standard input: see qlsync merge --help")
	}
	if err := env.colour(c); err != nil {
		return err
	}
	raise, err := raised(c)
	if err != nil {
		return err
	}
	scan, err := env.files().ReadReports(c.Context, c.Args().Slice(), raise)
	if err != nil {
		return fmt.Errorf("merge: %w", err)
	}
	format, err := scan.Format()
	if err != nil {
		return fmt.Errorf("merge: %w", err)
	}
	gate := c.String(gateName)
	if gate != "" && format != report.ResultsFormat {
		return fmt.Errorf("merge: --%s needs the results of an apply, and these reports are %s", gateName, format)
	}
	switch format {
	case report.PlansFormat:
		return merge(c, env, scan, report.MergePlans, report.PlansFormats(), func(f *report.Fleet[plan.Plan]) error {
			return cmp.Or(unseen(c, f), planned(c, f.Reports()...))
		})
	case report.DriftsFormat:
		return merge(c, env, scan, report.MergeDrifts, report.DriftsFormats(report.HTML{}), func(f *report.Fleet[plan.Drift]) error {
			return cmp.Or(unseen(c, f), drifted(c, f.Reports()...))
		})
	}
	return merge(c, env, scan, report.MergeResults, report.ResultsFormats(), func(f *report.Fleet[apply.Result]) error {
		if gate == "" {
			return resultsCode(f)
		}
		reasons := report.Gate(f, gate)
		if len(reasons) == 0 {
			fmt.Fprintf(env.stderr, "The rollout may go on after wave %s.\n", report.Sanitize(gate))
			return nil
		}
		return &exit{exitRefused, fmt.Errorf("the rollout may not go on after wave %s", gate), reasons}
	})
}

// merge puts reports of one kind together, writes them, and returns how one run would have ended.
func merge[T any](c *cli.Context, env *environment, scan *report.Scan, merge func(*report.Scan) (*report.Fleet[T], []string, error),
	all report.Formats[*report.Fleet[T]], ends func(*report.Fleet[T]) error,
) error {
	if err := cmp.Or(checkFlags(c, env, all), env.checkReplaced(c, nil)); err != nil {
		return err
	}
	merged, notes, err := merge(scan)
	if err != nil {
		return fmt.Errorf("merge: %w", err)
	}
	for _, note := range notes {
		fmt.Fprintln(env.stderr, "merge: "+report.Sanitize(note))
	}
	return cmp.Or(write(c, env, all, merged), ends(merged))
}
