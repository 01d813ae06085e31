package main

import (
	"fmt"
	"os"

	"github.com/urfave/cli/v2"

	"github.com/qlsync/qlsync/pkg/plan"
	"github.com/qlsync/qlsync/pkg/report"
)

func planCommand(env *environment) *cli.Command {
	return &cli.Command{
		Name:  "plan",
		Usage: "show what would change, in which steps, at what cost; writes nothing to the tenant",
		Flags: append(sharedFlags(), formatFlag(),
			&cli.StringFlag{Name: "out", Usage: "write the plan as JSON to `FILE`, for apply"},
			&cli.BoolFlag{Name: "detailed-exitcode", Usage: "end with 2 when there is something to do"},
			&cli.StringFlag{Name: "confirm-deletes", Usage: "allow the deletes of exactly this plan, as `N@HASH`"},
		),
		Action: func(c *cli.Context) error { return runPlan(c, env) },
	}
}

func runPlan(c *cli.Context, env *environment) error {
	if err := firstOf(noArguments(c), checkFormat(c)); err != nil {
		return err
	}
	s, err := open(c, env)
	if err != nil {
		return err
	}
	defer s.close()
	p, err := s.plan(c.Context)
	if err != nil {
		return err
	}
	unconfirmed := confirm(c, p)
	if file := c.String("out"); file != "" {
		if err := writePlan(file, p); err != nil {
			return err
		}
	}
	if err := env.write(c, p, func(t report.Text) error { return t.Plan(env.stdout, p) }); err != nil {
		return err
	}
	switch {
	case unconfirmed != nil:
		return unconfirmed
	case p.Refusal != nil:
		return &exit{code: exitRefused}
	case c.Bool("detailed-exitcode") && !p.Empty():
		return &exit{code: exitDiffers}
	}
	return nil
}

// confirm lifts the refusal of deletes if the user confirms exactly this plan.
func confirm(c *cli.Context, p *plan.Plan) error {
	confirmation := c.String("confirm-deletes")
	if confirmation == "" || p.Refusal == nil {
		return nil
	}
	if err := p.ConfirmDeletes(confirmation); err != nil {
		return refused("%w", err)
	}
	return nil
}

// write gives the result on standard output in the chosen format.
func (env *environment) write(c *cli.Context, value any, text func(report.Text) error) error {
	if c.String("format") == "json" {
		return report.JSON(env.stdout, value)
	}
	return text(env.text(env.stdout))
}

func writePlan(name string, p *plan.Plan) error {
	file, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return fmt.Errorf("plan file: %w", err)
	}
	return firstOf(report.JSON(file, p), file.Close())
}

func firstOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
