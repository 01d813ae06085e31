package main

import (
	"cmp"
	"slices"

	"github.com/urfave/cli/v2"

	"github.com/qlsync/qlsync/internal/commandline"
	"github.com/qlsync/qlsync/internal/engine"
	"github.com/qlsync/qlsync/internal/report"
)

func fleetCommand(env *environment) *cli.Command {
	return &cli.Command{
		Name:  "fleet",
		Usage: "keep the list of a fleet's tenants next to the files",
		Subcommands: []*cli.Command{
			{
				Name: "refresh", Usage: "read the tenants of the fleet from the console or the file, and write tenants.lock.json",
				Description: "refresh sends no request to a tenant. Review and commit the file that it writes: all other commands read only this file. " +
					"refresh names each tenant that is no longer in the list, and deletes nothing there.",
				Flags:  slices.Concat(sharedFlags(), []cli.Flag{&cli.BoolFlag{Name: "check", Usage: "write nothing; exit with 2 if the file would change"}}),
				Action: func(c *cli.Context) error { return refreshFleet(c, env) },
			},
			{
				Name: "list", Usage: "list the tenants of the project with their groups, without a network",
				Flags:  slices.Concat(sharedFlags(), outputFlags(report.FleetListFormats().Names())[:1]),
				Action: func(c *cli.Context) error { return listFleet(c, env) },
			},
		},
		Action: func(c *cli.Context) error {
			if c.NArg() > 0 {
				return commandline.UnknownCommand("qlsync fleet", c.Args().First(), c.Command.Subcommands)
			}
			return env.help(c, c.Command, c.Command.HelpName)
		},
	}
}

func refreshFleet(c *cli.Context, env *environment) error {
	if err := commandline.NoArguments(c); err != nil {
		return err
	}
	project, err := readProject(c, env, env.listener(c))
	if err != nil {
		return err
	}
	check := c.Bool("check")
	refreshed, err := project.RefreshFleet(c.Context, check)
	if err != nil {
		return err
	}
	if err := env.text(env.stdout).FleetRefresh(env.stdout, refreshed); err != nil {
		return err
	}
	if check && refreshed.Differs {
		return &exit{code: exitDiffers}
	}
	return nil
}

func listFleet(c *cli.Context, env *environment) error {
	return engine.Interruptibly(c.Context, func() error {
		if err := cmp.Or(commandline.NoArguments(c), checkFlags(c, env, report.FleetListFormats())); err != nil {
			return err
		}
		project, err := readProject(c, env, env.listener(c))
		if err != nil {
			return err
		}
		list, err := project.ListFleet(tenantChoice(c))
		if err := cmp.Or(env.report(project.Problems), err); err != nil {
			return err
		}
		return write(c, env, report.FleetListFormats(), list)
	})
}
