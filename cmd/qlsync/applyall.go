package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/urfave/cli/v2"

	"github.com/qlsync/qlsync/internal/commandline"
	"github.com/qlsync/qlsync/internal/engine"
	"github.com/qlsync/qlsync/internal/guard"
	"github.com/qlsync/qlsync/internal/infile"
	"github.com/qlsync/qlsync/internal/report"
	"github.com/qlsync/qlsync/internal/report/messages"
	"github.com/qlsync/qlsync/internal/words"
	"github.com/qlsync/qlsync/pkg/apply"
	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/plan"
	"github.com/qlsync/qlsync/pkg/spec"
)

const resumeName = "resume"

// fleetApply is an apply to several tenants. Each tenant has its own plan, lock and result.
type fleetApply struct {
	*choice
	options  engine.PlanOptions
	reviewed *report.Fleet[plan.Plan]    // nil: none
	earlier  *report.Fleet[apply.Result] // of --resume; nil: none
}

// listed returns a function that returns the names of the tenants in the files of the line; nil
// without a file. Tenants that have joined since the plans were made belong to them: they are
// reported, because they would be left out unnoticed otherwise.
func (a *fleetApply) listed() func(*engine.Project) []string {
	if a.earlier == nil && a.reviewed == nil {
		return nil
	}
	return func(p *engine.Project) (names []string) {
		if a.earlier != nil {
			names = a.earlier.Names()
		} else {
			names = a.reviewed.Names()
		}
		if a.reviewed != nil {
			names = append(names, p.Covered(a.reviewed)...)
		}
		return names
	}
}

// applyAll applies to the selected tenants, and reports all of them.
func applyAll(c *cli.Context, env *environment, a *fleetApply) error {
	for _, file := range []struct{ name, project string }{{"the plan file", projectOf(a.reviewed)}, {"--" + resumeName, projectOf(a.earlier)}} {
		if file.project != "" && file.project != a.Name {
			return fmt.Errorf("%s is of project %q, not %q", file.name, file.project, a.Name)
		}
	}
	if a.reviewed != nil && !a.reviewed.Rollout.Same(a.Rolling()) {
		return afterRefusal(c, engine.Refused(connection.Because("rollout-changed")), "To plan again", with(againAll(c, "plan"), "--out plans.json"))
	}
	a.tenants = a.undone()
	if a.reviewed == nil && !c.Bool("auto-approve") && len(a.tenants) > 0 {
		if err := a.approve(c, env); err != nil {
			return err
		}
	}
	results := newFleet[apply.Result](env, a.choice, report.ResultsFormat)
	ready, rest := a.split()
	if a.reviewed != nil {
		results.Hash = a.reviewed.Hash
	}
	var mu sync.Mutex
	var unsaved error
	look := func(ctx context.Context, s *engine.Session) (*apply.Result, error) {
		o := engine.ApplyOptions{Plan: a.options, LockDir: c.String(lockDirName), LockTimeout: c.Duration(lockTimeoutName), Parallelism: c.Int("parallelism")}
		if member := a.reviewed.Of(s.Tenant().Name); member != nil {
			o.Plan.Reviewed = member.Report
		}
		result, err := s.PlanAndApply(ctx, o)
		mu.Lock()
		defer mu.Unlock()
		unsaved = cmp.Or(unsaved, s.Unsaved())
		return result, err
	}
	unwritten := eachOf(c, env, a.choice, len(ready), rest, results, func(o engine.SessionOptions, ended func(*report.Member[apply.Result])) *guard.Panic {
		return a.RollOut(c.Context, ready, o, results, engine.Outside{Earlier: a.earlier, Rest: rest}, look, ended)
	})
	env.writing.Store(false)
	unsaved = env.tellUnsaved(unsaved)
	if crash := guard.Try(func() { env.tellAll(c, a.Project, results, unwritten) }); crash != nil {
		env.keepUntold(c, a.Project, results)
		panic(crash)
	}
	for _, r := range results.Reports() {
		if env.crash == nil {
			env.crash, _ = errors.AsType[*guard.Panic](r.Crash)
		}
	}
	return cmp.Or(resultsCode(results), unsaved)
}

// undone returns the tenants that the earlier result does not show as done and checked.
func (a *fleetApply) undone() (tenants []spec.Tenant) {
	rollout := a.Rolling()
	for _, tenant := range a.tenants {
		before := a.earlier.Before(engine.PlanTenant(&tenant))
		if before != nil {
			before.Wave = a.WaveOf(&tenant) // the rollout may have changed, for example the name of the wave
		}
		if before == nil || before.Outcome != report.OutcomeDone || rollout.Unchecked(before) {
			tenants = append(tenants, tenant)
		}
	}
	return tenants
}

func projectOf[T any](f *report.Fleet[T]) string {
	if f == nil {
		return ""
	}
	return f.Project
}

// resultsCode returns how an apply to several tenants ends. A tenant whose apps were to be checked and
// were not is applied in part.
func resultsCode(results *report.Fleet[apply.Result]) error {
	wrote := slices.ContainsFunc(results.Reports(), (*apply.Result).Wrote)
	outcomes := outcomesOf(results)
	for i := range results.Tenants {
		if results.Rollout.Unchecked(&results.Tenants[i]) {
			outcomes = append(outcomes, report.OutcomePartial)
		}
	}
	if code := fleetCode(outcomes, wrote, results.Signal); code != exitOK {
		return &exit{code: code}
	}
	return nil
}

