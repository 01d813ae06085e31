package main

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/qlsync/qlsync/internal/commandline"
	"github.com/qlsync/qlsync/internal/engine"
	"github.com/qlsync/qlsync/internal/guard"
	"github.com/qlsync/qlsync/internal/report"
	"github.com/qlsync/qlsync/pkg/apply"
	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/plan"
	"github.com/qlsync/qlsync/pkg/spec"
)

func applyCommand(env *environment) *cli.Command {
	return &cli.Command{
		Name:      "apply",
		Usage:     "bring the tenant, or several tenants, in sync with the files",
		ArgsUsage: "[plan.json]",
		Description: "apply plans, shows the plan, asks for approval, and applies the plan. With a plan file or --plan-hash, apply does not ask: it goes on " +
			"only if planning again produces exactly the reviewed plan. The plan file - is standard input. With several " +
			"tenants, each tenant has its own plan and lock, apply asks once for all of them, and an error in one tenant does not stop the others.",
		Flags: slices.Concat(sharedFlags(), outputFlags(report.ResultFormats().Names()), planFlags(), severalFlags(), usageFlags(), []cli.Flag{
			attemptFlag(),
			&cli.StringFlag{Name: resumeName, Usage: "continue with the tenants that are not done in `FILE`, the JSON result of an apply to several tenants; - is standard input"},
			&cli.BoolFlag{Name: "auto-approve", Usage: "apply without asking for approval"},
			commandline.Repeatable("rotate", "write the credentials of this connection even if its record is up to date, as `SPACE/NAME`; * and ? match several; repeatable"),
			&cli.StringFlag{Name: "plan-hash", Usage: "apply without asking for approval, but only if the plan has this `HASH`"},
			&cli.DurationFlag{Name: checkAfterName, Usage: "after the apply, wait this long, such as `30m`, and then check whether the apps that load the changed connections still work; exits with 2 if an app fails"},
			lockFlag(), lockFolderFlag(),
			commandline.Choice(
				&cli.StringFlag{Name: "on-stale", Value: "refuse", Usage: "what a stale plan file leads to, as `refuse|skip`: refuse writes nothing; skip refuses only the changes that differ, applies the others and exits with 3"},
				[]string{"refuse", "skip"},
			),
		}),
		Action: func(c *cli.Context) error { return runApply(c, env) },
	}
}

func runApply(c *cli.Context, env *environment) error {
	if err := cmp.Or(checkFlags(c, env, report.ResultFormats()), checkOnStale(c)); err != nil {
		return err
	}
	reviewed, plans, err := reviewedPlan(c, env)
	if err != nil {
		return err
	}
	earlier, err := earlierResult(c, env)
	if err != nil {
		return err
	}
	options, err := planOptions(c, env)
	if err != nil {
		return err
	}
	options.Reviewed, options.Values, options.Applies = reviewed, true, true
	tenant := c.String("tenant")
	if reviewed != nil {
		tenant = cmp.Or(tenant, reviewed.Tenant.Name)
		if tenant != reviewed.Tenant.Name { // before the token of the wrong tenant is sent
			return engine.Refused(connection.Because("plan-for-tenant", "reviewed", reviewed.Tenant.Name, "tenant", tenant))
		}
	}
	fleet := &fleetApply{options: options, reviewed: plans, earlier: earlier}
	if fleet.choice, err = env.chooseAmong(c, fleet.listed(), append([]string{"plan-hash", "rotate", checkAfterName, usageHistoryName}, ofOnePlan...)...); err != nil {
		return err
	}
	switch {
	case fleet.isSeveral && reviewed != nil:
		return errors.New("the plan file is for one tenant, but the command selects several. Write a plan file with qlsync plan --all-tenants --out plans.json")
	case fleet.isSeveral:
		return applyAll(c, env, fleet)
	}
	return applyOne(c, env, fleet, tenant)
}

// applyOne applies to one tenant; an empty name is the default one.
func applyOne(c *cli.Context, env *environment, fleet *fleetApply, tenant string) error {
	project, reviewed := fleet.Project, fleet.options.Reviewed
	s, err := fleet.open(c, tenant)
	if err != nil {
		if reviewed != nil && !slices.ContainsFunc(project.Tenants, func(t spec.Tenant) bool { return t.Name == tenant }) {
			return fmt.Errorf("the plan file is for tenant %q: %w", tenant, err)
		}
		return err
	}
	defer s.Close()
	unlock, err := s.Lock(c.Context, c.String(lockDirName), c.Duration(lockTimeoutName))
	if err != nil {
		return err
	}
	defer unlock()
	p, err := approvedPlan(c, env, s, fleet.options, tenant)
	if err != nil {
		return err
	}
	result, err := s.Apply(c.Context, p, c.Int("parallelism"))
	env.writing.Store(false)
	unlock() // the terminal may be suspended, and the output of the result may wait for it
	if err != nil {
		return err
	}
	unsaved := env.tellUnsaved(s.Unsaved())
	if crash := guard.Try(func() { env.tell(c, project, result) }); crash != nil {
		env.keepUntold(c, project, result)
		panic(crash)
	}
	env.crash, _ = errors.AsType[*guard.Panic](result.Crash)
	if result.Complete() && result.Ledger.Planned > 0 {
		env.next(c, "To check the tenant for drift later", followUp(c, "drift", tenant))
	}
	checked := env.checkAfter(c, s, result)
	return cmp.Or(env.outcome(result), unsaved, checked)
}

