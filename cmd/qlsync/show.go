package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/urfave/cli/v2"

	"github.com/qlsync/qlsync/internal/report"
	"github.com/qlsync/qlsync/internal/words"
	"github.com/qlsync/qlsync/pkg/apply"
	"github.com/qlsync/qlsync/pkg/plan"
)

func showCommand(env *environment) *cli.Command {
	names := report.DriftFormats(report.HTML{}).Names() // a superset of those of plans and results
	return &cli.Command{
		Name:      "show",
		Usage:     "write a saved plan, result or drift report in another format",
		ArgsUsage: "FILE",
		Description: "FILE is the output of --format json, --report json=FILE or plan --out; - is standard input. The possible formats depend " +
			"on the content of FILE. The command needs no project and no network.",
		Flags:  append(outputFlags(names), colorFlag(), noColorFlag(), raiseFlag(), historyFlag("with a drift report and --format html, also show the runs in `FILE`")),
		Action: func(c *cli.Context) error { return runShow(c, env) },
	}
}

func runShow(c *cli.Context, env *environment) error {
	if c.NArg() != 1 {
		return errors.New("show takes one file: see qlsync show --help")
	}
	if err := env.colour(c); err != nil {
		return err
	}
	env.whole = true
	name := c.Args().First()
	text, err := env.saved(c, name)
	if err != nil {
		return fmt.Errorf("show %q: %w", name, err)
	}
	var head struct {
		Format string `json:"format"`
	}
	if err := json.Unmarshal(text, &head); err != nil {
		return fmt.Errorf("show %q: not a file that qlsync has written: it is not a JSON object", name)
	}
	switch head.Format {
	case plan.Format:
		err = writeSaved(c, env, report.PlanFormats(), report.ReadPlan, text)
	case apply.Format:
		err = writeSaved(c, env, report.ResultFormats(), apply.Decode, text)
	case report.PlansFormat:
		err = writeSaved(c, env, report.PlansFormats(), report.ReadFleet[plan.Plan], text)
	case report.ResultsFormat:
		err = writeSaved(c, env, report.ResultsFormats(), report.ReadFleet[apply.Result], text)
	case plan.DriftFormat:
		err = env.showDrift(c, text)
	case report.DriftsFormat:
		err = env.showDrifts(c, text)
	default:
		known := []string{plan.Format, apply.Format, plan.DriftFormat, report.PlansFormat, report.DriftsFormat, report.ResultsFormat}
		err = fmt.Errorf("its format is %q; it must be %s", head.Format, words.OneOf(known))
	}
	if err != nil {
		return fmt.Errorf("show %q: %w", name, err)
	}
	return nil
}

// writeSaved writes a saved value in the formats of its kind.
func writeSaved[T any](c *cli.Context, env *environment, all report.Formats[T], decode func(io.Reader) (T, error), text []byte) error {
	if err := cmp.Or(checkFlags(c, env, all), env.checkReplaced(c, nil)); err != nil {
		return err
	}
	value, err := decode(bytes.NewReader(text))
	if err != nil {
		return err
	}
	return write(c, env, all, value)
}

// showDrift writes a saved drift report with its history.
func (env *environment) showDrift(c *cli.Context, text []byte) error {
	drift, err := report.ReadDrift(bytes.NewReader(text))
	if err != nil {
		return err
	}
	history, err := env.history(c, drift.Project, drift.Tenant.Name)
	if err != nil {
		return err
	}
	return writeSaved(c, env, report.DriftFormats(report.HTML{History: history}), report.ReadDrift, text)
}

// showDrifts is like showDrift for several tenants.
func (env *environment) showDrifts(c *cli.Context, text []byte) error {
	drifts, err := report.ReadFleet[plan.Drift](bytes.NewReader(text))
	if err != nil {
		return err
	}
	history, err := env.history(c, drifts.Project, drifts.Names()...)
	if err != nil {
		return err
	}
	return writeSaved(c, env, report.DriftsFormats(report.HTML{History: history}), report.ReadFleet[plan.Drift], text)
}
