package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/qlsync/qlsync/internal/commandline"
	"github.com/qlsync/qlsync/internal/engine"
	"github.com/qlsync/qlsync/internal/report"
	"github.com/qlsync/qlsync/pkg/plan"
)

// next writes the next step to standard error: a command that can be pasted. There is none with
// --quiet, for a result that a program reads, and for an empty command.
func (env *environment) next(c *cli.Context, purpose, command string) {
	format := c.String("format")
	if command == "" || c.Bool("quiet") || format != "" && format != report.FormatText {
		return
	}
	fmt.Fprintln(env.stderr)
	_ = env.text(env.stderr).NextCommands(env.stderr, purpose+":", command)
}

// confirmations are the flags that belong to one plan.
var confirmations = []string{"confirm-deletes", "confirm-recreates", "confirm-impact"}

// repeatedFlags returns the flags of plan and apply that the next step repeats. With another history of
// uses, apply could count other dependents than plan.
func repeatedFlags() []cli.Flag { return slices.Concat(sharedFlags(), planFlags(), usageFlags()) }

// again returns a command that plans as this line does, without the confirmations; see [given].
func again(c *cli.Context, command string) string {
	return given(c, command, repeatedFlags(), slices.Concat(appearance, confirmations)...)
}

// againOn is [again] for the tenant of the plan file, if the line has one.
func againOn(c *cli.Context, command, tenant string) string {
	if c.NArg() == 0 || c.IsSet("tenant") {
		return again(c, command)
	}
	return with(again(c, command), "-t "+commandline.Word(tenant))
}

// againAll is [again] for the list of tenants of the line.
func againAll(c *cli.Context, command string) string {
	line := given(c, command, slices.Concat(repeatedFlags(), severalFlags()), slices.Concat(appearance, confirmations)...)
	if !slices.ContainsFunc([]string{allTenantsName, "tenant", groupName, waveName}, c.IsSet) { // a file listed the tenants
		line = with(line, "--"+allTenantsName)
	}
	return line
}

// given returns a command with the flags of this line that are among the known ones, without some
// of them. It is empty if the targets came from standard input, so that the line cannot be repeated.
func given(c *cli.Context, command string, known []cli.Flag, but ...string) string {
	if c.String("target-file") == "-" {
		return ""
	}
	return "qlsync " + command + commandline.Given(c, known, but...)
}

// with adds to a command, if there is one.
func with(command, words string) string {
	if command == "" || words == "" {
		return command
	}
	return command + " " + words
}

// afterPlan writes what to do with a plan.
func (env *environment) afterPlan(c *cli.Context, p *plan.Plan) {
	apply := given(c, "apply", repeatedFlags(), appearance...)
	if p.Refusal != nil {
		apply = with(again(c, "apply"), confirmation(p))
	}
	apply = withPlanFile(c, apply)
	switch {
	case p.Empty() && p.Refusal == nil:
	case c.IsSet("snapshot"):
		env.next(c, "To plan from the tenant itself", again(c, "plan"))
	case p.Refusal != nil:
		env.next(c, "To apply it anyway, if this is intended", apply)
	case len(p.Steps) == 0 && p.Summary.Refused > 0:
		env.next(c, "Fix what is refused, then plan again", again(c, "plan"))
	case len(p.Steps) == 0:
		env.next(c, "When that is done, plan again", again(c, "plan"))
	case p.Summary.Refused > 0:
		env.next(c, "To apply the rest", apply)
	default:
		env.next(c, "To apply this plan", apply)
	}
}

// confirmation returns the flags that confirm a refused plan; empty for none.
func confirmation(p *plan.Plan) string {
	confirm, _ := p.Refusal.Reason.Args["confirm"].(string)
	return confirm
}

// afterPlans writes what to do with the plans of several tenants.
func (env *environment) afterPlans(c *cli.Context, plans *report.Fleet[plan.Plan]) {
	isReady, isRefused := false, false
	for _, p := range plans.Reports() {
		switch {
		case len(p.Steps) > 0 && p.Refusal == nil:
			isReady = true
		default:
			isRefused = isRefused || refuses(p)
		}
	}
	apply := againAll(c, "apply")
	line := given(c, "apply", slices.Concat(repeatedFlags(), severalFlags()), slices.Concat(appearance, confirmations, []string{allTenantsName})...)
	if file := withPlanFile(c, line); file != line { // the plan file names the tenants
		apply = file
	}
	switch {
	case c.Context.Err() != nil:
	case plans.Failed() > 0:
		env.next(c, "Fix that, then plan again", againAll(c, "plan"))
	case isReady && isRefused:
		env.next(c, "To apply the rest", apply)
	case isReady:
		env.next(c, "To apply these plans", apply)
	case isRefused:
		env.next(c, "Fix what is refused, then plan again", againAll(c, "plan"))
	}
}

// afterRefusal returns the refusal of an apply with the next step.
func afterRefusal(c *cli.Context, err error, purpose, command string) error {
	refusal, ok := errors.AsType[*engine.Refusal](err)
	if !ok || c.Bool("quiet") || command == "" {
		return err
	}
	return &engine.Refusal{Err: refusal.Err, Reason: refusal.Reason, Details: append(slices.Clone(refusal.Details), purpose+", run: "+command)}
}

// afterDrift writes what to do about drift.
func (env *environment) afterDrift(c *cli.Context, drifts ...*plan.Drift) {
	for _, d := range drifts {
		if slices.ContainsFunc(d.Items, func(item plan.DriftItem) bool { return item.Apply != plan.ApplyNothing }) {
			command := followUp(c, "plan", c.String("tenant"))
			env.next(c, "To see what apply would change", command+commandline.Given(c, severalFlags()))
			return
		}
	}
	for _, d := range drifts {
		if slices.ContainsFunc(d.Items, func(item plan.DriftItem) bool { return item.Kind == plan.DriftUnmanaged }) {
			tenant := c.String("tenant")
			if c.Bool(allTenantsName) || strings.ContainsAny(tenant, ",*?") {
				tenant = d.Tenant.Name
			}
			env.next(c, "To export the unmanaged connections, or see why that is not possible", followUp(c, "export", tenant))
			return
		}
	}
}
