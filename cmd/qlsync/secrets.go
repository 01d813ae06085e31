package main

import (
	"cmp"
	"slices"

	"github.com/urfave/cli/v2"

	"github.com/qlsync/qlsync/internal/commandline"
	"github.com/qlsync/qlsync/internal/engine"
	"github.com/qlsync/qlsync/internal/report"
)

func secretsCommand(env *environment) *cli.Command {
	return &cli.Command{
		Name:  "secrets",
		Usage: "list the secrets that the files refer to, and whether they are set",
		Description: "secrets lists the references of one tenant, or of all tenants without -t, and the connections that need them. secrets reads and " +
			"shows no value, runs no command and uses no network. A missing secret is listed and is not an error. To fail if a secret is " +
			"missing, run qlsync doctor. --format env writes a template of a .env file.",
		Flags: slices.Concat(sharedFlags(), outputFlags(report.SecretsFormats().Names())),
		Action: func(c *cli.Context) error {
			return engine.Interruptibly(c.Context, func() error { return runSecrets(c, env) })
		},
	}
}

func runSecrets(c *cli.Context, env *environment) error {
	if err := cmp.Or(commandline.NoArguments(c), checkFlags(c, env, report.SecretsFormats())); err != nil {
		return err
	}
	project, err := readProject(c, env, env.listener(c))
	if err != nil {
		return err
	}
	tenants, err := project.Choose(tenantChoice(c))
	if err != nil {
		return cmp.Or(project.Problems.Err(), err)
	}
	listed, problems := project.ListSecrets(tenants)
	// Unreadable files may contain more references: an incomplete list would look complete.
	if err := env.report(problems); err != nil {
		return err
	}
	return write(c, env, report.SecretsFormats(), listed)
}
