package main

import (
	"fmt"
	"slices"

	"github.com/urfave/cli/v2"

	"github.com/qlsync/qlsync/pkg/plan"
)

func driftCommand(env *environment) *cli.Command {
	return &cli.Command{
		Name:  "drift",
		Usage: "show where the tenant differs from the files; ends with 2 when it does, writes nothing",
		Flags: slices.Concat(sharedFlags(), driftFormats().flags(), []cli.Flag{
			choices{
				&cli.StringSliceFlag{Name: "ignore", Usage: "leave out a `KIND` of drift, such as unmanaged; repeatable"},
				driftKinds(),
			},
		}),
		Action: func(c *cli.Context) error { return runDrift(c, env) },
	}
}

func driftKinds() []string {
	var names []string
	for _, kind := range plan.DriftKinds() {
		names = append(names, string(kind))
	}
	return names
}

func runDrift(c *cli.Context, env *environment) error {
	if err := firstOf(noArguments(c), driftFormats().check(c)); err != nil {
		return err
	}
	for _, kind := range c.StringSlice("ignore") {
		if !slices.Contains(driftKinds(), kind) {
			return fmt.Errorf("ignore %q: it must be %s", kind, oneOf(driftKinds()))
		}
	}
	s, err := open(c, env)
	if err != nil {
		return err
	}
	defer s.close()
	s.people = true
	in, err := s.input(c.Context)
	if err != nil {
		return err
	}
	drift, problems := plan.FindDrift(in)
	if err := env.report(problems); err != nil {
		return err
	}
	for _, kind := range c.StringSlice("ignore") {
		drift.Ignore(plan.DriftKind(kind))
	}
	if err := driftFormats().write(c, env, drift); err != nil {
		return err
	}
	if len(drift.Items)+len(drift.Incomplete) > 0 {
		return &exit{code: exitDiffers}
	}
	return nil
}