// split returns the tenants with a reviewed plan, and the results of the others, to which nothing is
// sent. Without reviewed plans, all tenants are planned.
func (a *fleetApply) split() (ready []spec.Tenant, rest []report.Member[apply.Result]) {
	if a.reviewed == nil {
		return a.tenants, nil
	}
	leave := func(tenant plan.Tenant, wave string, outcome report.Outcome, reason connection.Reason) {
		member := report.Member[apply.Result]{Tenant: tenant, Wave: wave, Outcome: outcome, Error: messages.Text(reason)}
		member.Keep(a.earlier.Before(tenant))
		rest = append(rest, member)
	}
	for _, tenant := range a.tenants {
		member := a.reviewed.Of(tenant.Name)
		of, wave := engine.PlanTenant(&tenant), a.WaveOf(&tenant)
		switch {
		case member == nil:
			leave(of, wave, report.OutcomeStale, connection.Because("tenant-not-in-plans"))
		case member.Report == nil:
			leave(of, wave, cmp.Or(member.Outcome, report.OutcomeRefused), connection.Because("tenant-without-plan", "error", member.Error))
		case member.Wave != wave:
			leave(of, wave, report.OutcomeStale, connection.Because("tenant-in-other-wave", "wave", wave, "reviewed", member.Wave))
		default:
			ready = append(ready, tenant)
		}
	}
	if a.earlier != nil || a.shard.Count > 0 || a.wave != "" {
		return ready, rest
	}
	for _, member := range a.reviewed.Tenants {
		if _, err := a.Project.Tenant(member.Tenant.Name); err != nil {
			leave(member.Tenant, member.Wave, report.OutcomeStale, connection.Because("tenant-left-project"))
		}
	}
	return ready, rest
}

// approve plans for all tenants, shows the plans and asks once for all of them. The plans are the
// reviewed ones from then on.
func (a *fleetApply) approve(c *cli.Context, env *environment) error {
	if !env.isTerminal(env.stdin) {
		return afterRefusal(c, engine.Refused(connection.Because("approvals-need-terminal")),
			"To plan for review", with(againAll(c, "plan"), "--out plans.json"))
	}
	plans := newFleet[plan.Plan](env, a.choice, report.PlansFormat)
	plans.Selected = nil // these are not the result
	if err := eachTenant(c, env, a.choice, a.tenants, plans, func(ctx context.Context, s *engine.Session) (*plan.Plan, error) {
		return s.Plan(ctx, a.options)
	}); err != nil {
		return err
	}
	if err := c.Context.Err(); err != nil {
		return err
	}
	plans.Hash = report.FleetHash(plans)
	a.reviewed = plans
	changes, changing := 0, 0
	for _, p := range plans.Reports() {
		if len(p.Steps) > 0 && p.Refusal == nil {
			changes, changing = changes+len(p.Changes)+len(p.Rotations)-p.Summary.Refused, changing+1
		}
	}
	w := env.sideStream(c)
	shown := env.text(w).Plans(w, plans)
	if shown == nil {
		_, shown = fmt.Fprintln(w)
	}
	if err := cmp.Or(shown, env.text(env.stderr).PlanLines(env.stderr, plans)); err != nil {
		return engine.Refused(connection.Because("plan-not-shown", "error", err.Error()))
	}
	if changing == 0 {
		return nil
	}
	return env.ask(c.Context, fmt.Sprintf("Apply these plans (%s) to %s? Type yes to apply: ", words.Count(changes, "change"), words.Count(changing, "tenant")))
}

// tellAll is [environment.tell] for several tenants.
func (env *environment) tellAll(c *cli.Context, project *engine.Project, results *report.Fleet[apply.Result], unwritten error) {
	err := writeFleet(c, env, report.ResultsFormats(), results, unwritten)
	isDone := resultsCode(results) == nil
	if err == nil && isDone {
		return
	}
	whole := env.reportedIn(c, report.FormatJSON)
	if err != nil {
		_ = env.text(env.stderr).Failure(env.stderr, infile.ErrorText(err))
		whole = ""
	}
	if whole == "" {
		if whole, err = project.KeepResult(results); err != nil {
			_ = env.text(env.stderr).Failure(env.stderr, infile.ErrorText(err))
			_ = report.JSON(env.stderr, results)
			return
		}
	}
	fmt.Fprintln(env.stderr, "Full result: "+report.Sanitize(showLine(c, whole)))
	if !isDone && !slices.ContainsFunc(outcomesOf(results), func(o report.Outcome) bool { return o != report.OutcomeDone && o != report.OutcomeStale }) {
		env.next(c, "To plan again", with(againAll(c, "plan"), "--out plans.json"))
		return
	}
	if command := given(c, "apply", c.Command.Flags, resumeName); command != "" && !isDone && c.Args().First() != "-" {
		if file := c.Args().First(); file != "" {
			command = with(command, commandline.Word(file))
		}
		env.next(c, "To continue with the tenants that are not done", with(command, "--"+resumeName+" "+commandline.Word(whole)))
	}
}

// earlierResult reads the file of --resume; nil if there is none.
func earlierResult(c *cli.Context, env *environment) (*report.Fleet[apply.Result], error) {
	name := c.String(resumeName)
	if name == "" {
		return nil, nil
	}
	text, err := env.saved(c, name)
	if err != nil {
		return nil, fmt.Errorf("--%s %q: %w", resumeName, name, err)
	}
	earlier, err := report.ReadFleet[apply.Result](bytes.NewReader(text))
	if err == nil && earlier.Format != report.ResultsFormat {
		err = fmt.Errorf("its format is %q; it must be %s", earlier.Format, report.ResultsFormat)
	}
	if err != nil {
		return nil, fmt.Errorf("--%s %q: %w", resumeName, name, err)
	}
	return earlier, nil
}
