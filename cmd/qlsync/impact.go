package main

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"github.com/urfave/cli/v2"

	"github.com/qlsync/qlsync/internal/commandline"
	"github.com/qlsync/qlsync/internal/engine"
	"github.com/qlsync/qlsync/internal/impact"
	"github.com/qlsync/qlsync/internal/report"
)

func impactCommand(env *environment) *cli.Command {
	return &cli.Command{
		Name:      "impact",
		Usage:     "show which apps, knowledge bases and data sets depend on connections; writes nothing",
		ArgsUsage: "[GLOB]",
		Description: "GLOB is SPACE/NAME; * and ? match several connections. Without GLOB, impact shows all connections in the spaces of the project. " +
			"impact finds uses in the reloads that the service remembers. There can be other uses: the report says what could not be seen.",
		Flags: slices.Concat(sharedFlags(), outputFlags(report.ImpactFormats().Names()), usageFlags(), []cli.Flag{
			&cli.StringFlag{Name: "app", Usage: "show only what the app with this `NAME` or id uses; * and ? match several"},
			&cli.BoolFlag{Name: "unused", Usage: "show the connections that nothing has used for --days, and how to remove them"},
			&cli.IntFlag{Name: "days", Value: 30, Usage: "with --unused, the number `N` of days"},
		}),
		Action: func(c *cli.Context) error { return runImpact(c, env) },
	}
}

func runImpact(c *cli.Context, env *environment) error {
	if err := cmp.Or(checkFlags(c, env, report.ImpactFormats()), checkImpact(c)); err != nil {
		return err
	}
	options := engine.ImpactOptions{App: c.String("app"), Usage: usageOptions(c)}
	var err error
	if options.Connections, err = commandline.Names("GLOB", c.Args().Slice()); err != nil {
		return err
	}
	if c.Bool("unused") {
		options.Unused = c.Int("days")
	}
	s, _, err := openSession(c, env)
	if err != nil {
		return err
	}
	defer s.Close()
	list, err := s.Impact(c.Context, options)
	if err != nil {
		return err
	}
	if err := write(c, env, report.ImpactFormats(), list); err != nil {
		return err
	}
	env.afterImpact(c, list)
	return nil
}

func checkImpact(c *cli.Context) error {
	switch {
	case c.NArg() > 1:
		return fmt.Errorf("unexpected argument %q: impact takes one GLOB", c.Args().Get(1))
	case c.Bool("unused") && c.IsSet("app"):
		return errors.New("--unused cannot be used with --app")
	case c.IsSet("days") && !c.Bool("unused"):
		return errors.New("--days needs --unused")
	case c.Int("days") < 1:
		return fmt.Errorf("--days %d: it must be at least 1", c.Int("days"))
	}
	return nil
}

// afterImpact writes what to do with a list.
func (env *environment) afterImpact(c *cli.Context, list *impact.List) {
	switch {
	case list.Unused == nil && len(c.StringSlice("report")) > 0:
	case list.Unused == nil:
		env.next(c, "To see the report in a browser", given(c, "impact", c.Command.Flags, appearance...)+arguments(c)+" --report html=impact.html")
	case slices.ContainsFunc(list.Unused.Proven, func(one impact.UnusedConnection) bool { return one.Declared == nil && !one.Owned }):
		env.next(c, "To export the unmanaged connections", followUp(c, "export", c.String("tenant")))
	case slices.ContainsFunc(list.Unused.Proven, func(one impact.UnusedConnection) bool { return one.Declared != nil }):
		env.next(c, "After you delete their blocks, plan", followUp(c, "plan", c.String("tenant")))
	case len(list.Unused.Proven) > 0:
		env.next(c, "To see what apply would delete", followUp(c, "plan", c.String("tenant")))
	}
}

// arguments returns the arguments of the line for a command that can be pasted.
func arguments(c *cli.Context) string {
	text := ""
	for _, word := range c.Args().Slice() {
		text += " " + commandline.Word(word)
	}
	return text
}
