package main

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/qlsync/qlsync/internal/commandline"
	"github.com/qlsync/qlsync/internal/engine"
	"github.com/qlsync/qlsync/internal/report"
	"github.com/qlsync/qlsync/pkg/plan"
)

func driftCommand(env *environment) *cli.Command {
	return &cli.Command{
		Name:  "drift",
		Usage: "show where the tenant differs from the files; writes nothing",
		Flags: slices.Concat(sharedFlags(), outputFlags(report.DriftFormats(report.HTML{}).Names()), severalFlags(), usageFlags(), []cli.Flag{
			attemptFlag(),
			impactFlag("show how many apps depend on each connection, and sort by that number"),
			exitZeroFlag(),
			historyFlag("append this run to `FILE`, one JSON value per line; the html report shows all of them"),
			readsFlag(),
			&cli.StringFlag{Name: readSubsetName, Usage: "also read part K of N of the connections in detail, as `K/N`, where K is from 0 to N-1"},
			commandline.Choices(
				commandline.Repeatable("ignore", "leave out a `KIND` of drift, such as unmanaged; repeatable"),
				driftKinds(),
			),
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
	if err := cmp.Or(commandline.NoArguments(c), checkFlags(c, env, report.DriftFormats(report.HTML{})), checkSeveral(c, false, usageHistoryName)); err != nil {
		return err
	}
	for _, kind := range c.StringSlice("ignore") {
		if err := commandline.CheckChoice("--ignore", kind, driftKinds()); err != nil {
			return err
		}
	}
	chosen, err := env.choose(c, usageHistoryName)
	if err != nil {
		return err
	}
	if chosen.isSeveral {
		return driftAll(c, env, chosen)
	}
	s, err := chosen.open(c, c.String("tenant"))
	if err != nil {
		return err
	}
	defer s.Close()
	drift, err := s.Drift(c.Context, driftOptions(c, env.clock()))
	if err != nil {
		return err
	}
	if err := env.writeDrift(c, drift); err != nil {
		return err
	}
	env.afterDrift(c, drift)
	return drifted(c, drift)
}

// driftOptions returns the options of a drift report from the flags.
func driftOptions(c *cli.Context, at time.Time) engine.DriftOptions {
	o := engine.DriftOptions{At: at, Impact: c.Bool("impact"), Usage: usageOptions(c)}
	for _, kind := range c.StringSlice("ignore") {
		o.Ignored = append(o.Ignored, plan.DriftKind(kind))
	}
	return o
}

// writeDrift writes a drift report, with the history of earlier runs.
func (env *environment) writeDrift(c *cli.Context, drift *plan.Drift) error {
	if err := env.files().AppendHistory(c.String("history"), drift); err != nil {
		return err
	}
	history, err := env.history(c, drift.Project, drift.Tenant.Name)
	if err != nil {
		return err
	}
	return write(c, env, report.DriftFormats(report.HTML{History: history}), drift)
}

// driftAll writes the drift of several tenants.
func driftAll(c *cli.Context, env *environment, chosen *choice) error {
	at := env.clock()
	drifts := newFleet[plan.Drift](env, chosen, report.DriftsFormat)
	unwritten := eachTenant(c, env, chosen, chosen.tenants, drifts, func(ctx context.Context, s *engine.Session) (*plan.Drift, error) {
		return s.Drift(ctx, driftOptions(c, at))
	})
	if err := env.writeDrifts(c, drifts, unwritten); err != nil {
		return err
	}
	found := drifts.Reports()
	env.afterDrift(c, found...)
	return cmp.Or(unseen(c, drifts), drifted(c, found...))
}

// drifted returns how drift ends: with 2 if anything differs or could not be seen.
func drifted(c *cli.Context, drifts ...*plan.Drift) error {
	differs := slices.ContainsFunc(drifts, func(d *plan.Drift) bool { return len(d.Items)+len(d.Incomplete) > 0 })
	if differs && !c.Bool("exit-zero") {
		return &exit{code: exitDiffers}
	}
	return nil
}

func (env *environment) writeDrifts(c *cli.Context, drifts *report.Fleet[plan.Drift], unwritten error) error {
	if err := env.files().AppendHistory(c.String("history"), drifts.Reports()...); err != nil {
		return err
	}
	history, err := env.history(c, drifts.Project, drifts.Names()...)
	if err != nil {
		return err
	}
	return writeFleet(c, env, report.DriftsFormats(report.HTML{History: history}), drifts, unwritten)
}
