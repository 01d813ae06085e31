package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/urfave/cli/v2"

	"github.com/qlsync/qlsync/internal/commandline"
	"github.com/qlsync/qlsync/internal/engine"
	"github.com/qlsync/qlsync/internal/outfile"
	"github.com/qlsync/qlsync/internal/report"
	"github.com/qlsync/qlsync/pkg/plan"
)

func planCommand(env *environment) *cli.Command {
	return &cli.Command{
		Name:  "plan",
		Usage: "show what apply would change, in which steps and at what cost; writes nothing to the tenant",
		Flags: slices.Concat(sharedFlags(), outputFlags(report.PlanFormats().Names()), planFlags(), severalFlags(), []cli.Flag{
			attemptFlag(),
			&cli.StringFlag{Name: "snapshot", Usage: "plan from this `FILE`, which qlsync snapshot wrote, without a network or a token; - is standard input"},
			&cli.StringFlag{Name: "out", Usage: "write the plan, or the plans of several tenants, to `FILE` for apply, as JSON that only you can read"},
			&cli.StringFlag{Name: "cache", Usage: "cache reads in the folder `DIR`, and read again only connections that were updated and apps that were reloaded since"},
			usageHistoryFlag(),
			impactFlag("show which apps depend on each connection that the plan can break"),
			detailedFlag(), allowRefusedFlag(),
		}),
		Action: func(c *cli.Context) error { return runPlan(c, env) },
	}
}

func runPlan(c *cli.Context, env *environment) error {
	alone := append([]string{"snapshot", usageHistoryName}, ofOnePlan...)
	if err := cmp.Or(commandline.NoArguments(c), checkFlags(c, env, report.PlanFormats()), checkSeveral(c, false, alone...)); err != nil {
		return err
	}
	if c.IsSet("snapshot") && c.IsSet("cache") {
		return errors.New("--cache cannot be used with --snapshot, which replaces all reads")
	}
	options, err := planOptions(c, env)
	if err != nil {
		return err
	}
	chosen, err := env.choose(c, alone...)
	if err != nil {
		return err
	}
	if chosen.isSeveral {
		return planAll(c, env, chosen, options)
	}
	s, err := chosen.open(c, c.String("tenant"))
	if err != nil {
		return err
	}
	defer s.Close()
	p, err := s.Plan(c.Context, options)
	if err != nil {
		return err
	}
	unconfirmed := engine.Confirm(p, confirmed(c))
	if err := env.writePlanFile(c, p); err != nil {
		return err
	}
	if err := write(c, env, report.PlanFormats(), p); err != nil {
		return err
	}
	if unconfirmed != nil {
		return unconfirmed
	}
	env.afterPlan(c, p)
	return planned(c, p)
}

// writePlanFile writes the plan, or the plans of several tenants, to the file of --out, if there is one.
func (env *environment) writePlanFile(c *cli.Context, value any) error {
	file := c.String("out")
	if file == "" {
		return nil
	}
	if err := env.output("", file).Write(func(w io.Writer) error { return report.JSON(w, value) }); err != nil {
		return fmt.Errorf("plan file: %w", err)
	}
	return nil
}

// withPlanFile adds the file of --out to a command, if apply can read it.
func withPlanFile(c *cli.Context, command string) string {
	if file := c.String("out"); file != "" && !outfile.IsStream(file) {
		return with(command, commandline.Word(file))
	}
	return command
}

// planned returns how plan ends: with 4 if anything is refused, else with 2 if that is asked for
// and anything differs.
func planned(c *cli.Context, plans ...*plan.Plan) error {
	switch {
	case !c.Bool("allow-refused") && slices.ContainsFunc(plans, refuses):
		return &exit{code: exitRefused}
	case c.Bool("detailed-exitcode") && slices.ContainsFunc(plans, func(p *plan.Plan) bool { return !p.Empty() }):
		return &exit{code: exitDiffers}
	}
	return nil
}

// refuses reports whether a plan is refused as a whole or in part, or only has changes that wait
// for a person.
func refuses(p *plan.Plan) bool {
	return p.Refusal != nil || p.Summary.Refused > 0 || !p.Empty() && len(p.Steps) == 0
}

// ofOnePlan are the flags that belong to the plan of one tenant.
var ofOnePlan = append([]string{"target", "target-file", "exclude"}, confirmations...)

// planAll plans for several tenants.
func planAll(c *cli.Context, env *environment, chosen *choice, options engine.PlanOptions) error {
	plans := newFleet[plan.Plan](env, chosen, report.PlansFormat)
	if selection := (report.Selection{Names: c.String("tenant"), Groups: c.String(groupName), Wave: c.String(waveName)}); selection != (report.Selection{}) {
		plans.Selections = []report.Selection{selection}
	}
	unwritten := eachTenant(c, env, chosen, chosen.tenants, plans, func(ctx context.Context, s *engine.Session) (*plan.Plan, error) { return s.Plan(ctx, options) })
	plans.Hash = report.FleetHash(plans)
	plans.Selected = nil
	if err := env.writePlanFile(c, plans); err != nil {
		return err
	}
	if err := writeFleet(c, env, report.PlansFormats(), plans, unwritten); err != nil {
		return err
	}
	env.afterPlans(c, plans)
	return cmp.Or(unseen(c, plans), planned(c, plans.Reports()...))
}
