package main

import (
	"github.com/urfave/cli/v2"

	"github.com/qlsync/qlsync/pkg/plan"
	"github.com/qlsync/qlsync/pkg/report"
)

func driftCommand(env *environment) *cli.Command {
	return &cli.Command{
		Name:   "drift",
		Usage:  "show where the tenant differs from the files; ends with 2 when it does, writes nothing",
		Flags:  append(sharedFlags(), formatFlag()),
		Action: func(c *cli.Context) error { return runDrift(c, env) },
	}
}

func runDrift(c *cli.Context, env *environment) error {
	if err := firstOf(noArguments(c), checkFormat(c)); err != nil {
		return err
	}
	s, err := open(c, env)
	if err != nil {
		return err
	}
	defer s.close()
	in, err := s.input(c.Context)
	if err != nil {
		return err
	}
	drift, problems := plan.FindDrift(in)
	if err := env.report(problems); err != nil {
		return err
	}
	if err := env.write(c, drift, func(t report.Text) error { return t.Drift(env.stdout, drift) }); err != nil {
		return err
	}
	if len(drift.Items) > 0 {
		return &exit{code: exitDiffers}
	}
	return nil
}