// approvedPlan plans, shows the plan, and returns it if it may be applied.
func approvedPlan(c *cli.Context, env *environment, s *engine.Session, options engine.PlanOptions, tenant string) (*plan.Plan, error) {
	p, err := s.Plan(c.Context, options)
	if err != nil {
		return nil, err
	}
	unconfirmed := engine.Confirm(p, confirmed(c))
	shown := env.showPlan(c, p)
	demanded := options.Reviewed
	if options.SkipStale {
		demanded = nil // differences are refused change by change
	}
	if err := cmp.Or(unconfirmed, s.Check(p, demanded, c.String("plan-hash")), checkSecrets(c, s, p)); err != nil {
		return nil, afterRefusal(c, env.unlessInView(c, p, err), "To plan again", againOn(c, "plan", tenant))
	}
	return p, approvePlan(c, env, p, options.Reviewed, shown)
}

// checkAfterName is the flag for the check after an apply.
const checkAfterName = "check-after"

func checkOnStale(c *cli.Context) error {
	value := c.String("on-stale")
	if value == "skip" && c.NArg() == 0 {
		return errors.New("--on-stale skip needs a plan file, because a hash does not show which changes differ")
	}
	return commandline.CheckChoice("--on-stale", value, []string{"refuse", "skip"})
}

// reviewedPlan reads the plan file, if one is given: of one tenant or of several.
func reviewedPlan(c *cli.Context, env *environment) (*plan.Plan, *report.Fleet[plan.Plan], error) {
	if c.NArg() > 1 {
		return nil, nil, fmt.Errorf("unexpected argument %q: apply takes one plan file", c.Args().Get(1))
	}
	if c.NArg() == 0 {
		return nil, nil, nil
	}
	name := c.Args().First()
	text, err := env.saved(c, name)
	if err != nil {
		return nil, nil, fmt.Errorf("plan file %q: %w", name, err)
	}
	var one *plan.Plan
	var several *report.Fleet[plan.Plan]
	var head struct {
		Format string `json:"format"`
	}
	if json.Unmarshal(text, &head) == nil && head.Format == report.PlansFormat {
		several, err = report.ReadPlans(bytes.NewReader(text))
	} else {
		one, err = report.ReadPlan(bytes.NewReader(text))
	}
	if err != nil {
		return nil, nil, fmt.Errorf("plan file %q: %w", name, err)
	}
	return one, several, nil
}

// showPlan writes the plan before it is carried out: to the stream of the result, unless that is
// for machines.
func (env *environment) showPlan(c *cli.Context, p *plan.Plan) error {
	w := env.sideStream(c)
	if err := env.text(w).Plan(w, p); err != nil {
		return err
	}
	_, err := fmt.Fprintln(w)
	return err
}

// unlessInView shortens the refusal of a plan that is on the same terminal, directly above: the plan
// contains the reason and the next step.
func (env *environment) unlessInView(c *cli.Context, p *plan.Plan, err error) error {
	refusal, ok := errors.AsType[*engine.Refusal](err)
	if !ok || p.Refusal == nil || refusal.Reason.Code != p.Refusal.Reason.Code || !env.isTerminal(env.sideStream(c)) || !env.isTerminal(env.stderr) {
		return err
	}
	return &engine.Refusal{Err: errors.New("the plan is refused, as shown above. Nothing was written"), Reason: refusal.Reason, Details: refusal.Details}
}

// checkSecrets returns an error, before the question for approval, if a secret that the plan writes
// does not exist.
func checkSecrets(c *cli.Context, s *engine.Session, p *plan.Plan) error {
	problems := s.Missing(p)
	if len(problems) == 0 {
		return nil
	}
	return &exit{exitError, problems, []string{
		"Nothing was written. To list every secret of the tenant, run: " + followUp(c, "secrets", s.Tenant().Name),
	}}
}

// approvePlan returns nil if the plan may be carried out: it equals the reviewed one, or the user
// approves it. There is no question about a plan that could not be shown.
func approvePlan(c *cli.Context, env *environment, p, reviewed *plan.Plan, shown error) error {
	switch {
	case p.Empty(), reviewed != nil, c.String("plan-hash") != "", c.Bool("auto-approve"):
		return nil
	case len(p.Steps) == 0:
		return nil // all changes are refused one by one, as the result says
	case !env.isTerminal(env.stdin):
		err := engine.Refused(connection.Because("approval-needs-terminal"))
		return afterRefusal(c, err, "To apply exactly this plan", with(given(c, "apply", c.Command.Flags), "--plan-hash "+p.Hash))
	}
	if shown != nil {
		return engine.Refused(connection.Because("plan-not-shown", "error", shown.Error()))
	}
	return env.ask(c.Context, fmt.Sprintf("Apply this plan to %s? Type yes to apply: ", report.Sanitize(p.Tenant.Name)))
}

// ask returns nil if the user answers yes. An interrupt is an answer too.
func (env *environment) ask(ctx context.Context, question string) error {
	fmt.Fprint(env.stderr, question)
	answers := guard.Start(func() string {
		answer, _ := bufio.NewReader(env.stdin).ReadString('\n')
		return answer
	})
	answer := ""
	select {
	case <-ctx.Done():
	case answered := <-answers:
		answer = answered.Get()
	}
	switch {
	case ctx.Err() != nil: // first, because closing a terminal results in both a signal and an empty answer
		fmt.Fprintln(env.stderr)
		return &exit{code: env.interrupted(exitRefused), err: errors.New("interrupted. Nothing was written")}
	case strings.TrimSpace(answer) != "yes":
		return engine.Refused(connection.Because("not-approved"))
	}
	return nil
}

// outcome returns how an apply to one tenant ends.
func (env *environment) outcome(r *apply.Result) error {
	if code := fleetCode([]report.Outcome{report.OutcomeOf(r)}, r.Wrote(), env.signal()); code != exitOK {
		return &exit{code: code}
	}
	return nil
}
