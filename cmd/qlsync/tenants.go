package main

import (
	"context"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/qlsync/qlsync/internal/engine"
	"github.com/qlsync/qlsync/pkg/plan"
	"github.com/qlsync/qlsync/pkg/report"
)

// eachTenant looks at all tenants of the project file; see [engine.EachTenant]. What is
// said meanwhile begins with the tenant's name.
func eachTenant[T any](c *cli.Context, env *environment, format string, look func(context.Context, *engine.Session) (*T, error)) (*plan.Fleet[T], error) {
	events := newListener(c, env)
	project, err := readProject(c, env, events)
	if err != nil {
		return nil, err
	}
	options, err := sessionOptions(c)
	if err != nil {
		return nil, err
	}
	events.tenants = len(project.Tenants)
	events.begin()
	defer events.end()
	return engine.EachTenant(c.Context, project, options, format, look), nil
}

// unseen is how a command ends that could not look at all tenants: the report says at
// which.
func unseen(c *cli.Context) error {
	if err := c.Context.Err(); err != nil {
		return err
	}
	return &exit{code: exitError}
}

// planAll plans for every tenant.
func planAll(c *cli.Context, env *environment) error {
	options, err := planOptions(c)
	if err != nil {
		return err
	}
	plans, err := eachTenant(c, env, plan.PlansFormat, func(ctx context.Context, s *engine.Session) (*plan.Plan, error) { return s.Plan(ctx, options) })
	if err != nil {
		return err
	}
	if err := plansFormats().write(c, env, plans); err != nil {
		return err
	}
	changes, isRefused := false, false
	for _, member := range plans.Tenants {
		if p := member.Report; p != nil {
			changes = changes || !p.Empty()
			isRefused = isRefused || p.Refusal != nil || !p.Empty() && len(p.Steps) == 0
		}
	}
	switch {
	case plans.Failed() > 0:
		return unseen(c)
	case isRefused:
		return &exit{code: exitRefused}
	case c.Bool("detailed-exitcode") && changes:
		return &exit{code: exitDiffers}
	}
	return nil
}

// driftAll looks for drift of every tenant.
func driftAll(c *cli.Context, env *environment) error {
	at := time.Now()
	drifts, err := eachTenant(c, env, plan.DriftsFormat, func(ctx context.Context, s *engine.Session) (*plan.Drift, error) {
		return s.Drift(ctx, at, ignoredKinds(c))
	})
	if err != nil {
		return err
	}
	if err := env.writeDrifts(c, drifts); err != nil {
		return err
	}
	differs := false
	for _, member := range drifts.Tenants {
		differs = differs || member.Report != nil && len(member.Report.Items)+len(member.Report.Incomplete) > 0
	}
	switch {
	case drifts.Failed() > 0:
		return unseen(c)
	case differs:
		return &exit{code: exitDiffers}
	}
	return nil
}

func (env *environment) writeDrifts(c *cli.Context, drifts *plan.Fleet[plan.Drift]) error {
	var found []*plan.Drift
	var names []string
	for _, member := range drifts.Tenants {
		names = append(names, member.Tenant.Name)
		if member.Report != nil {
			found = append(found, member.Report)
		}
	}
	if err := engine.AppendHistory(c.String("history"), found...); err != nil {
		return err
	}
	history, err := env.history(c, drifts.Project, names...)
	if err != nil {
		return err
	}
	return driftsFormats(report.HTML{History: history}).write(c, env, drifts)
}
